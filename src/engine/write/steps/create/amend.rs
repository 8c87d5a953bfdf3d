//! A create that Jira refuses is sent again as Jira takes it: each way once, with the same intent and mark, and only
//! after a definite refusal, which made nothing.

use super::prepare::{Prepared, Text};
use crate::engine::cx::{Cx, Error};
use crate::engine::write::outcome::Outcome;
use crate::engine::write::types::{self, FellBack};
use crate::flow::{FieldName, IssueType};
use crate::jira::{self, Fault, Refusal};

/// What Lockstep itself gives every issue. Jira's complaint of one of these demands nothing that can't be given.
const OWN: [&str; 4] = ["project", "issuetype", "summary", "description"];

/// The ways that were gone already.
#[derive(Default)]
struct Tried {
    types_again: bool,
    shorter: bool,
    undescribed: bool,
    default_type: bool,
}

/// Sends a create by itself.
pub(super) async fn create_alone(cx: &Cx, mut prepared: Prepared<'_>) -> Result<Outcome, Error> {
    // Others that were refused beside it may have taught something since it was prepared.
    if types::lacks_description(cx, &prepared.kind) {
        prepared.description = Text::Follows;
    }
    prepared.room = prepared.room.min(cx.jira.text_limit());
    let mut tried = Tried::default();
    loop {
        let error = match cx.jira.create(&prepared.new_issue(cx)).await {
            Ok(dev) => return Ok(prepared.created(cx, dev)),
            Err(error) => error,
        };
        let Fault::Invalid(refusal) = &error.what else { return Err(error.into()) };
        if !prepared.amend(cx, refusal, &mut tried).await? {
            return Err(error.into());
        }
    }
}

impl Prepared<'_> {
    /// Whether there is another way to send it after this refusal.
    async fn amend(&mut self, cx: &Cx, refusal: &Refusal, tried: &mut Tried) -> Result<bool, Error> {
        Ok(refusal.is_in_jiras_words()
            && (self.takes_its_type_again(cx, refusal, tried).await?
                || self.is_shortened(cx, refusal, tried).await?
                || self.goes_undescribed(cx, refusal, tried).await?
                || self.takes_the_default_type(cx, refusal, tried).await?)
            || self.leaves_fields_out(refusal))
    }

    /// Jira does not take the type: perhaps the project has other types by now.
    async fn takes_its_type_again(&mut self, cx: &Cx, refusal: &Refusal, tried: &mut Tried) -> Result<bool, Error> {
        if refusal.of_field("issuetype").is_none() || std::mem::replace(&mut tried.types_again, true) {
            return Ok(false);
        }
        let kind = types::type_by_fresh_list(cx, &self.user.issue_type).await?;
        if kind.id == self.kind.id {
            return Ok(false);
        }
        self.become_of(cx, kind).await?;
        Ok(true)
    }

    /// The text is above the site's limit, which the refusal names. Where we counted less than Jira does, half of that
    /// is surely not too much.
    async fn is_shortened(&mut self, cx: &Cx, refusal: &Refusal, tried: &mut Tried) -> Result<bool, Error> {
        let named = refusal.of_field("description").and_then(jira::limit_named_in);
        let Some(limit) = named.filter(|_| self.is_described() && !tried.shorter) else { return Ok(false) };
        tried.shorter = true;
        self.room = if limit < self.room { limit } else { limit / 2 };
        // Rich texts in mapped fields have the same limit.
        self.map(cx).await?;
        Ok(true)
    }

    /// The create screen has no description: text and link follow.
    async fn goes_undescribed(&mut self, cx: &Cx, refusal: &Refusal, tried: &mut Tried) -> Result<bool, Error> {
        let Some(said) = refusal.of_field("description").filter(|_| self.is_described() && !tried.undescribed) else {
            return Ok(false);
        };
        tried.undescribed = true;
        let lacks = says_not_on_screen(said) || self.screen_lacks(cx, "description").await?;
        if lacks {
            types::learn_no_description(cx, &self.kind);
            self.description = Text::Follows;
        }
        Ok(lacks)
    }

    fn is_described(&self) -> bool {
        self.description == Text::Described && self.has_text()
    }

    async fn screen_lacks(&self, cx: &Cx, field: &str) -> Result<bool, Error> {
        let fields = create_fields(cx, &self.kind).await?;
        Ok(!fields.is_empty() && fields.iter().all(|known| known.id != field))
    }

    /// The type demands a field that can't be given: `issueType` stands in.
    async fn takes_the_default_type(&mut self, cx: &Cx, refusal: &Refusal, tried: &mut Tried) -> Result<bool, Error> {
        let default = types::default_type(cx).filter(|default| default.id != self.kind.id);
        let Some(default) = default.filter(|_| !tried.default_type) else { return Ok(false) };
        let Some(why) = self.demanded(cx, refusal).await? else { return Ok(false) };
        tried.default_type = true;
        let from = self.kind.clone();
        self.become_of(cx, default).await?;
        self.fell_back = Some(FellBack { from, why });
        Ok(true)
    }

    /// What the type demands and can't be given, in words: a field that Jira complains of although it was not sent, else
    /// what its create screen shows as required and without a default.
    async fn demanded(&self, cx: &Cx, refusal: &Refusal) -> Result<Option<String>, Error> {
        let can_be_given =
            |id: &str| OWN.contains(&id) || self.mapped.fields.contains_key(id) || self.mapped.targets.contains(id);
        if let Some(id) = refusal.fields().find(|id| !can_be_given(id)) {
            return Ok(Some(refusal.of_field(id).unwrap_or(id).to_owned()));
        }
        // Jira complains of what was sent: that is no demand.
        if refusal.fields().any(|id| id != "issuetype") {
            return Ok(None);
        }
        let fields = create_fields(cx, &self.kind).await?;
        let demanded = fields.into_iter().find(|field| field.must_be_set && !can_be_given(&field.id));
        Ok(demanded.map(|field| format!("{} is required", field.name)))
    }

    /// A mapped field that Jira does not take must not cost the dev issue: it is left out, and that is told.
    fn leaves_fields_out(&mut self, refusal: &Refusal) -> bool {
        let refused = refused(self.mapped.fields.keys(), refusal);
        self.mapped.fields.retain(|id, _| !refused.contains(id));
        let why = refusal.to_string();
        self.left_out.extend(refused.iter().filter_map(|id| Some((FieldName::new(id)?, why.clone()))));
        !refused.is_empty()
    }
}

/// The fields of a type's create screen; none where Jira does not tell them.
async fn create_fields(cx: &Cx, kind: &IssueType) -> Result<Vec<jira::Field>, Error> {
    match cx.jira.create_fields(&cx.sides.dev.id, kind).await {
        Err(error) if error.is_local() => Ok(Vec::new()),
        end => Ok(end?),
    }
}

/// Jira's own words, where the account's language is English; in others the create screen tells.
fn says_not_on_screen(said: &str) -> bool {
    said.contains("cannot be set") && said.contains("screen")
}

/// Those of these fields that Jira complains of; all of them if it names no field at all, since its words may be cut.
fn refused<'a>(ids: impl Iterator<Item = &'a String>, refusal: &Refusal) -> Vec<String> {
    let all: Vec<_> = ids.cloned().collect();
    let named: Vec<_> =
        all.iter().filter(|id| refusal.of_field(id).is_some() || refusal.contains(id.as_str())).cloned().collect();
    let names_others = refusal.fields().next().is_some();
    if named.is_empty() && !names_others { all } else { named }
}

//! What a dev issue is made of.

use super::created;
use crate::engine::cx::{Cx, Error};
use crate::engine::write::outcome::Outcome;
use crate::engine::write::types::{self, FellBack};
use crate::flow::{CreateIssue, Describe, FieldName, Intent, Issue, IssueRef, IssueType, Mark, Pair, Side, SkipReason};
use crate::jira::{Mapped, NewIssue};
use jira_markup::Crossing;

/// Whether a create can be sent.
pub(super) enum Ready<'a> {
    Send(Box<Prepared<'a>>),
    Outdated(SkipReason),
}

/// Where the text of a dev issue and its link are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// In its description, if there is any.
    Described,
    /// Nowhere yet: its create screen has no description. A step of its own sees to them.
    Follows,
}

impl Text {
    /// The step that gives a dev issue its text, if it has none yet. It comes at once: after the user issue is linked, its
    /// text has our link in it.
    pub(super) fn describing(self, cross_link: bool) -> Option<Describe> {
        match self {
            Self::Follows => Some(Describe { cross_link }),
            Self::Described => None,
        }
    }
}

/// What a dev issue is made of.
pub(super) struct Prepared<'a> {
    pub intent: &'a Intent,
    /// As it was read just before.
    pub user: Issue,
    pub text: Option<Crossing>,
    pub kind: IssueType,
    /// The type that was wanted, where `issueType` stands in for it since Jira refused it in this very create.
    pub fell_back: Option<FellBack>,
    pub link: Option<String>,
    /// Whether text and link go along as the description; else they follow.
    pub description: Text,
    /// The most characters of the description.
    pub room: usize,
    pub mark: Mark,
    pub mapped: Mapped,
    /// The mapped fields that it goes without, and why.
    pub left_out: LeftOut,
}

impl Prepared<'_> {
    pub(super) fn new_issue<'a>(&'a self, cx: &'a Cx) -> NewIssue<'a> {
        let is_described = self.description == Text::Described;
        NewIssue {
            project: &cx.sides.dev.id,
            summary: &self.user.summary,
            description: self.text.as_ref().filter(|_| is_described),
            issue_type: &self.kind,
            link: self.link.clone().filter(|_| is_described),
            room: self.room,
            mark: self.mark.clone(),
            fields: self.mapped.fields.clone(),
        }
    }

    /// Whether a description is asked for at all.
    pub(super) fn has_text(&self) -> bool {
        self.text.is_some() || self.link.is_some()
    }

    /// Another type has another create screen.
    pub(super) async fn become_of(&mut self, cx: &Cx, kind: IssueType) -> Result<(), Error> {
        self.kind = kind;
        self.description = if types::lacks_description(cx, &self.kind) { Text::Follows } else { Text::Described };
        self.map(cx).await
    }

    /// Reads the values of mapped fields, as the type and the limits known now take them.
    pub(super) async fn map(&mut self, cx: &Cx) -> Result<(), Error> {
        self.mapped = mapped(cx, &self.user, &self.kind).await?;
        self.left_out = self.mapped.left_out.clone();
        Ok(())
    }

    pub(super) fn created(self, cx: &Cx, dev: IssueRef) -> Outcome {
        let text = if self.has_text() { self.description } else { Text::Described };
        if let Some(fell_back) = self.fell_back {
            types::learn_fallback(cx, fell_back, &self.kind, &self.user.at.key);
        }
        let lost = self.text.map(|text| text.lost).unwrap_or_default();
        Outcome::Done(created(self.intent, dev, lost, self.left_out, text.describing(self.link.is_some())))
    }
}

/// The pair table is asked once more: between the plan and now the issue may have been adopted.
pub(super) async fn prepare<'a>(
    cx: &Cx,
    intent: &'a Intent,
    step: &CreateIssue,
    fresh: Option<&Issue>,
) -> Result<Ready<'a>, Error> {
    let user = &intent.user;
    if !cx.store.get::<Pair>(Side::User, [user.id.clone()]).await?.is_empty() {
        return Ok(Ready::Outdated(SkipReason::MovedMeanwhile));
    }
    let read_now = match fresh {
        Some(_) => None,
        None => cx.jira.fetch_one(&user.id).await?,
    };
    let Some(issue) = fresh.cloned().or(read_now) else {
        return Ok(Ready::Outdated(SkipReason::CounterpartMissing));
    };
    if cx.sides.of_issue(&issue) != Some(Side::User) {
        return Ok(Ready::Outdated(SkipReason::MovedMeanwhile));
    }
    let kind = types::type_for(cx, &issue.issue_type).await?;
    let mut prepared = Prepared {
        intent,
        text: issue.description.as_ref().map(|text| cx.jira.carried(text)),
        kind: IssueType::default(),
        fell_back: None,
        link: step.cross_link.then(|| cx.jira.site().browse(&issue.at.key)),
        description: Text::Described,
        room: cx.jira.text_limit(),
        mark: Mark::Created {
            site: cx.jira.site().own().clone(),
            user_issue: user.id.clone(),
            intent: intent.id.clone(),
        },
        mapped: Mapped::default(),
        left_out: Vec::new(),
        user: issue,
    };
    prepared.become_of(cx, kind).await?;
    Ok(Ready::Send(Box::new(prepared)))
}

/// The values of mapped fields that a dev issue gets.
pub(super) async fn mapped(cx: &Cx, user: &Issue, kind: &IssueType) -> Result<Mapped, Error> {
    let copies = &cx.flow.field_map;
    if copies.is_empty() {
        return Ok(Mapped::default());
    }
    Ok(cx.jira.mapped(copies, &user.at.id, &cx.sides.dev.id, kind).await?)
}

/// Fields that a dev issue is created without, and why.
pub(super) type LeftOut = Vec<(FieldName, String)>;

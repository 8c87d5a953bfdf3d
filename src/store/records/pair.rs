//! Which issues belong together. No issue is in two pairs, which the stores see to.

use serde_json::{Value as Json, json};

use super::line::issue_json;
use super::{About, Column, Created, Fields, Line, Record, Row, Table, Unfit, Value};
use crate::flow::{IssueId, Origin, Pair, PairState, Side};
use crate::store::Change;

/// By the user issue, which is the key.
pub(in crate::store) const BY_USER: &[Column] = &[Column::number("user_issue_id")];

/// By the dev issue.
pub(in crate::store) const BY_DEV: &[Column] = &[Column::number("dev_issue_id")];

pub(in crate::store) static JIRA_MAPPING: Table = Table {
    name: "jira_mapping",
    key: BY_USER,
    key_is_id: false,
    created: Created::First,
    updated: false,
    versioned: false,
};

impl Record for Pair {
    const NAME: &'static str = "pairs";
    const TABLES: &'static [&'static Table] = &[&JIRA_MAPPING];
    type Key = IssueId;

    fn key(&self) -> IssueId {
        self.user.id.clone()
    }

    fn locate(user: &IssueId) -> (&'static Table, Vec<Value>) {
        (&JIRA_MAPPING, vec![user.into()])
    }

    fn about(side: Side) -> Option<About> {
        match side {
            Side::User => About::by(&JIRA_MAPPING, "user_issue_id"),
            Side::Dev => About::by(&JIRA_MAPPING, "dev_issue_id"),
        }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("user_issue_key", self.user.key.as_str().into()),
            ("dev_issue_key", self.dev.key.as_str().into()),
            ("state", self.state.as_str().into()),
        ]
    }

    /// A pair in a state that this version does not know must not be written to.
    fn read(row: &Row) -> Result<Self, Unfit> {
        Ok(Self {
            user: row.issue("user_issue_id", "user_issue_key")?,
            dev: row.issue("dev_issue_id", "dev_issue_key")?,
            origin: origin_from_text(row.text("origin")?).map_err(|why| row.unfit("origin", why))?,
            state: state_from_text(row.text("state")?).map_err(|why| row.unfit("state", why))?,
        })
    }
}

impl Line for Pair {
    const KIND: &'static str = "pair";
    /// Behind its ledger.
    const LAST: bool = true;

    fn line(&self) -> Json {
        json!({
            "user": issue_json(&self.user),
            "dev": issue_json(&self.dev),
            "origin": origin_text(self.origin),
            "state": self.state.as_str(),
        })
    }

    fn from_line(fields: &mut Fields) -> Result<Self, Unfit> {
        let (origin, state): (String, String) = (fields.take("origin")?, fields.take("state")?);
        Ok(Self {
            user: fields.issue("user")?,
            dev: fields.issue("dev")?,
            origin: origin_from_text(&origin)?,
            state: state_from_text(&state)?,
        })
    }

    fn changes(self) -> Vec<Change> {
        vec![Change::PutPair(self)]
    }
}

/// How a pair's origin is kept; it is written once.
pub(in crate::store) fn origin_text(origin: Origin) -> &'static str {
    match origin {
        Origin::Created => "created",
        Origin::Adopted => "adopted",
    }
}

fn origin_from_text(text: &str) -> Result<Origin, Unfit> {
    let known = [Origin::Created, Origin::Adopted].into_iter().find(|origin| origin_text(*origin) == text);
    known.ok_or_else(|| Unfit::new("origin of a pair", format!("unknown word {text:?}")))
}

fn state_from_text(text: &str) -> Result<PairState, Unfit> {
    let all = [PairState::Active, PairState::Suspended, PairState::Broken, PairState::Held, PairState::Unpaired];
    let known = all.into_iter().find(|state| state.as_str() == text);
    known.ok_or_else(|| Unfit::new("state of a pair", format!("unknown word {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_a_later_version_wrote_is_refused() {
        assert!(origin_from_text("found").is_err());
    }
}

//! What was handled of each issue.

use serde_json::{Value as Json, json};

use super::{About, Column, Created, Fields, Line, Record, Row, Table, Unfit, Value};
use crate::flow::{Handled, IssueId, IssueKey, IssueRef, Side, Status, StatusName};
use crate::store::Change;

/// An issue, and what was handled of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandledIssue {
    /// Its side.
    pub side: Side,
    /// The issue.
    pub id: IssueId,
    /// The key that it had then; `None` if another issue is known to have it now.
    pub key: Option<IssueKey>,
    /// What was handled.
    pub was: Handled,
}

pub(in crate::store) static USER_STATE: Table = table("user_project_issue_state");
pub(in crate::store) static DEV_STATE: Table = table("dev_project_issue_state");

/// Found in what stands for the key of an issue that lost it to another one; no key has blanks.
pub(in crate::store) const FORMER: &str = "formerly of";

const fn table(name: &'static str) -> Table {
    const KEY: &[Column] = &[Column::number("issue_id")];
    Table { name, key: KEY, key_is_id: false, created: Created::No, updated: true, versioned: false }
}

fn of_side(side: Side) -> &'static Table {
    match side {
        Side::User => &USER_STATE,
        Side::Dev => &DEV_STATE,
    }
}

impl HandledIssue {
    /// As of an issue with the key that it has.
    #[must_use]
    pub fn new(side: Side, issue: IssueRef, was: Handled) -> Self {
        Self { side, id: issue.id, key: Some(issue.key), was }
    }
}

impl Record for HandledIssue {
    const NAME: &'static str = "handled";
    const TABLES: &'static [&'static Table] = &[&USER_STATE, &DEV_STATE];
    type Key = (Side, IssueId);

    fn key(&self) -> (Side, IssueId) {
        (self.side, self.id.clone())
    }

    fn locate((side, id): &(Side, IssueId)) -> (&'static Table, Vec<Value>) {
        (of_side(*side), vec![id.into()])
    }

    fn about(side: Side) -> Option<About> {
        About::by(of_side(side), "issue_id")
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("issue_key", self.key.as_ref().map(IssueKey::as_str).into()),
            ("status", self.was.status.name.as_str().into()),
            ("status_id", self.was.status.id.as_str().into()),
            ("seen_updated", self.was.updated.into()),
        ]
    }

    fn read(row: &Row) -> Result<Self, Unfit> {
        let status = Status { id: row.parsed("status_id")?, name: StatusName::new(row.text("status")?) };
        let is_lost = row.text("issue_key")?.contains(FORMER);
        Ok(Self {
            side: if row.table == USER_STATE.name { Side::User } else { Side::Dev },
            id: row.parsed("issue_id")?,
            key: if is_lost { None } else { Some(row.parsed("issue_key")?) },
            was: Handled { status, updated: row.jira_time("seen_updated")? },
        })
    }
}

impl Line for HandledIssue {
    const KIND: &'static str = "handled";

    fn is_portable(&self) -> bool {
        self.key.is_some()
    }

    fn line(&self) -> Json {
        json!({
            "side": self.side.to_string(),
            "issue": { "id": self.id.as_str(), "key": self.key.as_ref().map(IssueKey::as_str) },
            "status": self.was.status.name.as_str(),
            "status_id": self.was.status.id.as_str(),
            "seen_updated": self.was.updated.to_string(),
        })
    }

    fn from_line(fields: &mut Fields) -> Result<Self, Unfit> {
        let (side, issue) = (fields.text("side")?, fields.issue("issue")?);
        let name: String = fields.take("status")?;
        let status = Status { id: fields.text("status_id")?, name: StatusName::new(&name) };
        Ok(Self::new(side, issue, Handled { status, updated: fields.text("seen_updated")? }))
    }

    fn changes(self) -> Vec<Change> {
        let Self { side, id, key, was } = self;
        key.map(|key| Change::PutHandled(side, IssueRef { id, key }, was)).into_iter().collect()
    }
}

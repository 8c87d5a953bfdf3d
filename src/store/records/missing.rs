//! User issues whose dev issue could not be read when the pair was taken over.

use serde_json::{Value as Json, json};

use super::line::issue_json;
use super::{About, Column, Created, Fields, Line, Record, Row, Table, Unfit, Value};
use crate::flow::{IssueId, MissingDev, Side};
use crate::store::Change;

static MISSING: Table = Table {
    name: "missing_dev_issues",
    key: &[Column::number("user_issue_id")],
    key_is_id: false,
    created: Created::Anew,
    updated: false,
    versioned: true,
};

impl Record for MissingDev {
    const NAME: &'static str = "missing";
    const TABLES: &'static [&'static Table] = &[&MISSING];
    type Key = IssueId;

    fn key(&self) -> IssueId {
        self.user.id.clone()
    }

    fn locate(user: &IssueId) -> (&'static Table, Vec<Value>) {
        (&MISSING, vec![user.into()])
    }

    fn about(side: Side) -> Option<About> {
        match side {
            Side::User => About::by(&MISSING, "user_issue_id"),
            // Of the dev issue only the key is known.
            Side::Dev => None,
        }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![("user_issue_key", self.user.key.as_str().into()), ("dev_issue_key", self.dev.as_str().into())]
    }

    fn read(row: &Row) -> Result<Self, Unfit> {
        Ok(Self { user: row.issue("user_issue_id", "user_issue_key")?, dev: row.parsed("dev_issue_key")? })
    }
}

impl Line for MissingDev {
    const KIND: &'static str = "missing";

    fn line(&self) -> Json {
        json!({ "user": issue_json(&self.user), "dev_key": self.dev.as_str() })
    }

    fn from_line(fields: &mut Fields) -> Result<Self, Unfit> {
        Ok(Self { user: fields.issue("user")?, dev: fields.text("dev_key")? })
    }

    fn changes(self) -> Vec<Change> {
        vec![Change::PutMissing(self)]
    }
}

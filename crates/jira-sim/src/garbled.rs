//! Rows of search that are not what Jira's documents promise.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

/// What stands in a search's answer in place of an issue's row.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Garbage {
    /// `null`.
    #[serde(rename = "null")]
    Null,
    /// Its id alone.
    #[serde(rename = "id")]
    Id,
    /// Its id and key, with an `updated` that is no time.
    #[serde(rename = "noTime")]
    NoTime,
    /// All but its id and key.
    #[serde(rename = "nameless")]
    Nameless,
}

/// Which rows are garbled, by numeric id of the issue.
#[derive(Default)]
pub(super) struct Garbled(BTreeMap<u64, Garbage>);

impl Garbled {
    pub(super) fn set(&mut self, issue: u64, garbage: Option<Garbage>) {
        match garbage {
            Some(garbage) => drop(self.0.insert(issue, garbage)),
            None => drop(self.0.remove(&issue)),
        }
    }

    /// A row as it is shown.
    pub(super) fn row(&self, issue: u64, mut row: Value) -> Value {
        match self.0.get(&issue) {
            None => return row,
            Some(Garbage::Null) => return Value::Null,
            Some(Garbage::Id) => return json!({"id": row["id"]}),
            Some(Garbage::NoTime) => row["fields"]["updated"] = "yesterday".into(),
            Some(Garbage::Nameless) => {
                for name in ["id", "key", "self"] {
                    row.as_object_mut().and_then(|row| row.remove(name));
                }
            }
        }
        row
    }
}

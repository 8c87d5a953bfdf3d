//! `GET /api/v1/flows/NAME/history`.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::Issue;

/// Answer to `GET /api/v1/flows/NAME/history`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// Latest first.
    pub lines: Vec<HistoryLine>,
    /// The parameter `before` of the next page; null when there is none.
    pub next: Option<u64>,
}

/// Something that the flow did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// Later lines have larger numbers.
    pub number: u64,
    /// When, by the clock of the daemon.
    pub at: String,
    /// The issue, with the key that it had then. For a pair, the user issue.
    pub issue: Issue,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// Name of the event, as in the log.
    pub event: Option<String>,
    /// For people.
    pub message: String,
    /// The fields of the event, as in the log.
    pub fields: Fields,
}

/// The fields of a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fields {
    /// By name.
    Named(BTreeMap<String, Field>),
    /// The stored text, where that is no object of such fields.
    Text(String),
    /// Fields of a kind that only a later daemon knows.
    #[serde(skip_serializing)]
    Unknown(IgnoredAny),
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "types of JSON")]
pub enum Field {
    Text(String),
    Number(u64),
    Flag(bool),
    List(Vec<String>),
}

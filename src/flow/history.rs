//! The history of a flow: what was done for which issue.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::event::{Event, Line};
use super::name::{IssueId, IssueKey, IssueRef, NotA};

/// A line of a flow's history: an event about an issue, written in the same transaction as what it reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it happened, by this machine's clock, to the millisecond.
    pub at: DateTime<Utc>,
    /// The issue that it is about; for a pair its user issue.
    pub issue: IssueRef,
    /// The event as a log line.
    pub line: Line,
}

impl Entry {
    /// The line about `event`, which happened to `issue` at `at`.
    #[must_use]
    pub fn of(event: &Event, issue: &IssueRef, at: DateTime<Utc>) -> Self {
        Self { at, issue: issue.clone(), line: event.line() }
    }
}

/// A request for lines of a flow's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Only lines about this issue or its pair.
    pub issue: Option<IssueName>,
    /// Only lines before the one of this number.
    pub before: Option<u64>,
    /// The most lines to return.
    pub most: u32,
}

/// An issue as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssueName {
    /// By its id.
    Id(IssueId),
    /// By a key that it has or had.
    Key(IssueKey),
}

impl FromStr for IssueName {
    type Err = NotA;

    /// Keys may be written in small letters.
    fn from_str(text: &str) -> Result<Self, NotA> {
        let text = text.trim();
        text.parse()
            .map(Self::Id)
            .or_else(|_| IssueKey::typed(text).map(Self::Key))
            .map_err(|_: NotA| NotA::new("issue", text, "a key such as USER-A-12, or an id of digits"))
    }
}

impl fmt::Display for IssueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Key(key) => key.fmt(f),
        }
    }
}

/// A line of history as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Later lines have larger numbers.
    pub number: u64,
    /// When it happened, by this machine's clock.
    pub at: DateTime<Utc>,
    /// The issue that it is about, with the key that it had then.
    pub issue: IssueRef,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The event's name, if it has one.
    pub event: Option<String>,
    /// The message.
    pub message: String,
    /// The fields, as a JSON object.
    pub fields: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_named_by_its_id_or_by_a_key_however_written() {
        assert_eq!("10021".parse(), Ok(IssueName::Id("10021".parse().unwrap())));
        assert_eq!(" user-a-12 ".parse(), Ok(IssueName::Key("USER-A-12".parse().unwrap())));
        for wrong in ["", "USER", "USER-A-", "-1", "007", "USER-A-1; DROP"] {
            assert!(wrong.parse::<IssueName>().is_err(), "{wrong:?}");
        }
    }
}

//! What was done, for later readers.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::event::{Event, Line};
use super::name::{IssueId, IssueKey, IssueRef, NotA};

/// One line of a flow's history: an event about an issue, written in the same transaction as what it tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, by this machine's clock; kept to the millisecond.
    pub at: DateTime<Utc>,
    /// The issue by which people know what this is about: a pair's user issue.
    pub issue: IssueRef,
    /// The event as the log has it.
    pub line: Line,
}

impl Entry {
    /// `event`, which is about `issue`, as it happens `at`.
    #[must_use]
    pub fn of(event: &Event, issue: &IssueRef, at: DateTime<Utc>) -> Self {
        Self { at, issue: issue.clone(), line: event.line() }
    }
}

/// Which lines of a flow's history are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// About this issue only, or about the pair that it is in.
    pub issue: Option<IssueName>,
    /// Older than the line of this number only.
    pub before: Option<u64>,
    /// At most so many.
    pub most: u32,
}

/// How somebody who asks names an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssueName {
    /// By what lasts.
    Id(IssueId),
    /// By a key that it has or had.
    Key(IssueKey),
}

impl FromStr for IssueName {
    type Err = NotA;

    /// Keys are written in capitals; people needn't.
    fn from_str(text: &str) -> Result<Self, NotA> {
        let text = text.trim();
        text.parse()
            .map(Self::Id)
            .or_else(|_| text.to_ascii_uppercase().parse().map(Self::Key))
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

/// A line of history as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Later lines have larger numbers.
    pub number: u64,
    /// When, by this machine's clock.
    pub at: DateTime<Utc>,
    /// The issue that it is about, with the key that it had then.
    pub issue: IssueRef,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The audit name, where it has one.
    pub event: Option<String>,
    /// For people.
    pub message: String,
    /// For programs: a JSON object.
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

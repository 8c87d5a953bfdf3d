//! What was done, for later readers.

use chrono::{DateTime, Utc};

use super::event::{Event, Line};
use super::name::IssueRef;

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

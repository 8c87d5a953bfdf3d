//! JQL, as much of it as the site understands: clauses over the fields in `field`, joined by `AND`, `OR`, `NOT` and
//! parentheses, then `ORDER BY`. Everything else is refused in Jira's words.
//!
//! The road of a query: `lexer` (characters to words) -> `parser` (words to clauses) -> `clause` (what a clause means
//! for its field) -> [`Query`]. Names are looked up on the way, as Jira does: an unknown project, status or key is an
//! error, not an empty result.

mod clause;
mod date;
mod field;
mod filter;
mod lexer;
mod parser;
mod reserved;
mod text;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::issue::Issue;
use field::OrderField;
use filter::Filter;

/// What a query needs to know of the site and of who asks.
pub(super) struct Reader<'a> {
    pub names: &'a dyn Names,
    /// The account id of who asks.
    pub account: &'a str,
    /// Quoted dates are read in the zone of the account that asks.
    pub zone: Tz,
    pub now: DateTime<Utc>,
    pub rules: Rules,
}

/// In what the two kinds of Jira, and requests to them, differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// Whether a query must restrict what it finds.
    pub bounded: bool,
    /// Whether a list may name issues that do not exist.
    pub unknown_keys_in_lists: bool,
    /// Whether values that do not exist are errors. Otherwise they match nothing, and a warning tells of them.
    pub validate: bool,
    /// Whether an unquoted number is epoch milliseconds.
    pub epoch_dates: bool,
}

/// How names in a query are resolved.
pub(super) trait Names {
    /// The present key of the project of this key, former key or name, else of this id. Case is nothing.
    fn project(&self, wanted: &str) -> Option<String>;
    /// The key of the project of this id.
    fn project_of(&self, id: &str) -> Option<String>;
    /// The id of the status of this id or name.
    fn status(&self, wanted: &str) -> Option<String>;
    /// The name of the issue type of this id or name.
    fn issue_type(&self, wanted: &str) -> Option<String>;
    /// The account id of who is called so: by account id on Cloud, by name or key on Data Center.
    fn user(&self, wanted: &str) -> Option<String>;
    /// The issue of this id or key.
    fn issue(&self, wanted: &str) -> Option<IssueName>;
}

/// What a query may call an issue by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IssueName {
    pub id: u64,
    /// The key of its project.
    pub project: String,
    /// Its number within the project.
    pub number: u64,
}

impl IssueName {
    pub(super) fn of(issue: &Issue) -> Self {
        Self { id: issue.id, project: issue.project.clone(), number: issue.number }
    }
}

/// A query, understood.
#[derive(Debug)]
pub(super) struct Query {
    filter: Filter,
    order: Vec<(OrderField, Direction)>,
    /// What would have been errors, had the query been validated.
    pub warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
}

/// The position of an issue in the order of a query; a page token holds one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SortPosition {
    /// One value for each term of the order.
    pub values: Vec<Value>,
    pub id: u64,
}

/// A value to order by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// Epoch milliseconds.
    Millis(i64),
    /// Keys go by project, then by number.
    Key(String, u64),
    /// Names and texts, in small letters.
    Text(String),
}

impl Query {
    /// Reads a query. The error is the message that Jira would give.
    pub(super) fn read(text: &str, reader: &Reader) -> Result<Self, String> {
        parser::parse(text, reader)
    }

    pub(super) fn matches(&self, issue: &Issue) -> bool {
        self.filter.matches(issue)
    }

    pub(super) fn place(&self, issue: &Issue) -> SortPosition {
        SortPosition { values: self.order.iter().map(|(field, _)| field.of(issue)).collect(), id: issue.id }
    }

    /// Which of two places comes first.
    pub(super) fn compare(&self, one: &SortPosition, other: &SortPosition) -> Ordering {
        let pairs = one.values.iter().zip(&other.values);
        let by_terms = pairs.zip(&self.order).map(|((one, other), (_, direction))| direction.apply(one.cmp(other)));
        by_terms.fold(Ordering::Equal, Ordering::then).then_with(|| tie(one.id).cmp(&tie(other.id)))
    }
}

/// Jira promises no order among equals, so they come in an arbitrary one, yet the same each time.
fn tie(id: u64) -> u64 {
    id.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Direction {
    fn apply(self, ordering: Ordering) -> Ordering {
        match self {
            Self::Ascending => ordering,
            Self::Descending => ordering.reverse(),
        }
    }
}

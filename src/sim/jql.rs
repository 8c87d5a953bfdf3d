//! JQL, as much of it as the site understands: clauses over project, key, status and the two dates, with `AND`, `OR`,
//! `NOT` and parentheses, then `ORDER BY`.
//!
//! Names are looked up while the query is read, as Jira does: an unknown project, status or key is an error, not an empty
//! result.

mod date;
mod lexer;
mod parser;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::issue::Issue;

/// What a query needs to know of the site and of who asks.
pub(super) struct Reader<'a> {
    pub names: &'a dyn Names,
    /// Quoted dates are read in the zone of the account that asks.
    pub zone: Tz,
    pub now: DateTime<Utc>,
}

/// How names in a query are resolved.
pub(super) trait Names {
    /// The key of the project of this key, id or name.
    fn project(&self, wanted: &str) -> Option<String>;
    /// The id of the status of this id or name.
    fn status(&self, wanted: &str) -> Option<String>;
    /// The numeric id of the issue of this id or key.
    fn issue(&self, wanted: &str) -> Option<u64>;
}

/// A query, understood.
#[derive(Debug)]
pub(super) struct Query {
    filter: Filter,
    order: Vec<(OrderField, Direction)>,
}

#[derive(Debug)]
enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Project(BTreeSet<String>),
    Issue(BTreeSet<u64>),
    Status(BTreeSet<String>),
    Date { field: DateField, is: Comparison, at: DateTime<Utc> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DateField {
    Created,
    Updated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug)]
enum OrderField {
    Date(DateField),
    Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
}

/// The place of an issue in the order of a query; a page token holds one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
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
}

impl Query {
    /// Reads a query. The error is the message that Jira would give.
    pub(super) fn read(text: &str, reader: &Reader) -> Result<Self, String> {
        parser::parse(text, reader)
    }

    pub(super) fn matches(&self, issue: &Issue) -> bool {
        self.filter.matches(issue)
    }

    pub(super) fn place(&self, issue: &Issue) -> Place {
        Place { values: self.order.iter().map(|(field, _)| field.of(issue)).collect(), id: issue.id }
    }

    /// Which of two places comes first.
    pub(super) fn compare(&self, one: &Place, other: &Place) -> Ordering {
        let pairs = one.values.iter().zip(&other.values);
        let by_terms = pairs.zip(&self.order).map(|((one, other), (_, direction))| direction.apply(one.cmp(other)));
        by_terms.fold(Ordering::Equal, Ordering::then).then_with(|| tie(one.id).cmp(&tie(other.id)))
    }
}

/// Jira promises no order among equals, so they come in one that nobody expects, yet the same each time.
fn tie(id: u64) -> u64 {
    id.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Filter {
    fn matches(&self, issue: &Issue) -> bool {
        match self {
            Self::All(all) => all.iter().all(|filter| filter.matches(issue)),
            Self::Any(any) => any.iter().any(|filter| filter.matches(issue)),
            Self::Not(filter) => !filter.matches(issue),
            Self::Project(keys) => keys.contains(&issue.project),
            Self::Issue(ids) => ids.contains(&issue.id),
            Self::Status(ids) => ids.contains(&issue.status.id),
            Self::Date { field, is, at } => is.holds(field.of(issue).cmp(at)),
        }
    }
}

impl DateField {
    fn of(self, issue: &Issue) -> DateTime<Utc> {
        match self {
            Self::Created => issue.created,
            Self::Updated => issue.updated,
        }
    }
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl OrderField {
    fn of(self, issue: &Issue) -> Value {
        match self {
            Self::Date(field) => Value::Millis(field.of(issue).timestamp_millis()),
            Self::Key => Value::Key(issue.project.clone(), issue.number),
        }
    }
}

impl Direction {
    fn apply(self, ordering: Ordering) -> Ordering {
        match self {
            Self::Ascending => ordering,
            Self::Descending => ordering.reverse(),
        }
    }
}

//! Which issues a query wants.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::field::{DateField, ListField, TextField};
use super::text::Words;
use crate::issue::Issue;

#[derive(Clone, Debug)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    /// Whether its id is, or is not, among these.
    Issue {
        ids: BTreeSet<u64>,
        wanted: bool,
    },
    /// Of this project and with a number that compares so.
    Number {
        project: String,
        is: Comparison,
        number: u64,
    },
    /// Whether the field holds, or holds something but none of, these. What holds nothing is neither.
    Among {
        field: ListField,
        ids: BTreeSet<String>,
        wanted: bool,
    },
    Empty {
        field: ListField,
        wanted: bool,
    },
    Date {
        field: DateField,
        is: Comparison,
        at: DateTime<Utc>,
    },
    /// Whether the text contains the words.
    Contains {
        field: TextField,
        words: Words,
        wanted: bool,
    },
    TextEmpty {
        field: TextField,
        wanted: bool,
    },
    /// Whether its status is, or ever was, one of these.
    Was {
        ids: BTreeSet<String>,
        wanted: bool,
    },
    /// Whether its status ever changed from one of these to one of those; `None` is any.
    Changed {
        from: Option<BTreeSet<String>>,
        to: Option<BTreeSet<String>>,
        wanted: bool,
    },
    /// All or nothing.
    Always(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    pub(super) fn matches(&self, issue: &Issue) -> bool {
        match self {
            Self::All(all) => all.iter().all(|filter| filter.matches(issue)),
            Self::Any(any) => any.iter().any(|filter| filter.matches(issue)),
            Self::Issue { ids, wanted } => ids.contains(&issue.id) == *wanted,
            Self::Number { project, is, number } => issue.project == *project && is.holds(issue.number.cmp(number)),
            Self::Among { field, ids, wanted } => field.holds(issue, ids).is_some_and(|holds| holds == *wanted),
            Self::Empty { field, wanted } => field.holds(issue, &BTreeSet::new()).is_none() == *wanted,
            Self::Date { field, is, at } => is.holds(field.of(issue).cmp(at)),
            Self::Contains { field, words, wanted } => words.are_in(&field.of(issue)) == *wanted,
            Self::TextEmpty { field, wanted } => field.of(issue).is_empty() == *wanted,
            Self::Was { ids, wanted } => {
                let ever = statuses(issue).any(|(from, to)| ids.contains(from) || ids.contains(to));
                (ever || ids.contains(&issue.status.id)) == *wanted
            }
            Self::Changed { from, to, wanted } => {
                let among = |ids: &Option<BTreeSet<String>>, id: &str| ids.as_ref().is_none_or(|ids| ids.contains(id));
                statuses(issue).any(|(before, after)| among(from, before) && among(to, after)) == *wanted
            }
            Self::Always(all) => *all,
        }
    }

    /// What `NOT` makes of it: each clause becomes its opposite. So `NOT assignee = x` leaves out issues without an
    /// assignee, exactly as `assignee != x` does.
    pub(super) fn negated(self) -> Self {
        let each = |filters: Vec<Self>| filters.into_iter().map(Self::negated).collect();
        match self {
            Self::All(all) => Self::Any(each(all)),
            Self::Any(any) => Self::All(each(any)),
            Self::Issue { ids, wanted } => Self::Issue { ids, wanted: !wanted },
            Self::Number { project, is, number } => Self::Number { project, is: is.opposite(), number },
            Self::Among { field, ids, wanted } => Self::Among { field, ids, wanted: !wanted },
            Self::Empty { field, wanted } => Self::Empty { field, wanted: !wanted },
            Self::Date { field, is, at } => Self::Date { field, is: is.opposite(), at },
            Self::Contains { field, words, wanted } => Self::Contains { field, words, wanted: !wanted },
            Self::TextEmpty { field, wanted } => Self::TextEmpty { field, wanted: !wanted },
            Self::Was { ids, wanted } => Self::Was { ids, wanted: !wanted },
            Self::Changed { from, to, wanted } => Self::Changed { from, to, wanted: !wanted },
            Self::Always(all) => Self::Always(!all),
        }
    }

    /// The filter itself, or its opposite.
    pub(super) fn wanted(self, wanted: bool) -> Self {
        if wanted { self } else { self.negated() }
    }
}

/// Between which statuses an issue moved, by their ids.
fn statuses(issue: &Issue) -> impl Iterator<Item = (&str, &str)> {
    let items = issue.history.iter().flat_map(|change| &change.items).filter(|item| item.field == "status");
    items.map(|item| (item.from.as_deref().unwrap_or_default(), item.to.as_deref().unwrap_or_default()))
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }

    fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }
}

//! The fields that queries may name, and what an issue holds in them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Direction, Value};
use crate::issue::Issue;
use crate::values::{FieldValue, Term};

/// A field in a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// By key or id.
    Issue,
    List(ListField),
    Date(DateField),
    Text(TextField),
}

/// Fields that hold one of a list of things, each known by an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListField {
    Project,
    Status,
    StatusCategory,
    IssueType,
    Creator,
    Reporter,
    Assignee,
    /// Known by their text; an issue may have several.
    Labels,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateField {
    Created,
    Updated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextField {
    Summary,
    Description,
}

/// A field in `ORDER BY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrderField {
    Key,
    Date(DateField),
    Summary,
    Status,
    IssueType,
}

impl Field {
    /// The field of this name, in any letter case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "key" | "id" | "issue" | "issuekey" => Self::Issue,
            "project" => Self::List(ListField::Project),
            "status" => Self::List(ListField::Status),
            "statuscategory" => Self::List(ListField::StatusCategory),
            "issuetype" | "type" => Self::List(ListField::IssueType),
            "creator" => Self::List(ListField::Creator),
            "reporter" => Self::List(ListField::Reporter),
            "assignee" => Self::List(ListField::Assignee),
            "labels" => Self::List(ListField::Labels),
            "created" | "createddate" => Self::Date(DateField::Created),
            "updated" | "updateddate" => Self::Date(DateField::Updated),
            "summary" => Self::Text(TextField::Summary),
            "description" => Self::Text(TextField::Description),
            _ => return None,
        })
    }
}

impl ListField {
    /// Whether the issue holds one of these, by their ids; none if it holds nothing at all.
    pub(super) fn holds(self, issue: &Issue, ids: &BTreeSet<String>) -> Option<bool> {
        match self {
            Self::Project => Some(ids.contains(&issue.project)),
            Self::Status => Some(ids.contains(&issue.status.id)),
            Self::StatusCategory => Some(ids.contains(issue.status.category.key())),
            Self::IssueType => Some(ids.contains(&issue.kind)),
            Self::Creator | Self::Reporter => Some(ids.contains(&issue.creator)),
            Self::Assignee => {
                Some(terms(issue, "assignee")?.iter().any(|it| it.id.as_ref().is_some_and(|id| ids.contains(id))))
            }
            Self::Labels => Some(terms(issue, "labels")?.iter().any(|it| ids.contains(&it.text))),
        }
    }
}

/// What an issue holds in a field that it need not have.
fn terms<'a>(issue: &'a Issue, field: &str) -> Option<&'a [Term]> {
    match issue.values.get(field)? {
        FieldValue::One(term) => Some(std::slice::from_ref(term)),
        FieldValue::Many(terms) => Some(terms),
        FieldValue::Text(_) | FieldValue::Rich(_) | FieldValue::Number(_) | FieldValue::Flag(_) => None,
    }
}

impl DateField {
    pub(super) fn of(self, issue: &Issue) -> DateTime<Utc> {
        match self {
            Self::Created => issue.created,
            Self::Updated => issue.updated,
        }
    }
}

impl TextField {
    pub(super) fn of(self, issue: &Issue) -> String {
        match self {
            Self::Summary => issue.summary.clone(),
            Self::Description => issue.description_text(),
        }
    }
}

impl OrderField {
    /// The field of this name, in any letter case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            // Ids are given away in the order of creation, but Jira orders `id` as it does `key`.
            "key" | "issuekey" | "issue" | "id" | "project" => Self::Key,
            "created" | "createddate" => Self::Date(DateField::Created),
            "updated" | "updateddate" => Self::Date(DateField::Updated),
            "summary" => Self::Summary,
            "status" => Self::Status,
            "issuetype" | "type" => Self::IssueType,
            _ => return None,
        })
    }

    pub(super) fn of(self, issue: &Issue) -> Value {
        match self {
            Self::Key => Value::Key(issue.project.clone(), issue.number),
            Self::Date(field) => Value::Millis(field.of(issue).timestamp_millis()),
            Self::Summary => Value::Text(issue.summary.to_lowercase()),
            Self::Status => Value::Text(issue.status.name.to_lowercase()),
            Self::IssueType => Value::Text(issue.kind.to_lowercase()),
        }
    }

    /// Without a word for it, dates go from new to old and everything else from small to great.
    pub(super) fn usual_direction(self) -> Direction {
        match self {
            Self::Date(_) => Direction::Descending,
            Self::Key | Self::Summary | Self::Status | Self::IssueType => Direction::Ascending,
        }
    }
}

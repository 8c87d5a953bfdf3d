//! An event as a line of log has it.

use std::time::Duration;

use super::super::name::{IssueKey, RuleId};
use crate::foreign;

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever follows single issues.
    Debug,
    /// The normal course.
    Info,
    /// Worth a look, going on by itself.
    Warn,
    /// A person must do something.
    Error,
}

/// A value in an event's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// A text.
    Text(String),
    /// A count or milliseconds.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    List(Vec<String>),
}

/// An event as a line of log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// The audit name (`action.createIssue`), where it has one.
    pub event: Option<&'static str>,
    /// For people.
    pub message: String,
    /// For programs.
    pub fields: Vec<(&'static str, Field)>,
}

pub(super) fn line(level: Level, message: impl Into<String>) -> Line {
    Line { level, event: None, message: foreign::message(&message.into()), fields: Vec::new() }
}

pub(super) fn audit(level: Level, event: &'static str, message: impl Into<String>) -> Line {
    Line { event: Some(event), ..line(level, message) }
}

pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

impl Line {
    pub(super) fn with(mut self, name: &'static str, field: Field) -> Self {
        self.fields.push((name, field));
        self
    }

    pub(super) fn text(self, name: &'static str, text: impl ToString) -> Self {
        self.with(name, Field::Text(foreign::message(&text.to_string())))
    }

    pub(super) fn issue(self, key: &IssueKey) -> Self {
        self.text("issue", key)
    }

    pub(super) fn error(self, why: &str) -> Self {
        self.text("error", why)
    }

    pub(super) fn rule(self, rule: Option<&RuleId>) -> Self {
        match rule {
            Some(rule) => self.text("rule", rule),
            None => self,
        }
    }
}

//! Log lines, as which events are written.

use std::time::Duration;

use super::super::name::IssueKey;
use crate::foreign;

/// The severity of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Details of single issues.
    Debug,
    /// The normal course.
    Info,
    /// Something unusual that needs no action now.
    Warn,
    /// Something that an operator must act on.
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

/// A log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The severity.
    pub level: Level,
    /// The event's name, such as `action.createIssue`, if it has one.
    pub event: Option<&'static str>,
    /// The message.
    pub message: String,
    /// The fields, in order.
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

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Line {
    pub(super) fn text(self, name: &'static str, text: impl ToString) -> Self {
        self.with(name, Field::Text(foreign::message(&text.to_string())))
    }

    pub(super) fn text_if(self, name: &'static str, text: Option<impl ToString>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// Without the field if there is no number.
    pub(super) fn number(self, name: &'static str, number: impl Into<Option<u64>>) -> Self {
        match number.into() {
            Some(number) => self.with(name, Field::Number(number)),
            None => self,
        }
    }

    pub(super) fn flag(self, name: &'static str, flag: bool) -> Self {
        self.with(name, Field::Flag(flag))
    }

    pub(super) fn list(self, name: &'static str, texts: impl Iterator<Item = String>) -> Self {
        self.with(name, Field::List(texts.collect()))
    }

    pub(super) fn issue(self, key: &IssueKey) -> Self {
        self.text("issue", key)
    }

    pub(super) fn pair(self, user: &IssueKey, dev: &IssueKey) -> Self {
        self.issue(user).text("target", dev)
    }

    pub(super) fn error(self, why: &str) -> Self {
        self.text("error", why)
    }

    fn with(mut self, name: &'static str, field: Field) -> Self {
        self.fields.push((name, field));
        self
    }
}

//! A record as its store has it: values by the names of their columns or fields.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Unfit;
use crate::flow::{IssueId, IssueRef, JiraTime, Side};

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// None.
    Null,
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Milliseconds since 1970: a text in SQLite, a date in MongoDB.
    Time(i64),
    /// A JSON object: a text in SQLite, a document in MongoDB.
    Json(String),
    /// What no version of Lockstep writes.
    Other(String),
}

impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Text(text) | Self::Json(text) | Self::Other(text) => f.write_str(text),
            Self::Number(number) | Self::Time(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&IssueId> for Value {
    fn from(id: &IssueId) -> Self {
        id.as_str().into()
    }
}

impl From<Side> for Value {
    fn from(side: Side) -> Self {
        Self::Text(side.to_string())
    }
}

impl From<u64> for Value {
    /// Counts of a database's records and commits: none comes near the limit.
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<JiraTime> for Value {
    fn from(at: JiraTime) -> Self {
        Self::Time(at.epoch_millis())
    }
}

impl From<DateTime<Utc>> for Value {
    fn from(at: DateTime<Utc>) -> Self {
        Self::Time(at.timestamp_millis())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What was read, and where, so that an operator finds what is wrong with it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The table or collection.
    pub(in crate::store) table: &'static str,
    /// MongoDB's `_id`, for messages.
    pub(in crate::store) id: Option<String>,
    pub(in crate::store) names: Arc<[String]>,
    /// In the order of their names.
    pub(in crate::store) values: Vec<Value>,
}

impl Row {
    /// A field's text.
    pub(in crate::store) fn text(&self, field: &str) -> Result<&str, Unfit> {
        self.maybe_text(field)?.ok_or_else(|| self.is_missing(field))
    }

    /// A field's text, if there is one.
    pub(in crate::store) fn maybe_text(&self, field: &str) -> Result<Option<&str>, Unfit> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => Err(self.unfit(field, format!("{other} is no text"))),
        }
    }

    /// A field's text as what it stands for.
    pub(in crate::store) fn parsed<T: FromStr<Err: Display>>(&self, field: &str) -> Result<T, Unfit> {
        self.parse(field, self.text(field)?)
    }

    /// A field's text, if there is one, as what it stands for.
    pub(in crate::store) fn maybe<T: FromStr<Err: Display>>(&self, field: &str) -> Result<Option<T>, Unfit> {
        self.maybe_text(field)?.map(|text| self.parse(field, text)).transpose()
    }

    /// The issue in two fields.
    pub(in crate::store) fn issue(&self, id: &str, key: &str) -> Result<IssueRef, Unfit> {
        Ok(IssueRef { id: self.parsed(id)?, key: self.parsed(key)? })
    }

    /// A moment of this machine's clock.
    pub(in crate::store) fn wall(&self, field: &str) -> Result<DateTime<Utc>, Unfit> {
        self.maybe_wall(field)?.ok_or_else(|| self.is_missing(field))
    }

    /// A moment of this machine's clock, if there is one.
    pub(in crate::store) fn maybe_wall(&self, field: &str) -> Result<Option<DateTime<Utc>>, Unfit> {
        let out = || self.unfit(field, "it is no time in the years that can be written");
        self.millis(field)?.map(|millis| DateTime::from_timestamp_millis(millis).ok_or_else(out)).transpose()
    }

    /// A moment of Jira's clock.
    pub(in crate::store) fn jira_time(&self, field: &str) -> Result<JiraTime, Unfit> {
        self.maybe_jira_time(field)?.ok_or_else(|| self.is_missing(field))
    }

    /// A moment of Jira's clock, if there is one.
    pub(in crate::store) fn maybe_jira_time(&self, field: &str) -> Result<Option<JiraTime>, Unfit> {
        let time = |millis| JiraTime::from_epoch_millis(millis).map_err(|why| self.unfit(field, why));
        self.millis(field)?.map(time).transpose()
    }

    /// A number that is not negative; 0 if there is none.
    pub(in crate::store) fn number(&self, field: &str) -> Result<u64, Unfit> {
        let whole = match self.value(field) {
            None => Some(0),
            Some(Value::Number(number)) => u64::try_from(*number).ok(),
            Some(_) => None,
        };
        whole.ok_or_else(|| self.unfit(field, "it is no whole number"))
    }

    /// Yes or no, if it says so; SQLite says it by numbers.
    pub(in crate::store) fn flag(&self, field: &str) -> Result<Option<bool>, Unfit> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Flag(flag)) => Ok(Some(*flag)),
            Some(Value::Number(number)) => Ok(Some(*number != 0)),
            Some(other) => Err(self.unfit(field, format!("{other} is neither true nor false"))),
        }
    }

    /// The JSON document in a field, if there is one, as `read` understands it.
    pub(in crate::store) fn document<T>(
        &self,
        field: &str,
        read: impl FnOnce(&str) -> Result<T, Unfit>,
    ) -> Result<Option<T>, Unfit> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Json(json) | Value::Text(json)) => read(json).map(Some).map_err(|why| self.unfit(field, why)),
            Some(other) => Err(self.unfit(field, format!("{other} is no document"))),
        }
    }

    /// What is wrong with a field.
    pub(in crate::store) fn unfit(&self, field: &str, why: impl Display) -> Unfit {
        let document = self.id.as_ref().map(|id| format!(", document {id}")).unwrap_or_default();
        Unfit::new(format!("{}{document}, field {field}", self.table), why)
    }

    /// A field that there is not.
    pub(in crate::store) fn is_missing(&self, field: &str) -> Unfit {
        self.unfit(field, "it is missing")
    }

    /// A time as such, or as the text of one.
    fn millis(&self, field: &str) -> Result<Option<i64>, Unfit> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Time(millis)) => Ok(Some(*millis)),
            Some(Value::Text(text)) => self.parse::<JiraTime>(field, text).map(|at| Some(at.epoch_millis())),
            Some(other) => Err(self.unfit(field, format!("{other} is no date"))),
        }
    }

    fn parse<T: FromStr<Err: Display>>(&self, field: &str, text: &str) -> Result<T, Unfit> {
        text.parse().map_err(|why| self.unfit(field, format!("{text:?}: {why}")))
    }

    fn value(&self, field: &str) -> Option<&Value> {
        let place = self.names.iter().position(|name| name == field)?;
        self.values.get(place).filter(|value| **value != Value::Null)
    }
}

//! Documents as our types, and our types in documents.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use mongodb::bson::{self, Bson, Document};

use super::trouble::Trouble;
use crate::flow::{IssueId, IssueRef, JiraTime};
use crate::store::records::Unfit;

/// A document that was read, and where, so that an operator finds what is wrong with it.
pub(super) struct Found<'a> {
    pub(super) collection: &'static str,
    pub(super) document: &'a Document,
}

impl<'a> Found<'a> {
    /// A field's text.
    pub(super) fn text(&self, field: &str) -> Result<&'a str, Trouble> {
        self.maybe_text(field)?.ok_or_else(|| self.unfit(field, "it is missing"))
    }

    /// A field's text, if there is one.
    pub(super) fn maybe_text(&self, field: &str) -> Result<Option<&'a str>, Trouble> {
        match self.value(field) {
            None => Ok(None),
            Some(Bson::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.unfit(field, format!("{other} is no text"))),
        }
    }

    /// A field's text as what it stands for.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&self, field: &str) -> Result<T, Trouble> {
        self.parse(field, self.text(field)?)
    }

    /// A field's text, if there is one, as what it stands for.
    pub(super) fn maybe<T: FromStr<Err: Display>>(&self, field: &str) -> Result<Option<T>, Trouble> {
        self.maybe_text(field)?.map(|text| self.parse(field, text)).transpose()
    }

    /// The issue in two fields.
    pub(super) fn issue(&self, id: &str, key: &str) -> Result<IssueRef, Trouble> {
        Ok(IssueRef { id: self.parsed(id)?, key: self.parsed(key)? })
    }

    /// A moment of this machine's clock.
    pub(super) fn wall(&self, field: &str) -> Result<DateTime<Utc>, Trouble> {
        self.maybe_wall(field)?.ok_or_else(|| self.unfit(field, "it is missing"))
    }

    /// A moment of this machine's clock, if there is one.
    pub(super) fn maybe_wall(&self, field: &str) -> Result<Option<DateTime<Utc>>, Trouble> {
        let out = || self.unfit(field, "it is no time in the years that can be written");
        self.millis(field)?.map(|millis| DateTime::from_timestamp_millis(millis).ok_or_else(out)).transpose()
    }

    /// A moment of Jira's clock.
    pub(super) fn jira_time(&self, field: &str) -> Result<JiraTime, Trouble> {
        self.maybe_jira_time(field)?.ok_or_else(|| self.unfit(field, "it is missing"))
    }

    /// A moment of Jira's clock, if there is one.
    pub(super) fn maybe_jira_time(&self, field: &str) -> Result<Option<JiraTime>, Trouble> {
        let time = |millis| JiraTime::from_epoch_millis(millis).map_err(|why| self.unfit(field, why));
        self.millis(field)?.map(time).transpose()
    }

    /// A number that is not negative; 0 if there is none.
    pub(super) fn number(&self, field: &str) -> Result<u64, Trouble> {
        let whole = match self.value(field) {
            None => Some(0),
            Some(Bson::Int32(number)) => u64::try_from(*number).ok(),
            Some(Bson::Int64(number)) => u64::try_from(*number).ok(),
            Some(_) => None,
        };
        whole.ok_or_else(|| self.unfit(field, "it is no whole number"))
    }

    /// Yes or no, if it says so.
    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>, Trouble> {
        match self.value(field) {
            None => Ok(None),
            Some(Bson::Boolean(flag)) => Ok(Some(*flag)),
            Some(other) => Err(self.unfit(field, format!("{other} is neither true nor false"))),
        }
    }

    /// The record in a field, as JSON, if there is one.
    pub(super) fn record(&self, field: &str) -> Result<Option<String>, Trouble> {
        match self.value(field) {
            None => Ok(None),
            Some(Bson::Document(record)) => {
                serde_json::to_string(record).map(Some).map_err(|why| self.unfit(field, why))
            }
            Some(other) => Err(self.unfit(field, format!("{other} is no document"))),
        }
    }

    /// What is wrong with a field.
    pub(super) fn unfit(&self, field: &str, why: impl Display) -> Trouble {
        let id = self.document.get("_id").map_or_else(|| "without an _id".to_owned(), Bson::to_string);
        Unfit::new(format!("{}, document {id}, field {field}", self.collection), why).into()
    }

    /// A time as a date, or as the text that other programs may have written.
    fn millis(&self, field: &str) -> Result<Option<i64>, Trouble> {
        match self.value(field) {
            None => Ok(None),
            Some(Bson::DateTime(at)) => Ok(Some(at.timestamp_millis())),
            Some(Bson::String(text)) => self.parse::<JiraTime>(field, text).map(|at| Some(at.epoch_millis())),
            Some(other) => Err(self.unfit(field, format!("{other} is no date"))),
        }
    }

    fn parse<T: FromStr<Err: Display>>(&self, field: &str, text: &str) -> Result<T, Trouble> {
        text.parse().map_err(|why| self.unfit(field, format!("{text:?}: {why}")))
    }

    fn value(&self, field: &str) -> Option<&'a Bson> {
        self.document.get(field).filter(|value| !matches!(value, Bson::Null | Bson::Undefined))
    }
}

/// This machine's time as a date.
pub(super) fn wall_date(at: DateTime<Utc>) -> bson::DateTime {
    bson::DateTime::from_millis(at.timestamp_millis())
}

/// Jira's time as a date.
pub(super) fn jira_date(at: JiraTime) -> bson::DateTime {
    bson::DateTime::from_millis(at.epoch_millis())
}

/// A record's JSON as a document, which people can read and query.
pub(super) fn record(json: &str) -> Document {
    #[expect(
        clippy::expect_used,
        reason = "records are JSON objects of texts, numbers and lists, without `$` in a name"
    )]
    serde_json::from_str(json).expect("a record is a document")
}

/// A count as MongoDB keeps it.
pub(super) fn long(number: u64) -> i64 {
    // Counts of a database's documents and commits; none comes near.
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Ids for an `$in`.
pub(super) fn ids(ids: &[IssueId]) -> Vec<&str> {
    ids.iter().map(IssueId::as_str).collect()
}

//! The latest requests and events of a site, each with the number it got when it came.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::stamp;

/// Something that happened on the site, told for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Happening {
    /// Its place in the journal, counted from 0.
    pub number: usize,
    /// When it happened.
    #[serde(serialize_with = "stamp::as_utc")]
    pub at: DateTime<Utc>,
    /// The name of an account.
    pub who: String,
    /// Such as `moved it from Open to Will Do`.
    pub what: String,
    /// The issue it happened to.
    #[serde(rename = "issue")]
    pub issue_key: String,
    /// Whether it came through the API.
    #[serde(rename = "byBot")]
    pub by_bot: bool,
}

/// One request that reached the site.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestLine {
    /// Its place in the log, counted from 0.
    pub number: usize,
    /// When it arrived.
    #[serde(serialize_with = "stamp::as_utc")]
    pub at: DateTime<Utc>,
    /// Such as `POST`.
    pub method: String,
    /// Without its query.
    pub path: String,
    /// The account id of the caller, if it proved who it is.
    pub account: Option<String>,
    /// Absent until it is answered; it stays absent if its client left before.
    pub status: Option<u16>,
    /// The name of the fault that it met.
    pub fault: Option<&'static str>,
}

/// How many entries are remembered: enough for a long day of a story, little enough for a demo that runs for weeks.
const CAPACITY: usize = 20_000;

/// A bounded list of the latest entries.
pub(super) struct Ring<T> {
    latest: VecDeque<T>,
    /// How many came before the oldest that is remembered.
    forgotten: usize,
}

impl<T> Ring<T> {
    pub(super) fn new() -> Self {
        Self { latest: VecDeque::new(), forgotten: 0 }
    }

    /// Remembers an entry and answers its number; numbers count from 0.
    pub(super) fn push(&mut self, entry: T) -> usize {
        if self.latest.len() == CAPACITY {
            self.latest.pop_front();
            self.forgotten += 1;
        }
        self.latest.push_back(entry);
        self.forgotten + self.latest.len() - 1
    }

    /// The number that the next entry will get.
    pub(super) fn next(&self) -> usize {
        self.forgotten + self.latest.len()
    }

    /// The entry of this number, if it is still remembered.
    pub(super) fn get(&self, number: usize) -> Option<&T> {
        self.latest.get(number.checked_sub(self.forgotten)?)
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.latest.get_mut(number.checked_sub(self.forgotten)?)
    }

    /// The entries from this number on, oldest first.
    pub(super) fn since(&self, number: usize) -> impl Iterator<Item = &T> {
        self.latest.iter().skip(number.saturating_sub(self.forgotten))
    }
}

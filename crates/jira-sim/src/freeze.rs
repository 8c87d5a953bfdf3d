//! Freeze: rows that the search index does not renew for a while, whatever becomes of their issues.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::issue::Issue;
use super::issues::Rename;

/// Which rows of the search index freeze.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Those of all issues, and of those that do not exist yet: they are not found before it thaws.
    All,
    /// The row of the issue with this key or id.
    Of(String),
}

/// What the index is to learn of an issue.
pub(super) enum News {
    Version(Arc<Issue>),
    /// It is gone.
    Gone(u64),
}

impl News {
    /// The version of a renamed project's issue gets its new key.
    pub(super) fn rename_project(&mut self, rename: &Rename<'_>) {
        match self {
            Self::Version(version) => rename.issue(version),
            Self::Gone(_) => {}
        }
    }

    fn issue(&self) -> u64 {
        match self {
            Self::Version(version) => version.id,
            Self::Gone(id) => *id,
        }
    }
}

/// What is frozen until when, and the news that wait for the thaw.
#[derive(Default)]
pub(super) struct Freeze {
    all: Option<DateTime<Utc>>,
    /// By numeric id of the issue.
    single: BTreeMap<u64, DateTime<Utc>>,
    /// In the order in which they were due.
    waiting: Vec<News>,
}

impl Freeze {
    /// Freezes the row of this issue, or all rows. Who freezes what is frozen already gives it another time.
    pub(super) fn freeze(&mut self, issue: Option<u64>, until: DateTime<Utc>) {
        match issue {
            None => self.all = Some(until),
            Some(id) => drop(self.single.insert(id, until)),
        }
    }

    /// Gives back what can be learnt now, and keeps what is about a frozen row.
    pub(super) fn pass(&mut self, now: DateTime<Utc>, news: News) -> Option<News> {
        if self.holds(now, news.issue()) {
            self.waiting.push(news);
            return None;
        }
        Some(news)
    }

    /// What waited for rows that are no longer frozen, oldest first.
    pub(super) fn thaw(&mut self, now: DateTime<Utc>) -> Vec<News> {
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().filter_map(|news| self.pass(now, news)).collect()
    }

    /// What waits, to be changed.
    pub(super) fn waiting_mut(&mut self) -> impl Iterator<Item = &mut News> {
        self.waiting.iter_mut()
    }

    fn holds(&self, now: DateTime<Utc>, issue: u64) -> bool {
        let until = self.all.max(self.single.get(&issue).copied());
        until.is_some_and(|until| now < until)
    }
}

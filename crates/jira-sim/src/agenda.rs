//! What is to happen, and when.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// Things that are due, in order of their time; those due at the same time come in the order they were noted.
pub(super) struct Agenda<T> {
    entries: BTreeMap<(DateTime<Utc>, u64), T>,
    noted: u64,
}

impl<T> Agenda<T> {
    pub(super) fn new() -> Self {
        Self { entries: BTreeMap::new(), noted: 0 }
    }

    /// Notes what is due at this time.
    pub(super) fn note(&mut self, due: DateTime<Utc>, what: T) {
        self.noted += 1;
        self.entries.insert((due, self.noted), what);
    }

    /// Takes the first thing that is due by now, with the time it was due.
    pub(super) fn next_due(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, T)> {
        let first = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((due, _), what) = first.remove_entry();
        Some((due, what))
    }

    /// Everything that is not due yet.
    pub(super) fn entries(&self) -> impl Iterator<Item = &T> {
        self.entries.values()
    }

    /// The same, to be changed.
    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.values_mut()
    }

    /// Strikes out what is no longer wanted.
    pub(super) fn keep(&mut self, mut wanted: impl FnMut(&T) -> bool) {
        self.entries.retain(|_, what| wanted(what));
    }
}

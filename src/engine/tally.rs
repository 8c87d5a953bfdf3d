//! Counting what a cycle did.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::flow::CycleReport;

/// The counts of the cycle in hand.
#[derive(Default)]
pub(super) struct Tally {
    pub fetched: Count,
    pub changes: Count,
    pub created: Count,
    pub synced: Count,
    pub skipped: Count,
    pub errors: Count,
    /// Doubts that began or were not settled.
    pub doubts: Count,
    requests_before: Count,
}

/// One count.
#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

impl Tally {
    /// A cycle begins; `requests` were sent before it.
    pub(super) fn reset(&self, requests: u64) {
        let Self { fetched, changes, created, synced, skipped, errors, doubts, requests_before: _ } = self;
        for count in [fetched, changes, created, synced, skipped, errors, doubts] {
            count.set(0);
        }
        self.requests_before.set(requests);
    }

    /// The cycle ended after `duration`; `requests` were sent until now, and so many issues wait to be tried again.
    pub(super) fn report(&self, duration: Duration, requests: u64, failures: u64) -> CycleReport {
        CycleReport {
            duration,
            issues_fetched: self.fetched.get(),
            status_changes_detected: self.changes.get(),
            issues_created: self.created.get(),
            statuses_synced: self.synced.get(),
            issues_skipped: self.skipped.get(),
            errors: self.errors.get(),
            requests: requests.saturating_sub(self.requests_before.get()),
            doubts: self.doubts.get(),
            failures,
        }
    }
}

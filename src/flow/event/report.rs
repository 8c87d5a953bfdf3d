//! What a completed cycle did.

use std::time::Duration;

use super::line::{Level, Line, audit, millis};

/// The counts of a completed cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleReport {
    /// How long it took.
    pub duration: Duration,
    /// Issues read afresh.
    pub issues_fetched: u64,
    /// Issues that had left their handled status.
    pub status_changes_detected: u64,
    /// Dev issues created.
    pub issues_created: u64,
    /// Issues brought into a status because of their counterparts.
    pub statuses_synced: u64,
    /// Issues for which nothing was done.
    pub issues_skipped: u64,
    /// Issues that failed and will be retried.
    pub errors: u64,
    /// Requests sent to Jira.
    pub requests: u64,
    /// Steps of which it is not known yet whether they happened.
    pub doubts: u64,
    /// Issues that wait for a retry.
    pub failures: u64,
}

impl CycleReport {
    pub(super) fn line(&self) -> Line {
        [
            ("durationMs", millis(self.duration)),
            ("issuesFetched", self.issues_fetched),
            ("statusChangesDetected", self.status_changes_detected),
            ("issuesCreated", self.issues_created),
            ("statusesSynced", self.statuses_synced),
            ("issuesSkipped", self.issues_skipped),
            ("errors", self.errors),
            ("requests", self.requests),
            ("doubts", self.doubts),
            ("failures", self.failures),
        ]
        .into_iter()
        .fold(audit(Level::Info, "sync.cycle.completed", "Sync cycle completed"), |line, (name, count)| {
            line.number(name, count)
        })
    }
}

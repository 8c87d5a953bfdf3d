//! Issues that failed: each is tried again after a while, and no other waits for it (docs/sync.md, "Failures and retry").

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::observe::Trial;
use super::{Engine, Error};
use crate::backoff::Backoff;
use crate::flow::{Event, IssueRef, Side, SkipReason};
use crate::store::{Change, Failure};

/// Nothing is put off for longer: what seems to be was written by a clock that was ahead.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(61);

impl Engine {
    /// Tells that nothing is done for an issue, and why.
    pub(super) fn skip(&self, issue: &IssueRef, reason: SkipReason) {
        self.tally.skipped.add(1);
        self.tell(&Event::Skipped { key: issue.key.clone(), reason });
    }

    /// Records that an issue failed and when it is tried again.
    pub(super) async fn failed(&self, side: Side, issue: &IssueRef, why: String, trial: Trial) -> Result<(), Error> {
        self.tally.errors.add(1);
        let before = self.store.failures().await?.into_iter().find(|failure| failure.issue.id == issue.id);
        let attempts = before.map_or(0, |failure| failure.attempts) + 1;
        let again_in = self.pause_after(attempts);
        let next_try = self.clock.wall() + again_in;
        self.tell(&Event::IssueFailed { key: issue.key.clone(), why: why.clone(), again_in });
        let Trial { seen, unseen_since } = trial;
        let failure = Failure { side, issue: issue.clone(), attempts, next_try, why, seen, unseen_since };
        Ok(self.store.write(vec![Change::PutFailure(failure)]).await?)
    }

    /// How long to wait after so many tries in a row: never less than half of what is due.
    pub(super) fn pause_after(&self, attempts: u32) -> Duration {
        Backoff::ISSUE.ceiling(attempts).mul_f64(0.5 + 0.5 * self.entropy.unit())
    }

    /// Whether what was put off until `next_try` is due.
    pub(super) fn is_time(&self, next_try: DateTime<Utc>) -> bool {
        let now = self.clock.wall();
        next_try <= now || next_try - now > LONGEST_WAIT
    }
}

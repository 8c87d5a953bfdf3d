//! Issues that failed: each is tried again after a while, and no other waits for it (docs/sync.md, "Failures and retry").

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::pairs::HELD_FOR;
use crate::backoff::Backoff;
use crate::engine::look::observe::Trial;
use crate::engine::{Engine, Error};
use crate::flow::{Event, IssueRef, Side, SkipReason};
use crate::store::{Change, Failure};

impl Engine {
    /// Tells that nothing is done for an issue, and why.
    pub(in crate::engine) fn skip(&self, issue: &IssueRef, reason: SkipReason) {
        self.tally.skipped.add(1);
        self.tell(&Event::Skipped { key: issue.key.clone(), reason });
    }

    /// Records that an issue failed and when it is tried again.
    pub(in crate::engine) async fn failed(
        &self,
        side: Side,
        issue: &IssueRef,
        why: String,
        trial: Trial,
    ) -> Result<(), Error> {
        self.tally.errors.add(1);
        let before = self.store.for_record().failures().await?.into_iter().find(|failure| failure.issue.id == issue.id);
        let attempts = before.map_or(0, |failure| failure.attempts) + 1;
        let again_in = self.pause_after(attempts);
        let next_try = self.clock.wall() + again_in;
        self.tell(&Event::IssueFailed { key: issue.key.clone(), why: why.clone(), again_in });
        let Trial { seen, unseen_since } = trial;
        let failure = Failure { side, issue: issue.clone(), attempts, next_try, why, seen, unseen_since };
        Ok(self.store.write(vec![Change::PutFailure(failure)]).await?)
    }

    /// How long to wait after so many tries in a row: never less than half of what is due.
    pub(in crate::engine) fn pause_after(&self, attempts: u32) -> Duration {
        Backoff::ISSUE.ceiling(attempts).mul_f64(0.5 + 0.5 * self.entropy.unit())
    }

    /// Whether an issue that failed is due.
    pub(in crate::engine) fn is_time_for(&self, failure: &Failure) -> bool {
        is_due(failure, self.clock.wall())
    }
}

/// A next try that is further away than it can have been put off was noted by a clock that has been set back since.
fn is_due(failure: &Failure, now: DateTime<Utc>) -> bool {
    let longest = match failure.attempts {
        // A held pair is released by an entry that was never tried.
        0 => HELD_FOR,
        attempts => Backoff::ISSUE.ceiling(attempts),
    };
    let away = (failure.next_try - now).to_std().unwrap_or_default();
    away.is_zero() || away > longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(attempts: u32, next_try: &str) -> Failure {
        let issue = IssueRef { id: "1".parse().unwrap(), key: "USER-A-1".parse().unwrap() };
        let next_try = next_try.parse().unwrap();
        Failure { side: Side::User, issue, attempts, next_try, why: String::new(), seen: None, unseen_since: None }
    }

    #[test]
    fn a_next_try_further_away_than_its_longest_backoff_is_due() {
        let now = "2026-03-02T12:00:00Z".parse().unwrap();
        for (attempts, next_try, due) in [
            (1, "2026-03-02T12:00:00Z", true),
            (1, "2026-03-02T11:00:00Z", true),
            (1, "2026-03-02T12:00:30Z", false),
            (1, "2026-03-02T12:00:31Z", true),
            (3, "2026-03-02T12:02:00Z", false),
            (3, "2026-03-02T12:02:01Z", true),
            (9, "2026-03-02T13:00:00Z", false),
            (9, "2026-03-02T13:00:01Z", true),
            (0, "2026-03-02T13:00:00Z", false),
            (0, "2026-03-02T13:00:01Z", true),
        ] {
            assert_eq!(is_due(&failure(attempts, next_try), now), due, "{attempts} {next_try}");
        }
    }
}

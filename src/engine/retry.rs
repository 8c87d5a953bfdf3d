//! When an issue that failed is tried again (docs/sync.md, "Failures and retry").

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::cx::Cx;
use super::known::sightings;
use crate::backoff::Backoff;
use crate::flow::{Intent, IntentKind, IssueRef, JiraTime, Observed, Side};
use crate::store::{Due, Failure};

/// A pair whose rules answer each other is left alone for so long.
pub(super) const HELD_FOR: Duration = Duration::from_secs(3600);

/// After so many attempts no more time than before lies between two.
const LONGEST_AFTER: u32 = 9;

/// What is remembered of a try that failed, see [`Failure`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FailureContext {
    pub seen: Option<JiraTime>,
    pub unseen_since: Option<JiraTime>,
}

impl FailureContext {
    pub(super) fn of(seen: &Observed) -> Self {
        let latest = sightings(seen).into_iter().map(|(_, sighting)| sighting.issue.updated).max();
        let unseen_since = match seen {
            Observed::Unpaired { unseen_since, .. } => *unseen_since,
            Observed::Paired { .. } => None,
        };
        Self { seen: latest, unseen_since }
    }

    /// What was tried by an intent. That the user issue is to have a dev issue was decided then: if it passed through a
    /// status that asks for one, no later look may be too late to see it.
    pub(super) fn after(intent: &Intent) -> Self {
        let unseen_since = (intent.kind == IntentKind::Create).then_some(JiraTime::FIRST);
        Self { seen: None, unseen_since }
    }

    /// To be looked at again at once, whatever a search shows.
    pub(super) fn failure(self, side: Side, issue: IssueRef, next_try: DateTime<Utc>) -> Failure {
        let (why, unseen_since) = ("to be looked at again".to_owned(), self.unseen_since);
        Failure { side, issue, attempts: 0, next_try, why, seen: None, unseen_since }
    }
}

/// How long to wait after so many tries in a row: never less than half of what is due.
pub(super) fn pause_after(cx: &Cx, attempts: u32) -> Duration {
    Backoff::ISSUE.ceiling(attempts).mul_f64(0.5 + 0.5 * cx.entropy.unit())
}

/// Whether an issue that failed is due.
pub(super) fn is_time_for(cx: &Cx, failure: &Failure) -> bool {
    is_due(failure, cx.clock.wall())
}

/// A next try that is further away than it can have been put off was noted by a clock that has been set back since.
fn is_due(failure: &Failure, now: DateTime<Utc>) -> bool {
    let away = (failure.next_try - now).to_std().unwrap_or_default();
    away.is_zero() || away > longest_wait(failure.attempts)
}

/// The same as a question to the store.
pub(super) fn due(now: DateTime<Utc>) -> Due {
    Due { now, latest: (0..LONGEST_AFTER).map(|attempts| now + longest_wait(attempts)).collect() }
}

fn longest_wait(attempts: u32) -> Duration {
    match attempts {
        // A held pair is released by an entry that was never tried.
        0 => HELD_FOR,
        attempts => Backoff::ISSUE.ceiling(attempts),
    }
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

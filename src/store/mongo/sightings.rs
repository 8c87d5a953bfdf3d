//! Whether the Node.js service still writes to a database that it left.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tokio::time::Instant;

/// How long after a change was seen the service is taken to be running: a few of its intervals, which are of 5 minutes
/// unless somebody chose others.
const RUNS_ON: Duration = Duration::from_secs(30 * 60);

/// What a process has seen of databases that are not its flows'. Kept as long as the process lives: a flow that waits for
/// its takeover has no worker between two looks.
#[derive(Default)]
pub(super) struct Sightings {
    /// By the database's place.
    seen: Mutex<BTreeMap<String, Sighting>>,
}

/// What was seen of a database.
#[derive(Clone, Copy)]
struct Sighting {
    /// When any of its documents was written last, by its writer's clock.
    written: DateTime<Utc>,
    /// When it was last found to have been written since the look before.
    changed: Option<Instant>,
}

impl Sightings {
    /// Notes at `now` when a database was written last, and tells whether it was seen to change lately.
    pub(super) fn is_written(&self, place: &str, written: Option<DateTime<Utc>>, now: Instant) -> bool {
        let Some(written) = written else { return false };
        let mut seen = self.seen.lock();
        let before = seen.get(place).copied();
        let changed = match before {
            Some(before) if written > before.written => Some(now),
            Some(before) => before.changed,
            None => None,
        };
        seen.insert(place.to_owned(), Sighting { written, changed });
        changed.is_some_and(|changed| now.saturating_duration_since(changed) < RUNS_ON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn what_changed_between_two_looks_is_written_until_it_has_been_still_for_long() {
        let (sightings, now) = (Sightings::default(), Clock::system().now());
        let at = |minute: i64| DateTime::from_timestamp(1_700_000_000 + 60 * minute, 0);
        assert!(!sightings.is_written("a", None, now));
        assert!(!sightings.is_written("a", at(0), now), "nobody knows at first sight");
        assert!(!sightings.is_written("a", at(0), now));
        assert!(sightings.is_written("a", at(5), now));
        assert!(!sightings.is_written("b", at(6), now), "another one");
        let resting = now + RUNS_ON - Duration::from_secs(1);
        assert!(sightings.is_written("a", at(5), resting), "it rests between two cycles");
        assert!(!sightings.is_written("a", at(5), now + RUNS_ON), "it was stopped");
    }
}

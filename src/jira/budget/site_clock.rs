//! The two clocks of a site, compared now and then: the one that stamps answers (`Date`), which may be a proxy's, and
//! Jira's own (`serverInfo.serverTime`), by which issues are `updated`. Shared by all flows of the site.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::flow::JiraTime;

/// From one comparison to the next.
const EVERY: Duration = Duration::from_secs(3600);

/// When it is tried again if `serverInfo` gave no answer.
const AGAIN: Duration = Duration::from_secs(300);

/// `Date` counts whole seconds.
const COARSE: Duration = Duration::from_secs(1);

/// By how much the clocks of a site differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockDifference {
    /// Answers are stamped so much later than Jira's own clock shows.
    Ahead(Duration),
    /// Answers are stamped so much earlier.
    Behind(Duration),
}

/// What is known of a site's clocks.
#[derive(Default)]
pub(in crate::jira) struct SiteClock(Mutex<Compared>);

#[derive(Default)]
struct Compared {
    /// `Date` and `serverTime` of one answer.
    seen: Option<(JiraTime, JiraTime)>,
    due: Option<Instant>,
}

impl SiteClock {
    /// Notes what one answer of `serverInfo` showed.
    pub(in crate::jira) fn note(&self, stamped: JiraTime, own: JiraTime, now: Instant) {
        *self.0.lock() = Compared { seen: Some((stamped, own)), due: Some(now + EVERY) };
    }

    /// Whether it is time for a comparison. Whoever is told so makes it.
    pub(in crate::jira) fn take_turn(&self, now: Instant) -> bool {
        let mut compared = self.0.lock();
        let is_due = compared.due.is_none_or(|due| now >= due);
        if is_due {
            compared.due = Some(now + AGAIN);
        }
        is_due
    }

    /// How far `Date` is ahead of Jira's own clock, rounded up; nothing if it is behind.
    pub(in crate::jira) fn ahead(&self) -> Duration {
        match self.difference() {
            Some(ClockDifference::Ahead(ahead)) => ahead + COARSE,
            Some(ClockDifference::Behind(_)) | None => Duration::ZERO,
        }
    }

    /// What the last comparison showed; `None` before the first.
    pub(in crate::jira) fn difference(&self) -> Option<ClockDifference> {
        let (stamped, own) = self.0.lock().seen?;
        Some(match stamped > own {
            true => ClockDifference::Ahead(stamped.since(own)),
            false => ClockDifference::Behind(own.since(stamped)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn at(text: &str) -> JiraTime {
        text.parse().unwrap()
    }

    #[test]
    fn only_a_clock_that_is_ahead_is_not_gone_by() {
        let (clock, now) = (SiteClock::default(), Clock::system().now());
        assert_eq!(clock.ahead(), Duration::ZERO);
        clock.note(at("2026-03-02T12:02:00Z"), at("2026-03-02T12:00:00.500Z"), now);
        assert_eq!(clock.ahead(), Duration::from_millis(120_500));
        clock.note(at("2026-03-02T12:00:00Z"), at("2026-03-02T12:02:00Z"), now);
        assert_eq!(clock.ahead(), Duration::ZERO);
        assert_eq!(clock.difference(), Some(ClockDifference::Behind(Duration::from_secs(120))));
    }

    #[test]
    fn one_flow_of_a_site_compares_them_once_an_hour() {
        let (clock, now) = (SiteClock::default(), Clock::system().now());
        assert!(clock.take_turn(now));
        assert!(!clock.take_turn(now), "another flow is at it");
        assert!(clock.take_turn(now + AGAIN), "it was given no answer");
        clock.note(at("2026-03-02T12:00:00Z"), at("2026-03-02T12:00:00Z"), now);
        assert!(!clock.take_turn(now + EVERY - COARSE));
        assert!(clock.take_turn(now + EVERY));
    }
}

//! A token bucket that gives way when Jira complains. Pure: time goes in, permission or an instant comes out.

use std::time::Duration;

use tokio::time::Instant;

/// From half the rate back to the whole takes half of this: slow enough that a crowd on the same account, which we
/// don't see, is not driven into the next complaint at once.
const RECOVERY: Duration = Duration::from_secs(120);

/// Complaints about one burst come together, from requests that were all under way: they count once.
const ONE_BURST: Duration = Duration::from_secs(1);

/// However often Jira complains, this part of the rate is kept, so that the way back is found.
const LEAST: f64 = 1.0 / 16.0;

/// What may go, and how fast, in the best of times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    pub per_second: f64,
    /// At once after a quiet time. In any second at most `burst + per_second` go.
    pub burst: f64,
}

/// How fast one kind of request may go now.
pub(super) struct Pace {
    limit: Limit,
    tokens: f64,
    as_of: Instant,
    slowed: Option<Slowed>,
}

#[derive(Clone, Copy)]
struct Slowed {
    at: Instant,
    /// Part of the limit that was left then.
    to: f64,
}

impl Pace {
    pub(super) fn new(limit: Limit, now: Instant) -> Self {
        Self { limit, tokens: limit.burst, as_of: now, slowed: None }
    }

    /// Takes one token, or says from when asking again makes sense.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        self.refill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let rate = self.limit.per_second * self.part(now);
        // A millisecond more, so that rounding never leaves a sliver of a token missing.
        Err(now + Duration::from_secs_f64((1.0 - self.tokens) / rate) + Duration::from_millis(1))
    }

    /// Jira complained: half as fast from now, recovering slowly.
    pub(super) fn slow(&mut self, now: Instant) {
        if self.slowed.is_some_and(|slowed| now < slowed.at + ONE_BURST) {
            return;
        }
        self.refill(now);
        let to = (self.part(now) / 2.0).max(LEAST);
        self.slowed = Some(Slowed { at: now, to });
        self.tokens = self.tokens.min(1.0);
    }

    /// Nothing would be lost if it were forgotten.
    pub(super) fn is_rested(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.part(now) >= 1.0 && self.tokens >= self.limit.burst
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.as_of).as_secs_f64();
        // At the rate of the interval's beginning, which is never the higher one.
        let gained = passed * self.limit.per_second * self.part(self.as_of);
        let most = (self.limit.burst * self.part(now)).max(1.0);
        self.tokens = (self.tokens + gained).min(most);
        self.as_of = self.as_of.max(now);
    }

    /// The part of the limit that is left at `now`, from [`LEAST`] to 1.
    fn part(&self, now: Instant) -> f64 {
        self.slowed.map_or(1.0, |Slowed { at, to }| {
            (to + now.saturating_duration_since(at).as_secs_f64() / RECOVERY.as_secs_f64()).min(1.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const LIMIT: Limit = Limit { per_second: 20.0, burst: 10.0 };

    /// How many go within `span` from `from`, asking whenever it makes sense.
    fn gone(pace: &mut Pace, from: Instant, span: Duration) -> u32 {
        let (mut now, mut gone) = (from, 0);
        while now < from + span {
            match pace.take(now) {
                Ok(()) => gone += 1,
                Err(later) => now = later,
            }
        }
        gone
    }

    #[test]
    fn a_burst_goes_at_once_and_then_the_rate_holds() {
        let now = Clock::system().now();
        let gone = gone(&mut Pace::new(LIMIT, now), now, Duration::from_secs(2));
        assert!((45..=50).contains(&gone), "{gone}");
    }

    #[test]
    fn a_complaint_halves_the_rate_and_time_restores_it() {
        let now = Clock::system().now();
        let mut pace = Pace::new(LIMIT, now);
        pace.slow(now);
        let slow = gone(&mut pace, now, Duration::from_secs(2));
        assert!((18..=23).contains(&slow), "{slow}");
        let later = now + RECOVERY / 2 + Duration::from_secs(1);
        assert!(pace.is_rested(later));
        let again = gone(&mut pace, later, Duration::from_secs(2));
        assert!((45..=50).contains(&again), "{again}");
    }

    #[test]
    fn complaints_about_one_burst_count_once_and_never_stop_everything() {
        let now = Clock::system().now();
        let mut pace = Pace::new(LIMIT, now);
        (0..50).for_each(|_| pace.slow(now));
        assert!((pace.part(now) - 0.5).abs() < 1e-9);
        (1..50).for_each(|n| pace.slow(now + ONE_BURST * n));
        assert!(pace.part(now + ONE_BURST * 49) >= LEAST);
    }
}

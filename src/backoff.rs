//! How long to wait before trying again.

use std::time::Duration;

/// Doubling delays with full jitter: the n-th wait is drawn evenly from zero to `least * 2^(n-1)`, capped at `most`.
///
/// Full jitter spreads the retries of many flows that failed at the same moment, which spares a Jira that restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    least: Duration,
    most: Duration,
}

impl Backoff {
    /// For restarts of a failed worker: 1 s doubling to 5 min.
    pub const RESTART: Self = Self { least: Duration::from_secs(1), most: Duration::from_secs(300) };

    /// For retries of a failing issue: 30 s doubling to 1 h, often enough to be noticed, too seldom to load Jira.
    pub const ISSUE: Self = Self { least: Duration::from_secs(30), most: Duration::from_secs(3600) };

    /// The upper limit of the wait after `failures` failures in a row (the first counts 1).
    #[must_use]
    pub fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.least.saturating_mul(1 << doublings).min(self.most)
    }

    /// The wait after `failures` failures in a row; `unit` is a draw from `0.0..1.0`. Never shorter than `at_least`,
    /// the `Retry-After` of a server.
    #[must_use]
    pub fn delay(&self, failures: u32, unit: f64, at_least: Option<Duration>) -> Duration {
        let jittered = self.ceiling(failures).mul_f64(unit.clamp(0.0, 1.0));
        jittered.max(at_least.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn delays_double_up_to_the_cap() {
        let ceilings: Vec<_> = [1, 2, 3, 9, 10, 40].map(|n| Backoff::RESTART.ceiling(n)).into();
        assert_eq!(ceilings, [S(1), S(2), S(4), S(256), S(300), S(300)]);
    }

    #[test]
    fn jitter_covers_everything_from_zero_and_a_retry_after_only_lengthens() {
        let backoff = Backoff::RESTART;
        assert_eq!(backoff.delay(3, 0.0, None), S(0));
        assert_eq!(backoff.delay(3, 0.5, None), S(2));
        assert_eq!(backoff.delay(3, 0.5, Some(S(60))), S(60));
        assert_eq!(backoff.delay(3, 0.5, Some(S(1))), S(2));
    }
}

//! What one account may ask of one site: a token bucket for each endpoint, and pauses that Jira asked for.
//!
//! Pure: time goes in, permission or an instant comes out. All flows on the same site and account share one budget.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::flow::{Credentials, JiraAccess};

/// Requests a second to one endpoint: half of what Jira Cloud allows for the stricter methods (50 a second), so that the
/// account's other users find room.
const PER_SECOND: f64 = 25.0;

/// Requests that may go at once after a quiet time.
const BURST: f64 = 25.0;

/// The budgets of all sites and accounts.
#[derive(Default)]
pub struct Budgets(Mutex<BTreeMap<String, Arc<Budget>>>);

impl Budgets {
    /// The budget that a flow shares with all others on the same site and account.
    pub fn of(&self, access: &JiraAccess) -> Arc<Budget> {
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(budgets.entry(owner(access)).or_default())
    }
}

/// Bearer tokens are told apart by a digest: the map is never printed, but a token must not lie about either.
fn owner(access: &JiraAccess) -> String {
    use sha2::{Digest, Sha256};
    match &access.credentials {
        Credentials::Basic { email, .. } => format!("{} {email}", access.base),
        Credentials::Bearer { token } => format!("{} {:x}", access.base, Sha256::digest(token.expose())),
    }
}

/// One site and account's budget.
#[derive(Default)]
pub struct Budget(Mutex<BTreeMap<&'static str, Bucket>>);

impl Budget {
    /// Takes one request to `endpoint`, or says when to ask again.
    ///
    /// # Errors
    /// The instant from which asking again makes sense.
    pub fn take(&self, endpoint: &'static str, now: Instant) -> Result<(), Instant> {
        self.with(endpoint, now, |bucket| bucket.take(now))
    }

    /// Nothing goes to `endpoint` before `until`: Jira said so.
    pub fn hold(&self, endpoint: &'static str, now: Instant, until: Instant) {
        self.with(endpoint, now, |bucket| bucket.held_until = bucket.held_until.max(until));
    }

    fn with<T>(&self, endpoint: &'static str, now: Instant, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(buckets.entry(endpoint).or_insert(Bucket { tokens: BURST, as_of: now, held_until: now }))
    }
}

struct Bucket {
    tokens: f64,
    as_of: Instant,
    held_until: Instant,
}

impl Bucket {
    fn take(&mut self, now: Instant) -> Result<(), Instant> {
        if now < self.held_until {
            return Err(self.held_until);
        }
        let gained = now.saturating_duration_since(self.as_of).as_secs_f64() * PER_SECOND;
        self.tokens = (self.tokens + gained).min(BURST);
        self.as_of = now;
        if self.tokens < 1.0 {
            // A millisecond more, so that rounding never leaves a sliver of a token missing.
            let missing = Duration::from_secs_f64((1.0 - self.tokens) / PER_SECOND) + Duration::from_millis(1);
            return Err(now + missing);
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_then_the_rate_holds() {
        let (budget, clock) = (Budget::default(), Clock::system());
        let begun = clock.now();
        let mut sent = 0;
        while clock.now() < begun + Duration::from_secs(2) {
            match budget.take("search", clock.now()) {
                Ok(()) => sent += 1,
                Err(later) => clock.sleep_until(later).await,
            }
        }
        let most = BURST + 2.0 * PER_SECOND;
        assert!((most * 0.9..=most).contains(&f64::from(sent)), "{sent}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_that_endpoint_and_no_other() {
        let (budget, now) = (Budget::default(), Clock::system().now());
        let until = now + Duration::from_secs(30);
        budget.hold("search", now, until);
        assert_eq!(budget.take("search", now), Err(until));
        assert_eq!(budget.take("edit", now), Ok(()));
    }
}

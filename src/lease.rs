//! How long a worker may trust that its flow is nobody else's.
//!
//! Where several processes can reach one database, each says there that it lives (docs/architecture.md, "Two gates"). A
//! process that was silent for too long is taken over from, without being asked: it may have been frozen. So it must
//! itself know, without asking anybody, when it has been silent for too long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long after its last sign of life was sent a worker may write. Half the silence after which others take over, so
/// that a request which it began at the last moment has come to its end by then.
const LASTS: Duration = Duration::from_secs(30);

/// Whether the flow is still ours, answered without any I/O. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Lease(Option<Arc<Held>>);

/// The other end: whoever gives the signs of life.
#[derive(Clone, Debug, Default)]
pub struct Tenure(Arc<Held>);

/// When the last sign of life that was heard had been sent.
#[derive(Debug, Default)]
struct Held(Mutex<Option<Instant>>);

impl Lease {
    /// For a flow that nobody else can reach.
    #[must_use]
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// Whether the worker may write to Jira `now`.
    #[must_use]
    pub fn holds(&self, now: Instant) -> bool {
        let fresh = |sent: Instant| now.saturating_duration_since(sent) < LASTS;
        self.0.as_ref().is_none_or(|held| held.sent().is_some_and(fresh))
    }
}

impl Tenure {
    /// What the worker is given.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease(Some(Arc::clone(&self.0)))
    }

    /// A sign of life that was sent then has been heard, and the flow was ours.
    pub fn renew(&self, sent: Instant) {
        let mut last = self.0.sent();
        *last = (*last).max(Some(sent));
    }

    /// The flow is not ours any more.
    pub fn end(&self) {
        *self.0.sent() = None;
    }
}

impl Held {
    fn sent(&self) -> MutexGuard<'_, Option<Instant>> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_lease_holds_from_the_sending_of_a_sign_of_life_for_thirty_seconds() {
        let (tenure, sent) = (Tenure::default(), Clock::system().now());
        let lease = tenure.lease();
        assert!(!lease.holds(sent), "not before the first");
        tenure.renew(sent);
        assert!(lease.holds(sent + Duration::from_millis(29_999)));
        assert!(!lease.holds(sent + LASTS));
        // An answer that comes late renews from when its question was sent, and an older one changes nothing.
        tenure.renew(sent + LASTS);
        tenure.renew(sent);
        assert!(lease.holds(sent + LASTS));
        tenure.end();
        assert!(!lease.holds(sent + LASTS));
    }

    #[test]
    fn what_nobody_else_can_reach_is_always_ours() {
        let now = Clock::system().now();
        assert!(Lease::unlimited().holds(now + Duration::from_secs(1_000_000)));
    }
}

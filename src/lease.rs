//! How long a worker may trust that its flow is nobody else's.
//!
//! Where several processes can reach one database, each says there that it lives (docs/architecture.md, "Two gates"). A
//! process that was silent for too long is taken over from, without being asked: it may have been frozen. So it must
//! itself know, without asking anybody, when it has been silent for too long.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Moment;

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
struct Held(Mutex<Option<Moment>>);

impl Lease {
    /// For a flow that nobody else can reach.
    #[must_use]
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// Whether the worker may write to Jira `now`.
    #[must_use]
    pub fn holds(&self, now: Moment) -> bool {
        let fresh = |sent| now.since(sent) < LASTS;
        self.0.as_ref().is_none_or(|held| held.0.lock().is_some_and(fresh))
    }
}

impl Tenure {
    /// What the worker is given.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease(Some(Arc::clone(&self.0)))
    }

    /// A sign of life that was sent then has been heard, and the flow was ours.
    pub fn renew(&self, sent: Moment) {
        let mut last = self.0.0.lock();
        if last.is_none_or(|last| last.now < sent.now) {
            *last = Some(sent);
        }
    }

    /// The flow is not ours any more.
    pub fn end(&self) {
        *self.0.0.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn after(moment: Moment, millis: u64) -> Moment {
        let passed = Duration::from_millis(millis);
        Moment { now: moment.now + passed, wall: moment.wall + passed }
    }

    #[test]
    fn a_lease_holds_from_the_sending_of_a_sign_of_life_for_thirty_seconds() {
        let (tenure, sent) = (Tenure::default(), Clock::system().moment());
        let lease = tenure.lease();
        assert!(!lease.holds(sent), "not before the first");
        tenure.renew(sent);
        assert!(lease.holds(after(sent, 29_999)));
        assert!(!lease.holds(after(sent, 30_000)));
        // An answer that comes late renews from when its question was sent, and an older one changes nothing.
        tenure.renew(after(sent, 30_000));
        tenure.renew(sent);
        assert!(lease.holds(after(sent, 30_000)));
        tenure.end();
        assert!(!lease.holds(after(sent, 30_000)));
    }

    #[test]
    fn a_lease_has_ended_when_either_clock_says_so() {
        let (tenure, sent) = (Tenure::default(), Clock::system().moment());
        tenure.renew(sent);
        let (soon, late) = (after(sent, 1), after(sent, 30_000));
        assert!(!tenure.lease().holds(Moment { wall: late.wall, ..soon }), "the machine was asleep");
        assert!(!tenure.lease().holds(Moment { now: late.now, ..soon }), "its clock was set back");
        let set_back = sent.wall - Duration::from_secs(3600);
        assert!(tenure.lease().holds(Moment { wall: set_back, ..soon }), "that is no reason");
    }

    #[test]
    fn what_nobody_else_can_reach_is_always_ours() {
        assert!(Lease::unlimited().holds(after(Clock::system().moment(), 1_000_000_000)));
    }
}

//! How long a worker may assume that no other process serves its flow.
//!
//! Where several processes can reach one database, the one that serves a flow writes a heartbeat there
//! (docs/architecture.md, "Two gates"). If its heartbeats stop for too long, another process takes the flow over
//! without asking it, since it may be frozen. So each process must know by itself, without I/O, when its heartbeat is
//! too old.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Moment;

/// How long after its last heartbeat was sent a worker may write. This is half the silence after which another process
/// takes over, so that a request that was begun at the last moment has ended by then.
const LASTS: Duration = Duration::from_secs(30);

/// Tells without I/O whether the flow still belongs to this process. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Lease(Option<Arc<Held>>);

/// The other end of a [`Lease`], held by the part that sends the heartbeats.
#[derive(Clone, Debug, Default)]
pub struct Tenure(Arc<Held>);

/// When the last confirmed heartbeat was sent; `None` while the flow is not ours.
#[derive(Debug, Default)]
struct Held(Mutex<Option<Moment>>);

impl Lease {
    /// The lease of a flow that no other process can reach.
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
    /// The lease for the worker.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease(Some(Arc::clone(&self.0)))
    }

    /// Notes that the heartbeat sent at `sent` was confirmed, and that the flow was ours.
    pub fn renew(&self, sent: Moment) {
        let mut last = self.0.0.lock();
        if last.is_none_or(|last| last.now < sent.now) {
            *last = Some(sent);
        }
    }

    /// Notes that the flow is not ours any more.
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
    fn a_lease_holds_for_thirty_seconds_from_the_sending_of_a_heartbeat() {
        let (tenure, sent) = (Tenure::default(), Clock::system().moment());
        let lease = tenure.lease();
        assert!(!lease.holds(sent), "not before the first heartbeat");
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
    fn an_unlimited_lease_always_holds() {
        assert!(Lease::unlimited().holds(after(Clock::system().moment(), 1_000_000_000)));
    }
}

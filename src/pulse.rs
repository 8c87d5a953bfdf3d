//! What all requests to Jira and all calls to the store have in common (docs/architecture.md, "Two gates").
//!
//! Each of them runs in [`Pulse::through`]. That shows that the worker is alive, counts requests, applies a time limit,
//! stop and cancellation, and lets a test's [`Probe`] fail the call or halt the worker before or after it.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Moment};
use crate::lease::Lease;

/// How often a worker that waits in a queue shows that it is alive: well within the time after which it counts as
/// stalled.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// A worker's liveness, its stop and cancel signals, and the way through its gates. Clones share one state.
#[derive(Clone)]
pub struct Pulse(Arc<Inner>);

struct Inner {
    worker: String,
    clock: Clock,
    stop: CancellationToken,
    cancel: CancellationToken,
    wake: Notify,
    probe: Option<Arc<dyn Probe>>,
    alive: Mutex<Instant>,
    requests: AtomicU64,
    lease: Mutex<Lease>,
    outcomes: Mutex<Outcomes>,
}

/// What a worker has achieved so far, and what delays it. The health of its flow is computed from this.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    /// When a page, a write or a commit last succeeded.
    pub succeeded: Option<Moment>,
    /// When the first and the last page of a full sync were completed.
    pub full_sync: Option<(Instant, Instant)>,
    /// Until when Jira asked the worker to wait (`Retry-After`).
    pub limited_until: Option<Instant>,
    /// What failed last, as a message, if nothing has succeeded since.
    pub trouble: Option<String>,
}

/// Where a call leaves the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// A request to Jira.
    Jira,
    /// Work on the flow's store.
    Store,
}

/// What a call is for. This decides what happens to it when the worker is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It only reads: a stop drops it at once, and no further one is begun.
    Read,
    /// It changes something: one in progress at a stop is finished, and no further one is begun.
    Write,
    /// It finds out or records the outcome of a write that was made. A stop does not affect it.
    Record,
}

/// One call at a gate, before or after it was made.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a> {
    /// Name of the worker's flow.
    pub worker: &'a str,
    /// Which gate.
    pub gate: Gate,
    /// What the call is for.
    pub purpose: Purpose,
    /// What is called, such as `POST /rest/api/3/issue` or `write`.
    pub what: &'a str,
    /// Before or after the call.
    pub edge: Edge,
}

/// The two edges of a passage, at which a [`Probe`] is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The call has not been made.
    Before,
    /// The call was made; the worker has not yet received its result.
    After,
}

/// A test's hook at the gates. There is none in production.
pub trait Probe: Send + Sync {
    /// Called before and after each passage.
    fn pass(&self, passage: &Passage<'_>) -> Verdict;
}

/// What a [`Probe`] decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The call goes on.
    Go,
    /// The call fails here: the worker learns no outcome.
    Cut,
    /// The call never returns. The test drops everything in memory, as in a crash.
    Halt,
}

/// Why a passage gave no result. Whether it took effect is unknown unless `begun` is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NoResult {
    /// Whether the call may have been made.
    pub begun: bool,
    /// What ended it.
    pub why: Why,
}

/// What ended a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The worker was cancelled.
    Cancelled,
    /// The worker was told to stop: nothing was changed, and a read has no result.
    Stopping,
    /// It took longer than its limit.
    Deadline(Duration),
    /// A test's probe made it fail.
    Probe,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled"),
            Self::Stopping => f.write_str("the worker is stopping"),
            Self::Deadline(limit) => write!(f, "no answer within {} s", limit.as_secs_f64()),
            Self::Probe => f.write_str("cut by a test"),
        }
    }
}

impl Pulse {
    /// The pulse of a new worker, for the flow named `worker`.
    #[must_use]
    pub fn new(worker: &str, clock: Clock, probe: Option<Arc<dyn Probe>>) -> Self {
        Self(Arc::new(Inner {
            worker: worker.to_owned(),
            alive: Mutex::new(clock.now()),
            clock,
            stop: CancellationToken::new(),
            cancel: CancellationToken::new(),
            wake: Notify::new(),
            probe,
            requests: AtomicU64::new(0),
            lease: Mutex::new(Lease::unlimited()),
            outcomes: Mutex::default(),
        }))
    }

    /// Runs `work` as a passage of `gate`, for at most `limit`.
    ///
    /// # Errors
    /// When it was cancelled, took too long, was stopped, or a probe made it fail.
    pub async fn through<T>(
        &self,
        (gate, purpose): (Gate, Purpose),
        what: &str,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, NoResult> {
        let passage = |edge| Passage { worker: &self.0.worker, gate, purpose, what, edge };
        self.probe(&passage(Edge::Before)).await.map_err(|why| NoResult { begun: false, why })?;
        if purpose != Purpose::Record && self.0.stop.is_cancelled() {
            return Err(NoResult { begun: false, why: Why::Stopping });
        }
        let unknown = |why| NoResult { begun: true, why };
        if gate == Gate::Jira {
            self.0.requests.fetch_add(1, Ordering::Relaxed);
        }
        self.beat();
        let result = tokio::select! {
            biased;
            () = self.0.cancel.cancelled() => return Err(unknown(Why::Cancelled)),
            () = self.0.stop.cancelled(), if purpose == Purpose::Read => return Err(unknown(Why::Stopping)),
            result = work => result,
            () = self.0.clock.sleep(limit) => return Err(unknown(Why::Deadline(limit))),
        };
        self.beat();
        self.probe(&passage(Edge::After)).await.map_err(unknown)?;
        Ok(result)
    }

    /// Waits for `turn`, the worker's turn among others. However long that takes, it does not count as a stall.
    ///
    /// # Errors
    /// When the worker is told to stop or cancelled.
    pub async fn queue<T>(&self, turn: impl Future<Output = T>) -> Result<T, NoResult> {
        let mut turn = pin!(turn);
        loop {
            tokio::select! {
                biased;
                () = self.0.cancel.cancelled() => return Err(NoResult { begun: false, why: Why::Cancelled }),
                () = self.0.stop.cancelled() => return Err(NoResult { begun: false, why: Why::Stopping }),
                turn = &mut turn => return Ok(turn),
                () = self.0.clock.sleep(SIGN_OF_LIFE) => self.beat(),
            }
        }
    }

    /// Waits until then because of a budget, a `Retry-After` or the interval, which does not count as a stall. Returns
    /// early, with `false`, when the worker is told to stop or cancelled.
    pub async fn rest_until(&self, until: Instant) -> bool {
        self.set_alive(until);
        let waited = tokio::select! {
            biased;
            () = self.0.cancel.cancelled() => false,
            () = self.0.stop.cancelled() => false,
            () = self.0.clock.sleep_until(until) => true,
        };
        self.beat();
        waited
    }

    /// Waits for the next cycle like [`Pulse::rest_until`], but ends early, with `true`, when the worker is
    /// [woken](Pulse::wake).
    pub async fn idle_until(&self, until: Instant) -> bool {
        tokio::select! {
            biased;
            () = self.0.wake.notified() => {
                // `rest_until` had set the sign of life to the end of the wait.
                self.beat();
                !self.stopping()
            }
            rested = self.rest_until(until) => rested,
        }
    }

    /// Ends the wait for the next cycle. A worker that is busy begins another cycle right after this one.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// The signal to stop: nothing new begins, reads are dropped, and a write in progress is finished.
    #[must_use]
    pub fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Whether the worker should begin nothing new.
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.0.stop.is_cancelled() || self.0.cancel.is_cancelled()
    }

    /// The signal to give up at once, also a write in progress.
    #[must_use]
    pub fn cancel(&self) -> &CancellationToken {
        &self.0.cancel
    }

    /// From now on the worker writes to Jira only as long as `lease` holds.
    pub fn bind(&self, lease: Lease) {
        *self.0.lease.lock() = lease;
    }

    /// Whether the flow is this worker's, so that it may write to Jira now.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.0.lease.lock().holds(self.0.clock.moment())
    }

    /// How long the worker has shown no sign of life. Waits that don't count as a stall are left out.
    #[must_use]
    pub fn silence(&self) -> Duration {
        let alive = *self.0.alive.lock();
        self.0.clock.now().saturating_duration_since(alive)
    }

    /// Requests sent to Jira so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Notes that a page, a write or a commit succeeded.
    pub fn succeeded(&self) {
        let now = self.0.clock.moment();
        let mut outcomes = self.0.outcomes.lock();
        (outcomes.succeeded, outcomes.trouble) = (Some(now), None);
    }

    /// Notes that a page of a full sync was completed.
    pub fn full_sync_advanced(&self) {
        let now = self.0.clock.now();
        let mut outcomes = self.0.outcomes.lock();
        let first = outcomes.full_sync.map_or(now, |(first, _)| first);
        outcomes.full_sync = Some((first, now));
    }

    /// Notes until when Jira asked the worker to wait.
    pub fn limited(&self, until: Instant) {
        let mut outcomes = self.0.outcomes.lock();
        outcomes.limited_until = outcomes.limited_until.max(Some(until));
    }

    /// Notes that something failed and will be retried.
    pub fn failed(&self, why: String) {
        self.0.outcomes.lock().trouble = Some(why);
    }

    /// What the worker has achieved so far.
    #[must_use]
    pub fn outcomes(&self) -> Outcomes {
        self.0.outcomes.lock().clone()
    }

    /// Shows that the worker is alive. Called also during a long passage that makes progress: for each piece of a large
    /// file.
    pub fn beat(&self) {
        self.set_alive(self.0.clock.now());
    }

    fn set_alive(&self, at: Instant) {
        *self.0.alive.lock() = at;
    }

    async fn probe(&self, passage: &Passage<'_>) -> Result<(), Why> {
        let Some(probe) = &self.0.probe else { return Ok(()) };
        match probe.pass(passage) {
            Verdict::Go => Ok(()),
            Verdict::Cut => Err(Why::Probe),
            Verdict::Halt => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn pulse() -> Pulse {
        Pulse::new("sync-ab", Clock::system(), None)
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_is_given_up_and_its_outcome_is_unknown() {
        let never = std::future::pending::<()>();
        let end = pulse().through((Gate::Jira, Purpose::Write), "x", LIMIT, never).await;
        assert_eq!(end, Err(NoResult { begun: true, why: Why::Deadline(LIMIT) }));
    }

    /// How a passage of ten seconds ends when a stop comes after so many of them, and when.
    async fn stopped_after(seconds: u64, purpose: Purpose) -> (Result<(), NoResult>, u64) {
        let (pulse, clock) = (pulse(), Clock::system());
        let begun = clock.now();
        let stop = async {
            clock.sleep(Duration::from_secs(seconds)).await;
            pulse.stop().cancel();
        };
        let passage = async {
            // The stop comes first where both are due.
            tokio::task::yield_now().await;
            let work = clock.sleep(Duration::from_secs(10));
            let end = pulse.through((Gate::Jira, purpose), "x", Duration::from_secs(60), work).await;
            (end, (clock.now() - begun).as_secs())
        };
        tokio::join!(stop, passage).1
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_drops_a_read_at_once_and_lets_a_write_finish() {
        let dropped = |begun| Err(NoResult { begun, why: Why::Stopping });
        assert_eq!(stopped_after(3, Purpose::Read).await, (dropped(true), 3));
        assert_eq!(stopped_after(3, Purpose::Write).await, (Ok(()), 10));
        assert_eq!(stopped_after(3, Purpose::Record).await, (Ok(()), 10));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_stop_nothing_begins_but_the_record_of_a_write() {
        let refused = (Err(NoResult { begun: false, why: Why::Stopping }), 0);
        assert_eq!(stopped_after(0, Purpose::Read).await, refused);
        assert_eq!(stopped_after(0, Purpose::Write).await, refused);
        assert_eq!(stopped_after(0, Purpose::Record).await, (Ok(()), 10));
    }

    #[tokio::test(start_paused = true)]
    async fn cancelling_ends_what_is_in_hand() {
        let pulse = pulse();
        pulse.cancel().cancel();
        let end = pulse.through((Gate::Store, Purpose::Record), "x", LIMIT, std::future::pending::<()>()).await;
        assert_eq!(end.unwrap_err().why, Why::Cancelled);
    }

    #[tokio::test(start_paused = true)]
    async fn a_woken_worker_idles_no_longer_even_if_woken_before() {
        let (pulse, clock) = (pulse(), Clock::system());
        let begun = clock.now();
        pulse.wake();
        assert!(pulse.idle_until(begun + LIMIT).await);
        assert_eq!(clock.now(), begun);
        assert!(pulse.idle_until(begun + LIMIT).await);
        assert_eq!(clock.now(), begun + LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_turn_is_no_silence_and_ends_with_a_stop() {
        let (pulse, clock) = (pulse(), Clock::system());
        let hours = clock.sleep(Duration::from_secs(7200));
        pulse.queue(hours).await.unwrap();
        assert!(pulse.silence() <= SIGN_OF_LIFE);
        pulse.stop().cancel();
        let end = pulse.queue(std::future::pending::<()>()).await;
        assert_eq!(end, Err(NoResult { begun: false, why: Why::Stopping }));
    }

    #[tokio::test(start_paused = true)]
    async fn resting_on_a_limit_is_no_silence() {
        let (pulse, clock) = (pulse(), Clock::system());
        clock.sleep(LIMIT).await;
        assert_eq!(pulse.silence(), LIMIT);
        assert!(pulse.rest_until(clock.now() + LIMIT).await);
        assert_eq!(pulse.silence(), Duration::ZERO);
        pulse.stop().cancel();
        assert!(!pulse.rest_until(clock.now() + LIMIT).await);
    }
}

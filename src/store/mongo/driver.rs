//! Where the MongoDB driver's work runs.

use std::panic::resume_unwind;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinError;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, Span};

use super::trouble::Trouble;

/// How the driver's work is run: always as a task of its own.
#[derive(Clone, Debug)]
pub struct Driver(Mode);

#[derive(Clone, Debug)]
enum Mode {
    Here,
    Apart(Handle),
}

impl Driver {
    /// On the runtime of whoever calls: production.
    #[must_use]
    pub fn here() -> Self {
        Self(Mode::Here)
    }

    /// On a runtime of its own, which has threads of its own: for callers who live by a paused clock. That clock would
    /// jump ahead of an answer from a socket, but it waits for blocking work, and so each call is made to be.
    #[must_use]
    pub fn apart(runtime: Handle) -> Self {
        Self(Mode::Apart(runtime))
    }

    /// A way in that keeps count of what is in flight; one for each database.
    pub(super) fn lane(&self) -> Lane {
        let in_flight = TaskTracker::new();
        // A tracker can be waited for only once it is closed; it takes new work all the same.
        in_flight.close();
        Lane { mode: self.0.clone(), in_flight }
    }
}

/// One database's work. Clones are one.
#[derive(Clone)]
pub(super) struct Lane {
    mode: Mode,
    in_flight: TaskTracker,
}

impl Lane {
    /// Runs `work` for at most `limit`. Once begun it goes on to its end even if the returned future is dropped.
    pub(super) async fn run<T, F>(&self, limit: Duration, work: F) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let limited = async move { timeout(limit, work).await.unwrap_or(Err(Trouble::Late(limit))) };
        // What is logged there is about the same worker.
        let limited = Box::pin(limited).instrument(Span::current());
        let ended = match &self.mode {
            Mode::Here => self.in_flight.spawn(limited).await,
            Mode::Apart(runtime) => {
                let runtime = runtime.clone();
                self.in_flight.spawn_blocking(move || runtime.block_on(limited)).await
            }
        };
        ended.unwrap_or_else(gone)
    }

    /// As [`Lane::run`], for what only reads, and for signs of life: it is given up when the returned future is dropped, so
    /// that a server that does not answer delays no stop.
    pub(super) async fn ask<T, F>(&self, limit: Duration, question: F) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let unwanted = CancellationToken::new();
        let _wanted = unwanted.clone().drop_guard();
        let question = async move {
            tokio::select! {
                biased;
                // Nothing waits for this answer.
                () = unwanted.cancelled() => Err(Trouble::Unusable("the question was given up".to_owned())),
                answer = question => answer,
            }
        };
        self.run(limit, question).await
    }

    /// Resolves when nothing is in flight, whoever asked for it and whether or not they still wait.
    pub(super) async fn drained(&self) {
        self.in_flight.wait().await;
    }
}

/// A panic goes on in the caller, whose end it is.
fn gone<T>(error: JoinError) -> Result<T, Trouble> {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => Err(Trouble::Unusable("the process is ending".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures::FutureExt as _;
    use futures::future::BoxFuture;

    use super::*;
    use crate::clock::Clock;

    const LIMIT: Duration = Duration::from_secs(20);

    type Answer = Result<(), Trouble>;

    /// How long something that is never answered stays in flight once its caller is gone.
    async fn outlived(call: impl FnOnce(Lane) -> BoxFuture<'static, Answer>) -> Duration {
        let (lane, clock) = (Driver::here().lane(), Clock::system());
        let begun = clock.now();
        assert!(call(lane.clone()).now_or_never().is_none());
        lane.drained().await;
        clock.now() - begun
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_ends_with_its_caller_and_a_write_does_not() {
        let asked = outlived(|lane| async move { lane.ask(LIMIT, pending::<Answer>()).await }.boxed());
        assert_eq!(asked.await, Duration::ZERO);
        let written = outlived(|lane| async move { lane.run(LIMIT, pending::<Answer>()).await }.boxed());
        assert_eq!(written.await, LIMIT);
    }
}

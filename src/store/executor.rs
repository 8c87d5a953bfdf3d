//! Where a database's blocking work runs.

use std::panic::resume_unwind;

use tokio::task::JoinError;
use tokio_util::task::TaskTracker;
use tracing::Span;

use super::Error;

/// How a store runs work that blocks: never on a thread of its own, so that a paused clock waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Executor(Mode);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Blocking,
    Inline,
}

impl Executor {
    /// On tokio's threads for blocking work: production.
    #[must_use]
    pub fn blocking() -> Self {
        Self(Mode::Blocking)
    }

    /// On the spot, within the caller's poll: simulation, because only that replays.
    #[must_use]
    pub fn inline() -> Self {
        Self(Mode::Inline)
    }

    /// A way in that keeps count of what is in flight; one for each database.
    #[must_use]
    pub(super) fn lane(self) -> Lane {
        let in_flight = TaskTracker::new();
        // A tracker can be waited for only once it is closed; it takes new work all the same.
        in_flight.close();
        Lane { mode: self.0, in_flight }
    }
}

/// One database's work. Clones are one.
#[derive(Clone)]
pub(super) struct Lane {
    mode: Mode,
    in_flight: TaskTracker,
}

impl Lane {
    /// Runs `work`, which once begun goes on to its end even if the returned future is dropped.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Unavailable`] when the runtime ends before it began.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, Error> + Send + 'static,
    {
        match self.mode {
            Mode::Blocking => {
                // What is logged there is about the same worker.
                let span = Span::current();
                self.in_flight.spawn_blocking(move || span.in_scope(work)).await.unwrap_or_else(ended)
            }
            Mode::Inline => work(),
        }
    }

    /// Resolves when nothing is in flight, whoever asked for it and whether or not they still wait.
    pub(super) async fn drained(&self) {
        self.in_flight.wait().await;
    }
}

/// A panic goes on in the caller, whose end it is.
fn ended<T>(error: JoinError) -> Result<T, Error> {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => Err(Error::Unavailable { place: "the store".to_owned(), why: "the process is ending".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures::{FutureExt, poll};

    use super::*;

    #[tokio::test]
    async fn drained_waits_for_work_whose_caller_is_gone() {
        let lane = Executor::blocking().lane();
        let (release, held) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let mut call = Box::pin(lane.run(move || {
            held.recv().unwrap();
            tell.send("done").unwrap();
            Ok(())
        }));
        assert!(poll!(&mut call).is_pending());
        drop(call);

        assert_eq!(lane.drained().now_or_never(), None);
        release.send(()).unwrap();
        lane.drained().await;
        assert_eq!(told.try_recv(), Ok("done"));
    }

    #[tokio::test]
    async fn inline_work_is_done_within_one_poll() {
        assert_eq!(Executor::inline().lane().run(|| Ok(7)).now_or_never().unwrap().unwrap(), 7);
    }

    #[tokio::test]
    #[should_panic(expected = "a bug")]
    async fn a_panic_of_the_work_is_the_callers() {
        let _: Result<(), Error> = Executor::blocking().lane().run(|| panic!("a bug")).await;
    }
}

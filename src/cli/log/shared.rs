//! What those who log and the thread that writes have in common.

use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::entry::Severity;
use super::queue::Queue;
use crate::flow::LogState;

/// The queue, and what is asked of the writer. It is never locked for longer than it takes to move a line.
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) stage: Stage,
    /// Whether the log file is to be opened anew, whatever is at its path.
    pub(super) reopen: bool,
    pub(super) write_failure: Option<String>,
    pub(super) reopen_failure: Option<String>,
}

/// How far the writer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It writes, and waits for more.
    Writing,
    /// It writes what is there and ends.
    Closing,
    /// It has ended.
    Ended,
}

impl Shared {
    pub(super) fn new(limit: usize) -> Self {
        let state = State {
            queue: Queue::new(limit),
            stage: Stage::Writing,
            reopen: false,
            write_failure: None,
            reopen_failure: None,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(super) fn push(&self, severity: Severity, text: String) {
        self.change(|state| state.queue.push(severity, text));
    }

    pub(super) fn state(&self) -> LogState {
        let state = self.lock();
        LogState {
            queued_bytes: state.queue.used(),
            dropped: state.queue.dropped(),
            failure: state.write_failure.clone().or_else(|| state.reopen_failure.clone()),
        }
    }

    /// Changes something that the other side may wait for.
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits at most so long until all is written. Returns whether the writer has ended.
    pub(super) fn close(&self, within: Duration) -> bool {
        self.change(|state| {
            if state.stage == Stage::Writing {
                state.stage = Stage::Closing;
            }
        });
        self.wait_while(within, |state| state.stage != Stage::Ended)
    }

    /// Waits so long, or until the writer is to end.
    pub(super) fn pause(&self, time: Duration) {
        self.wait_while(time, |state| state.stage == Stage::Writing);
    }

    /// Waits at most so long for the next change. Returns whether there was one.
    pub(super) fn wait(&self, state: &mut MutexGuard<'_, State>, within: Duration) -> bool {
        !self.changed.wait_for(state, within).timed_out()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state usable, even one that panicked midway.
        self.state.lock()
    }

    fn wait_while(&self, within: Duration, goes_on: impl Fn(&State) -> bool) -> bool {
        let mut state = self.lock();
        self.changed.wait_while_for(&mut state, |state| goes_on(state), within);
        // The condition may have changed just as the time was over.
        !goes_on(&state)
    }
}

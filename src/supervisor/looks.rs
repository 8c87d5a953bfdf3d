//! When the flows folder is looked at, and where: one look at a time, each on a thread of its own, as it may block for as
//! long as a file system hangs.

use std::panic::resume_unwind;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::look::{Look, Looked};
use crate::clock::Clock;
use crate::config::Pointer;

/// After so long without an answer the folder counts as unreadable.
pub(super) const LOOK_LIMIT: Duration = Duration::from_secs(30);

/// The longest pause between two looks, however long one takes.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Where the flows folder is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looking {
    /// On tokio's threads for blocking work, so that a file system that hangs holds up neither flows nor a stop:
    /// production. Whoever ends the runtime must not wait for such threads.
    Blocking,
    /// On the spot: simulation, because only that replays.
    Inline,
}

/// The looks of one supervisor.
pub(super) struct Looks {
    looking: Looking,
    clock: Clock,
    pointer: Option<Pointer>,
    /// At most one.
    under_way: JoinSet<Looked>,
    begun: Instant,
    /// When the one that is under way is late; `None` if it is known to be.
    late_at: Option<Instant>,
    /// Since when another one is wanted.
    wanted: Option<Instant>,
    /// A folder that takes long to read is not read all the time, however often it changes.
    not_before: Instant,
}

impl Looks {
    pub(super) fn new(looking: Looking, clock: Clock, pointer: Option<Pointer>) -> Self {
        let now = clock.now();
        Self {
            looking,
            pointer,
            under_way: JoinSet::new(),
            begun: now,
            late_at: None,
            wanted: None,
            not_before: now,
            clock,
        }
    }

    /// A look is wanted: as soon as the one that is under way has ended, which may have missed what changed.
    pub(super) fn want(&mut self) {
        self.wanted.get_or_insert(self.clock.now());
    }

    /// Begins a look. What it showed, if it is over at once.
    pub(super) fn begin(&mut self, look: Look) -> Option<Looked> {
        self.wanted = None;
        self.begun = self.clock.now();
        match self.looking {
            Looking::Inline => Some(look.now()),
            Looking::Blocking => {
                self.late_at = Some(self.begun + LOOK_LIMIT);
                let pointer = self.pointer.clone();
                self.under_way.spawn_blocking(move || {
                    if let Some(pointer) = pointer {
                        pointer.point();
                    }
                    look.now()
                });
                None
            }
        }
    }

    /// What happens next to looks. Cancel by dropping.
    pub(super) async fn next(&mut self) -> Step {
        let is_free = self.under_way.is_empty();
        let due = self.wanted.map(|since| since.max(self.not_before));
        tokio::select! {
            biased;
            Some(ended) = self.under_way.join_next() => {
                self.late_at = None;
                let now = self.clock.now();
                self.not_before = now + (now - self.begun).min(LONGEST_PAUSE);
                Step::Ended(ended.unwrap_or_else(panicked))
            }
            () = super::at(&self.clock, due), if is_free => Step::Due,
            () = super::at(&self.clock, self.late_at) => {
                self.late_at = None;
                Step::Late
            }
        }
    }
}

/// What happens to looks.
pub(super) enum Step {
    /// One is to begin.
    Due,
    /// The one that is under way takes too long.
    Late,
    /// The one that was under way has ended.
    Ended(Looked),
}

/// A panic goes on in the supervisor, whose end it is.
fn panicked(error: JoinError) -> Looked {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        // Only the end of the runtime cancels it, and with it the supervisor.
        Err(_) => Looked::Unchanged,
    }
}

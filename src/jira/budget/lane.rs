//! One limit that requests pass one after the other: its pace, its pauses, and who is next. Pure.

use std::sync::Arc;

use tokio::time::Instant;

use super::pace::{Limit, Pace};
use super::queue::{Queue, Ticket};
use super::{HoldCause, LONGEST_PAUSE};

/// What somebody who waits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Go; the place is given up.
    Now,
    /// Next, but not before then.
    At(Instant),
    /// Others come first; the bell will ring.
    Behind,
    /// Jira asked for a pause until then, whoever is next, and that is too long to stand here.
    Held(Instant),
}

/// One endpoint, or the writes to one issue.
pub(super) struct Lane {
    pub pace: Pace,
    pub queue: Queue,
    held_until: Instant,
    held_by: HoldCause,
}

impl Lane {
    pub(super) fn new(limit: Limit, now: Instant) -> Self {
        Self { pace: Pace::new(limit, now), queue: Queue::default(), held_until: now, held_by: HoldCause::Other }
    }

    pub(super) fn ask(&mut self, ticket: Ticket, now: Instant, not_before: Option<Instant>) -> Turn {
        let held = self.held_until.max(not_before.unwrap_or(now));
        if now + LONGEST_PAUSE < held {
            return Turn::Held(held);
        }
        if self.queue.front().is_none_or(|(front, _)| front != ticket) {
            return Turn::Behind;
        }
        if now < held {
            return Turn::At(held);
        }
        match self.pace.take(now) {
            Ok(()) => {
                self.queue.served();
                Turn::Now
            }
            Err(later) => Turn::At(later),
        }
    }

    /// Does `change` to the queue, and rings for whoever has come to its front by that.
    pub(super) fn reorder<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.queue.front().map(|(ticket, _)| ticket);
        let result = change(self);
        if let Some((front, bell)) = self.queue.front()
            && before != Some(front)
        {
            bell.notify_one();
        }
        result
    }

    /// Has whoever is in front look again.
    pub(super) fn ring(&self) {
        if let Some((_, bell)) = self.queue.front() {
            bell.notify_one();
        }
    }

    pub(super) fn leave(&mut self, flow: &Arc<str>, ticket: Ticket) {
        self.reorder(|lane| lane.queue.leave(flow, ticket));
    }

    /// Nothing goes before `until`.
    pub(super) fn hold(&mut self, until: Instant, cause: HoldCause) {
        if self.held_until <= until {
            (self.held_until, self.held_by) = (until, cause);
        }
    }

    /// Until when Jira's rate limit holds it back.
    pub(super) fn limited_until(&self) -> Option<Instant> {
        Some(self.held_until).filter(|_| self.held_by == HoldCause::RateLimit)
    }

    /// Nothing would be lost if it were forgotten.
    pub(super) fn is_idle(&mut self, now: Instant) -> bool {
        self.queue.is_empty() && self.held_until <= now && self.pace.is_rested(now)
    }
}

//! Telling of events, for one flow.

use crate::clock::Clock;
use crate::flow::{self, Entry, Event, IssueRef, NoticeKind, Notices};
use crate::store::Change;

/// Tells of one flow's events, keeps its notices, and makes lines of its history.
pub(super) struct Teller {
    events: flow::Teller,
    notices: Notices,
    clock: Clock,
}

impl Teller {
    pub(super) fn new(events: flow::Teller, notices: Notices, clock: Clock) -> Self {
        Self { events, notices, clock }
    }

    pub(super) fn tell(&self, event: &Event) {
        self.events.tell(event);
    }

    /// Raises a notice, or clears it where there is no reason for it; tells what changed by that.
    pub(super) fn notice(&self, kind: NoticeKind, why: Option<String>) {
        match why {
            Some(why) if self.notices.raise(kind, why.clone(), self.clock.wall()) => {
                self.tell(&Event::NoticeRaised { kind, why });
            }
            None if self.notices.clear(kind) => self.tell(&Event::NoticeCleared { kind }),
            Some(_) | None => {}
        }
    }

    /// Tells an event, and makes it the line of history that goes into one batch with what it tells of: so log and
    /// history say the same.
    pub(super) fn record(&self, event: &Event, issue: &IssueRef) -> Change {
        self.tell(event);
        self.line(event, issue)
    }

    /// The line of history alone, for an event that is told once its batch is stored.
    pub(super) fn line(&self, event: &Event, issue: &IssueRef) -> Change {
        Change::Tell(Entry::of(event, issue, self.clock.wall()))
    }
}

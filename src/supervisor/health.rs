//! Whether a flow does what it should. Pure: it is fed with what happens, and asked with the time.
//!
//! Health comes from the last success, not from what the flow is doing at the moment: a worker that starts, syncs and fails
//! again and again does nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::state::State;
use crate::clock::Moment;
use crate::pulse::Outcomes;

/// A flow may always be without a success for so long: longer than one request to Jira lives.
const LEAST_LIMIT: Duration = Duration::from_secs(60);

/// Waits for Jira's rate limit excuse a flow for so long, all those since its last success together. Jira is believed no
/// further either.
const LONGEST_EXCUSE: Duration = Duration::from_secs(30 * 60);

/// What a flow is wanted to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Its work.
    Work,
    /// Nothing, as an operator paused it.
    Pause,
    /// Nothing more, as the process ends.
    Stop,
}

/// Why a flow does not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Degraded {
    /// Since when, by this machine's wall clock.
    pub since: DateTime<Utc>,
    /// The last reason, for people.
    pub why: String,
}

/// What is known of a flow's health. Outlives its workers.
#[derive(Clone, Debug)]
pub(super) struct Health {
    wish: Wish,
    /// How long the flow may be without a success.
    limit: Duration,
    /// When a page, a write or a commit last succeeded, or since when that is wanted.
    last_success: Moment,
    /// Until when Jira's rate limit lets it wait.
    limited_until: Option<Instant>,
    /// What went wrong since the last success.
    trouble: Option<String>,
    failing: Option<Failing>,
}

/// Cycles or starts fail, and none has completed since.
#[derive(Clone, Debug)]
struct Failing {
    since: DateTime<Utc>,
    last: Instant,
    why: String,
}

impl Wish {
    /// What is wanted of a flow in this state.
    pub(super) fn of(state: State) -> Self {
        match state {
            // A draining worker is followed by another, or it ends within the grace period.
            State::Starting | State::Syncing | State::Idle | State::BackingOff | State::Parked | State::Draining => {
                Self::Work
            }
            State::Paused => Self::Pause,
            State::Stopped => Self::Stop,
        }
    }
}

impl Health {
    /// Of a flow that is to work from now on.
    pub(super) fn new(interval: Duration, now: Moment) -> Self {
        Self {
            wish: Wish::Work,
            limit: limit(interval),
            last_success: now,
            limited_until: None,
            trouble: None,
            failing: None,
        }
    }

    /// The flow's interval is another one from now on.
    pub(super) fn set_interval(&mut self, interval: Duration) {
        self.limit = limit(interval);
    }

    /// Something else is wanted from now on. After a pause everything counts from anew; a stop leaves things as they are.
    pub(super) fn wants(&mut self, wish: Wish, now: Moment) {
        if self.wish == wish {
            return;
        }
        match (self.wish, wish) {
            (_, Wish::Stop) => self.failing = self.degraded(now.now).map(|now_so| now_so.failing_at(now.now)),
            (Wish::Pause | Wish::Stop, Wish::Work) if self.failing.is_none() => self.restart(now),
            (_, Wish::Pause) => self.restart(now),
            (_, Wish::Work) => {}
        }
        self.wish = wish;
    }

    /// A cycle completed.
    pub(super) fn completed(&mut self, now: Moment) {
        self.restart(now);
    }

    /// Another process serves the flow, which was found out just now: nothing is wrong.
    pub(super) fn stands_by(&mut self, now: Moment) {
        self.restart(now);
    }

    /// A cycle or a start failed.
    pub(super) fn failed(&mut self, why: String, now: Moment) {
        let since = self.degraded(now.now).map_or(now.wall, |degraded| degraded.since);
        self.failing = Some(Failing { since, last: now.now, why });
    }

    /// A cycle ended because Jira asked to wait. That is no failure as long as its rate limit lets the flow wait.
    pub(super) fn asked_to_wait(&mut self, why: String, now: Moment) {
        let is_limited = self.limited_until.is_some_and(|until| now.now < until);
        match &mut self.failing {
            None if is_limited => self.trouble = Some(why),
            // It has not recovered, and is not failing anew either.
            Some(failing) if is_limited => failing.why = why,
            Some(_) | None => self.failed(why, now),
        }
    }

    /// Notes what the flow's worker has achieved so far. A full sync can take hours: one that has gone on for long enough
    /// without a failure works, though no cycle has completed yet.
    pub(super) fn observe(&mut self, outcomes: &Outcomes) {
        if let Some(at) = outcomes.succeeded.filter(|at| self.last_success.now < at.now) {
            (self.last_success, self.trouble) = (at, None);
        }
        if outcomes.trouble.is_some() {
            self.trouble.clone_from(&outcomes.trouble);
        }
        self.limited_until = self.limited_until.max(outcomes.limited_until);
        let limit = self.limit;
        let has_gone_on = |failing: &Failing| {
            outcomes.full_sync.is_some_and(|(first, last)| failing.last <= first && first + limit <= last)
        };
        if self.failing.as_ref().is_some_and(has_gone_on) {
            self.failing = None;
        }
    }

    /// Whether and why the flow does not do what it should.
    pub(super) fn degraded(&self, now: Instant) -> Option<Degraded> {
        let failing = || self.failing.as_ref().map(|it| Degraded { since: it.since, why: it.why.clone() });
        match self.wish {
            Wish::Work => failing().or_else(|| self.silent(now)),
            Wish::Pause => None,
            Wish::Stop => failing(),
        }
    }

    /// When the flow becomes degraded, if nothing happens until then.
    pub(super) fn due(&self) -> Option<Instant> {
        match (self.wish, &self.failing) {
            (Wish::Work, None) => Some(self.silent_from()),
            (Wish::Work | Wish::Pause | Wish::Stop, _) => None,
        }
    }

    fn silent(&self, now: Instant) -> Option<Degraded> {
        let from = self.silent_from();
        (from <= now).then(|| Degraded {
            since: self.last_success.wall + (from - self.last_success.now),
            why: self.why_silent(),
        })
    }

    fn silent_from(&self) -> Instant {
        let last = self.last_success.now;
        let excused = self.limited_until.map_or(last, |until| until.clamp(last, last + LONGEST_EXCUSE));
        excused + self.limit
    }

    fn why_silent(&self) -> String {
        let since = self.last_success.wall.format("%Y-%m-%d %H:%M:%S UTC");
        let trouble = match &self.trouble {
            Some(trouble) => format!("; last trouble: {trouble}"),
            None => String::new(),
        };
        format!("no page, write or commit has succeeded since {since}; it goes on trying{trouble}")
    }

    fn restart(&mut self, now: Moment) {
        (self.last_success, self.limited_until, self.trouble, self.failing) = (now, None, None, None);
    }
}

impl Degraded {
    fn failing_at(self, last: Instant) -> Failing {
        Failing { since: self.since, last, why: self.why }
    }
}

fn limit(interval: Duration) -> Duration {
    LEAST_LIMIT.max(interval.saturating_mul(2))
}

#[cfg(test)]
mod tests;

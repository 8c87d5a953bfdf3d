//! What a flow is doing, as people see it.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::worker::Phase;

/// What a flow is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waiting for its turn to start, or opening its store and asking Jira who it is.
    Starting,
    /// In a cycle.
    Syncing,
    /// Between cycles.
    Idle,
    /// It ended badly and starts again after a while.
    BackingOff,
    /// Jira refuses it; a person must act. It is probed now and then.
    Parked,
    /// An operator paused it.
    Paused,
    /// Told to stop; a write in progress is finished.
    Draining,
    /// Ended, and not to be started by this process any more.
    Stopped,
}

impl State {
    /// The word in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Syncing => "syncing",
            Self::Idle => "idle",
            Self::BackingOff => "backing_off",
            Self::Parked => "parked",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        }
    }

    /// What the flow is doing, within a sentence.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Syncing => "in a cycle",
            Self::Idle => "idle",
            Self::BackingOff => "backing off",
            Self::Parked => "parked",
            Self::Paused => "paused",
            Self::Draining => "being stopped",
            Self::Stopped => "stopped",
        }
    }

    /// Whether a worker's own word on what it is doing may change it. A draining worker stays that, whatever it does.
    pub(super) fn follows_phase(self) -> bool {
        match self {
            Self::Starting | Self::Syncing | Self::Idle => true,
            Self::BackingOff | Self::Parked | Self::Paused | Self::Draining | Self::Stopped => false,
        }
    }
}

impl From<Phase> for State {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Starting => Self::Starting,
            Phase::Syncing => Self::Syncing,
            Phase::Idle { .. } => Self::Idle,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A state, since when, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What the flow is doing.
    pub state: State,
    /// Since when, by this machine's wall clock.
    pub since: DateTime<Utc>,
    /// Why, where that isn't the normal course.
    pub why: Option<String>,
    /// Until when it waits because Jira asked to, by this machine's wall clock.
    pub held_until: Option<DateTime<Utc>>,
}

impl Standing {
    /// The next standing; one that repeats the last keeps its beginning.
    pub(super) fn turn(&mut self, state: State, why: Option<String>, now: DateTime<Utc>) {
        if self.state != state || self.why != why {
            *self = Self { state, since: now, why, held_until: None };
        }
        self.held_until = None;
    }
}

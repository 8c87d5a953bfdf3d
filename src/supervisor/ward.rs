//! One flow in the supervisor's care: what should run, and who works on it now.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::clock::Entropy;
use crate::flow::Flow;
use crate::pulse::Pulse;

/// A flow that is wanted, or whose worker has not ended yet.
pub(super) struct Ward {
    /// What should run; the worker in office may still run an earlier meaning.
    pub(super) flow: Arc<Flow>,
    /// Who works on it.
    pub(super) post: Post,
    /// The time that its Jira asked it to wait for; outlives restarts.
    pub(super) held_until: Option<Instant>,
    /// Since when a person waits for its next worker.
    pub(super) hurried: Option<Instant>,
    /// Whether its next worker is to run what its file says since it was written.
    pub(super) is_edited: bool,
    /// Its own draws, so that one flow's misfortune never shifts a neighbour's.
    entropy: Entropy,
    failures: u32,
    panics: u32,
    standing_by: bool,
}

/// Who works on a flow. At most one worker ever does: a successor starts from `Due` only, and that is reached only
/// when the predecessor has ended.
pub(super) enum Post {
    /// Nobody; a worker starts then.
    Due(Instant),
    /// A worker.
    Manned(Pulse),
    /// A worker that was told to stop, and what follows it.
    Leaving(Pulse, After),
}

/// What follows a worker that was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The flow's meaning changed.
    Successor,
    /// The flow is no longer wanted.
    Removal,
    /// The process ends.
    Nothing,
}

/// What makes a worker's end a misfortune; each kind is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// It failed or stalled.
    Failure,
    /// A defect of ours.
    Panic,
}

impl Ward {
    pub(super) fn new(flow: Arc<Flow>, due: Instant, entropy: &Entropy) -> Self {
        let entropy = entropy.fork(flow.name.as_str());
        Self {
            flow,
            post: Post::Due(due),
            held_until: None,
            hurried: None,
            is_edited: false,
            entropy,
            failures: 0,
            panics: 0,
            standing_by: false,
        }
    }

    /// When a worker is to start, if nobody works.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.post {
            Post::Due(at) => Some(at),
            Post::Manned(_) | Post::Leaving(..) => None,
        }
    }

    /// The worker's pulse, if somebody works.
    pub(super) fn pulse(&self) -> Option<&Pulse> {
        match &self.post {
            Post::Due(_) => None,
            Post::Manned(pulse) | Post::Leaving(pulse, _) => Some(pulse),
        }
    }

    /// What follows, if a worker was told to stop.
    pub(super) fn after(&self) -> Option<After> {
        match self.post {
            Post::Due(_) | Post::Manned(_) => None,
            Post::Leaving(_, after) => Some(after),
        }
    }

    /// Takes a new meaning: what its predecessor suffered no longer counts, save what the same Jira asked of it.
    pub(super) fn renew(&mut self, flow: Arc<Flow>) {
        if self.flow.jira != flow.jira {
            self.held_until = None;
        }
        self.flow = flow;
        self.forgive();
    }

    /// Tells the worker, if there is one, to stop; returns whether there is one to wait for.
    pub(super) fn dismiss(&mut self, after: After) -> bool {
        let Some(pulse) = self.pulse().cloned() else { return false };
        pulse.stop().cancel();
        self.post = Post::Leaving(pulse, after);
        true
    }

    /// Whether its last worker found another process at work.
    pub(super) fn is_standing_by(&self) -> bool {
        self.standing_by
    }

    /// Notes whether a worker that just ended found another process at work; returns whether the one before it did.
    pub(super) fn stands_by(&mut self, now: bool) -> bool {
        std::mem::replace(&mut self.standing_by, now)
    }

    /// A completed cycle wipes the slate clean.
    pub(super) fn forgive(&mut self) {
        self.failures = 0;
        self.panics = 0;
        self.standing_by = false;
    }

    /// Counts a mishap that happened `now`; returns how long to wait after it.
    pub(super) fn suffer(&mut self, mishap: Mishap, at_least: Option<Duration>, now: Instant) -> Duration {
        self.held_until = at_least.map(|wait| now + wait);
        let count = match mishap {
            Mishap::Failure => &mut self.failures,
            Mishap::Panic => &mut self.panics,
        };
        *count = count.saturating_add(1);
        Backoff::RESTART.delay(*count, self.entropy.unit(), at_least)
    }
}

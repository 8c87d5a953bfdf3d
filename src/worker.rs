//! One flow at work: opens its store and client, loops over cycles, and says how it ended.

mod archive;
mod claims;
mod orders;
mod tools;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use archive::{Archive, Failing, FullSync, HistoryPage, Listed, Patrol, Progress, Survey, Unread};
pub use claims::Claims;
pub use orders::{OrderOutcome, OrderReceiver, OrderSender, PendingOrder, order_channel};
pub use tools::Tools;

use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::flow::{Flow, Notices};
use crate::pulse::Pulse;

/// Where workers come from, and who looks into what they keep. The supervisor knows no more of them.
pub trait Workshop: Archive {
    /// A worker for `job`. It has ended only when nothing of it is in flight any more, its store's calls included; it
    /// never panics (a panic inside is [`Exit::Panicked`]). Dropping it is a crash: what is durable stays as it is.
    fn worker(&self, job: Job) -> BoxFuture<'static, Exit>;
}

/// What a worker is given to run one flow.
pub struct Job {
    /// The flow.
    pub flow: Arc<Flow>,
    /// Its sign of life; stop, cancel and wake it here.
    pub pulse: Pulse,
    /// Where it says what it is doing.
    pub phase: watch::Sender<Phase>,
    /// What operators order, to be carried out between two cycles.
    pub orders: OrderReceiver,
    /// Since when a person waits for it, who has edited the flow's file or given an order: it may ask Jira although that
    /// asked to wait.
    pub hurried: Option<Instant>,
    /// Where it says why the flow can't do all that it should although it runs.
    pub notices: Notices,
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Opening its store, asking Jira who it is.
    Starting,
    /// In a cycle.
    Syncing,
    /// Between cycles.
    Idle {
        /// Cycles completed since it started. Any completed cycle forgives earlier failures.
        completed: u64,
        /// When the next one begins.
        next: Instant,
    },
}

/// How a worker ended; decides what happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was told to stop, and did so between two steps.
    Stopped,
    /// Its cycle failed: nothing was committed, try again after a while.
    Failed {
        /// For people: what happened and what to do.
        why: String,
        /// No sooner than this, because Jira said so.
        at_least: Option<Duration>,
    },
    /// Another process serves the flow: nothing is wrong, be there when it is gone.
    Occupied {
        /// For people: who has it, and what to do if it should not.
        why: String,
    },
    /// Jira refuses the flow (401, 403, project 404): a person must act; probe slowly.
    Refused {
        /// For people: what happened and what to do.
        why: String,
    },
    /// A defect of ours.
    Panicked {
        /// What it said.
        why: String,
    },
    /// It was cancelled, having shown no sign of life.
    Cancelled,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Syncing => "syncing",
            Self::Idle { .. } => "idle",
        })
    }
}

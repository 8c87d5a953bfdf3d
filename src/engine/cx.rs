//! What every part of the engine is handed, and how each fails. A [`Cx`] has no verbs: what is done stands in the modules
//! that are handed it.

use std::sync::Arc;

use super::failure::JiraFailure;
use super::memory::Memory;
use super::tally::Tally;
use super::teller::Teller;
use crate::clock::{Clock, Entropy};
use crate::flow::{Flow, Sides};
use crate::jira::{self, Client};
use crate::pulse::{NoResult, Pulse, Why};
use crate::store::{self, Store};

/// Pairs of one flow that are worked on at the same time.
pub(super) const CONCURRENCY: usize = 8;

/// One flow, its projects, both gates, time and randomness, and what its worker remembers.
pub(super) struct Cx {
    pub flow: Arc<Flow>,
    pub sides: Sides,
    pub jira: Client,
    pub store: Store,
    pub pulse: Pulse,
    pub clock: Clock,
    pub entropy: Entropy,
    pub teller: Teller,
    pub tally: Tally,
    pub memory: Memory,
}

/// Why a cycle ended early; nothing of it was committed that was not handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The worker was told to stop.
    #[error("told to stop")]
    Stopping,
    /// The flow must not go on as its file has it; for people.
    #[error("{0}")]
    Refused(String),
    /// Jira's search did not show all that it counts: the words say what.
    #[error("{0}")]
    SearchIncomplete(String),
    /// Something could not be done in Jira.
    #[error(transparent)]
    Jira(#[from] JiraFailure),
    /// The store did not do its part.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<jira::Error> for Error {
    fn from(error: jira::Error) -> Self {
        Self::Jira(error.into())
    }
}

impl Error {
    /// Whether a stop came in the way of something that was not sent, or that only reads.
    pub(super) fn is_stopping(&self) -> bool {
        match self {
            Self::Stopping => true,
            Self::Jira(failure) => failure.is_stopping(),
            Self::Store(error) => matches!(error, store::Error::NoResult(NoResult { why: Why::Stopping, .. })),
            Self::Refused(_) | Self::SearchIncomplete(_) => false,
        }
    }
}

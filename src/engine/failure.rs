//! Why something could not be done in Jira: a request ended badly, or what Jira shows or offers does not allow it.

use crate::flow::IssueRef;
use crate::jira::{self, Effect, Fault};

/// Why something could not be done in Jira.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JiraFailure {
    /// A request ended badly.
    #[error(transparent)]
    Request(#[from] jira::Error),
    /// A fresh read left an issue out of its answer.
    #[error("fresh read of {0}: not there, or not shown to this account: it was left out of the answer")]
    LeftOut(IssueRef),
    /// Jira offers no way to do it, or has refused each. Nothing has happened, and trying again unchanged is useless.
    #[error("{doing}: {why}")]
    Impossible {
        /// What was to be done.
        doing: String,
        /// What stands in the way, and what a person can do.
        why: String,
    },
    /// What became of a request is not told.
    #[error("{doing}: Jira's answer is missing or broken: {why}")]
    Untold {
        /// What was done, perhaps.
        doing: String,
        /// What is not known.
        why: String,
    },
}

impl JiraFailure {
    /// What the write that failed so has done.
    pub(super) fn effect(&self) -> Effect {
        match self {
            Self::Request(error) => error.effect(),
            Self::LeftOut(_) | Self::Impossible { .. } => Effect::Never,
            Self::Untold { .. } => Effect::Unknown,
        }
    }

    /// Whether only one issue is concerned, so that the others can go on.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Request(error) => error.is_local(),
            Self::LeftOut(_) | Self::Impossible { .. } | Self::Untold { .. } => true,
        }
    }

    /// Whether an issue is not shown, perhaps only for a while.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::Request(error) => matches!(error.what, Fault::Missing(_)),
            Self::LeftOut(_) => true,
            Self::Impossible { .. } | Self::Untold { .. } => false,
        }
    }

    /// Whether a stop came in the way of a request that was not sent, or that only reads.
    pub(super) fn is_stopping(&self) -> bool {
        matches!(self, Self::Request(error) if error.what == Fault::Stopping)
    }
}

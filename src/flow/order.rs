//! Orders of operators about pairs (docs/sync.md, "Pairs").

use std::fmt;

use super::name::IssueKey;

/// An operator's order about a pair. The flow's worker executes it between two cycles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Makes these two a pair, whatever marks they have.
    Pair {
        /// The customers' issue.
        user: IssueKey,
        /// The engineers' issue.
        dev: IssueKey,
    },
    /// Separates this issue, of either side, from its counterpart. They are not paired again automatically.
    Unpair {
        /// Either of the two.
        issue: IssueKey,
    },
    /// Creates a new dev issue for this user issue, whose former one is gone or was unpaired.
    Recreate {
        /// The customers' issue.
        user: IssueKey,
    },
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair { user, dev } => write!(f, "pair {user} {dev}"),
            Self::Unpair { issue } => write!(f, "unpair {issue}"),
            Self::Recreate { user } => write!(f, "recreate {user}"),
        }
    }
}

/// Why an order was refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refused {
    /// The message: what prevents it, and what to do.
    pub why: String,
}

/// What an order has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// The message: what holds now, and what is left for the operator to do.
    pub what: String,
}

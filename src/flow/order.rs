//! What an operator decides about pairs (docs/sync.md, "Pairs").

use std::fmt;

use super::name::IssueKey;

/// A decision about a pair, carried out by the flow's worker between two cycles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// These two belong together, whatever they carry.
    Pair {
        /// The customers' issue.
        user: IssueKey,
        /// The engineers' issue.
        dev: IssueKey,
    },
    /// This issue, of either side, and its counterpart do not belong together; they are not paired again by themselves.
    Unpair {
        /// Either of the two.
        issue: IssueKey,
    },
    /// This user issue gets a new dev issue: its former one is gone, or was taken from it.
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

/// Why an order was not carried out; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refused {
    /// For people: what is in the way, and what to do.
    pub why: String,
}

/// What carrying an order out did, in sentences for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obeyed {
    /// What holds now, and what is left for people to do.
    pub what: String,
}

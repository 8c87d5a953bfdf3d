//! Why a store did not do as it was told.

use crate::pulse::NoResult;

/// Each leads somewhere else.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A later worker has begun an epoch: this one has to end.
    #[error("a later worker of this flow has taken over its data")]
    Fenced,
    /// What was to be replaced (the state document, an intent) has been replaced or removed since it was read.
    #[error("what is stored has changed since it was read; the next cycle reads it again")]
    Outdated,
    /// Something of the kind exists already.
    #[error("{what} exists already")]
    Taken {
        /// The kind and whose.
        what: String,
    },
    /// The database holds what this version cannot read.
    #[error("{place} holds what this version of Lockstep cannot read: {why}")]
    Unreadable {
        /// Which file or database.
        place: String,
        /// What was found.
        why: String,
    },
    /// Another process holds the data.
    #[error("{place} is in use by {by}; stop it first, or give this one a store of its own")]
    InUse {
        /// Which folder or database.
        place: String,
        /// Who has it, as far as can be told.
        by: String,
    },
    /// The database does not answer, or can't be read or written; trying again may help.
    #[error("{place} is not available: {why}")]
    Unavailable {
        /// Which file or server; never with a password.
        place: String,
        /// What it or the system said.
        why: String,
    },
    /// The call gave no result in time.
    #[error("the store gave no result: {0}")]
    NoResult(#[from] NoResult),
}

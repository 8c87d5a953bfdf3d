//! Why an order was not carried out.

use crate::engine::cx::Error;
use crate::engine::failure::JiraFailure;
use crate::flow::{Intent, Refused};
use crate::jira;
use crate::store;

/// Why an order was not carried out.
pub(super) enum Hindrance {
    /// Something is in the way, and nothing was changed.
    Refused(Refused),
    /// The flow can't go on.
    Failed(Error),
}

impl From<Refused> for Hindrance {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Hindrance {
    fn from(error: Error) -> Self {
        match error {
            Error::Jira(failure) => failure.into(),
            Error::Stopping | Error::Refused(_) | Error::SearchIncomplete(_) | Error::Store(_) => Self::Failed(error),
        }
    }
}

impl From<store::Error> for Hindrance {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// What concerns one issue does not keep the flow from going on.
impl From<JiraFailure> for Hindrance {
    fn from(failure: JiraFailure) -> Self {
        if failure.is_local() { refused(failure.to_string()).into() } else { Self::Failed(failure.into()) }
    }
}

impl From<jira::Error> for Hindrance {
    fn from(error: jira::Error) -> Self {
        JiraFailure::from(error).into()
    }
}

pub(super) fn refused(why: impl Into<String>) -> Refused {
    Refused { why: why.into() }
}

/// What an open intent says to somebody whose order it is in the way of.
pub(super) fn still_open(intent: &Intent) -> Refused {
    let step = intent.step().map_or("end", crate::flow::Step::name);
    let state = if intent.is_owed() {
        "it is still owed and is tried again"
    } else {
        "nobody knows yet whether it happened; it is being looked up"
    };
    refused(format!(
        "the {} for {} is still open: its step in hand is the {step}, and {state}. Give the order again once it is closed",
        intent.kind, intent.user
    ))
}

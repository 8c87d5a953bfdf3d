//! The JSON of the HTTP API, each member declared once: `admin` writes the answers and reads the orders, `cli` does the
//! reverse.
//!
//! A member's comment is the reference for its meaning. Names are a contract: where a name differs from the field's, it is
//! written out, and `api/answers.txt` holds every kind of answer to the byte. Members may be added; readers ignore those that
//! they don't know. Members that older daemons don't send have a default.

mod data;
mod flows;
mod health;
mod history;
mod orders;
#[cfg(test)]
pub(crate) mod tests;

use serde::{Deserialize, Serialize};

pub use data::{Failure, FlowData, FullSync, Intent, IntentState, List, Missing, Pair, PairState, Patrol};
pub use flows::{DroppedLines, Flow, FlowPage, Flows, Log, Notice};
pub use health::{Health, HealthStatus, Worker};
pub use history::{Field, Fields, HistoryLine, HistoryPage};
pub use orders::{OrderDone, PairOrder, RecreateOrder, UnpairOrder};

/// Why a request was not answered as it asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// For people: what is wrong, and what to do.
    pub error: String,
}

/// An issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Jira's lasting id.
    pub id: String,
    /// The key by which people know it.
    pub key: String,
}

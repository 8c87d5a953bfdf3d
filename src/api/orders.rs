//! `POST /api/v1/flows/NAME/pair`, `unpair` and `recreate`.

use serde::{Deserialize, Serialize};

/// Body of `POST /api/v1/flows/NAME/pair`: makes two issues a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct PairOrder {
    /// Key of the user issue.
    pub user: String,
    /// Key of the dev issue.
    pub dev: String,
}

/// Body of `POST /api/v1/flows/NAME/unpair`: takes a pair apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct UnpairOrder {
    /// Key of either issue.
    pub issue: String,
}

/// Body of `POST /api/v1/flows/NAME/recreate`: creates a new dev issue for a user issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct RecreateOrder {
    /// Key of the user issue.
    pub user: String,
}

/// Answer to an order that was executed, now or earlier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDone {
    /// For people: what holds now, and what is left for them to do.
    pub done: String,
}

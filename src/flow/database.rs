//! Where a flow's data is kept.

use super::name::{DatabaseName, FlowName};
use super::secret::Secret;

/// One flow's database; no two flows have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// `database.name`, else the flow's name with each `-` as `_`.
    pub name: DatabaseName,
    /// `database.uri`: the server or folder, which may hold a password; `None` is the one that the process keeps its
    /// data in.
    pub uri: Option<Secret>,
}

impl Database {
    /// The database of a flow that says nothing about it.
    #[must_use]
    pub fn of(flow: &FlowName) -> Self {
        Self { name: flow.into(), uri: None }
    }
}

//! Where a flow's data is kept.

use super::name::{DatabaseName, FlowName};
use crate::settings::StoreUrl;

/// One flow's database; no two flows have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// `database.name`, else the flow's name with each `-` as `_`.
    pub name: DatabaseName,
    /// Whether the file names it in `database.name`: then this database is meant, whatever lies beside it.
    pub is_named: bool,
    /// What `database.uri` names, a folder as the process finds it; `None` is where the process keeps its data.
    pub at: Option<StoreUrl>,
}

impl Database {
    /// The database of a flow that says nothing about it.
    #[must_use]
    pub fn of(flow: &FlowName) -> Self {
        Self { name: flow.into(), is_named: false, at: None }
    }
}

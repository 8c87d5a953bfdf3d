//! Where a flow's data is stored.

use super::name::{DatabaseName, FlowName};
use crate::settings::StoreUrl;

/// The database of one flow. No two flows share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// `database.name`, else the flow's name with each `-` as `_`.
    pub name: DatabaseName,
    /// Whether the flow file names it in `database.name`: then no other database of the flow is searched for.
    pub is_named: bool,
    /// The store named by `database.uri`, with a folder relative to the process' own; `None` for the process' store.
    pub at: Option<StoreUrl>,
}

impl Database {
    /// The default database of a flow.
    #[must_use]
    pub fn of(flow: &FlowName) -> Self {
        Self { name: flow.into(), is_named: false, at: None }
    }
}

//! Where a flow's data is kept.

use std::path::PathBuf;

use super::name::{DatabaseName, FlowName};

/// One flow's database; no two flows have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// `database.name`, else the flow's name with each `-` as `_`.
    pub name: DatabaseName,
    /// The folder that `database.uri` names, as the process finds it; `None` is the one that it keeps its data in.
    pub folder: Option<PathBuf>,
}

impl Database {
    /// The database of a flow that says nothing about it.
    #[must_use]
    pub fn of(flow: &FlowName) -> Self {
        Self { name: flow.into(), folder: None }
    }
}

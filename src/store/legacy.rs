//! What the Node.js service left of a flow: keys and names, no ids (docs/sync.md, "Taking over").

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::flow::{IssueKey, Side, StatusName, Watermark};

/// Whether the Node.js service left something that a flow has not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inheritance {
    /// Nothing, or the flow has committed a state of its own since: it goes on from that.
    None,
    /// In the flow's own database, which has nothing of ours yet.
    Here(Legacy),
    /// In another database of the same servers, while the flow's own is empty: somebody must decide.
    Elsewhere(Predecessor),
    /// Perhaps: its user may not read another database that it would be in, while the flow's own is empty and the flow
    /// file does not name that one.
    Hidden(Hidden),
}

/// A database that a flow's user may not read, where the Node.js service may have left something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The flow's own database, which is empty, without a password.
    pub own: String,
    /// The other one.
    pub place: String,
    /// The other one's name.
    pub database: String,
}

/// What was found of the Node.js service's databases for a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Those in which it left something.
    pub legacies: Vec<Legacy>,
    /// The names of those that may not be read.
    pub hidden: Vec<String>,
}

/// A database that the Node.js service keeps or kept for a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// Which, without a password.
    pub place: String,
    /// Its pairs.
    pub pairs: u64,
    /// Whether this process has seen its documents change lately.
    pub still_written: bool,
}

/// The Node.js service's documents of one flow, as far as they can be understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Legacy {
    /// Which database, without a password.
    pub place: String,
    /// `sync_state.last_sync`: that service's own clock at the end of its last cycle, which is too late.
    pub last_sync: Option<Watermark>,
    /// When any document was written last, by that service's clock.
    pub last_written: Option<DateTime<Utc>>,
    /// `jira_mapping`, in the order of the user issues' keys.
    pub pairs: Vec<KeyPair>,
    /// `user_project_issue_state`: statuses that it has seen, whether or not it did what they ask for.
    pub user_statuses: BTreeMap<IssueKey, StatusName>,
    /// `dev_project_issue_state`.
    pub dev_statuses: BTreeMap<IssueKey, StatusName>,
    /// Documents that can't be understood, each with its collection and `_id`.
    pub unfit: Vec<String>,
}

/// A pair as the Node.js service knew it: by the keys that the issues had then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// `user_issue_key`.
    pub user: IssueKey,
    /// `dev_issue_key`.
    pub dev: IssueKey,
}

impl Legacy {
    /// The statuses seen on a side.
    #[must_use]
    pub fn statuses(&self, side: Side) -> &BTreeMap<IssueKey, StatusName> {
        match side {
            Side::User => &self.user_statuses,
            Side::Dev => &self.dev_statuses,
        }
    }
}

//! What a worker remembers from cycle to cycle. A worker that lacks it makes more requests, and misses nothing.

pub(super) mod intents;
pub(super) mod other_addresses;
pub(super) mod short_walks;
pub(super) mod survey;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::flow::{IssueType, JiraTime, ProjectKey, Side};
use intents::OpenIntents;
use other_addresses::OtherAddresses;
use short_walks::ShortWalks;
use survey::Survey;

/// All of it: each part with a lock of its own.
#[derive(Default)]
pub(super) struct Memory {
    pub intents: OpenIntents,
    pub other_addresses: OtherAddresses,
    pub short_walks: ShortWalks,
    /// What this worker has seen of the dev project beyond what its store holds.
    pub survey: Mutex<Option<Survey>>,
    pub types: Mutex<DevTypes>,
    pub searches: Mutex<Searches>,
    /// What the projects are called, as far as Jira told it.
    pub project_keys: Mutex<BTreeMap<Side, ProjectKey>>,
    /// Which lists of statuses the rules were compared with.
    pub statuses_seen: AtomicU64,
}

/// What searches for changes have shown so far.
#[derive(Default)]
pub(super) struct Searches {
    /// When the last look back began that came to its end.
    pub looked_back: Option<Instant>,
    /// The latest `updated` that a search has shown: as long as one reaches back to it, an empty answer is a surprise.
    pub shown: Option<JiraTime>,
}

/// What this worker knows of the dev project's issue types.
#[derive(Default)]
pub(super) struct DevTypes {
    pub listed: Option<Arc<[IssueType]>>,
    /// Whether the names in the flow file were looked up.
    pub names_checked: bool,
    /// Ids of types that demand what can't be given, and since when that is known.
    pub demanding: BTreeMap<String, Instant>,
    /// Ids of types whose create screen has no description, and since when that is known.
    pub without_description: BTreeMap<String, Instant>,
    /// Ids of types of which it was told that `issueType` stands in for them.
    pub told: BTreeSet<String>,
}

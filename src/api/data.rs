//! What a flow's data says: part of `GET /api/v1/flows/NAME`.

use serde::{Deserialize, Serialize};

use super::Issue;

/// What a flow's data says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowData {
    /// Every change before this instant of Jira's clock is handled; null before the first good cycle.
    #[serde(rename = "lastSync")]
    pub last_sync: Option<String>,
    /// Progress of the full sync.
    #[serde(rename = "fullSync")]
    pub full_sync: FullSync,
    /// Progress of the daily check of all pairs; null before the first good cycle.
    pub patrol: Option<Patrol>,
    /// Writes that are not finished, oldest first.
    pub intents: List<Intent>,
    /// Issues that failed and are retried, in order of their next try.
    pub failures: List<Failure>,
    /// Pairs that are not kept in sync, those that an operator took apart last.
    pub pairs: List<Pair>,
    /// User issues taken over from the Node.js service whose dev issue can't be read.
    pub missing: List<Missing>,
}

/// The first of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// Up to 100.
    pub list: Vec<T>,
    /// Whether there are more.
    pub more: bool,
}

/// Progress of a flow's full sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state")]
pub enum FullSync {
    /// It ended, or none is due.
    #[serde(rename = "completed")]
    Completed,
    /// It is running.
    #[serde(rename = "underWay")]
    UnderWay {
        /// The project being read: `dev` first, then `user`.
        side: String,
        /// Issues handled so far, of both projects.
        done: u64,
    },
    /// It ended, but Jira did not show all issues that it counts; it is repeated.
    #[serde(rename = "incomplete")]
    Incomplete,
    /// It has not begun, or the flow does without.
    #[serde(rename = "notBegun")]
    NotBegun,
}

/// Progress of the daily check of all pairs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patrol {
    /// When the last one began; before the first one, the instant from which its day is counted.
    pub begun: String,
    /// Whether it is still running.
    #[serde(rename = "underWay")]
    pub under_way: bool,
}

/// A list of writes to Jira that is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Rides in every mark that its writes leave in Jira.
    pub id: String,
    /// `create`, or what else it amounts to.
    pub kind: String,
    /// State of the current step.
    pub state: IntentState,
    /// No request of the current step was sent after this instant of Jira's clock; null unless it is in doubt.
    #[serde(rename = "doubtSince")]
    pub doubt_since: Option<String>,
    /// The rule that asked for it; null for the default behaviour of the flow.
    pub rule: Option<String>,
    /// `user` or `dev`: the side of the issue that made the rule apply.
    pub source: String,
    /// The user issue.
    pub user: Issue,
    /// The dev issue; null until it is created.
    pub dev: Option<Issue>,
    /// The current step; null when all are done.
    pub step: Option<String>,
    /// How many steps are done.
    #[serde(rename = "stepsDone")]
    pub steps_done: usize,
    /// How many there are.
    pub steps: usize,
    /// When it was stored, by Jira's clock.
    pub begun: String,
}

/// State of the current step of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntentState {
    /// A worker is executing it, or a crash interrupted that.
    #[serde(rename = "inHand")]
    InHand,
    /// It certainly did not happen yet, and is retried.
    #[serde(rename = "owed")]
    Owed,
    /// Whether it happened is unknown; each cycle looks it up.
    #[serde(rename = "inDoubt")]
    InDoubt,
    /// A state that a later daemon knows.
    #[serde(untagged)]
    Other(String),
}

/// An issue that failed and is retried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `user` or `dev`.
    pub side: String,
    /// The issue.
    pub issue: Issue,
    /// How often it has failed in a row.
    pub attempts: u32,
    /// When it is retried, unless it changes earlier.
    #[serde(rename = "nextTry")]
    pub next_try: String,
    /// For people: what went wrong.
    pub why: String,
}

/// A pair that is not kept in sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The user issue.
    pub user: Issue,
    /// The dev issue.
    pub dev: Issue,
    /// Why it is not kept in sync.
    pub state: PairState,
}

/// Whether a pair is kept in sync, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PairState {
    /// It is kept in sync.
    #[serde(rename = "active")]
    Active,
    /// An issue left its project.
    #[serde(rename = "suspended")]
    Suspended,
    /// An issue was deleted, or is hidden from Lockstep.
    #[serde(rename = "broken")]
    Broken,
    /// It was written to so often within minutes that rules seem to answer each other.
    #[serde(rename = "held")]
    Held,
    /// An operator took it apart.
    #[serde(rename = "unpaired")]
    Unpaired,
    /// A state that a later daemon knows.
    #[serde(untagged)]
    Other(String),
}

/// A user issue whose dev issue could not be read when it was taken over. No other dev issue is created for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The user issue.
    pub user: Issue,
    /// Key of the dev issue; its id is not known.
    #[serde(rename = "devKey")]
    pub dev_key: String,
}

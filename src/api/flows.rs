//! `GET /api/v1/flows` and `GET /api/v1/flows/NAME`.

use serde::{Deserialize, Serialize};

use super::FlowData;

/// Answer to `GET /api/v1/flows`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flows {
    /// Every flow, in order of names.
    pub flows: Vec<Flow>,
    /// The log of the process; null where none is written.
    pub log: Option<Log>,
}

/// State of one flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Name of the flow.
    pub name: String,
    /// The flow file.
    pub file: String,
    /// `starting`, `syncing`, `idle`, `backing_off`, `parked`, `paused`, `draining` or `stopped`.
    pub state: String,
    /// Since when it is in this state.
    pub since: String,
    /// Why it is in this state; null if that is normal.
    pub why: Option<String>,
    /// Until when the flow waits because Jira asked it to.
    #[serde(rename = "heldUntil")]
    pub held_until: Option<String>,
    /// When its last good cycle ended; null before the first one of this process.
    #[serde(rename = "lastCycle")]
    pub last_cycle: Option<String>,
    /// When its worker last showed a sign of life.
    #[serde(rename = "lastHeartbeat")]
    pub last_heartbeat: Option<String>,
    /// Whether it does not do all that it should.
    #[serde(default)]
    pub degraded: bool,
    /// Since when it is degraded.
    #[serde(rename = "degradedSince")]
    pub degraded_since: Option<String>,
    /// The last reason why it is degraded.
    #[serde(rename = "degradedWhy")]
    pub degraded_why: Option<String>,
    /// Why it does not do all that it should although it runs.
    #[serde(default)]
    pub notices: Vec<Notice>,
}

/// A reason why a flow that runs does not do all that it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// A name for programs, such as `statusMissing`.
    pub kind: String,
    /// For people: what is wrong, and what to do.
    pub why: String,
    /// Since when.
    pub since: String,
}

/// State of the log of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// Bytes of lines that wait to be written.
    #[serde(rename = "queuedBytes")]
    pub queued_bytes: usize,
    /// Lines dropped since the process started.
    pub dropped: DroppedLines,
    /// Why lines can't be written now; null if they can.
    pub failure: Option<String>,
}

/// Counts of dropped lines, by level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "levels of a log")]
pub struct DroppedLines {
    pub trace: u64,
    pub debug: u64,
    pub info: u64,
    pub warn: u64,
    pub error: u64,
}

/// Answer to `GET /api/v1/flows/NAME`. Either `data` or `error` is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowPage {
    /// State of the flow.
    #[serde(flatten)]
    pub flow: Flow,
    /// What is wrong with its file as it is now; the flow keeps running with the last valid version.
    pub problems: Vec<String>,
    /// What its data says; `None` if that can't be read, or if a later daemon says it in a way not known here.
    #[serde(flatten)]
    pub data: Option<FlowData>,
    /// Why its data can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

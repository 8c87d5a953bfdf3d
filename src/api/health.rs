//! `GET /health`, as the Node.js service had it.

use serde::{Deserialize, Serialize};

/// Answer to `GET /health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether anything needs attention.
    pub status: HealthStatus,
    /// Now.
    pub timestamp: String,
    /// Every flow, in order of names.
    pub workers: Vec<Worker>,
}

/// Whether anything needs attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HealthStatus {
    /// Nothing does.
    #[serde(rename = "healthy")]
    Healthy,
    /// A flow, a flow file or the folder of flow files does.
    #[serde(rename = "degraded")]
    Degraded,
}

/// One flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Name of the flow.
    pub name: String,
    /// As `state` in `GET /api/v1/flows`.
    pub status: String,
    /// When its worker last showed a sign of life.
    #[serde(rename = "lastHeartbeat")]
    pub last_heartbeat: Option<String>,
    /// Whether it does not do all that it should. The Node.js service did not have it, so it is left out if false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub degraded: bool,
}

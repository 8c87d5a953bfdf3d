//! `/health`, as the Node service had it.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::Inside;
use crate::supervisor::{FlowView, Snapshot};

/// `?strict`, `?strict=true`: let the status code tell too. Any value but `false` and `0` asks for it.
#[derive(Deserialize)]
pub(super) struct Question {
    strict: Option<String>,
}

impl Question {
    fn is_strict(&self) -> bool {
        self.strict.as_deref().is_some_and(|value| !matches!(value, "false" | "0"))
    }
}

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    timestamp: String,
    workers: Vec<Worker>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Worker {
    name: String,
    status: &'static str,
    last_heartbeat: Option<String>,
    /// The Node service did not have it: it is there only when it tells something.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    degraded: bool,
}

/// 200 while the process itself works, so that no orchestrator kills it for a Jira that is down; unless asked to be
/// strict.
pub(super) async fn health(
    State(inside): State<Inside>,
    Query(question): Query<Question>,
) -> (StatusCode, Json<Health>) {
    let snapshot = inside.handle.look();
    let strictly_ill = question.is_strict() && snapshot.is_degraded();
    let code = if strictly_ill { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, Json(Health::of(&snapshot, inside.clock.wall())))
}

impl Health {
    fn of(snapshot: &Snapshot, now: DateTime<Utc>) -> Self {
        Self {
            status: if snapshot.is_degraded() { "degraded" } else { "healthy" },
            timestamp: written(now),
            workers: snapshot.flows.iter().map(Worker::of).collect(),
        }
    }
}

impl Worker {
    fn of(flow: &FlowView) -> Self {
        Self {
            name: flow.name.to_string(),
            status: flow.standing.state.as_str(),
            last_heartbeat: flow.heartbeat.map(written),
            degraded: flow.is_degraded(),
        }
    }
}

pub(super) fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

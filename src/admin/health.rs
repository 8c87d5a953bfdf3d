//! `GET /health`.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::Inside;
use super::answer::timestamp;
use crate::api;
use crate::supervisor::FlowView;

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

/// 200 while the process itself works, so that no orchestrator kills it for a Jira that is down; unless asked to be
/// strict.
pub(super) async fn health(
    State(inside): State<Inside>,
    Query(question): Query<Question>,
) -> (StatusCode, Json<api::Health>) {
    let snapshot = inside.handle.look();
    let (status, strict_code) = match snapshot.is_degraded() {
        true => (api::HealthStatus::Degraded, StatusCode::SERVICE_UNAVAILABLE),
        false => (api::HealthStatus::Healthy, StatusCode::OK),
    };
    let code = if question.is_strict() { strict_code } else { StatusCode::OK };
    let workers = snapshot.flows.iter().map(api::Worker::from).collect();
    (code, Json(api::Health { status, timestamp: timestamp(inside.clock.wall()), workers }))
}

impl From<&FlowView> for api::Worker {
    fn from(flow: &FlowView) -> Self {
        Self {
            name: flow.name.to_string(),
            status: flow.standing.state.to_string(),
            last_heartbeat: flow.heartbeat.map(timestamp),
            degraded: flow.is_degraded(),
        }
    }
}

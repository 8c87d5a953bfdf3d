//! `GET /api/v1/flows` and `GET /api/v1/flows/NAME`: how flows stand.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::Inside;
use super::health::written;
use super::orders::unknown;
use crate::supervisor::FlowView;

#[derive(Serialize)]
struct Flows {
    flows: Vec<Flow>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Flow {
    name: String,
    file: String,
    state: &'static str,
    since: String,
    why: Option<String>,
    last_cycle: Option<String>,
    last_heartbeat: Option<String>,
}

/// Every flow, by name.
pub(super) async fn all(State(inside): State<Inside>) -> Response {
    let flows = inside.handle.look().flows;
    Json(Flows { flows: flows.iter().map(Flow::of).collect() }).into_response()
}

/// One flow; 404 when there is none of that name.
pub(super) async fn one(State(inside): State<Inside>, Path(name): Path<String>) -> Response {
    let flows = inside.handle.look().flows;
    match flows.iter().find(|flow| flow.name.as_str() == name) {
        Some(flow) => Json(Flow::of(flow)).into_response(),
        None => unknown(&name),
    }
}

impl Flow {
    fn of(view: &FlowView) -> Self {
        Self {
            name: view.name.to_string(),
            file: view.file.clone(),
            state: view.standing.state.as_str(),
            since: written(view.standing.since),
            why: view.standing.why.clone(),
            last_cycle: view.last_cycle.map(written),
            last_heartbeat: view.heartbeat.map(written),
        }
    }
}

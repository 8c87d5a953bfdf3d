//! `GET /api/v1/flows` and `GET /api/v1/flows/NAME`: the state of the flows, and what the data of one says.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::Inside;
use super::answer::{no_flow_and_why, timestamp};
use crate::api;
use crate::flow::{FlowName, LineCounts, LogState, Notice};
use crate::supervisor::{FlowView, Snapshot};

/// The most entries of each list of a page.
const MOST: u32 = 100;

/// Every flow, and the log.
pub(super) async fn all(State(inside): State<Inside>) -> Response {
    let flows = inside.handle.look().flows.iter().map(api::Flow::from).collect();
    Json(api::Flows { flows, log: inside.handle.log_state().map(api::Log::from) }).into_response()
}

/// One flow; 404 when there is none of that name, 503 with its state all the same when its data can't be read.
pub(super) async fn one(State(inside): State<Inside>, Path(name): Path<String>) -> Response {
    let Ok(flow) = name.parse::<FlowName>() else { return no_flow_and_why(&inside.handle.look(), &name) };
    let survey = inside.handle.survey(&flow, MOST).await;
    // Taken last, as it changes more quickly.
    let snapshot = inside.handle.look();
    let (Some(survey), Some(view)) = (survey, snapshot.flows.iter().find(|view| view.name == flow)) else {
        return no_flow_and_why(&snapshot, &name);
    };
    let (code, data, error) = match survey {
        Ok(survey) => (StatusCode::OK, Some(survey.into()), None),
        Err(unread) => (StatusCode::SERVICE_UNAVAILABLE, None, Some(unread.why)),
    };
    let page = api::FlowPage { flow: view.into(), problems: problems(&snapshot, view), data, error };
    (code, Json(page)).into_response()
}

fn problems(snapshot: &Snapshot, view: &FlowView) -> Vec<String> {
    let own = snapshot.refused.iter().filter(|refused| refused.runs_on.as_ref() == Some(&view.name));
    own.flat_map(|refused| refused.problems.clone()).collect()
}

impl From<&FlowView> for api::Flow {
    fn from(view: &FlowView) -> Self {
        Self {
            name: view.name.to_string(),
            file: view.file.clone(),
            state: view.standing.state.to_string(),
            since: timestamp(view.standing.since),
            why: view.standing.why.clone(),
            held_until: view.standing.held_until.map(timestamp),
            last_cycle: view.last_cycle.map(timestamp),
            last_heartbeat: view.heartbeat.map(timestamp),
            degraded: view.is_degraded(),
            degraded_since: view.degraded.as_ref().map(|degraded| timestamp(degraded.since)),
            degraded_why: view.degraded.as_ref().map(|degraded| degraded.why.clone()),
            notices: view.notices.iter().map(api::Notice::from).collect(),
        }
    }
}

impl From<LogState> for api::Log {
    fn from(state: LogState) -> Self {
        let LineCounts { trace, debug, info, warn, error } = state.dropped;
        let dropped = api::DroppedLines { trace, debug, info, warn, error };
        Self { queued_bytes: state.queued_bytes, dropped, failure: state.failure }
    }
}

impl From<&Notice> for api::Notice {
    fn from(notice: &Notice) -> Self {
        Self { kind: notice.kind.as_str().to_owned(), why: notice.why.clone(), since: timestamp(notice.since) }
    }
}

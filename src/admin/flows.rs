//! `GET /api/v1/flows` and `GET /api/v1/flows/NAME`: how flows stand, and what the data of one says.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::Inside;
use super::complaint;
use super::data::Data;
use super::health::written;
use super::orders::unknown;
use crate::flow::{self, FlowName, LineCounts, LogState};
use crate::supervisor::{FlowView, RefusedFile, Snapshot};

/// A page shows so many of each list.
const MOST: u32 = 100;

#[derive(Serialize)]
struct Flows {
    flows: Vec<Flow>,
    /// Null where no log is written.
    log: Option<LogJson>,
}

/// State of the process' log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogJson {
    queued_bytes: usize,
    dropped: DroppedJson,
    failure: Option<String>,
}

/// Lines that the log dropped, by level.
#[derive(Serialize)]
struct DroppedJson {
    trace: u64,
    debug: u64,
    info: u64,
    warn: u64,
    error: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Flow {
    name: String,
    file: String,
    state: &'static str,
    since: String,
    why: Option<String>,
    /// Until when it waits because Jira asked to.
    held_until: Option<String>,
    last_cycle: Option<String>,
    last_heartbeat: Option<String>,
    /// Whether it does not do what it should.
    degraded: bool,
    degraded_since: Option<String>,
    degraded_why: Option<String>,
    notices: Vec<Notice>,
}

/// Why a flow does not do all that it should although it runs.
#[derive(Serialize)]
struct Notice {
    kind: &'static str,
    why: String,
    since: String,
}

/// Every flow, by name, and how the log is doing.
pub(super) async fn all(State(inside): State<Inside>) -> Response {
    let flows = inside.handle.look().flows;
    let log = inside.handle.log_state().map(LogJson::from);
    Json(Flows { flows: flows.iter().map(Flow::of).collect(), log }).into_response()
}

/// Everything about one flow.
#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    flow: Flow,
    /// What is wrong with its file as it is now; the flow runs on as the file last described it.
    problems: Vec<String>,
    #[serde(flatten)]
    data: Option<Data>,
    /// Why its data is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// One flow; 404 when there is none of that name, 503 with what is known all the same when its data can't be read.
pub(super) async fn one(State(inside): State<Inside>, Path(name): Path<String>) -> Response {
    let Ok(flow) = name.parse::<FlowName>() else { return absent(&inside.handle.look(), &name) };
    let survey = inside.handle.survey(&flow, MOST).await;
    // Asked last, as it changes more quickly.
    let snapshot = inside.handle.look();
    let (Some(survey), Some(view)) = (survey, snapshot.flows.iter().find(|view| view.name == flow)) else {
        return absent(&snapshot, &name);
    };
    let (code, data, error) = match survey {
        Ok(survey) => (StatusCode::OK, Some(survey.into()), None),
        Err(unread) => (StatusCode::SERVICE_UNAVAILABLE, None, Some(unread.why)),
    };
    let page = Page { flow: Flow::of(view), problems: problems(&snapshot, view), data, error };
    (code, Json(page)).into_response()
}

/// There is no flow of that name; perhaps because the file that should bring it was never taken.
pub(super) fn absent(snapshot: &Snapshot, name: &str) -> Response {
    let brings = |refused: &&RefusedFile| refused.runs_on.is_none() && is_named(&refused.file, name);
    let Some(refused) = snapshot.refused.iter().find(brings) else { return unknown(name) };
    let why = format!("there is no flow {name:?}: {} is refused: {}", refused.file, refused.problems.join("; "));
    complaint(StatusCode::NOT_FOUND, &why)
}

/// Flow files are mostly named like their flows.
fn is_named(file: &str, name: &str) -> bool {
    std::path::Path::new(file).file_stem().is_some_and(|stem| stem == name)
}

fn problems(snapshot: &Snapshot, view: &FlowView) -> Vec<String> {
    let own = snapshot.refused.iter().filter(|refused| refused.runs_on.as_ref() == Some(&view.name));
    own.flat_map(|refused| refused.problems.clone()).collect()
}

impl Flow {
    fn of(view: &FlowView) -> Self {
        Self {
            name: view.name.to_string(),
            file: view.file.clone(),
            state: view.standing.state.as_str(),
            since: written(view.standing.since),
            why: view.standing.why.clone(),
            held_until: view.standing.held_until.map(written),
            last_cycle: view.last_cycle.map(written),
            last_heartbeat: view.heartbeat.map(written),
            degraded: view.is_degraded(),
            degraded_since: view.degraded.as_ref().map(|degraded| written(degraded.since)),
            degraded_why: view.degraded.as_ref().map(|degraded| degraded.why.clone()),
            notices: view.notices.iter().map(Notice::of).collect(),
        }
    }
}

impl From<LogState> for LogJson {
    fn from(state: LogState) -> Self {
        let LineCounts { trace, debug, info, warn, error } = state.dropped;
        let dropped = DroppedJson { trace, debug, info, warn, error };
        Self { queued_bytes: state.queued_bytes, dropped, failure: state.failure }
    }
}

impl Notice {
    fn of(notice: &flow::Notice) -> Self {
        Self { kind: notice.kind.as_str(), why: notice.why.clone(), since: written(notice.since) }
    }
}

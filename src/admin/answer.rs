//! What the answers have in common.

use std::path::Path;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, SecondsFormat, Utc};

use crate::api;
use crate::supervisor::{RefusedFile, Snapshot};

/// A request that is not answered as it asks, and why.
pub(super) fn problem(code: StatusCode, why: impl Into<String>) -> Response {
    (code, Json(api::Problem { error: why.into() })).into_response()
}

/// There is no flow of that name.
pub(super) fn no_flow(name: &str) -> Response {
    problem(StatusCode::NOT_FOUND, format!("there is no flow {name:?}"))
}

/// The same; and why, if a file that may describe the flow has never been valid.
pub(super) fn no_flow_and_why(snapshot: &Snapshot, name: &str) -> Response {
    let describes = |refused: &&RefusedFile| refused.runs_on.is_none() && is_named(&refused.file, name);
    let Some(refused) = snapshot.refused.iter().find(describes) else { return no_flow(name) };
    let why = format!("there is no flow {name:?}: {} is refused: {}", refused.file, refused.problems.join("; "));
    problem(StatusCode::NOT_FOUND, why)
}

/// Flow files are mostly named like their flows.
fn is_named(file: &str, name: &str) -> bool {
    Path::new(file).file_stem().is_some_and(|stem| stem == name)
}

/// An instant, as the API writes it.
pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

//! What the API's answers have in common.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

/// `{"error": "…"}`.
#[derive(Serialize)]
struct Complaint<'a> {
    error: &'a str,
}

/// No, and why.
pub(super) fn complaint(code: StatusCode, why: &str) -> Response {
    (code, Json(Complaint { error: why })).into_response()
}

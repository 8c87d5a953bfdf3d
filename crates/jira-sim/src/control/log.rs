//! The log of requests, and the journal of what happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::problem::QueryString;
use super::{Page, Part};
use crate::log::{Happening, RequestLine};
use crate::site::Site;

pub(super) async fn requests(
    State(site): State<Arc<Site>>,
    QueryString(part): QueryString<Part>,
) -> Json<Page<RequestLine>> {
    let lines = site.requests_since(part.since, part.limit());
    Json(Page::of(part.since, lines.into_iter().map(|line| (line.number, line)).collect()))
}

pub(super) async fn counters(State(site): State<Arc<Site>>) -> Json<BTreeMap<String, u64>> {
    Json(site.counters())
}

pub(super) async fn journal(
    State(site): State<Arc<Site>>,
    QueryString(part): QueryString<Part>,
) -> Json<Page<Happening>> {
    let happenings = site.journal(part.since).into_iter().take(part.limit());
    Json(Page::of(part.since, happenings.map(|it| (it.number, it)).collect()))
}

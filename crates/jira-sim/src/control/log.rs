//! What was asked of the site, and what happened there.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::problem::Asked;
use super::{Page, Part, stamp};
use crate::site::{self, Site};

/// See [`site::RequestLine`].
#[derive(Debug, Serialize)]
pub(super) struct RequestLine {
    number: usize,
    at: String,
    method: String,
    path: String,
    account: Option<String>,
    status: Option<u16>,
    fault: Option<&'static str>,
}

/// See [`site::Happening`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Happening {
    number: usize,
    at: String,
    who: String,
    what: String,
    issue: String,
    by_bot: bool,
}

pub(super) async fn requests(State(site): State<Arc<Site>>, Asked(part): Asked<Part>) -> Json<Page<RequestLine>> {
    let lines = site.requests_since(part.since, part.limit());
    Json(Page::of(part.since, lines.into_iter().map(|line| (line.number, line.into())).collect()))
}

pub(super) async fn counters(State(site): State<Arc<Site>>) -> Json<BTreeMap<String, u64>> {
    Json(site.counters())
}

pub(super) async fn journal(State(site): State<Arc<Site>>, Asked(part): Asked<Part>) -> Json<Page<Happening>> {
    let happenings = site.journal(part.since).into_iter().take(part.limit());
    Json(Page::of(part.since, happenings.map(|it| (it.number, it.into())).collect()))
}

impl From<site::RequestLine> for RequestLine {
    fn from(line: site::RequestLine) -> Self {
        let site::RequestLine { number, at, method, path, account, status, fault } = line;
        Self { number, at: stamp(at), method, path, account, status, fault }
    }
}

impl From<site::Happening> for Happening {
    fn from(happening: site::Happening) -> Self {
        let site::Happening { number, at, who, what, issue_key, by_bot } = happening;
        Self { number, at: stamp(at), who, what, issue: issue_key, by_bot }
    }
}

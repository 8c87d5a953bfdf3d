//! Issues as they truly are, without the lag of search.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;

use super::problem::{Problem, QueryString};
use super::{Page, Part, usual_limit};
use crate::issue::IssueView;
use crate::refusal::Refusal;
use crate::site::Site;

/// Which issues are wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    project: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    since: usize,
    #[serde(default = "usual_limit")]
    limit: usize,
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Path(id_or_key): Path<String>,
) -> Result<Json<IssueView>, Problem> {
    let issue = site.issue(&id_or_key).ok_or(Refusal::NoIssue(id_or_key))?;
    Ok(Json(issue))
}

pub(super) async fn list(
    State(site): State<Arc<Site>>,
    QueryString(wanted): QueryString<Wanted>,
) -> Result<Json<Page<IssueView>>, Problem> {
    let Wanted { project, deleted, since, limit } = wanted;
    if !site.projects().iter().any(|known| known.key == project) {
        return Err(Refusal::NoProject(project).into());
    }
    let issues = if deleted { site.deleted(&project) } else { site.issues(&project) };
    let limit = Part { since, limit }.limit();
    let part = issues.into_iter().enumerate().skip(since).take(limit);
    Ok(Json(Page::of(since, part.collect())))
}

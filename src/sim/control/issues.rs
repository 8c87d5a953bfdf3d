//! Issues as they truly are, whatever search believes.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::{Asked, Problem};
use super::{Page, Part, stamp, usual_limit};
use crate::sim::issue::{ChangeView, CommentView, IssueView};
use crate::sim::site::{Refusal, Site};

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

/// See [`IssueView`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Issue {
    id: String,
    key: String,
    project: String,
    issue_type: String,
    summary: String,
    status: String,
    description: String,
    comments: Vec<Comment>,
    properties: BTreeMap<String, Value>,
    history: Vec<Change>,
    created: String,
    updated: String,
    created_by: String,
}

#[derive(Debug, Serialize)]
struct Comment {
    author: String,
    text: String,
    properties: BTreeMap<String, Value>,
    created: String,
}

#[derive(Debug, Serialize)]
struct Change {
    at: String,
    author: String,
    field: String,
    from: String,
    to: String,
}

pub(super) async fn show(State(site): State<Arc<Site>>, Path(id_or_key): Path<String>) -> Result<Json<Issue>, Problem> {
    let issue = site.issue(&id_or_key).ok_or(Refusal::NoIssue(id_or_key))?;
    Ok(Json(issue.into()))
}

pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Page<Issue>>, Problem> {
    let Wanted { project, deleted, since, limit } = wanted;
    if !site.projects().iter().any(|known| known.key == project) {
        return Err(Refusal::NoProject(project).into());
    }
    let issues = if deleted { site.deleted(&project) } else { site.issues(&project) };
    let limit = Part { since, limit }.limit();
    let part = issues.into_iter().enumerate().skip(since).take(limit);
    Ok(Json(Page::of(since, part.map(|(number, issue)| (number, issue.into())).collect())))
}

impl From<IssueView> for Issue {
    fn from(issue: IssueView) -> Self {
        Self {
            id: issue.id,
            key: issue.key,
            project: issue.project,
            issue_type: issue.issue_type,
            summary: issue.summary,
            status: issue.status,
            description: issue.description,
            comments: issue.comments.into_iter().map(Comment::from).collect(),
            properties: issue.properties,
            history: issue.history.into_iter().map(Change::from).collect(),
            created: stamp(issue.created),
            updated: stamp(issue.updated),
            created_by: issue.created_by,
        }
    }
}

impl From<CommentView> for Comment {
    fn from(comment: CommentView) -> Self {
        let CommentView { author, text, properties, created } = comment;
        Self { author, text, properties, created: stamp(created) }
    }
}

impl From<ChangeView> for Change {
    fn from(change: ChangeView) -> Self {
        let ChangeView { at, author, field, from, to } = change;
        Self { at: stamp(at), author, field, from, to }
    }
}

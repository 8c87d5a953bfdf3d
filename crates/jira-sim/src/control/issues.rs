//! Issues as they truly are, whatever search believes.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::deeds::Visibility;
use super::problem::{Asked, Problem};
use super::{Page, Part, stamp, usual_limit};
use crate::attachment::AttachmentView;
use crate::deed::Refusal;
use crate::issue::{ChangeView, CommentView, IssueView};
use crate::link::{LinkView, RemoteLinkView};
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
    /// Of the fields beyond these, what people read in them, by id.
    fields: BTreeMap<String, String>,
    resolved: Option<String>,
    comments: Vec<Comment>,
    attachments: Vec<Attachment>,
    links: Vec<Link>,
    remote_links: Vec<RemoteLink>,
    properties: BTreeMap<String, Value>,
    history: Vec<Change>,
    created: String,
    updated: String,
    created_by: String,
}

#[derive(Debug, Serialize)]
struct Comment {
    id: String,
    author: String,
    text: String,
    properties: BTreeMap<String, Value>,
    visibility: Option<Visibility>,
    created: String,
    updated: String,
}

/// See [`AttachmentView`].
#[derive(Debug, Serialize)]
struct Attachment {
    id: String,
    filename: String,
    size: u64,
    mime: String,
    author: String,
    created: String,
    sha256: String,
}

/// See [`LinkView`].
#[derive(Debug, Serialize)]
struct Link {
    id: String,
    says: String,
    other: String,
}

/// See [`RemoteLinkView`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RemoteLink {
    id: String,
    global_id: Option<String>,
    url: String,
    title: String,
    relationship: Option<String>,
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
            fields: issue.fields,
            resolved: issue.resolved.map(stamp),
            comments: issue.comments.into_iter().map(Comment::from).collect(),
            attachments: issue.attachments.into_iter().map(Attachment::from).collect(),
            links: issue.links.into_iter().map(Link::from).collect(),
            remote_links: issue.remote_links.into_iter().map(RemoteLink::from).collect(),
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
        let CommentView { id, author, text, properties, visibility, created, updated } = comment;
        let visibility = visibility.map(Visibility::from);
        Self { id, author, text, properties, visibility, created: stamp(created), updated: stamp(updated) }
    }
}

impl From<AttachmentView> for Attachment {
    fn from(attachment: AttachmentView) -> Self {
        let AttachmentView { id, filename, size, mime, author, created, sha256 } = attachment;
        Self { id, filename, size, mime, author, created: stamp(created), sha256 }
    }
}

impl From<LinkView> for Link {
    fn from(link: LinkView) -> Self {
        let LinkView { id, says, other } = link;
        Self { id, says, other }
    }
}

impl From<RemoteLinkView> for RemoteLink {
    fn from(link: RemoteLinkView) -> Self {
        let RemoteLinkView { id, global_id, url, title, relationship } = link;
        Self { id, global_id, url, title, relationship }
    }
}

impl From<ChangeView> for Change {
    fn from(change: ChangeView) -> Self {
        let ChangeView { at, author, field, from, to } = change;
        Self { at: stamp(at), author, field, from, to }
    }
}

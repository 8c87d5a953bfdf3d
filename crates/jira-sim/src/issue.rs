//! An issue as the site keeps it, and as tests look at it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::attachment::{Attachment, AttachmentView};
use super::link::{IssueLink, LinkView, RemoteLink, RemoteLinkView};
use super::markup;
use super::stamp;
use super::values::FieldValue;
use super::visibility::Visibility;
use super::workflow::Status;

/// One version of an issue. Each write makes a new version; search may still know an older one. What versions have in
/// common they share, or an issue with a long history would be slow to write to.
#[derive(Clone, Debug)]
pub(super) struct Issue {
    pub id: u64,
    pub version: u64,
    /// The key of its project.
    pub project: String,
    /// Its number within the project.
    pub number: u64,
    /// The name of its type.
    pub kind: String,
    pub summary: String,
    /// An ADF document on Cloud, a string of wiki markup on Data Center.
    pub description: Option<Value>,
    /// As it was when this was written; a status may be renamed since.
    pub status: Status,
    /// What is in the fields beyond these, by id; empty fields have no entry.
    pub values: BTreeMap<String, FieldValue>,
    /// When it got its resolution.
    pub resolved: Option<DateTime<Utc>>,
    /// The accounts that may see it, by id (a security level); if absent, all that may browse the project.
    pub viewers: Option<BTreeSet<String>>,
    pub comments: Vec<Arc<Comment>>,
    /// Oldest first.
    pub attachments: Vec<Arc<Attachment>>,
    /// To other issues and from them.
    pub links: Vec<Arc<IssueLink>>,
    pub remote_links: Vec<Arc<RemoteLink>>,
    pub properties: BTreeMap<String, Value>,
    /// Oldest first.
    pub history: Vec<Arc<Change>>,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    /// The account id of who created it.
    pub creator: String,
}

#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub id: u64,
    pub author: String,
    /// As the description.
    pub body: Value,
    pub properties: BTreeMap<String, Value>,
    /// For all readers if absent.
    pub visibility: Option<Visibility>,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    /// The account id of who wrote it as it is now.
    pub editor: String,
}

/// One entry of the changelog: everything that one write changed.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub id: u64,
    pub at: DateTime<Utc>,
    pub author: String,
    pub items: Vec<Item>,
}

/// One field that changed. `from` and `to` are ids and exist only for fields that have ids.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Jira's own fields by id, custom ones by name.
    pub field: Cow<'static, str>,
    /// The id of a custom field.
    pub custom: Option<String>,
    pub from: Option<String>,
    pub from_text: Option<String>,
    pub to: Option<String>,
    pub to_text: Option<String>,
}

/// The door a write came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    Api,
    People,
}

/// Who did it, when, and through which door.
pub(super) struct By {
    pub at: DateTime<Utc>,
    pub author: String,
    pub via: Via,
}

impl Issue {
    pub(super) fn key(&self) -> String {
        format!("{}-{}", self.project, self.number)
    }

    pub(super) fn description_text(&self) -> String {
        self.description.as_ref().map(markup::text).unwrap_or_default()
    }

    pub(super) fn attachment(&self, id: u64) -> Option<&Arc<Attachment>> {
        self.attachments.iter().find(|it| it.id == id)
    }

    pub(super) fn view(&self) -> IssueView {
        IssueView {
            id: self.id.to_string(),
            key: self.key(),
            project: self.project.clone(),
            issue_type: self.kind.clone(),
            summary: self.summary.clone(),
            status: self.status.name.clone(),
            fields: self.values.iter().map(|(field, value)| (field.clone(), value.text())).collect(),
            resolved: self.resolved,
            description: self.description_text(),
            comments: self.comments.iter().map(|comment| comment.view()).collect(),
            attachments: self.attachments.iter().map(|attachment| attachment.view()).collect(),
            links: self.links.iter().map(|link| link.view(self.id)).collect(),
            remote_links: self.remote_links.iter().map(|link| link.view()).collect(),
            properties: self.properties.clone(),
            history: self.history.iter().flat_map(|change| change.view()).collect(),
            created: self.created,
            updated: self.updated,
            created_by: self.creator.clone(),
        }
    }
}

impl Comment {
    fn view(&self) -> CommentView {
        CommentView {
            id: self.id.to_string(),
            author: self.author.clone(),
            text: markup::text(&self.body),
            properties: self.properties.clone(),
            visibility: self.visibility.clone(),
            created: self.created,
            updated: self.updated,
        }
    }
}

impl Item {
    /// The id of the field, if it is one: what hangs on an issue is entered under names of their own.
    pub(super) fn field_id(&self) -> Option<&str> {
        match (&self.custom, &*self.field) {
            (Some(id), _) => Some(id),
            (None, "Attachment") => Some("attachment"),
            (None, "Link") => Some("issuelinks"),
            (None, "Version") => Some("versions"),
            (None, "Fix Version") => Some("fixVersions"),
            (None, "RemoteIssueLink") => None,
            (None, field) => Some(field),
        }
    }
}

impl Change {
    fn view(&self) -> impl Iterator<Item = ChangeView> {
        self.items.iter().map(|item| ChangeView {
            at: self.at,
            author: self.author.clone(),
            field: item.field.to_string(),
            from: item.from_text.clone().unwrap_or_default(),
            to: item.to_text.clone().unwrap_or_default(),
        })
    }
}

impl Item {
    pub(super) fn text(field: &'static str, from: Option<String>, to: Option<String>) -> Self {
        Self { field: field.into(), custom: None, from: None, from_text: from, to: None, to_text: to }
    }

    /// A change of one of Jira's own fields, by id and name.
    pub(super) fn system(field: &'static str, from: Option<(&str, &str)>, to: Option<(&str, &str)>) -> Self {
        let owned = |side: Option<(&str, &str)>| side.map(|(id, name)| (id.to_owned(), name.to_owned())).unzip();
        let ((from, from_text), (to, to_text)) = (owned(from), owned(to));
        Self { field: field.into(), custom: None, from, from_text, to, to_text }
    }
}

/// What an issue truly is at a moment, for tests and checkers. Bodies are plain text here; times are the site's.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueView {
    /// The numeric id, which never changes.
    pub id: String,
    /// Such as `USER-A-12`.
    pub key: String,
    /// The key of its project.
    pub project: String,
    /// The name of its type.
    pub issue_type: String,
    /// One line.
    pub summary: String,
    /// The name of its status.
    pub status: String,
    /// Empty if there is none.
    pub description: String,
    /// What is in its other fields, such as `labels` or `customfield_10010`, as people read it.
    pub fields: BTreeMap<String, String>,
    /// When it got its resolution.
    #[serde(serialize_with = "stamp::as_utc_or_null")]
    pub resolved: Option<DateTime<Utc>>,
    /// Oldest first.
    pub comments: Vec<CommentView>,
    /// Oldest first.
    pub attachments: Vec<AttachmentView>,
    /// Links to other issues, oldest first.
    pub links: Vec<LinkView>,
    /// Links to places elsewhere, oldest first.
    pub remote_links: Vec<RemoteLinkView>,
    /// By key.
    pub properties: BTreeMap<String, Value>,
    /// Oldest first.
    pub history: Vec<ChangeView>,
    /// In whole milliseconds, as all times of an issue.
    #[serde(serialize_with = "stamp::as_utc")]
    pub created: DateTime<Utc>,
    /// When anything was last written to it.
    #[serde(serialize_with = "stamp::as_utc")]
    pub updated: DateTime<Utc>,
    /// An account id.
    pub created_by: String,
}

/// One comment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CommentView {
    /// Unique on the site.
    pub id: String,
    /// An account id.
    pub author: String,
    /// Plain text.
    pub text: String,
    /// By key.
    pub properties: BTreeMap<String, Value>,
    /// The only users who may read it; all if absent.
    pub visibility: Option<Visibility>,
    /// When it was made.
    #[serde(serialize_with = "stamp::as_utc")]
    pub created: DateTime<Utc>,
    /// When its text was last written.
    #[serde(serialize_with = "stamp::as_utc")]
    pub updated: DateTime<Utc>,
}

/// One field changed; statuses by name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangeView {
    /// When it changed.
    #[serde(serialize_with = "stamp::as_utc")]
    pub at: DateTime<Utc>,
    /// An account id.
    pub author: String,
    /// As Jira names it, such as `status`, `Key` or `Attachment`; custom fields by name.
    pub field: String,
    /// Empty if there was nothing.
    pub from: String,
    /// Empty if nothing is left.
    pub to: String,
}

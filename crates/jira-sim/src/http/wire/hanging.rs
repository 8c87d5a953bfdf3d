//! How what hangs on an issue is written: files, comments, links.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Fields, Wire, texts};
use crate::attachment::Attachment;
use crate::file::hex;
use crate::flavour::Flavour;
use crate::issue::{Comment, Issue};
use crate::link::{IssueLink, LINK_TYPES, LinkType, RemoteLink};
use crate::markup;
use crate::visibility::Visibility;

impl Wire<'_> {
    /// An attachment among those of its issue.
    pub(in crate::http) fn attachment(&self, attachment: &Attachment) -> Value {
        let id = attachment.id;
        let content = match self.state.content_path(attachment) {
            Some(path) => format!("{}{path}", self.state.setup.base_url),
            None => self.url(&format!("attachment/content/{id}")),
        };
        let mut written = json!({
            "self": self.url(&format!("attachment/{id}")),
            "id": id.to_string(),
            "filename": attachment.filename,
            "author": self.user(&attachment.author),
            "created": self.time(attachment.created),
            "size": attachment.file.size(),
            "mimeType": attachment.mime,
            "content": content,
        });
        if attachment.mime.starts_with("image/") {
            written["thumbnail"] = self.thumbnail(id).into();
        }
        written
    }

    /// An attachment that is asked for itself: there Cloud's document has a number for its id, and Data Center's
    /// examples none at all.
    pub(in crate::http) fn attachment_by_itself(&self, attachment: &Attachment) -> Value {
        let mut written = self.attachment(attachment);
        match self.flavour {
            Flavour::Cloud => written["id"] = attachment.id.into(),
            Flavour::DataCenter => drop(written.as_object_mut().and_then(|members| members.remove("id"))),
        }
        written
    }

    fn thumbnail(&self, id: u64) -> String {
        match self.flavour {
            Flavour::Cloud => self.url(&format!("attachment/thumbnail/{id}")),
            Flavour::DataCenter => format!("{}/secure/thumbnail/{id}/_thumb_{id}.png", self.state.setup.base_url),
        }
    }

    /// The comments that the reader may read, oldest first.
    pub(in crate::http) fn readable<'i>(&self, issue: &'i Issue) -> impl Iterator<Item = &'i Comment> {
        issue.comments.iter().map(|comment| &**comment).filter(|comment| self.may_read(comment))
    }

    pub(in crate::http) fn may_read(&self, comment: &Comment) -> bool {
        let among = |visibility| self.reader.is_some_and(|reader| Visibility::includes(visibility, reader));
        comment.visibility.as_ref().is_none_or(among)
    }

    pub(super) fn comment_page(&self, issue: &Issue) -> Value {
        let comments: Vec<Value> = self.readable(issue).map(|it| self.comment(issue, it, &[])).collect();
        let count = comments.len();
        let url = self.url(&format!("issue/{}/comment", issue.id));
        json!({"comments": comments, "self": url, "maxResults": count, "total": count, "startAt": 0})
    }

    pub(in crate::http) fn comment(&self, issue: &Issue, comment: &Comment, expand: &[String]) -> Value {
        let mut written = json!({
            "self": self.url(&format!("issue/{}/comment/{}", issue.id, comment.id)),
            "id": comment.id.to_string(),
            "author": self.user(&comment.author),
            "updateAuthor": self.user(&comment.editor),
            "body": texts::write(self.api, &comment.body),
            "created": self.time(comment.created),
            "updated": self.time(comment.updated),
        });
        if self.flavour == Flavour::Cloud {
            written["jsdPublic"] = true.into();
        }
        if let Some(visibility) = &comment.visibility {
            written["visibility"] = self.visibility(visibility);
        }
        let expands = |wanted: &str| expand.iter().any(|it| it == wanted);
        if expands("properties") {
            let entity = |(key, value): (&String, &Value)| json!({"key": key, "value": value});
            written["properties"] = comment.properties.iter().map(entity).collect();
        }
        if expands("renderedBody") {
            written["renderedBody"] = rendered(&comment.body).into();
        }
        written
    }

    fn visibility(&self, visibility: &Visibility) -> Value {
        let mut written = json!({"type": visibility.kind(), "value": visibility.name()});
        if self.flavour == Flavour::Cloud {
            written["identifier"] = identifier(visibility).into();
        }
        written
    }

    /// The field `issuelinks`: links whose other end the reader does not see are left out.
    pub(super) fn links(&self, issue: &Issue) -> Value {
        issue.links.iter().filter_map(|link| self.link_from(issue, link)).collect()
    }

    fn link_from(&self, issue: &Issue, link: &IssueLink) -> Option<Value> {
        let (_, other) = link.seen_from(issue.id);
        let other = self.state.issues.get(other).filter(|other| self.state.may_see(&self.account, other))?;
        let other = self.linked_issue(other);
        let end = if issue.id == link.source { "outwardIssue" } else { "inwardIssue" };
        let mut written = self.link_itself(link);
        written[end] = other;
        Some(written)
    }

    /// A link with both its ends.
    pub(in crate::http) fn link(&self, link: &IssueLink) -> Option<Value> {
        let end = |id| self.state.issues.get(id).map(|issue| self.linked_issue(issue));
        let mut written = self.link_itself(link);
        written["inwardIssue"] = end(link.source)?;
        written["outwardIssue"] = end(link.destination)?;
        Some(written)
    }

    fn link_itself(&self, link: &IssueLink) -> Value {
        let url = self.url(&format!("issueLink/{}", link.id));
        json!({"id": link.id.to_string(), "self": url, "type": self.link_type(&link.kind)})
    }

    fn linked_issue(&self, issue: &Issue) -> Value {
        let fields = Fields::of(&["summary", "status", "priority", "issuetype"]);
        let url = self.url(&format!("issue/{}", issue.id));
        json!({"id": issue.id.to_string(), "key": issue.key(), "self": url, "fields": self.fields(issue, &fields)})
    }

    pub(in crate::http) fn link_types(&self) -> Value {
        LINK_TYPES.iter().map(|kind| self.link_type(kind)).collect()
    }

    fn link_type(&self, kind: &LinkType) -> Value {
        let url = self.url(&format!("issueLinkType/{}", kind.id));
        json!({"id": kind.id, "name": kind.name, "inward": kind.inward, "outward": kind.outward, "self": url})
    }

    pub(in crate::http) fn remote_link_url(&self, issue: &Issue, link: u64) -> String {
        self.url(&format!("issue/{}/remotelink/{link}", issue.key()))
    }

    /// A link to elsewhere, without what it lacks.
    pub(in crate::http) fn remote_link(&self, issue: &Issue, link: &RemoteLink) -> Value {
        let mut written = Map::new();
        written.insert("id".into(), link.id.into());
        written.insert("self".into(), self.remote_link_url(issue, link.id).into());
        written.insert("globalId".into(), link.global_id.clone().into());
        written.insert("application".into(), link.application.clone());
        written.insert("relationship".into(), link.relationship.clone().into());
        written.insert("object".into(), link.object.clone());
        written.retain(|_, value| !value.is_null());
        written.into()
    }
}

/// What Cloud knows a group or a role by when names change: a role by its name all the same, a group by an id.
pub(in crate::http) fn identifier(visibility: &Visibility) -> String {
    match visibility {
        Visibility::Role(name) => name.clone(),
        Visibility::Group(name) => {
            let id = hex(&Sha256::digest(name.as_bytes()));
            format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..32])
        }
    }
}

/// A text as HTML: paragraphs and nothing else.
fn rendered(body: &Value) -> String {
    let escaped = markup::text(body).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.lines().map(|line| format!("<p>{line}</p>")).collect()
}

//! Attachments, as an issue lists them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::time::time;
use super::user::User;
use crate::flow::{Attachment, AttachmentId, JiraTime};
use crate::jira::dialect::Dialect;

/// One of `fields.attachment`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct AttachmentBean {
    #[serde(deserialize_with = "attachment_id")]
    id: AttachmentId,
    filename: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    mime_type: String,
    author: Option<User>,
    #[serde(deserialize_with = "time")]
    created: JiraTime,
    #[serde(default)]
    content: String,
}

impl AttachmentBean {
    pub(in crate::jira) fn attachment(self, dialect: Dialect) -> Attachment {
        Attachment {
            id: self.id,
            filename: self.filename,
            size: self.size,
            mime: self.mime_type,
            author: self.author.as_ref().and_then(|author| dialect.identity(author)),
            created: self.created,
            content: self.content,
        }
    }
}

/// The document's examples have ids of attachments as numbers in one place and as texts in another.
pub(in crate::jira) fn attachment_id<'de, D: Deserializer<'de>>(from: D) -> Result<AttachmentId, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        Text(String),
        Number(u64),
    }
    let id = match Told::deserialize(from)? {
        Told::Text(text) => text,
        Told::Number(number) => number.to_string(),
    };
    id.parse().map_err(D::Error::custom)
}

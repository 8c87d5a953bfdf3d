//! Attachments: files that hang on an issue.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::file::File;
use super::stamp;

#[derive(Clone, Debug)]
pub(super) struct Attachment {
    pub id: u64,
    pub filename: String,
    pub mime: String,
    /// An account id.
    pub author: String,
    pub created: DateTime<Utc>,
    pub file: File,
}

impl Attachment {
    pub(super) fn view(&self) -> AttachmentView {
        AttachmentView {
            id: self.id.to_string(),
            filename: self.filename.clone(),
            size: self.file.size(),
            mime: self.mime.clone(),
            author: self.author.clone(),
            created: self.created,
            sha256: self.file.sha256.to_string(),
        }
    }
}

/// One attachment, for tests and checkers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttachmentView {
    /// Unique on the site.
    pub id: String,
    /// As it was uploaded.
    pub filename: String,
    /// In bytes.
    pub size: u64,
    /// Jira's `mimeType`.
    pub mime: String,
    /// An account id.
    pub author: String,
    /// In whole milliseconds.
    #[serde(serialize_with = "stamp::as_utc")]
    pub created: DateTime<Utc>,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// The type of a file that came without one, as far as its name tells.
pub(super) fn mime_of(filename: &str) -> &'static str {
    let extension = filename.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "txt" | "log" => "text/plain",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

//! Attachments: what they are, and how one gets from one issue to another without ever being held.

use crate::flow::{AccountId, JiraTime};

/// A file on an issue, as Jira lists it (`fields.attachment[]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Jira's id, never given to another (`id`).
    pub id: String,
    /// Its name as somebody gave it, with any characters at all (`filename`).
    pub filename: String,
    /// Bytes (`size`).
    pub size: u64,
    /// What whoever uploaded it took it for, such as `image/png`; may be wrong (`mimeType`).
    pub mime: String,
    /// Who uploaded it; `None` for an account that is gone or hidden (`author`).
    pub author: Option<AccountId>,
    /// When it was uploaded, on Jira's clock (`created`).
    pub created: JiraTime,
    /// Where it can be fetched (`content`).
    pub content: String,
}

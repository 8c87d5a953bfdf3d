//! Files on issues, and which of them were copied.

use super::name::{AccountId, AttachmentId, IssueId};
use super::time::JiraTime;

/// A file on an issue, as Jira lists it (`fields.attachment[]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Jira's id, never given to another (`id`).
    pub id: AttachmentId,
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

/// An entry of the ledger: a customer's file that need not be copied any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The user issue that has the file.
    pub on: IssueId,
    /// The file.
    pub file: AttachmentId,
    /// Its copy on the dev issue; `None` for a file that is left where it is: it was there before the pair was found,
    /// or Jira will never take it.
    pub copy: Option<AttachmentId>,
}

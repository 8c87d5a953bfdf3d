//! Attachments: what they are, and how one gets from one issue to another without ever being held.

mod copy;
mod form;

use serde::Deserialize;

use super::Client;
use super::error::Error;
use crate::flow::{Attachment, AttachmentId, IssueId};
use copy::Route;

/// What a site lets be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentLimits {
    /// Whether anything may be attached at all (`enabled`).
    pub enabled: bool,
    /// Bytes of the largest file (`uploadLimit`); `None` where the site doesn't say.
    #[serde(default)]
    pub upload_limit: Option<u64>,
}

impl Client {
    /// Copies a file from `source`, the client that read `attachment`, to an issue here, and tells the copy's id. It
    /// streams: at no time more than a piece of it is held. The upload is never repeated.
    ///
    /// # Errors
    /// When the file can't be fetched, is not of the size that `attachment` tells (then Jira has stored nothing), or is
    /// not taken; too large is [`super::Fault::TooLarge`]. [`Error::effect`] tells whether a copy may be there all the
    /// same.
    pub async fn copy_attachment(
        &self,
        source: &Client,
        attachment: &Attachment,
        target: &IssueId,
    ) -> Result<AttachmentId, Error> {
        let route = Route {
            source: &source.caller,
            sink: &self.caller,
            path: self.dialect.api(&format!("issue/{target}/attachments")),
            limits: self.dialect.api("attachment/meta"),
        };
        // Boxed: what two requests and their limits take would weigh on every future that may ever copy a file.
        Box::pin(route.copy(attachment)).await
    }

    /// What may be attached here.
    ///
    /// # Errors
    /// When Jira does not answer well.
    pub async fn attachment_limits(&self) -> Result<AttachmentLimits, Error> {
        Ok(self.json(copy::ask_limits(self.dialect.api("attachment/meta"))).await?.value)
    }
}

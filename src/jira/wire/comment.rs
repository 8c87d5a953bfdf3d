//! Comments.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::entries::{Entries, if_readable};
use super::mark::Property;
use super::time::time;
use super::user::User;
use crate::flow::JiraTime;

/// A page of `GET issue/{id}/comment`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct Comments {
    pub comments: Entries<CommentBean>,
    pub start_at: u64,
    pub total: u64,
}

/// A comment.
#[derive(Deserialize)]
pub(in crate::jira) struct CommentBean {
    pub id: String,
    pub author: Option<User>,
    pub body: Option<Box<RawValue>>,
    #[serde(deserialize_with = "time")]
    pub created: JiraTime,
    /// To whom it is restricted, if it is.
    pub visibility: Option<Box<RawValue>>,
    /// `None` where this Jira does not tell properties.
    #[serde(default, deserialize_with = "if_readable")]
    pub properties: Option<Vec<Property>>,
}

//! Comments.

use serde::Deserialize;
use serde_json::Value;

use super::mark::Property;
use super::time::time;
use super::user::User;
use crate::flow::JiraTime;

/// A page of `GET issue/{id}/comment`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::jira) struct Comments {
    pub comments: Vec<CommentBean>,
    pub start_at: u64,
    pub total: u64,
}

/// A comment.
#[derive(Deserialize)]
pub(in crate::jira) struct CommentBean {
    pub id: String,
    pub author: Option<User>,
    pub body: Option<Value>,
    #[serde(deserialize_with = "time")]
    pub created: JiraTime,
    /// To whom it is restricted, if it is.
    pub visibility: Option<Value>,
    /// `None` where this Jira does not tell properties.
    pub properties: Option<Vec<Property>>,
}

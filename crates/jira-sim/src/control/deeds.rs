//! What people do, ordered from outside.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::{Body, Problem};
use crate::deed;
use crate::file::FileContent;
use crate::site::Site;
use crate::visibility;

/// Somebody, by account id or name, and what they do: `{"who": "Ines", "deed": {"move": {"issue": "USER-A-1", "status":
/// "Will Do"}}}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    who: String,
    deed: Deed,
}

/// See [`deed::Deed`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Deed {
    Create {
        project: String,
        summary: String,
        #[serde(default)]
        text: String,
    },
    #[serde(rename_all = "camelCase")]
    Clone {
        issue: String,
        #[serde(default)]
        with_properties: bool,
    },
    Move {
        issue: String,
        status: String,
    },
    Rename {
        issue: String,
        summary: String,
    },
    Describe {
        issue: String,
        text: String,
    },
    Rewrite {
        issue: String,
        document: Value,
    },
    Comment {
        issue: String,
        text: String,
    },
    SetProperty {
        issue: String,
        key: String,
        value: Value,
    },
    Delete {
        issue: String,
    },
    Label {
        issue: String,
        labels: Vec<String>,
    },
    Fill {
        issue: String,
        field: String,
        value: Value,
    },
    Prioritise {
        issue: String,
        priority: String,
    },
    MoveToProject {
        issue: String,
        project: String,
    },
    CommentFor {
        issue: String,
        text: String,
        visibility: Visibility,
    },
    EditComment {
        issue: String,
        comment: String,
        text: String,
    },
    DeleteComment {
        issue: String,
        comment: String,
    },
    Attach {
        issue: String,
        filename: String,
        content: Content,
    },
    Detach {
        issue: String,
        attachment: String,
    },
    /// Without `viewers` all may see it again.
    Restrict {
        issue: String,
        viewers: Option<Vec<String>>,
    },
}

/// See [`visibility::Visibility`]: `{"role": "Developers"}`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Visibility {
    Role(String),
    Group(String),
}

/// What a file consists of: `{"text": "…"}`, `{"base64": "…"}`, or noise, `{"made": {"size": 5000000, "seed": 1}}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Content {
    Text(String),
    Base64(String),
    Made { size: u64, seed: u64 },
}

#[derive(Debug, Serialize)]
pub(super) struct Done {
    /// The key of the issue it was done to.
    issue: String,
}

pub(super) async fn act(
    State(site): State<Arc<Site>>,
    Body(Order { who, deed }): Body<Order>,
) -> Result<Json<Done>, Problem> {
    let deed = deed.try_into().map_err(Problem::bad)?;
    let issue = site.act(&who, deed)?;
    Ok(Json(Done { issue }))
}

impl TryFrom<Deed> for deed::Deed {
    type Error = String;

    fn try_from(deed: Deed) -> Result<Self, String> {
        Ok(match deed {
            Deed::Create { project, summary, text } => Self::Create { project, summary, text },
            Deed::Clone { issue, with_properties } => Self::Clone { issue, with_properties },
            Deed::Move { issue, status } => Self::Move { issue, status },
            Deed::Rename { issue, summary } => Self::Rename { issue, summary },
            Deed::Describe { issue, text } => Self::Describe { issue, text },
            Deed::Rewrite { issue, document } => Self::Rewrite { issue, document },
            Deed::Comment { issue, text } => Self::Comment { issue, text },
            Deed::SetProperty { issue, key, value } => Self::SetProperty { issue, key, value },
            Deed::Delete { issue } => Self::Delete { issue },
            Deed::Label { issue, labels } => Self::Label { issue, labels },
            Deed::Fill { issue, field, value } => Self::Fill { issue, field, value },
            Deed::Prioritise { issue, priority } => Self::Prioritise { issue, priority },
            Deed::MoveToProject { issue, project } => Self::MoveToProject { issue, project },
            Deed::Restrict { issue, viewers } => Self::Restrict { issue, viewers },
            Deed::CommentFor { issue, text, visibility } => {
                Self::CommentFor { issue, text, visibility: visibility.into() }
            }
            Deed::EditComment { issue, comment, text } => Self::EditComment { issue, comment, text },
            Deed::DeleteComment { issue, comment } => Self::DeleteComment { issue, comment },
            Deed::Attach { issue, filename, content } => Self::Attach { issue, filename, content: content.try_into()? },
            Deed::Detach { issue, attachment } => Self::Detach { issue, attachment },
        })
    }
}

impl TryFrom<Content> for FileContent {
    type Error = String;

    fn try_from(content: Content) -> Result<Self, String> {
        let decoded = |text: String| BASE64_STANDARD.decode(text).map_err(|why| format!("deed.attach.content: {why}"));
        Ok(match content {
            Content::Text(text) => Self::Kept(text.into()),
            Content::Base64(text) => Self::Kept(decoded(text)?.into()),
            Content::Made { size, seed } => Self::Made { size, seed },
        })
    }
}

impl From<Visibility> for visibility::Visibility {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Role(name) => Self::Role(name),
            Visibility::Group(name) => Self::Group(name),
        }
    }
}

impl From<visibility::Visibility> for Visibility {
    fn from(visibility: visibility::Visibility) -> Self {
        match visibility {
            visibility::Visibility::Role(name) => Self::Role(name),
            visibility::Visibility::Group(name) => Self::Group(name),
        }
    }
}

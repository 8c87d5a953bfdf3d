//! What people do, ordered from outside.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::{Body, Problem};
use crate::sim::site::{self, Site};

/// Somebody, by account id or name, and what they do: `{"who": "Ines", "deed": {"move": {"issue": "USER-A-1", "status":
/// "Will Do"}}}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    who: String,
    deed: Deed,
}

/// See [`site::Deed`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Deed {
    Create {
        project: String,
        summary: String,
        #[serde(default)]
        text: String,
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
    Prioritise {
        issue: String,
        priority: String,
    },
    MoveToProject {
        issue: String,
        project: String,
    },
    /// Without `viewers` all may see it again.
    Restrict {
        issue: String,
        viewers: Option<Vec<String>>,
    },
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
    let issue = site.act(&who, deed.into())?;
    Ok(Json(Done { issue }))
}

impl From<Deed> for site::Deed {
    fn from(deed: Deed) -> Self {
        match deed {
            Deed::Create { project, summary, text } => Self::Create { project, summary, text },
            Deed::Move { issue, status } => Self::Move { issue, status },
            Deed::Rename { issue, summary } => Self::Rename { issue, summary },
            Deed::Describe { issue, text } => Self::Describe { issue, text },
            Deed::Comment { issue, text } => Self::Comment { issue, text },
            Deed::SetProperty { issue, key, value } => Self::SetProperty { issue, key, value },
            Deed::Delete { issue } => Self::Delete { issue },
            Deed::Label { issue, labels } => Self::Label { issue, labels },
            Deed::Prioritise { issue, priority } => Self::Prioritise { issue, priority },
            Deed::MoveToProject { issue, project } => Self::MoveToProject { issue, project },
            Deed::Restrict { issue, viewers } => Self::Restrict { issue, viewers },
        }
    }
}

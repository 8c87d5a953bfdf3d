//! Actions of people, by order.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::problem::{Body, Problem};
use crate::action::Action;
use crate::site::Site;

/// An account, by id or name, and what it does: `{"who": "Ines", "deed": {"move": {"issue": "USER-A-1", "status":
/// "Will Do"}}}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    who: String,
    #[serde(rename = "deed")]
    action: Action,
}

#[derive(Debug, Serialize)]
pub(super) struct Done {
    /// The key of the issue it was done to.
    issue: String,
}

pub(super) async fn act(
    State(site): State<Arc<Site>>,
    Body(Order { who, action }): Body<Order>,
) -> Result<Json<Done>, Problem> {
    let issue = site.act(&who, action)?;
    Ok(Json(Done { issue }))
}

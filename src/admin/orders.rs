//! `POST /api/v1/flows/NAME/pair|unpair|recreate`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Inside;
use super::complaint;
use crate::flow::{FlowName, IssueKey, Order};
use crate::supervisor::Ordered;

/// What an order's body says.
pub(super) trait Wanted: DeserializeOwned {
    /// As it is written, for people.
    const EXAMPLE: &'static str;

    /// The order; in words what is no key.
    fn order(&self) -> Result<Order, String>;
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToPair {
    user: String,
    dev: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToUnpair {
    issue: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToRecreate {
    user: String,
}

impl Wanted for ToPair {
    const EXAMPLE: &'static str = r#"{"user": "USER-A-1", "dev": "DEV-A-7"}"#;

    fn order(&self) -> Result<Order, String> {
        Ok(Order::Pair { user: key(&self.user)?, dev: key(&self.dev)? })
    }
}

impl Wanted for ToUnpair {
    const EXAMPLE: &'static str = r#"{"issue": "USER-A-1"}"#;

    fn order(&self) -> Result<Order, String> {
        Ok(Order::Unpair { issue: key(&self.issue)? })
    }
}

impl Wanted for ToRecreate {
    const EXAMPLE: &'static str = r#"{"user": "USER-A-1"}"#;

    fn order(&self) -> Result<Order, String> {
        Ok(Order::Recreate { user: key(&self.user)? })
    }
}

/// Issue keys are written in capitals; people needn't.
fn key(text: &str) -> Result<IssueKey, String> {
    text.trim().to_ascii_uppercase().parse().map_err(|no: crate::flow::NotA| no.to_string())
}

#[derive(Serialize)]
struct Done {
    done: String,
}

/// 200 with what was done; 409 when it is refused; 503 when the flow can't do it now.
pub(super) async fn give<W: Wanted>(
    State(inside): State<Inside>,
    Path(flow): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let order = match read::<W>(&headers, body) {
        Ok(order) => order,
        Err((code, why)) => return complaint(code, &why),
    };
    let Ok(flow) = flow.parse::<FlowName>() else { return unknown(&flow) };
    match inside.handle.order(&flow, order).await {
        None => unknown(flow.as_str()),
        Some(Ordered::Obeyed(obeyed)) => Json(Done { done: obeyed.what }).into_response(),
        Some(Ordered::Refused(refused)) => complaint(StatusCode::CONFLICT, &refused.why),
        Some(Ordered::NotNow { why }) => {
            complaint(StatusCode::SERVICE_UNAVAILABLE, &format!("not now, and nothing was changed: {why}"))
        }
        Some(Ordered::BrokenOff { why }) => {
            let why = format!("begun, and perhaps carried out in part: {why}. Give the order again");
            complaint(StatusCode::SERVICE_UNAVAILABLE, &why)
        }
    }
}

pub(super) fn unknown(flow: &str) -> Response {
    complaint(StatusCode::NOT_FOUND, &format!("there is no flow {flow:?}"))
}

fn read<W: Wanted>(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Order, (StatusCode, String)> {
    if !is_json(headers) {
        let why = "the body must be JSON, and say so: Content-Type: application/json";
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, why.to_owned()));
    }
    let body = body.map_err(|rejection| (rejection.status(), rejection.body_text()))?;
    let bad = |why: String| (StatusCode::BAD_REQUEST, format!("{why}; write {}", W::EXAMPLE));
    let wanted: W = serde_json::from_slice(&body).map_err(|error| bad(error.to_string()))?;
    wanted.order().map_err(bad)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

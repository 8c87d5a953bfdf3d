//! `POST /api/v1/flows/NAME/pair|unpair|recreate`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;

use super::Inside;
use super::answer::{no_flow, problem};
use crate::api::{OrderDone, PairOrder, RecreateOrder, UnpairOrder};
use crate::flow::{FlowName, IssueKey, NotA, Order};
use crate::supervisor::OrderOutcome;

/// The body of an order.
pub(super) trait Body: DeserializeOwned {
    /// For people.
    const EXAMPLE: &'static str;

    /// The order, unless something in it is no key.
    fn order(&self) -> Result<Order, NotA>;
}

impl Body for PairOrder {
    const EXAMPLE: &'static str = r#"{"user": "USER-A-1", "dev": "DEV-A-7"}"#;

    fn order(&self) -> Result<Order, NotA> {
        Ok(Order::Pair { user: IssueKey::typed(&self.user)?, dev: IssueKey::typed(&self.dev)? })
    }
}

impl Body for UnpairOrder {
    const EXAMPLE: &'static str = r#"{"issue": "USER-A-1"}"#;

    fn order(&self) -> Result<Order, NotA> {
        Ok(Order::Unpair { issue: IssueKey::typed(&self.issue)? })
    }
}

impl Body for RecreateOrder {
    const EXAMPLE: &'static str = r#"{"user": "USER-A-1"}"#;

    fn order(&self) -> Result<Order, NotA> {
        Ok(Order::Recreate { user: IssueKey::typed(&self.user)? })
    }
}

/// 200 with what was done; 409 when it is refused; 503 when the flow can't do it now.
pub(super) async fn give<B: Body>(
    State(inside): State<Inside>,
    Path(flow): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let order = match read::<B>(&headers, body) {
        Ok(order) => order,
        Err((code, why)) => return problem(code, why),
    };
    let Ok(flow) = flow.parse::<FlowName>() else { return no_flow(&flow) };
    match inside.handle.order(&flow, order).await {
        None => no_flow(flow.as_str()),
        Some(OrderOutcome::Executed(executed)) => Json(OrderDone { done: executed.what }).into_response(),
        Some(OrderOutcome::Refused(refused)) => problem(StatusCode::CONFLICT, refused.why),
        Some(OrderOutcome::NotNow { why }) => {
            problem(StatusCode::SERVICE_UNAVAILABLE, format!("not now, and nothing was changed: {why}"))
        }
        Some(OrderOutcome::BrokenOff { why }) => {
            let why = format!("begun, and perhaps carried out in part: {why}. Give the order again");
            problem(StatusCode::SERVICE_UNAVAILABLE, why)
        }
    }
}

fn read<B: Body>(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Order, (StatusCode, String)> {
    if !is_json(headers) {
        let why = "the body must be JSON, and say so: Content-Type: application/json";
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, why.to_owned()));
    }
    let body = body.map_err(|rejection| (rejection.status(), rejection.body_text()))?;
    let bad = |why: String| (StatusCode::BAD_REQUEST, format!("{why}; write {}", B::EXAMPLE));
    let body: B = serde_json::from_slice(&body).map_err(|error| bad(error.to_string()))?;
    body.order().map_err(|no_key| bad(no_key.to_string()))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

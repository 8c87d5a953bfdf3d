//! The admin server: how others see the process over HTTP.
//!
//! It holds a supervisor's [`Handle`] (look, read, wake, order) and knows nothing of workers, engine or stores.

mod access;
mod answer;
mod connections;
mod data;
mod flows;
mod health;
mod history;
mod orders;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, middleware};

pub use access::Access;
pub use connections::serve;

use crate::api::{PairOrder, RecreateOrder, UnpairOrder};
use crate::clock::Clock;
use crate::supervisor::Handle;

/// No order needs a longer body.
const BODY_LIMIT: usize = 64 << 10;

#[derive(Clone)]
struct Inside {
    handle: Handle,
    clock: Clock,
}

/// Everything that the admin server answers:
///
/// - `GET /health`: how the flows are, as the Node service had it; with `?strict`, 503 when anything needs a look;
/// - `GET /livez`: 200 while the process can answer at all;
/// - `GET /readyz`: 200 once the flows directory has been looked at, 503 before and while stopping;
/// - `GET /api/v1/flows`: how flows stand, and what the log dropped; `GET /api/v1/flows/NAME`: how one stands, and what its data says;
/// - `GET /api/v1/flows/NAME/history?issue=KEY-OR-ID&before=N&limit=N`: what was done, latest first;
/// - `POST /api/v1/flows/NAME/pair`, `…/unpair`, `…/recreate`: what an operator decides about pairs.
///
/// All below `/api/` is answered only to whom `access` lets in: 421 for a foreign `Host`, 403 for a foreign `Origin`, 401
/// without the token.
pub fn router(handle: Handle, clock: Clock, access: Access) -> Router {
    let api = Router::new()
        .route("/flows", get(flows::all))
        .route("/flows/{name}", get(flows::one))
        .route("/flows/{name}/history", get(history::page))
        .route("/flows/{name}/pair", post(orders::give::<PairOrder>))
        .route("/flows/{name}/unpair", post(orders::give::<UnpairOrder>))
        .route("/flows/{name}/recreate", post(orders::give::<RecreateOrder>))
        .fallback(nothing_here)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(access, access::guard));
    Router::new()
        .nest("/api/v1", api)
        .route("/health", get(health::health))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(Inside { handle, clock })
}

async fn ready(State(inside): State<Inside>) -> (StatusCode, &'static str) {
    if inside.handle.look().ready {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

async fn nothing_here() -> Response {
    answer::problem(StatusCode::NOT_FOUND, "there is no such path")
}

async fn no_such_method() -> Response {
    answer::problem(StatusCode::METHOD_NOT_ALLOWED, "this path does not support the method")
}

#[cfg(test)]
mod tests;

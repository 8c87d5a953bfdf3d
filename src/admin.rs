//! The admin server: how others see the process over HTTP.
//!
//! It holds a supervisor's [`Handle`] (look, wake) and knows nothing of workers, engine or stores.

mod health;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::supervisor::Handle;

#[derive(Clone)]
struct Inside {
    handle: Handle,
    clock: Clock,
}

/// Everything that the admin server answers:
///
/// - `GET /health`: how the flows are, as the Node service had it; with `?strict`, 503 when anything needs a look;
/// - `GET /livez`: 200 while the process can answer at all;
/// - `GET /readyz`: 200 once the flows directory has been looked at, 503 before and while stopping.
pub fn router(handle: Handle, clock: Clock) -> Router {
    Router::new()
        .route("/health", get(health::health))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(Inside { handle, clock })
}

/// Serves `router` on `listener` until `stop`, and then until the answers begun are given.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn ready(State(inside): State<Inside>) -> (StatusCode, &'static str) {
    if inside.handle.look().ready {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

#[cfg(test)]
mod tests;

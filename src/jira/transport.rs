//! The first gate: one request out, one response or nothing back.
//!
//! Redirects, retries, timeouts and limits are ours, above this trait, so that they are the same over a real network and
//! in memory.

mod near;
mod network;
mod proxies;

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use tower::ServiceExt;

use crate::flow::{JiraAccess, Secret};
use crate::settings::Proxy;
pub(super) use network::wants_login;
pub use network::{Network, Networks};

/// A streaming body. Unsynchronised because the simulator's are.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Whatever ended a body early.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Carries requests to Jira.
pub trait Transport: Send + Sync {
    /// Sends one request, whose body may be taken piece by piece and may break. The response's body may still break
    /// while it is read.
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, Unreachable>>;

    /// What must not be told on although it comes back in an answer: the credentials for proxies.
    fn secrets(&self) -> Vec<Secret> {
        Vec::new()
    }
}

/// Finds the way by which a flow's requests leave.
pub trait Transports: Send + Sync {
    /// The transport to the Jira of `access`.
    ///
    /// # Errors
    /// When none can be made, such as for a broken certificate in `jira.caFile`.
    fn of(&self, access: &JiraAccess) -> Result<Arc<dyn Transport>, Unreachable>;
}

/// One transport serves all flows.
impl<T: Transport + 'static> Transports for Arc<T> {
    fn of(&self, _: &JiraAccess) -> Result<Arc<dyn Transport>, Unreachable> {
        Ok(Arc::clone(self) as Arc<dyn Transport>)
    }
}

/// Marks a request for a file that the site says is kept elsewhere. It goes to no address of this machine or its link
/// unless the site is there too: whoever may write to an issue could else have this machine ask its own services.
#[derive(Clone, Debug)]
pub(super) struct ToStranger {
    /// The site's host.
    pub site: String,
}

/// Marks a response that came through this proxy, which may have given it itself.
#[derive(Clone, Debug)]
pub(super) struct ThroughProxy(pub Proxy);

/// No response came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unreachable {
    /// Whether the request may have arrived all the same.
    pub begun: bool,
    /// What the network said.
    pub why: String,
}

/// A body that is all there already.
#[must_use]
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Straight into a server that lives in the same process, without a socket: for simulation.
pub struct InMemory(axum::Router);

impl InMemory {
    /// Requests go to `server`, whatever host they name.
    #[must_use]
    pub fn new(server: axum::Router) -> Self {
        Self(server)
    }
}

impl Transport for InMemory {
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, Unreachable>> {
        let answer = self.0.clone().oneshot(request.map(axum::body::Body::new));
        Box::pin(async move {
            let response = answer.await.unwrap_or_else(|never| match never {});
            Ok(response.map(|body| body.map_err(BoxError::from).boxed_unsync()))
        })
    }
}

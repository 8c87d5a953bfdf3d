//! The first gate: one request out, one response or nothing back.
//!
//! Redirects, decompression, retries, timeouts and limits are ours, above this trait, so that they are the same over a
//! real network and in memory.

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use tower::ServiceExt;

/// A streaming body. Unsynchronised because the simulator's are.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Whatever ended a body early.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Carries requests to Jira.
pub trait Transport: Send + Sync {
    /// Sends one request. The response's body may still break while it is read.
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, Unreachable>>;
}

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

/// Over the network.
pub struct Network {
    /// Through the proxies that the environment names.
    outside: reqwest::Client,
    /// Straight: nobody's proxy can reach our own loopback.
    loopback: reqwest::Client,
}

impl Network {
    /// # Errors
    /// When no HTTP client can be made on this machine.
    pub fn new() -> Result<Self, Unreachable> {
        Ok(Self { outside: client(|builder| builder)?, loopback: client(reqwest::ClientBuilder::no_proxy)? })
    }

    async fn carry(&self, request: Request<Body>) -> Result<Response<Body>, Unreachable> {
        let (parts, body) = request.into_parts();
        // All that we send so far is small and complete; streaming uploads will wrap the body instead.
        let bytes = body.collect().await.map_err(|e| Unreachable { begun: false, why: e.to_string() })?.to_bytes();
        let request = reqwest::Request::try_from(Request::from_parts(parts, bytes))
            .map_err(|e| Unreachable { begun: false, why: story(&e) })?;
        let client = if is_loopback(request.url()) { &self.loopback } else { &self.outside };
        let response = client
            .execute(request)
            .await
            .map_err(|e| Unreachable { begun: !e.is_connect() && !e.is_builder(), why: story(&e) })?;
        Ok(Response::from(response).map(|body| body.map_err(BoxError::from).boxed_unsync()))
    }
}

impl Transport for Network {
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, Unreachable>> {
        Box::pin(self.carry(request))
    }
}

/// A machine without any authorities' certificates can still speak plain HTTP: there it gets a client that trusts
/// nobody, whose first https request says so.
fn client(shape: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Result<reqwest::Client, Unreachable> {
    let builder = || {
        let plain = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(std::time::Duration::from_secs(10));
        shape(plain)
    };
    let made = builder().build().or_else(|_| builder().tls_certs_only([]).build());
    made.map_err(|e| Unreachable { begun: false, why: story(&e) })
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
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

/// An error with its causes, without the URL, which is told elsewhere.
fn story(error: &reqwest::Error) -> String {
    let mut parts = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        parts.push(error.to_string());
        cause = error.source();
    }
    if parts.is_empty() { "the request could not be sent".to_owned() } else { parts.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_the_outside() {
        let cases = [
            ("http://127.0.0.1:8080/x", true),
            ("http://localhost/x", true),
            ("http://[::1]:1/x", true),
            ("https://127.0.0.1.example.net/", false),
            ("https://a.example.net/", false),
        ];
        for (url, loopback) in cases {
            assert_eq!(is_loopback(&url.parse().unwrap()), loopback, "{url}");
        }
    }
}

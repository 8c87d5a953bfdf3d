//! Access to the API: checks `Host`, `Origin` and the token of a request, in this order.
//!
//! A page of another site, open in an operator's browser, can send requests to this server. `Origin` reveals such a page; if
//! that site lets a host name of its own resolve to this server, `Host` reveals it.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::answer::problem;
use super::connections::{Connection, Credential, Crowded};
use crate::flow::Secret;

/// Host names of loopback.
const LOOPBACK: [&str; 1] = ["localhost"];

/// The checks of requests to the API.
#[derive(Clone)]
pub struct Access(Arc<Gate>);

struct Gate {
    token: Secret,
    listen: SocketAddr,
    /// In lower case.
    names: BTreeSet<String>,
}

/// Why a request is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rejection {
    ForeignHost,
    ForeignOrigin,
    NoToken,
    WrongToken,
}

impl Access {
    /// Requires this token, and a `Host` that is loopback, the address at which the server listens, or one of these names.
    #[must_use]
    pub fn new(token: Secret, listen: SocketAddr, names: &[String]) -> Self {
        let names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self(Arc::new(Gate { token, listen, names }))
    }

    fn rejection(&self, headers: &HeaderMap) -> Option<Rejection> {
        let Some(host) = authority(headers, &header::HOST).filter(|host| self.is_ours(host)) else {
            return Some(Rejection::ForeignHost);
        };
        if headers.contains_key(header::ORIGIN) && !is_same_origin(headers, &host) {
            return Some(Rejection::ForeignOrigin);
        }
        match bearer(headers) {
            None => Some(Rejection::NoToken),
            Some(token) if same(token, self.0.token.expose()) => None,
            Some(_) => Some(Rejection::WrongToken),
        }
    }

    /// Whether a `Host` is this server's. A foreign page can't resolve an IP address to another server (DNS rebinding), so those
    /// at which this server listens are accepted without being listed.
    fn is_ours(&self, host: &Authority) -> bool {
        let name = host.host().to_ascii_lowercase();
        let number = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match number {
            Ok(ip) => ip.is_loopback() || self.0.listen.ip() == ip || self.0.listen.ip().is_unspecified(),
            Err(_) => LOOPBACK.contains(&&*name) || self.0.names.contains(&name),
        }
    }
}

/// Passes permitted requests on, and answers all others.
pub(super) async fn guard(State(access): State<Access>, request: Request, next: Next) -> Response {
    if let Some(rejection) = access.rejection(request.headers()) {
        return rejection.answer();
    }
    match Connection::of(&request).map(|connection| connection.authenticate(Credential::ApiToken)) {
        None | Some(Ok(())) => next.run(request).await,
        Some(Err(crowded)) => crowded.answer(),
    }
}

impl Crowded {
    /// Nothing was done.
    fn answer(self) -> Response {
        let why = match self {
            Self::TooMany => {
                "too many connections with a valid token are being answered; ask again later, or raise \
                 LOCKSTEP_AUTHENTICATED_CONNECTIONS"
            }
            Self::Closed => "this connection was closed for a newer one; ask again",
        };
        ([(header::CONNECTION, "close")], problem(StatusCode::SERVICE_UNAVAILABLE, why)).into_response()
    }
}

impl Rejection {
    fn answer(self) -> Response {
        match self {
            Self::ForeignHost => problem(
                StatusCode::MISDIRECTED_REQUEST,
                "the name in Host is not known to be this server's; add it with --api-host",
            ),
            Self::ForeignOrigin => problem(StatusCode::FORBIDDEN, "requests from pages of other sites are refused"),
            Self::NoToken => unauthorised("a token is needed: Authorization: Bearer TOKEN"),
            Self::WrongToken => unauthorised("the token is wrong"),
        }
    }
}

fn unauthorised(why: &str) -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    (challenge, problem(StatusCode::UNAUTHORIZED, why)).into_response()
}

fn authority(headers: &HeaderMap, name: &header::HeaderName) -> Option<Authority> {
    let mut values = headers.get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    only.to_str().ok()?.parse().ok()
}

/// Whether the page that sends the request was loaded from the same host and port.
fn is_same_origin(headers: &HeaderMap, host: &Authority) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let only = origins.next().filter(|_| origins.next().is_none()).and_then(|origin| origin.to_str().ok());
    let page = only.and_then(|origin| origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")));
    page.is_some_and(|page| page.eq_ignore_ascii_case(host.as_str()))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares in constant time. Digests are compared, since these have one length.
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (Sha256::digest(one), Sha256::digest(other));
    one.as_slice().ct_eq(other.as_slice()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(listen: &str, headers: &[(&str, &str)]) -> Option<Rejection> {
        let access =
            Access::new(Secret::new("hunter2".into()), listen.parse().unwrap(), &["Lockstep.example.net".into()]);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(header::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        access.rejection(&map)
    }

    const TOKEN: (&str, &str) = ("authorization", "Bearer hunter2");

    #[test]
    fn only_names_of_its_own_are_answered() {
        for (listen, host, is_good) in [
            ("127.0.0.1:3000", "127.0.0.1:3000", true),
            ("127.0.0.1:3000", "localhost:3000", true),
            ("127.0.0.1:3000", "LOCALHOST", true),
            ("127.0.0.1:3000", "[::1]:3000", true),
            ("127.0.0.1:3000", "lockstep.example.net", true),
            ("127.0.0.1:3000", "lockstep.example.net.evil.net", false),
            ("127.0.0.1:3000", "evil.net:3000", false),
            ("127.0.0.1:3000", "10.0.0.7:3000", false),
            ("10.0.0.7:3000", "10.0.0.7:3000", true),
            ("0.0.0.0:3000", "10.0.0.7:3000", true),
            ("0.0.0.0:3000", "evil.net", false),
            ("127.0.0.1:3000", "", false),
        ] {
            let expected = if is_good { None } else { Some(Rejection::ForeignHost) };
            assert_eq!(rejection(listen, &[("host", host), TOKEN]), expected, "{host} at {listen}");
        }
        assert_eq!(rejection("127.0.0.1:3000", &[TOKEN]), Some(Rejection::ForeignHost), "without a host");
        let two = [("host", "localhost"), ("host", "evil.net"), TOKEN];
        assert_eq!(rejection("127.0.0.1:3000", &two), Some(Rejection::ForeignHost));
    }

    #[test]
    fn a_page_may_ask_only_where_it_came_from() {
        for (origin, is_good) in [
            ("http://localhost:3000", true),
            ("https://localhost:3000", true),
            ("http://localhost:3001", false),
            ("http://evil.net", false),
            ("null", false),
            ("", false),
        ] {
            let expected = if is_good { None } else { Some(Rejection::ForeignOrigin) };
            let headers = [("host", "localhost:3000"), ("origin", origin), TOKEN];
            assert_eq!(rejection("127.0.0.1:3000", &headers), expected, "{origin}");
        }
    }

    #[test]
    fn tokens_are_the_same_only_when_all_of_both_is() {
        assert!(same("hunter2", "hunter2"));
        assert!(same("", ""));
        for other in ["hunter3", "iunter2", "hunter", "hunter22", ""] {
            assert!(!same("hunter2", other) && !same(other, "hunter2"), "{other:?}");
        }
    }

    #[test]
    fn only_the_whole_token_opens() {
        let asked = |headers: &[(&str, &str)]| {
            let headers: Vec<_> = [("host", "localhost")].iter().chain(headers).copied().collect();
            rejection("127.0.0.1:3000", &headers)
        };
        assert_eq!(asked(&[]), Some(Rejection::NoToken));
        assert_eq!(asked(&[("authorization", "Basic hunter2")]), Some(Rejection::NoToken));
        for wrong in ["Bearer hunter", "Bearer hunter22", "Bearer ", "Bearer HUNTER2"] {
            assert!(
                matches!(asked(&[("authorization", wrong)]), Some(Rejection::WrongToken | Rejection::NoToken)),
                "{wrong}"
            );
        }
        assert_eq!(asked(&[("authorization", "bearer hunter2")]), None);
    }
}

//! What a fault means for one request.

use std::time::Duration;

use http::StatusCode;
use rand::rngs::StdRng;

use super::kind::{Denied, Effect, Garbage, Kind, LateReply, LoginReason, Paging, Redirect};
use crate::chance;

/// What becomes of one request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// Added to the site's usual latency.
    pub slower: Duration,
    pub fate: Fate,
    pub reply: Reply,
    pub name: Option<&'static str>,
}

/// What becomes of a request's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    InTime,
    Late(Duration),
    Never,
    /// The request waits for its release, before its effect or after it.
    Held(Effect),
}

/// What becomes of a request's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    True,
    Broken,
    None,
    TooMany {
        retry_after_secs: u64,
    },
    Unavailable {
        retry_after_secs: u64,
    },
    Error(StatusCode),
    Gateway(StatusCode),
    LoginPage,
    Truncated,
    Bytes,
    WrongType,
    Slow {
        piece: usize,
        pause: Duration,
    },
    Oversized(u64),
    /// 302 to this location.
    Redirect(String),
    Paging(Paging),
    Denied(Denied),
    ToNobody(LoginReason),
    NoEndpoint,
    Compressed,
}

impl Verdict {
    /// Nothing goes wrong.
    pub(super) fn fair() -> Self {
        Self { slower: Duration::ZERO, fate: Fate::InTime, reply: Reply::True, name: None }
    }

    /// What this fault does to a request for `path`.
    pub(super) fn of(kind: &Kind, path: &str, stream: &mut StdRng) -> Self {
        let slower = if let Kind::Latency { from, to } = kind {
            chance::between(stream, &(*from..=*to))
        } else {
            Duration::ZERO
        };
        Self { slower, fate: Fate::under(kind, stream), reply: Reply::under(kind, path), name: Some(kind.name()) }
    }
}

impl Fate {
    fn under(kind: &Kind, stream: &mut StdRng) -> Self {
        match kind {
            Kind::Latency { .. } | Kind::LostReply | Kind::SlowBody { .. } | Kind::Oversized { .. } => Self::InTime,
            Kind::Paging(_) | Kind::ToNobody(_) | Kind::Compressed => Self::InTime,
            Kind::TooMany { .. } | Kind::Unavailable { .. } | Kind::Redirect(_) => Self::Never,
            Kind::Denied(_) | Kind::NoEndpoint => Self::Never,
            Kind::ServerError { effect, .. } | Kind::Gateway { effect, .. } | Kind::Stall { effect } => {
                Self::of(*effect == Effect::After)
            }
            Kind::LateEffect { from, to, .. } => Self::Late(chance::between(stream, &(*from..=*to))),
            Kind::Hold { effect } => Self::Held(*effect),
            Kind::Garbage(garbage) => Self::of(*garbage != Garbage::LoginPage),
        }
    }

    fn of(happens: bool) -> Self {
        if happens { Self::InTime } else { Self::Never }
    }
}

impl Reply {
    fn under(kind: &Kind, path: &str) -> Self {
        match kind {
            Kind::Latency { .. } | Kind::Hold { .. } => Self::True,
            Kind::TooMany { retry_after_secs } => Self::TooMany { retry_after_secs: *retry_after_secs },
            Kind::Unavailable { retry_after_secs } => Self::Unavailable { retry_after_secs: *retry_after_secs },
            Kind::ServerError { status, .. } => Self::Error(*status),
            Kind::Gateway { status, .. } => Self::Gateway(*status),
            Kind::LostReply => Self::Broken,
            Kind::Stall { .. } => Self::None,
            Kind::LateEffect { reply, .. } => Self::meanwhile(*reply),
            Kind::SlowBody { piece, pause } => Self::Slow { piece: *piece, pause: *pause },
            Kind::Oversized { bytes } => Self::Oversized(*bytes),
            Kind::Redirect(to) => Self::Redirect(location(to, path)),
            Kind::Denied(how) => Self::Denied(*how),
            Kind::ToNobody(reason) => Self::ToNobody(*reason),
            Kind::NoEndpoint => Self::NoEndpoint,
            Kind::Compressed => Self::Compressed,
            Kind::Garbage(garbage) => Self::garbled(*garbage),
            Kind::Paging(paging) => Self::Paging(*paging),
        }
    }

    fn meanwhile(reply: LateReply) -> Self {
        match reply {
            LateReply::Unavailable => Self::Error(StatusCode::SERVICE_UNAVAILABLE),
            LateReply::Broken => Self::Broken,
            LateReply::Silence => Self::None,
        }
    }

    fn garbled(garbage: Garbage) -> Self {
        match garbage {
            Garbage::LoginPage => Self::LoginPage,
            Garbage::TruncatedJson => Self::Truncated,
            Garbage::Bytes => Self::Bytes,
            Garbage::WrongType => Self::WrongType,
        }
    }
}

fn location(to: &Redirect, path: &str) -> String {
    match to {
        Redirect::Loop => path.to_owned(),
        // As Data Center's login filter does.
        Redirect::Login => format!("/login.jsp?permissionViolation=true&os_destination={}", path.replace('/', "%2F")),
        Redirect::Host(origin) => format!("{origin}{path}"),
    }
}

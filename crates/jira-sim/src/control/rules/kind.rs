//! Kinds of faults as they are written in JSON: `"lostReply"`, `{"stall": {"effect": "before"}}`.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::faults;

/// See [`faults::Kind`].
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum Kind {
    Latency { from_ms: u64, to_ms: u64 },
    TooMany { retry_after_secs: u64 },
    Unavailable { retry_after_secs: u64 },
    ServerError { status: u16, effect: Effect },
    Gateway { status: u16, effect: Effect },
    LostReply,
    Stall { effect: Effect },
    LateEffect { from_ms: u64, to_ms: u64, reply: LateReply },
    Hold { effect: Effect },
    SlowBody { piece: usize, pause_ms: u64 },
    Oversized { bytes: u64 },
    Redirect(Redirect),
    Denied(Denied),
    ToNobody(LoginReason),
    NoEndpoint,
    Compressed,
    Garbage(Garbage),
    Paging(Paging),
}

/// Whether a request goes wrong before its effect, which then does not happen, or after.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Effect {
    Before,
    After,
}

/// See [`faults::LateReply`].
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum LateReply {
    Unavailable,
    Broken,
    Silence,
}

/// See [`faults::Redirect`].
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Redirect {
    Loop,
    Login,
    Host(String),
}

/// See [`faults::Denied`].
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Denied {
    Unauthorized,
    Scope,
    NamedScope,
}

/// See [`faults::LoginReason`].
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum LoginReason {
    AuthenticatedFailed,
    AuthenticationDenied,
    AuthorisationFailed,
}

/// See [`faults::Garbage`].
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Garbage {
    LoginPage,
    TruncatedJson,
    Bytes,
    WrongType,
}

/// See [`faults::Paging`].
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum Paging {
    Cut { items: usize },
    CountsMore { by: u64 },
    FirstAgain,
}

/// No wait of any fault is longer than a day.
const LONGEST_MS: u64 = 86_400_000;

/// Far beyond what any client should read.
const MOST_BYTES: u64 = 1 << 30;

impl Kind {
    pub(super) fn check(self) -> Result<faults::Kind, String> {
        Ok(match self {
            Self::Latency { from_ms, to_ms } => faults::Kind::Latency(span(from_ms, to_ms)?),
            Self::TooMany { retry_after_secs } => faults::Kind::TooMany { retry_after_secs },
            Self::Unavailable { retry_after_secs } => faults::Kind::Unavailable { retry_after_secs },
            Self::ServerError { status, effect } => {
                faults::Kind::ServerError { status: failure(status)?, effect: effect.into() }
            }
            Self::Gateway { status, effect } => {
                faults::Kind::Gateway { status: failure(status)?, effect: effect.into() }
            }
            Self::LostReply => faults::Kind::LostReply,
            Self::Stall { effect } => faults::Kind::Stall { effect: effect == Effect::After },
            Self::LateEffect { from_ms, to_ms, reply } => {
                faults::Kind::LateEffect { after: span(from_ms, to_ms)?, reply: reply.into() }
            }
            Self::Hold { effect } => faults::Kind::Hold { effect: effect.into() },
            Self::SlowBody { piece, pause_ms } => {
                faults::Kind::SlowBody { piece: piece.max(1), pause: *span(pause_ms, pause_ms)?.start() }
            }
            Self::Oversized { bytes } if bytes <= MOST_BYTES => faults::Kind::Oversized { bytes },
            Self::Oversized { .. } => return Err(format!("kind.oversized.bytes: at most {MOST_BYTES}")),
            Self::Redirect(to) => faults::Kind::Redirect(to.check()?),
            Self::Denied(how) => faults::Kind::Denied(how.into()),
            Self::ToNobody(reason) => faults::Kind::ToNobody(reason.into()),
            Self::NoEndpoint => faults::Kind::NoEndpoint,
            Self::Compressed => faults::Kind::Compressed,
            Self::Garbage(garbage) => faults::Kind::Garbage(garbage.into()),
            Self::Paging(paging) => faults::Kind::Paging(paging.into()),
        })
    }
}

impl Redirect {
    fn check(self) -> Result<faults::Redirect, String> {
        Ok(match self {
            Self::Loop => faults::Redirect::Loop,
            Self::Login => faults::Redirect::Login,
            Self::Host(origin) if is_origin(&origin) => faults::Redirect::Host(origin),
            Self::Host(_) => return Err("kind.redirect.host: an origin such as http://127.0.0.1:8080".into()),
        })
    }
}

/// Scheme, host and perhaps a port, and nothing behind them.
fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|host| {
        !host.is_empty() && host.chars().all(|it| it.is_ascii_alphanumeric() || ".:-[]".contains(it))
    })
}

fn span(from_ms: u64, to_ms: u64) -> Result<RangeInclusive<Duration>, String> {
    if from_ms > to_ms || to_ms > LONGEST_MS {
        return Err(format!("kind: milliseconds from {from_ms} to {to_ms} are no span within a day"));
    }
    Ok(Duration::from_millis(from_ms)..=Duration::from_millis(to_ms))
}

fn failure(status: u16) -> Result<StatusCode, String> {
    let known = StatusCode::from_u16(status).ok().filter(|it| it.is_client_error() || it.is_server_error());
    known.ok_or_else(|| format!("kind: {status} is no error status, from 400 to 599"))
}

impl From<faults::Kind> for Kind {
    fn from(kind: faults::Kind) -> Self {
        match kind {
            faults::Kind::Latency(range) => {
                Self::Latency { from_ms: millis(*range.start()), to_ms: millis(*range.end()) }
            }
            faults::Kind::TooMany { retry_after_secs } => Self::TooMany { retry_after_secs },
            faults::Kind::Unavailable { retry_after_secs } => Self::Unavailable { retry_after_secs },
            faults::Kind::ServerError { status, effect } => {
                Self::ServerError { status: status.as_u16(), effect: effect.into() }
            }
            faults::Kind::Gateway { status, effect } => {
                Self::Gateway { status: status.as_u16(), effect: effect.into() }
            }
            faults::Kind::LostReply => Self::LostReply,
            faults::Kind::Stall { effect } => {
                Self::Stall { effect: if effect { Effect::After } else { Effect::Before } }
            }
            faults::Kind::LateEffect { after, reply } => {
                Self::LateEffect { from_ms: millis(*after.start()), to_ms: millis(*after.end()), reply: reply.into() }
            }
            faults::Kind::Hold { effect } => Self::Hold { effect: effect.into() },
            faults::Kind::SlowBody { piece, pause } => Self::SlowBody { piece, pause_ms: millis(pause) },
            faults::Kind::Oversized { bytes } => Self::Oversized { bytes },
            faults::Kind::Redirect(to) => Self::Redirect(to.into()),
            faults::Kind::Denied(how) => Self::Denied(how.into()),
            faults::Kind::ToNobody(reason) => Self::ToNobody(reason.into()),
            faults::Kind::NoEndpoint => Self::NoEndpoint,
            faults::Kind::Compressed => Self::Compressed,
            faults::Kind::Garbage(garbage) => Self::Garbage(garbage.into()),
            faults::Kind::Paging(paging) => Self::Paging(paging.into()),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Two enums of the same variants, one for JSON and one for the site: each into the other.
macro_rules! mirrored {
    ($($name:ident { $($variant:ident),+ })+) => {$(
        impl From<$name> for faults::$name {
            fn from(it: $name) -> Self {
                match it { $($name::$variant => Self::$variant),+ }
            }
        }

        impl From<faults::$name> for $name {
            fn from(it: faults::$name) -> Self {
                match it { $(faults::$name::$variant => Self::$variant),+ }
            }
        }
    )+};
}

mirrored! {
    Effect { Before, After }
    LateReply { Unavailable, Broken, Silence }
    Denied { Unauthorized, Scope, NamedScope }
    LoginReason { AuthenticatedFailed, AuthenticationDenied, AuthorisationFailed }
    Garbage { LoginPage, TruncatedJson, Bytes, WrongType }
}

impl From<Paging> for faults::Paging {
    fn from(paging: Paging) -> Self {
        match paging {
            Paging::Cut { items } => Self::Cut { items },
            Paging::CountsMore { by } => Self::CountsMore { by },
            Paging::FirstAgain => Self::FirstAgain,
        }
    }
}

impl From<faults::Paging> for Paging {
    fn from(paging: faults::Paging) -> Self {
        match paging {
            faults::Paging::Cut { items } => Self::Cut { items },
            faults::Paging::CountsMore { by } => Self::CountsMore { by },
            faults::Paging::FirstAgain => Self::FirstAgain,
        }
    }
}

impl From<faults::Redirect> for Redirect {
    fn from(to: faults::Redirect) -> Self {
        match to {
            faults::Redirect::Loop => Self::Loop,
            faults::Redirect::Login => Self::Login,
            faults::Redirect::Host(origin) => Self::Host(origin),
        }
    }
}

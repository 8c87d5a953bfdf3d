//! The ways in which a request can go wrong.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the line above each variant tells what its fields are")]
#[serde(deny_unknown_fields)]
pub enum Kind {
    /// All is well, but slower, by a time between these.
    #[serde(rename = "latency")]
    Latency {
        #[serde(rename = "fromMs", with = "millis")]
        from: Duration,
        #[serde(rename = "toMs", with = "millis")]
        to: Duration,
    },
    /// 429 with the headers of Cloud's burst limit; no effect.
    #[serde(rename = "tooMany")]
    TooMany {
        #[serde(rename = "retryAfterSecs")]
        retry_after_secs: u64,
    },
    /// 503 with `Retry-After`, as during maintenance; no effect.
    #[serde(rename = "unavailable")]
    Unavailable {
        #[serde(rename = "retryAfterSecs")]
        retry_after_secs: u64,
    },
    /// An error status in Jira's own JSON, with or without the effect.
    #[serde(rename = "serverError")]
    ServerError {
        #[serde(with = "status")]
        status: StatusCode,
        effect: Effect,
    },
    /// An error status in the JSON of a gateway before Jira, with or without the effect.
    #[serde(rename = "gateway")]
    Gateway {
        #[serde(with = "status")]
        status: StatusCode,
        effect: Effect,
    },
    /// The effect happens; the answer breaks off half-way.
    #[serde(rename = "lostReply")]
    LostReply,
    /// No answer ever comes; the effect happens or not.
    #[serde(rename = "stall")]
    Stall { effect: Effect },
    /// The answer is bad at once or never comes, and the effect happens later, by a time between these.
    #[serde(rename = "lateEffect")]
    LateEffect {
        #[serde(rename = "fromMs", with = "millis")]
        from: Duration,
        #[serde(rename = "toMs", with = "millis")]
        to: Duration,
        reply: LateReply,
    },
    /// The request is held until [`Site::release`](super::super::Site::release), before its effect or after it. It is
    /// held, and has its effect, whether or not its client still waits.
    #[serde(rename = "hold")]
    Hold { effect: Effect },
    /// The right answer, whose body comes in pieces of so many bytes with a pause before each.
    #[serde(rename = "slowBody")]
    SlowBody {
        piece: usize,
        #[serde(rename = "pauseMs", with = "millis")]
        pause: Duration,
    },
    /// The right answer, followed by blanks until it is so many bytes long, of a length that is not announced.
    #[serde(rename = "oversized")]
    Oversized { bytes: u64 },
    /// 302 to somewhere else; no effect.
    #[serde(rename = "redirect")]
    Redirect(Redirect),
    /// Jira or its gateway refuses this request; no effect.
    #[serde(rename = "denied")]
    Denied(Denied),
    /// The right answer, a search's rows left out, with a header which says that it was given to no account. The effect
    /// happens.
    #[serde(rename = "toNobody")]
    ToNobody(LoginReason),
    /// 404 as a problem (RFC 7807): no endpoint was reached; no effect.
    #[serde(rename = "noEndpoint")]
    NoEndpoint,
    /// The right answer, compressed unless the request asks for `identity`.
    #[serde(rename = "compressed")]
    Compressed,
    /// The answer says that all is well and is not what was asked for.
    #[serde(rename = "garbage")]
    Garbage(Garbage),
    /// A list comes in pages that do not lead to its end.
    #[serde(rename = "paging")]
    Paging(Paging),
}

/// Whether a failing request did its work.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// It failed before its effect.
    #[serde(rename = "before")]
    Before,
    /// Its effect happened.
    #[serde(rename = "after")]
    After,
}

/// What the client of a late effect sees meanwhile.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum LateReply {
    /// 503.
    #[serde(rename = "unavailable")]
    Unavailable,
    /// An answer that breaks off.
    #[serde(rename = "broken")]
    Broken,
    /// Nothing, ever: it will have given up before the effect.
    #[serde(rename = "silence")]
    Silence,
}

/// How one request is refused.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Denied {
    /// 401 in Jira's own words.
    #[serde(rename = "unauthorized")]
    Unauthorized,
    /// 401 of the gateway before Jira Cloud: the token lacks a scope.
    #[serde(rename = "scope")]
    Scope,
    /// 403 of a gateway, which names the scope in `WWW-Authenticate`.
    #[serde(rename = "namedScope")]
    NamedScope,
}

/// The values of `X-Seraph-LoginReason` that say that the credentials did not count.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "Jira's own words")]
pub enum LoginReason {
    #[serde(rename = "authenticatedFailed")]
    AuthenticatedFailed,
    #[serde(rename = "authenticationDenied")]
    AuthenticationDenied,
    #[serde(rename = "authorisationFailed")]
    AuthorisationFailed,
}

impl LoginReason {
    /// As the header has it.
    pub fn header(self) -> &'static str {
        match self {
            Self::AuthenticatedFailed => "AUTHENTICATED_FAILED",
            Self::AuthenticationDenied => "AUTHENTICATION_DENIED",
            Self::AuthorisationFailed => "AUTHORISATION_FAILED",
        }
    }
}

/// Where a request is sent instead.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Redirect {
    /// To itself, forever.
    #[serde(rename = "loop")]
    Loop,
    /// To the site's login page.
    #[serde(rename = "login")]
    Login,
    /// To the same path at this origin, such as `http://127.0.0.1:8080`.
    #[serde(rename = "host")]
    Host(String),
}

/// What is wrong with the pages of a list; other answers are as they should be.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the line above each variant tells what its fields are")]
#[serde(deny_unknown_fields)]
pub enum Paging {
    /// A page holds so many items at most. It counts the others, or says that there are some; but it has no token, and at
    /// their offsets there is nothing.
    #[serde(rename = "cut")]
    Cut { items: usize },
    /// So many more items are counted than there are; where they are not counted, the last page says that it is not the
    /// last.
    #[serde(rename = "countsMore")]
    CountsMore { by: u64 },
    /// Whatever page is asked for, the first one is answered.
    #[serde(rename = "firstAgain")]
    FirstAgain,
}

/// A success that is none.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Garbage {
    /// A proxy's login page in the site's stead; no effect.
    #[serde(rename = "loginPage")]
    LoginPage,
    /// The right answer, cut short by a middleman who vouches for its length; the effect happens.
    #[serde(rename = "truncatedJson")]
    TruncatedJson,
    /// Bytes that are no text, said to be JSON; the effect happens.
    #[serde(rename = "bytes")]
    Bytes,
    /// The right answer, said to be HTML; the effect happens.
    #[serde(rename = "wrongType")]
    WrongType,
}

impl Kind {
    /// The name it has in the request log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::TooMany { .. } => "too many",
            Self::Unavailable { .. } => "unavailable",
            Self::ServerError { effect: Effect::Before, .. } => "server error before effect",
            Self::ServerError { effect: Effect::After, .. } => "server error after effect",
            Self::Gateway { effect: Effect::Before, .. } => "gateway error before effect",
            Self::Gateway { effect: Effect::After, .. } => "gateway error after effect",
            Self::LostReply => "lost reply",
            Self::Stall { .. } => "stall",
            Self::LateEffect { .. } => "late effect",
            Self::Hold { effect: Effect::Before } => "hold before effect",
            Self::Hold { effect: Effect::After } => "hold after effect",
            Self::SlowBody { .. } => "slow body",
            Self::Oversized { .. } => "oversized body",
            Self::Redirect(Redirect::Loop) => "redirect loop",
            Self::Redirect(Redirect::Login) => "redirect to login",
            Self::Redirect(Redirect::Host(_)) => "redirect to another host",
            Self::Denied(Denied::Unauthorized) => "unauthorized",
            Self::Denied(Denied::Scope | Denied::NamedScope) => "scope does not match",
            Self::ToNobody(_) => "given to nobody",
            Self::NoEndpoint => "no endpoint",
            Self::Compressed => "compressed",
            Self::Garbage(Garbage::LoginPage) => "login page",
            Self::Garbage(Garbage::TruncatedJson) => "truncated json",
            Self::Garbage(Garbage::Bytes) => "garbage bytes",
            Self::Garbage(Garbage::WrongType) => "wrong content type",
            Self::Paging(Paging::Cut { .. }) => "cut page",
            Self::Paging(Paging::CountsMore { .. }) => "wrong count",
            Self::Paging(Paging::FirstAgain) => "first page again",
        }
    }
}

/// A duration as JSON has it: whole milliseconds.
mod millis {
    use super::{Deserialize, Duration};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(length: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

/// A status as JSON has it: its number.
mod status {
    use super::{Deserialize, StatusCode};
    use serde::de::{Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u16(status.as_u16())
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<StatusCode, D::Error> {
        let number = u16::deserialize(from)?;
        StatusCode::from_u16(number)
            .map_err(|_| D::Error::custom(format!("{number} is no error status, from 400 to 599")))
    }
}

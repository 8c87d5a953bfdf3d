//! The ways in which a request can go wrong.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::StatusCode;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the line above each variant tells what its fields are")]
pub enum Kind {
    /// All is well, but slow by so much more.
    Latency(RangeInclusive<Duration>),
    /// 429 with the headers of Cloud's burst limit; no effect.
    TooMany { retry_after_secs: u64 },
    /// 503 with `Retry-After`, as during maintenance; no effect.
    Unavailable { retry_after_secs: u64 },
    /// An error status in Jira's own JSON, with or without the effect.
    ServerError { status: StatusCode, effect: Effect },
    /// An error status in the JSON of a gateway before Jira, with or without the effect.
    Gateway { status: StatusCode, effect: Effect },
    /// The effect happens; the answer breaks off half-way.
    LostReply,
    /// No answer ever comes; the effect happens or not.
    Stall { effect: bool },
    /// The answer is bad at once or never comes, and the effect happens so much later.
    LateEffect { after: RangeInclusive<Duration>, reply: LateReply },
    /// The request is held until [`Site::release`](super::super::Site::release), before its effect or after it. It is
    /// held, and has its effect, whether or not its client still waits.
    Hold { effect: Effect },
    /// The right answer, whose body comes in pieces of so many bytes with a pause before each.
    SlowBody { piece: usize, pause: Duration },
    /// The right answer, followed by blanks until it is so many bytes long, of a length that is not announced.
    Oversized { bytes: u64 },
    /// 302 to somewhere else; no effect.
    Redirect(Redirect),
    /// Jira or its gateway refuses this request; no effect.
    Denied(Denied),
    /// The right answer, a search's rows left out, with a header which says that it was given to no account. The effect
    /// happens.
    ToNobody(LoginReason),
    /// 404 as a problem (RFC 7807): no endpoint was reached; no effect.
    NoEndpoint,
    /// The right answer, compressed unless the request asks for `identity`.
    Compressed,
    /// The answer says that all is well and is not what was asked for.
    Garbage(Garbage),
    /// A list comes in pages that do not lead to its end.
    Paging(Paging),
}

/// Whether a failing request did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It failed before its effect.
    Before,
    /// Its effect happened.
    After,
}

/// What the client of a late effect sees meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateReply {
    /// 503.
    Unavailable,
    /// An answer that breaks off.
    Broken,
    /// Nothing, ever: it will have given up before the effect.
    Silence,
}

/// How one request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// 401 in Jira's own words.
    Unauthorized,
    /// 401 of the gateway before Jira Cloud: the token lacks a scope.
    Scope,
    /// 403 of a gateway, which names the scope in `WWW-Authenticate`.
    NamedScope,
}

/// The values of `X-Seraph-LoginReason` that say that the credentials did not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "Jira's own words")]
pub enum LoginReason {
    AuthenticatedFailed,
    AuthenticationDenied,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// To itself, for ever.
    Loop,
    /// To the site's login page.
    Login,
    /// To the same path at this origin, such as `http://127.0.0.1:8080`.
    Host(String),
}

/// What is wrong with the pages of a list; other answers are as they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the line above each variant tells what its fields are")]
pub enum Paging {
    /// A page holds so many items at most. It counts the others, or says that there are some; but it has no token, and at
    /// their offsets there is nothing.
    Cut { items: usize },
    /// So many more items are counted than there are; where they are not counted, the last page says that it is not the
    /// last.
    CountsMore { by: u64 },
    /// Whatever page is asked for, the first one is answered.
    FirstAgain,
}

/// A success that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// A proxy's login page in the site's stead; no effect.
    LoginPage,
    /// The right answer, cut short by a middleman who vouches for its length; the effect happens.
    TruncatedJson,
    /// Bytes that are no text, said to be JSON; the effect happens.
    Bytes,
    /// The right answer, said to be HTML; the effect happens.
    WrongType,
}

impl Kind {
    /// The name it has in the request log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Latency(_) => "latency",
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

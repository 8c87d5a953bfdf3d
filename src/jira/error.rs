//! How a request to Jira can end badly; each way leads somewhere else.

mod nature;
mod refusal;
mod said;

use std::time::Duration;

pub use nature::{Blame, Effect, Nature, Repeat, Scope};
pub use refusal::Refusal;
pub(super) use said::{Shape, is_html, mask, said};

use super::transport::Unreachable;
pub(super) use crate::foreign::told;
use crate::pulse::{NoResult, Why};

/// What went wrong with one request, and what Jira said of it. Never holds credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{request}: {what}")]
pub struct Error {
    /// Method and path, such as `POST /rest/api/3/issue`.
    pub request: String,
    /// What it was.
    pub what: Fault,
    /// Whether the request only reads: then it changed nothing, however it ended.
    pub only_reads: bool,
}

/// A kind of failure: where it leads, and what Jira said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// 429: nothing happened, wait at least so long.
    #[error("Jira asks us to wait {} s", .0.as_secs_f64())]
    Throttled(Duration),
    /// 429 about one issue, for so long that it is not waited for: nothing happened.
    #[error("Jira asks us to leave this issue alone for {} s", .0.as_secs_f64())]
    IssueThrottled(Duration),
    /// `myself` is refused: Jira does not accept the account, and a person must act.
    #[error("Jira refuses these credentials or this account: {0}")]
    Refused(String),
    /// This request is refused, or its answer was given to no account, while `myself` is fine: nothing but this request
    /// is concerned. It had no effect.
    #[error(
        "Jira refuses this request, though it accepts the account: {0}; check what the account and its token may do"
    )]
    Denied(String),
    /// 403 on one issue: this account may not do that to it.
    #[error("this account may not do that to this issue: {0}")]
    Forbidden(String),
    /// 404: deleted, moved away, or hidden from us.
    #[error("not there, or not shown to this account: {0}")]
    Missing(String),
    /// 409: another change is under way.
    #[error("in conflict with another change: {0}")]
    Conflict(String),
    /// 400 and its like: Jira will never take this.
    #[error("Jira does not accept it: {0}")]
    Invalid(Refusal),
    /// 413, or 404 to a file that is above Jira's limit: it must be smaller, or the limit higher.
    #[error("too large for this Jira: {0}")]
    TooLarge(String),
    /// 410: Atlassian has taken this request out of Jira; a newer Lockstep is needed.
    #[error("this Jira no longer has this request, a newer Lockstep may know better: {0}")]
    Removed(String),
    /// 404 as a problem (RFC 7807): no endpoint of Jira was reached, so nothing happened.
    #[error("there is no such request at this address: {0}; is the address of the site right?")]
    NoEndpoint(String),
    /// The proxy before Jira refused to pass this request on: nothing happened, and Jira said nothing of the account.
    #[error(
        "the proxy between us and Jira refuses this request: {0}; see what its rules say of this machine and that address"
    )]
    BlockedByProxy(String),
    /// The request never arrived as a whole: nothing happened.
    #[error("Jira can't be reached: {0}")]
    NotSent(String),
    /// The flow's database has not confirmed for a while that this process serves the flow: nothing was sent.
    #[error(
        "nothing is written to Jira: the flow's database has not answered for half a minute, and another process may \
         serve the flow by now"
    )]
    NotOurs,
    /// The worker was told to stop before this was sent, or while it was read: nothing was changed.
    #[error("the worker is stopping")]
    Stopping,
    /// No readable answer, or a 5xx: it may have happened.
    #[error("Jira's answer is missing or broken: {0}")]
    Unanswered(String),
    /// An answer that Jira would not give: a proxy, a login page, another service. It may have happened.
    #[error("the answer is not Jira's: {0}")]
    NotJira(String),
    /// The worker was cancelled while it waited. It may have happened.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// There is no transport to send anything by.
    pub(crate) fn no_way(why: Unreachable) -> Self {
        Self { request: "the way to Jira".to_owned(), what: Fault::NotSent(why.why), only_reads: true }
    }

    /// What the write that ended so has done; a request that only reads never did anything.
    #[must_use]
    pub fn effect(&self) -> Effect {
        match self.what.nature().effect {
            Effect::Unknown if self.only_reads => Effect::None,
            effect @ (Effect::None | Effect::Never | Effect::Unknown) => effect,
        }
    }

    /// How long Jira asked us to wait, if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        if let Fault::Throttled(wait) = self.what { Some(wait) } else { None }
    }

    /// Whether what was asked for may be to blame, so that a request for less, or for another issue, may end well.
    pub(super) fn is_of_content(&self) -> bool {
        self.what.nature().blame != Blame::Nothing
    }

    /// Whether an answer to a question for less may be good.
    pub(super) fn may_be_of_its_size(&self) -> bool {
        self.what.nature().blame == Blame::Size
    }

    /// Whether only one issue is concerned, so that the others can go on.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.what.nature().scope == Scope::Issue
    }

    /// Whether every further request is concerned: Jira refuses the account, or the worker ends.
    pub(super) fn is_of_everything(&self) -> bool {
        matches!(self.what, Fault::Refused(_)) || self.what.nature().scope == Scope::Worker
    }
}

impl Fault {
    /// The same, its words changed.
    pub(super) fn reword(self, change: impl Fn(String) -> String) -> Self {
        match self {
            Self::Throttled(wait) => Self::Throttled(wait),
            Self::IssueThrottled(wait) => Self::IssueThrottled(wait),
            Self::Refused(said) => Self::Refused(change(said)),
            Self::Denied(said) => Self::Denied(change(said)),
            Self::NoEndpoint(said) => Self::NoEndpoint(change(said)),
            Self::Forbidden(said) => Self::Forbidden(change(said)),
            Self::Missing(said) => Self::Missing(change(said)),
            Self::Conflict(said) => Self::Conflict(change(said)),
            Self::Invalid(refusal) => Self::Invalid(refusal.reword(change)),
            Self::TooLarge(said) => Self::TooLarge(change(said)),
            Self::Removed(said) => Self::Removed(change(said)),
            Self::BlockedByProxy(said) => Self::BlockedByProxy(change(said)),
            Self::NotSent(said) => Self::NotSent(change(said)),
            Self::Unanswered(said) => Self::Unanswered(change(said)),
            Self::NotJira(said) => Self::NotJira(change(said)),
            Self::NotOurs => Self::NotOurs,
            Self::Stopping => Self::Stopping,
            Self::Cancelled => Self::Cancelled,
        }
    }
}

/// A passage through the gate that gave no result.
pub(super) fn no_result(end: NoResult) -> Fault {
    match (end.why, end.begun) {
        (Why::Cancelled, _) => Fault::Cancelled,
        (Why::Stopping, _) => Fault::Stopping,
        (why @ (Why::Deadline(_) | Why::Probe), true) => Fault::Unanswered(why.to_string()),
        (why @ (Why::Deadline(_) | Why::Probe), false) => Fault::NotSent(why.to_string()),
    }
}

//! Rate limits: 429 for requests beyond them.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::{Method, StatusCode};

use super::answer::Answer;
use super::call::Call;
use super::desk::Desk;
use super::endpoint::Mounted;
use crate::limits::{Caller, Excess, Which};
use crate::state::State;

impl Desk {
    /// Counts the request, or answers 429.
    pub(super) fn check_limits(&mut self, state: &State, at: &Mounted, call: &Call) -> Result<(), Answer> {
        let Some(limits) = &state.setup.limits else { return Ok(()) };
        let is_write = at.route.writes(&call.method);
        let issue = state.issues.find(call.param("issueIdOrKey")).filter(|_| is_write).map(|issue| issue.id);
        let caller = Caller {
            flavour: call.flavour,
            account: &call.account,
            endpoint: &format!("{} {}", call.method, at.template),
            is_reading: matches!(call.method, Method::GET | Method::POST),
            issue,
        };
        self.meter.admit(limits, &caller, state.now).map_err(|excess| too_many(excess, state.now))
    }
}

fn too_many(excess: Excess, now: DateTime<Utc>) -> Answer {
    // Rounded up: a client that comes back after so many seconds is let in.
    let wait = (excess.until - now).max(TimeDelta::zero());
    let secs = (wait.num_milliseconds() + 999) / 1000;
    let answer = Answer::error(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded.")
        .with("Retry-After", secs.max(1))
        .with("X-RateLimit-Remaining", 0);
    let reset = excess.until.to_rfc3339_opts(SecondsFormat::Secs, true);
    match excess.which {
        Which::Burst(bucket) => answer
            .with("X-RateLimit-Limit", bucket.size)
            .with("X-RateLimit-Reset", reset)
            .with("RateLimit-Reason", "jira-burst-based"),
        Which::Issue(most) => answer
            .with("X-RateLimit-Limit", most)
            .with("X-RateLimit-Reset", reset)
            .with("RateLimit-Reason", "jira-per-issue-on-write"),
        Which::Account(bucket) => answer
            .with("X-RateLimit-Limit", bucket.size)
            .with("X-RateLimit-Interval-Seconds", bucket.every.as_secs())
            .with("X-RateLimit-FillRate", bucket.fill),
    }
}

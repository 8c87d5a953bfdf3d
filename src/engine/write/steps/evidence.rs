//! What shows whether a step happened, and when its absence is final.

use std::time::Duration;

use crate::engine::failure::JiraFailure;
use crate::engine::write::outcome::Learned;
use crate::flow::{Doubt, IssueRef, JiraTime, Step};
use crate::jira::{REQUEST_LIMIT, transfer_limit};

/// How long after a request's end its effect may still come: what Jira has begun with it finishes. Generous, because
/// looking too early repeats a write, and looking late only delays one.
pub(super) const EFFECT_HORIZON: Duration = Duration::from_secs(120);

/// What looking for a step's traces showed.
#[derive(Debug)]
pub(in crate::engine) enum Found {
    /// It happened.
    Happened(Learned),
    /// It did not, and no request of ours can make it happen any more.
    Absent,
    /// It can't be told yet; the doubt as it is now.
    NotYet(Doubt),
    /// The issue that it was for can't be read any more.
    Gone,
}

/// What the issue that a step was for shows of it. It is read afresh, so what it lacks has not happened so far.
#[derive(Debug)]
pub(super) enum StepEvidence {
    Shown(Learned),
    Lacking,
    /// The issue can't be read.
    Hidden,
}

/// Nothing was found of a step whose traces can be read at once: final only when no effect can come any more.
pub(super) fn absent_at(asked: JiraTime, step: &Step, doubt: Doubt) -> Found {
    let settled = asked > doubt.sent_by.later(horizon(step));
    if settled { Found::Absent } else { Found::NotYet(doubt) }
}

/// A fresh read that showed nothing of an issue.
pub(super) fn missing(at: &IssueRef) -> JiraFailure {
    JiraFailure::LeftOut(at.clone())
}

/// How long after its request's end a step's effect may still come.
fn horizon(step: &Step) -> Duration {
    match step {
        // When we crashed in the middle of one, nobody knows how much of it a proxy holds, and how long it takes to hand
        // it on: as long as the whole may take.
        Step::Attach(step) => transfer_limit(step.file.size) + EFFECT_HORIZON,
        Step::Create(_)
        | Step::Link(_)
        | Step::Transition(_)
        | Step::Comment(_)
        | Step::Reply(_)
        | Step::Restore(_)
        | Step::Describe(_) => EFFECT_HORIZON,
    }
}

/// Kept true by the compiler: an effect can't come later than the horizon after the longest request.
const _: () = {
    assert!(EFFECT_HORIZON.as_secs() >= 2 * REQUEST_LIMIT.as_secs());
};

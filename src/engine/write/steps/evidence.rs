//! What shows whether a step happened, and when its absence is final.

use std::time::Duration;

use crate::engine::write::outcome::StepDone;
use crate::flow::Doubt;
use crate::jira::REQUEST_LIMIT;

/// How long after a request's end its effect may still come: what Jira has begun with it finishes. Generous, because
/// looking too early repeats a write, and looking late only delays one.
pub(super) const EFFECT_HORIZON: Duration = Duration::from_secs(120);

/// What looking for evidence of a step showed.
#[derive(Debug)]
pub(in crate::engine) enum Found {
    /// It happened.
    Happened(StepDone),
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
    Shown(StepDone),
    /// The effect is not there, and can't come later than this after its request's end.
    Lacking(Duration),
    /// The issue can't be read.
    Hidden,
}

/// Kept true by the compiler: an effect can't come later than the horizon after the longest request.
const _: () = {
    assert!(EFFECT_HORIZON.as_secs() >= 2 * REQUEST_LIMIT.as_secs());
};

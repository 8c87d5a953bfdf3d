//! What shows whether a step happened, and when its absence is final.

use std::time::Duration;

use crate::engine::write::outcome::StepDone;
use crate::flow::{Doubt, JiraTime};
use crate::jira::{REQUEST_LIMIT, transfer_limit};

/// How long after a request's end its effect may still come: what Jira has begun with it finishes. Generous, because
/// looking too early repeats a write, and looking late only delays one.
pub(super) const EFFECT_HORIZON: Duration = Duration::from_secs(120);

/// How late after its request's end a step's effect may come: never less than [`EFFECT_HORIZON`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Horizon(Duration);

impl Horizon {
    /// Of a request that carries no file.
    pub const REQUEST: Self = Self(EFFECT_HORIZON);

    /// Of an upload of so many bytes. After a crash in the middle of one it is not known how much of it a proxy holds, and
    /// how long it takes to hand it on: as long as the whole may take.
    pub fn of_upload(size: u64) -> Self {
        Self(transfer_limit(size) + EFFECT_HORIZON)
    }

    /// Whether no effect of a request that was sent by `sent_by` can come after `now`.
    pub fn is_over(self, sent_by: JiraTime, now: JiraTime) -> bool {
        now > sent_by.later(self.0)
    }
}

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
    Lacking(Horizon),
    /// The issue can't be read.
    Hidden,
}

/// Kept true by the compiler: an effect can't come later than the horizon after the longest request.
const _: () = {
    assert!(EFFECT_HORIZON.as_secs() >= 2 * REQUEST_LIMIT.as_secs());
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_is_final_only_after_the_horizon_and_later_for_uploads() {
        let sent_by: JiraTime = "2026-03-02T12:00:00Z".parse().unwrap();
        let after = |seconds| sent_by.later(Duration::from_secs(seconds));
        let (request, upload) = (Horizon::REQUEST, Horizon::of_upload(10_000_000));
        assert!(!request.is_over(sent_by, after(120)));
        assert!(request.is_over(sent_by, after(121)));
        assert!(!upload.is_over(sent_by, after(121)), "the transfer may take minutes by itself");
        let transfer = transfer_limit(10_000_000).as_secs();
        assert!(!upload.is_over(sent_by, after(transfer + 120)));
        assert!(upload.is_over(sent_by, after(transfer + 121)));
    }
}

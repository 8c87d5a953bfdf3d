//! What became of a step, and what one that is done leaves.

use crate::flow::{
    Describe, Event, Intent, IssueKey, IssueRef, LinkIssues, Side, SkipReason, Status, StatusName, Step,
};
use crate::jira;
use crate::store::Change;

/// What became of a step.
#[derive(Debug)]
pub(in crate::engine) enum Outcome {
    /// It is done.
    Done(StepDone),
    /// It need not be done, nor need those that tell of it: things stand as they were wanted already.
    Needless,
    /// It can't be done now, and none of the others waits for it: a file.
    Later(jira::Error),
    /// Its precondition no longer holds: nothing was sent.
    Outdated(SkipReason),
    /// Jira does not take it as a whole, and nothing has happened: it is to be done as these steps.
    Split(Vec<Step>),
    /// The user issue can't be edited where it stands, and nothing has happened.
    Locked(Locked),
}

/// A link to a user issue that can't be edited where it stands.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Locked {
    /// What was to be said in the same edit, as a step of its own.
    pub said: Option<Step>,
    /// What is owed.
    pub link: LinkIssues,
    /// Where the user issue stands.
    pub status: StatusName,
}

/// What a step that is done leaves.
#[derive(Debug, Default)]
pub(in crate::engine) struct StepDone {
    /// What is told of it; history keeps it too.
    pub events: Vec<Event>,
    /// What is recorded with it.
    pub changes: Vec<Change>,
    /// What its intent learns by it.
    pub learned: Option<Learned>,
}

/// What an intent learns by a step that is done.
#[derive(Debug)]
pub(in crate::engine) enum Learned {
    /// Its dev issue, and the step that is to give it its text, if the create screen had no field for that.
    Created(IssueRef, Option<Describe>),
    /// The status that the issue on this side has reached.
    Moved(Side, Status),
}

impl StepDone {
    pub(super) fn told(events: impl IntoIterator<Item = Event>) -> Self {
        Self { events: events.into_iter().collect(), ..Self::default() }
    }

    /// Jira does not take it, and that costs no more than a warning.
    pub(super) fn refused(intent: &Intent, what: &'static str, why: String) -> Self {
        Self::told([Event::StepRefused { key: intent.user.key.clone(), what, why }])
    }
}

/// The key of the issue on `side`, or the user issue's as long as there is no other.
pub(super) fn key_on(intent: &Intent, side: Side) -> IssueKey {
    intent.on(side).unwrap_or(&intent.user).key.clone()
}

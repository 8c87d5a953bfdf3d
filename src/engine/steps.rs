//! One file a step: how it is performed, and how one finds out whether it happened.

mod attach;
mod comment;
mod create;
mod link;
mod reply;
mod restore;
mod transition;

use std::time::Duration;

use super::apply::Learned;
use super::recover::Traces;
use super::{Engine, Error};
use crate::flow::{Doubt, Intent, Issue, SkipReason, Step};
use crate::jira::REQUEST_LIMIT;

/// How long after a request's end its effect may still come: what Jira has begun with it finishes. Generous, because
/// looking too early repeats a write, and looking late only delays one.
const EFFECT_HORIZON: Duration = Duration::from_secs(120);

/// What became of a step.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is done.
    Done(Learned),
    /// It and those after it need not be done: things stand as they were wanted already.
    Needless,
    /// Its precondition no longer holds: nothing was sent.
    Outdated(SkipReason),
}

/// What looking for a step's traces showed.
#[derive(Debug)]
pub(super) enum Found {
    /// It happened.
    Happened(Learned),
    /// It did not, and no request of ours can make it happen any more.
    Absent,
    /// It can't be told yet; the doubt as it is now.
    NotYet(Doubt),
    /// The issue that it was for can't be read any more.
    Gone,
}

/// Sends a step's request, if its precondition holds.
pub(super) async fn perform(
    engine: &Engine,
    intent: &Intent,
    step: &Step,
    fresh: Option<&Issue>,
) -> Result<Outcome, Error> {
    match step {
        Step::Create(step) => create::perform(engine, intent, step, fresh).await,
        Step::Link(step) => link::perform(engine, intent, step).await,
        Step::Transition(step) => transition::perform(engine, intent, step).await,
        Step::Comment(step) => comment::perform(engine, intent, step).await,
        Step::Attach(step) => attach::perform(engine, intent, step).await,
        Step::Reply(step) => reply::perform(engine, intent, step).await,
        Step::Restore(step) => restore::perform(engine, intent, step).await,
    }
}

/// Looks whether a step in doubt happened.
pub(super) async fn find(
    engine: &Engine,
    intent: &Intent,
    step: &Step,
    doubt: Doubt,
    traces: &Traces,
) -> Result<Found, Error> {
    match step {
        Step::Create(_) => create::find(engine, intent, doubt, traces).await,
        Step::Link(_) => link::find(engine, intent, doubt).await,
        Step::Transition(step) => transition::find(engine, intent, step, doubt).await,
        Step::Comment(step) => comment::find(engine, intent, step, doubt).await,
        Step::Attach(step) => attach::find(engine, intent, step, doubt).await,
        Step::Reply(step) => reply::find(engine, intent, step, doubt).await,
        Step::Restore(step) => restore::find(engine, intent, step, doubt).await,
    }
}

/// Nothing was found of a step whose traces can be read at once: final only when no effect can come any more.
fn absent_by_now(engine: &Engine, doubt: Doubt) -> Found {
    if engine.jira.jira_now() > doubt.sent_by.later(EFFECT_HORIZON) { Found::Absent } else { Found::NotYet(doubt) }
}

/// Kept true by the compiler: an effect can't come later than the horizon after the longest request.
const _: () = assert!(EFFECT_HORIZON.as_secs() >= 2 * REQUEST_LIMIT.as_secs());

//! One file a step: how it is performed, and how one finds out whether it happened.

mod attach;
mod comment;
mod create;
mod describe;
mod link;
mod reply;
mod restore;
mod transition;

use std::time::Duration;

pub(in crate::engine) use create::perform_all as create_all;
pub(in crate::engine) use link::has_line;

use super::marks::Traces;
use super::outcome::Learned;
use crate::engine::{Engine, Error, JiraFailure};
use crate::flow::{Doubt, Intent, Issue, IssueRef, JiraTime, LinkIssues, SkipReason, StatusName, Step};
use crate::jira::{self, REQUEST_LIMIT, transfer_limit};

/// How long after a request's end its effect may still come: what Jira has begun with it finishes. Generous, because
/// looking too early repeats a write, and looking late only delays one.
const EFFECT_HORIZON: Duration = Duration::from_secs(120);

/// What became of a step.
#[derive(Debug)]
pub(in crate::engine) enum Outcome {
    /// It is done.
    Done(Learned),
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
enum Trace {
    Shown(Learned),
    Lacking,
    /// The issue can't be read.
    Hidden,
}

/// Sends a step's request, if its precondition holds.
pub(in crate::engine) async fn perform(
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
        Step::Describe(step) => describe::perform(engine, intent, step).await,
    }
}

/// Looks whether a step in doubt happened.
pub(in crate::engine) async fn find(
    engine: &Engine,
    intent: &Intent,
    step: &Step,
    doubt: Doubt,
    traces: &Traces,
) -> Result<Found, Error> {
    // What is not seen now may yet come while the answer is on its way.
    let asked = engine.jira.jira_now();
    let traced = match step {
        Step::Create(step) => return create::find(engine, intent, step, doubt, traces).await,
        Step::Link(step) => link::find(engine, intent, step).await?,
        Step::Transition(step) => transition::find(engine, intent, step).await?,
        Step::Comment(step) => comment::find(engine, intent, step).await?,
        Step::Attach(step) => attach::find(engine, intent, step).await?,
        Step::Reply(step) => reply::find(engine, intent, step).await?,
        Step::Restore(step) => restore::find(engine, intent, step).await?,
        Step::Describe(_) => describe::find(engine, intent).await?,
    };
    Ok(match traced {
        Trace::Shown(learned) => Found::Happened(learned),
        Trace::Lacking => absent_at(asked, step, doubt),
        Trace::Hidden => Found::Gone,
    })
}

/// Nothing was found of a step whose traces can be read at once: final only when no effect can come any more.
fn absent_at(asked: JiraTime, step: &Step, doubt: Doubt) -> Found {
    let settled = asked > doubt.sent_by.later(horizon(step));
    if settled { Found::Absent } else { Found::NotYet(doubt) }
}

/// A fresh read that showed nothing of an issue.
fn missing(at: &IssueRef) -> JiraFailure {
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

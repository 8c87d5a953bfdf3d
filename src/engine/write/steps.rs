//! One file a step: how it is performed, how to find out whether it happened, how late its effect may come, and what is
//! recorded and told of it.

mod attach;
mod comment;
mod create;
mod describe;
pub(super) mod evidence;
mod link;
mod reply;
mod restore;
mod transition;

use super::marks::CreateMarks;
use super::outcome::Outcome;
use crate::engine::cx::{Cx, Error};
use crate::flow::{Doubt, Intent, Issue, Step};
use evidence::{Found, StepEvidence};

pub(super) use create::perform_all as create_all;
pub(super) use link::has_line;

/// Sends a step's request, if its precondition holds.
pub(super) async fn perform(cx: &Cx, intent: &Intent, step: &Step, fresh: Option<&Issue>) -> Result<Outcome, Error> {
    match step {
        Step::Create(step) => create::perform(cx, intent, step, fresh).await,
        Step::Link(step) => link::perform(cx, intent, step).await,
        Step::Transition(step) => transition::perform(cx, intent, step).await,
        Step::Comment(step) => comment::perform(cx, intent, step).await,
        Step::Attach(step) => attach::perform(cx, intent, step).await,
        Step::Reply(step) => reply::perform(cx, intent, step).await,
        Step::Restore(step) => restore::perform(cx, intent, step).await,
        Step::Describe(step) => describe::perform(cx, intent, step).await,
    }
}

/// Looks whether a step in doubt happened.
pub(super) async fn find(
    cx: &Cx,
    intent: &Intent,
    step: &Step,
    doubt: Doubt,
    marks: &CreateMarks,
) -> Result<Found, Error> {
    // What is not seen now may yet come while the answer is on its way.
    let asked = cx.jira.jira_now();
    let evidence = match step {
        Step::Create(step) => return create::find(cx, intent, step, doubt, marks).await,
        Step::Link(step) => link::find(cx, intent, step).await?,
        Step::Transition(step) => transition::find(cx, intent, step).await?,
        Step::Comment(step) => comment::find(cx, intent, step).await?,
        Step::Attach(step) => attach::find(cx, intent, step).await?,
        Step::Reply(step) => reply::find(cx, intent, step).await?,
        Step::Restore(step) => restore::find(cx, intent, step).await?,
        Step::Describe(_) => describe::find(cx, intent).await?,
    };
    Ok(match evidence {
        StepEvidence::Shown(done) => Found::Happened(done),
        // Final only when no effect can come any more.
        StepEvidence::Lacking(horizon) if horizon.is_over(doubt.sent_by, asked) => Found::Absent,
        StepEvidence::Lacking(_) => Found::NotYet(doubt),
        StepEvidence::Hidden => Found::Gone,
    })
}

//! A step that was not done: what next depends on what its request has done, and on what was done before it.

use super::course::{self, Abandoned, Course, Driven};
use super::failures;
use super::outcome::StepDone;
use super::owing::holds_its_pair;
use crate::engine::cx::{Cx, Error};
use crate::engine::failure::JiraFailure;
use crate::engine::retry::FailureContext;
use crate::flow::{Doubt, Event, Intent, IntentKind, Side, Step};
use crate::jira::Effect;
use crate::store::Change;

/// How an intent goes on after a step that failed.
pub(super) enum Next {
    /// With the next step.
    GoOn(Box<Course>),
    /// Not now.
    End(Driven),
}

/// A step's request failed: what next depends on what it has done.
pub(super) async fn step_failed(cx: &Cx, course: Course, step: &Step, error: JiraFailure) -> Result<Next, Error> {
    let end = match error.effect() {
        Effect::Unknown => doubt(cx, course, step, &error).await?,
        Effect::None | Effect::Never if may_be_dropped(&course.intent) => {
            abandon(cx, course, Abandoned::Failed(error)).await?
        }
        // Perhaps only hidden for a while.
        Effect::Never if error.is_missing() => keep_owed(cx, course, step, &error).await?,
        Effect::Never if error.is_local() => {
            return Ok(Next::GoOn(Box::new(skip_refused(cx, course, step, &error).await?)));
        }
        Effect::None if error.is_local() => keep_owed(cx, course, step, &error).await?,
        // The intent goes on when Jira lets us.
        Effect::None | Effect::Never => {
            suspend_unsent(cx, Course { closing: Vec::new(), ..course }).await?;
            return Err(error.into());
        }
    };
    Ok(Next::End(end))
}

/// The worker ends before the step in hand was sent. Recorded, so that whoever takes it up need not wait for an
/// effect that can't come. Where nothing was done yet, nothing is left behind.
pub(super) async fn suspend_unsent(cx: &Cx, course: Course) -> Result<(), Error> {
    let Course { mut intent, closing, .. } = course;
    if may_be_dropped(&intent) {
        cx.memory.intents.set_free(&intent);
        let end = Change::CloseIntent(intent.id);
        return Ok(cx.store.write(closing.into_iter().chain([end]).collect()).await?);
    }
    intent.state.owed();
    Ok(cx.store.write(vec![Change::UpdateIntent(intent)]).await?)
}

async fn doubt(cx: &Cx, course: Course, step: &Step, why: &JiraFailure) -> Result<Driven, Error> {
    let mut intent = course.intent;
    intent.state.lost(Doubt::since(cx.jira.jira_now_at_latest()));
    let told = record_doubt(cx, &intent, step, why.to_string());
    cx.store.write(vec![Change::UpdateIntent(intent), told]).await?;
    Ok(Driven::Open)
}

/// A doubt begins.
pub(super) fn record_doubt(cx: &Cx, intent: &Intent, step: &Step, why: String) -> Change {
    cx.tally.doubts.add(1);
    cx.teller.record(&in_doubt(intent, step, why), &intent.user)
}

/// Earlier steps have happened, so this one is still owed: the intent stays, told as a failure of its issue.
async fn keep_owed(cx: &Cx, course: Course, step: &Step, error: &JiraFailure) -> Result<Driven, Error> {
    let mut intent = course.intent;
    let why = format!("the {} is still owed: {error}", step.name());
    failures::failed(cx, Side::User, &intent.user, why, FailureContext::default()).await?;
    intent.state.owed();
    cx.store.write(vec![Change::UpdateIntent(intent.clone())]).await?;
    if !holds_its_pair(&intent) {
        cx.memory.intents.set_free(&intent);
    }
    Ok(Driven::Open)
}

/// Jira will never take this step, and those before it have happened: the pair must not wait for it forever.
async fn skip_refused(cx: &Cx, mut course: Course, step: &Step, error: &JiraFailure) -> Result<Course, Error> {
    cx.tally.errors.add(1);
    course.closing = vec![failures::again(cx, &course.intent.user, FailureContext::default())];
    let done = StepDone::refused(&course.intent, step.name(), error.to_string());
    course::record_outcome(cx, &mut course, done).await?;
    Ok(course)
}

pub(super) async fn abandon(cx: &Cx, course: Course, why: Abandoned) -> Result<Driven, Error> {
    let Course { intent, done, closing, .. } = course;
    let end = Change::CloseIntent(intent.id.clone());
    cx.store.write(done.into_iter().chain(closing).chain([end]).collect()).await?;
    cx.memory.intents.set_free(&intent);
    Ok(Driven::Abandoned(why))
}

/// Whether nothing was done of an intent that a new plan would not see: files and links that are owed may be remembered
/// by nothing else.
fn may_be_dropped(intent: &Intent) -> bool {
    let may = match intent.kind {
        IntentKind::Create | IntentKind::Mirror | IntentKind::Restore => true,
        IntentKind::Attach | IntentKind::Link => false,
    };
    may && intent.state.cursor() == 0
}

/// What is told of a step that is in doubt.
pub(super) fn in_doubt(intent: &Intent, step: &Step, why: String) -> Event {
    Event::InDoubt { key: intent.user.key.clone(), step: intent.step_key(), what: step.name(), why }
}

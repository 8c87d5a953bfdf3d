//! The only writer: carries a draft out as a durable intent, step by step (docs/sync.md, "Writes that happen once").

use super::course::{self, Abandoned, Course, Driven};
use super::failing::{self, Next};
use super::outcome::Outcome;
use super::{failures, linking, owing, steps};
use crate::engine::cx::{Cx, Error};
use crate::engine::known::user_of;
use crate::engine::retry::FailureContext;
use crate::flow::{Draft, Event, IntentKind, Issue, Observed, Side, SkipReason};
use crate::store::{self, Change};

/// Carries a draft out; `told` is durable with it. What it handled is recorded when this returns, or an intent or
/// failure is durable that will see to it.
pub(in crate::engine) async fn carry_out(
    cx: &Cx,
    draft: Draft,
    seen: &Observed,
    told: Option<Change>,
) -> Result<(), Error> {
    let intent = course::intent(cx, draft, seen);
    match cx.store.write([Change::AddIntent(intent.clone())].into_iter().chain(told).collect()).await {
        Ok(()) => cx.memory.intents.set_busy(&intent),
        Err(store::Error::Taken { .. }) => {
            failures::skip(cx, &intent.user, SkipReason::OpenIntent);
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    }
    let driven = drive(cx, Course::new(intent), Some(&user_of(seen).issue)).await?;
    after(cx, driven, seen).await
}

/// What follows when a draft was carried out as far as can be.
pub(super) async fn after(cx: &Cx, driven: Driven, seen: &Observed) -> Result<(), Error> {
    let user = &user_of(seen).issue.at;
    match driven {
        Driven::Closed | Driven::Open => Ok(()),
        Driven::Abandoned(Abandoned::Failed(error)) => Err(error.into()),
        Driven::Abandoned(Abandoned::Outdated(reason)) => {
            failures::skip(cx, user, reason);
            failures::look_again(cx, user, FailureContext::of(seen)).await
        }
    }
}

/// A failure that concerns this one issue alone is recorded and is not an error.
pub(in crate::engine) async fn or_failed(cx: &Cx, end: Result<(), Error>, seen: &Observed) -> Result<(), Error> {
    match end {
        Err(Error::Jira(error)) if error.is_local() => {
            failures::failed(cx, Side::User, &user_of(seen).issue.at, error.to_string(), FailureContext::of(seen)).await
        }
        end => end,
    }
}

/// Does an intent's steps, from the one in hand to the last, and closes it. `fresh`: the user issue, if it was read
/// just now.
pub(in crate::engine) async fn drive(cx: &Cx, course: Course, fresh: Option<&Issue>) -> Result<Driven, Error> {
    drive_from(cx, course, fresh, None).await
}

/// [`drive`]; `went` is how the step in hand went, if it was done already.
pub(super) async fn drive_from(
    cx: &Cx,
    mut course: Course,
    mut fresh: Option<&Issue>,
    mut went: Option<Result<Outcome, Error>>,
) -> Result<Driven, Error> {
    while let Some(step) = course.intent.step().cloned() {
        if went.is_none() && cx.pulse.stopping() {
            failing::suspend_unsent(cx, course).await?;
            return Err(Error::Stopping);
        }
        let end = match (went.take(), course.locked_out(&step)) {
            (Some(end), _) => end,
            (None, Some(locked)) => Ok(Outcome::Locked(locked)),
            (None, None) => steps::perform(cx, &course.intent, &step, fresh.take()).await,
        };
        match end {
            Ok(Outcome::Done(done)) => course::record_outcome(cx, &mut course, done).await?,
            Ok(Outcome::Needless) => course::skip_step(cx, &mut course, &step).await?,
            Ok(Outcome::Later(error)) => {
                course.owes.get_or_insert(error.to_string());
                course::skip_step(cx, &mut course, &step).await?;
            }
            Ok(Outcome::Outdated(reason)) => return failing::abandon(cx, course, Abandoned::Outdated(reason)).await,
            Ok(Outcome::Split(steps)) => {
                course.intent.split(steps);
                course::keep(cx, &mut course).await?;
            }
            Ok(Outcome::Locked(locked)) => {
                if let Some(end) = linking::locked(cx, &mut course, locked).await? {
                    return Ok(end);
                }
            }
            Err(error) if error.is_stopping() => {
                failing::suspend_unsent(cx, course).await?;
                return Err(Error::Stopping);
            }
            Err(Error::Jira(error)) => match failing::step_failed(cx, course, &step, error).await? {
                Next::GoOn(left) => (course, fresh) = (*left, None),
                Next::End(driven) => return Ok(driven),
            },
            Err(error) => return Err(error),
        }
    }
    close(cx, course).await?;
    Ok(Driven::Closed)
}

/// Both sides' state first, then the intent's end: in one transaction where the store has them.
async fn close(cx: &Cx, course: Course) -> Result<(), Error> {
    let owed = owing::owed_files(cx, &course).await?;
    let Course { intent, done, closing, owes, left_link } = course;
    let mut batch = done;
    for (side, settles) in [(Side::User, &intent.settles_user), (Side::Dev, &intent.settles_dev)] {
        if let (Some(at), Some(handled)) = (intent.on(side), settles) {
            batch.push(Change::PutHandled(side, at.clone(), handled.clone()));
        }
    }
    batch.extend(linking::to_be_linked_later(cx, &intent, left_link).await?);
    if owed.is_empty() {
        // What holds its pair up has seen to all of it; a link says nothing of what else failed.
        if intent.kind != IntentKind::Link {
            batch.push(Change::ClearFailure(Side::User, intent.user.id.clone()));
        }
        batch.extend(closing);
        batch.push(Change::CloseIntent(intent.id.clone()));
    } else {
        owing::remember_what_is_owed(cx, &intent, owes).await?;
        batch.extend(closing);
        batch.push(Change::CloseIntent(intent.id.clone()));
        batch.extend(owing::to_be_copied_later(cx, &intent, owed).await?);
    }
    cx.store.write(batch).await?;
    cx.memory.intents.set_free(&intent);
    if intent.kind == IntentKind::Link {
        cx.memory.intents.forget_link(&intent.user.id);
    }
    cx.teller.tell(&Event::IssueProcessed { key: intent.user.key.clone() });
    Ok(())
}

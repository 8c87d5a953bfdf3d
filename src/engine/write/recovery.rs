//! Settling what was left open: by a crash, a lost answer, or a step that could not be done (docs/sync.md, "Doubt").

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};

use super::course::{self, Abandoned, Course, Driven};
use super::failing::{self, in_doubt};
use super::linking::waits_for_its_issue;
use super::marks::{self, CreateMarks};
use super::owing::holds_its_pair;
use super::steps::evidence::Found;
use super::{executor, failures, steps};
use crate::engine::cx::{CONCURRENCY, Cx, Error};
use crate::engine::retry::{self, FailureContext};
use crate::flow::{
    Doubt, Event, Intent, IntentKind, IssueId, JiraTime, Pair, PairState, Side, SkipReason, Stage, Step,
};
use crate::jira::Fetched;
use crate::store::{self, Change, Failure};

/// A doubt that lasts is told again so often.
const TOLD_AGAIN: Duration = Duration::from_secs(3600);

/// An open intent, as the last worker left it.
struct Suspect {
    intent: Intent,
    /// Whether its step may have happened; `None` if it is owed.
    doubt: Option<Doubt>,
}

/// Whether an intent's pair may be written to.
pub(in crate::engine) enum Leave {
    Granted,
    /// Not as long as it is suspended, broken or held.
    Later,
    Never,
}

/// Where the issues of an intent's pair are.
enum Home {
    /// Where they were.
    Both,
    /// One of them, or both, left its project or can't be found.
    NotBoth,
    /// One of them can't be read although Jira is there; in words.
    Unread(String),
}

/// Whether an intent's pair had to wait for it, so that something may have been missed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Again,
    Done,
}

/// Takes up every open intent, links apart that wait for their issues. Each one ends closed, or stays open and durable; pairs whose intent was closed are
/// looked at again, since they may have changed while nothing else could be planned for them.
pub(in crate::engine) async fn recover(cx: &Cx) -> Result<(), Error> {
    let open = cx.store.open_intents().await?;
    cx.memory.intents.remember_links(open.iter().filter(|intent| waits_for_its_issue(intent)));
    let open: Vec<_> = open.into_iter().filter(|intent| !waits_for_its_issue(intent)).collect();
    for intent in open.iter().filter(|intent| holds_its_pair(intent)) {
        cx.memory.intents.set_busy(intent);
    }
    let waiting = waiting(cx, &open).await?;
    let (idle, due): (Vec<_>, Vec<_>) = open.into_iter().partition(|intent| waiting.contains(&intent.user.id));
    cx.tally.doubts.add(idle.iter().filter(|intent| !intent.is_owed()).count());
    let suspects: Vec<Suspect> = due.into_iter().map(|intent| suspect(cx, intent)).collect();
    let intents: Vec<_> = suspects.iter().map(|suspect| &suspect.intent).collect();
    let marks = marks::search(cx, &intents).await?;
    let work: Vec<_> = suspects.into_iter().map(|suspect| resume_suspect(cx, suspect, &marks).boxed()).collect();
    let ends: Vec<Result<(), Error>> = stream::iter(work).buffer_unordered(CONCURRENCY).collect().await;
    ends.into_iter().collect()
}

/// The issues of these intents that failed and whose time to try again has not come.
async fn waiting(cx: &Cx, open: &[Intent]) -> Result<BTreeSet<IssueId>, Error> {
    let users = open.iter().map(|intent| intent.user.id.clone());
    let failures = cx.store.get_on_both::<Failure>(users).await?.into_iter();
    Ok(failures.filter(|failure| !retry::is_time_for(cx, failure)).map(|failure| failure.issue.id).collect())
}

/// A step that was in hand when its worker ended was sent before now, if it was.
fn suspect(cx: &Cx, intent: Intent) -> Suspect {
    let doubt = match intent.state.stage() {
        Stage::InHand => Some(Doubt::since(cx.jira.jira_now_at_latest())),
        Stage::Owed => None,
        Stage::InDoubt(doubt) => Some(doubt),
    };
    Suspect { intent, doubt }
}

async fn resume_suspect(cx: &Cx, suspect: Suspect, marks: &CreateMarks) -> Result<(), Error> {
    let intent = suspect.intent.clone();
    match dispatch(cx, suspect, marks).await {
        Err(Error::Store(error @ store::Error::Taken { .. })) => overtaken(cx, &intent, &error).await,
        end => end,
    }
}

/// While a create was in doubt, somebody paired its user issue with another one. That pair counts; what was created
/// is told, and left to people. Nobody else waits for it.
async fn overtaken(cx: &Cx, intent: &Intent, error: &store::Error) -> Result<(), Error> {
    let why = format!("{error}; what was created for it is left as it is");
    failures::failed(cx, Side::User, &intent.user, why, FailureContext::after(intent)).await?;
    cx.store.write(vec![Change::CloseIntent(intent.id.clone())]).await?;
    cx.memory.intents.set_free(intent);
    Ok(())
}

async fn dispatch(cx: &Cx, suspect: Suspect, marks: &CreateMarks) -> Result<(), Error> {
    if cx.pulse.stopping() {
        return Err(Error::Stopping);
    }
    match leave(cx, &suspect.intent).await? {
        Leave::Granted => {}
        Leave::Later => {
            waits(cx, &suspect);
            return Ok(());
        }
        Leave::Never => return cancel_unpaired(cx, &suspect.intent).await,
    }
    let Suspect { intent, doubt } = suspect;
    match (intent.step().cloned(), doubt) {
        (None, _) => go_on(cx, Course::new(intent), Look::Again).await,
        (Some(_), None) => resume(cx, intent).await,
        (Some(step), Some(doubt)) => settle(cx, intent, doubt, &step, marks).await,
    }
}

/// Whether its pair may be written to. An intent that has no dev issue yet has no pair either.
pub(super) async fn leave(cx: &Cx, intent: &Intent) -> Result<Leave, Error> {
    let Some(dev) = &intent.dev else { return Ok(Leave::Granted) };
    let pairs = cx.store.get::<Pair>(Side::User, [intent.user.id.clone()]).await?;
    let state = pairs.into_iter().find(|pair| pair.dev.id == dev.id).map(|pair| pair.state);
    Ok(match state {
        Some(PairState::Active) => Leave::Granted,
        Some(PairState::Suspended | PairState::Broken | PairState::Held) => Leave::Later,
        Some(PairState::Unpaired) | None => Leave::Never,
    })
}

/// An operator took the pair apart: nothing is owed to it any more.
pub(super) async fn cancel_unpaired(cx: &Cx, intent: &Intent) -> Result<(), Error> {
    failures::skip(cx, &intent.user, SkipReason::Unpaired);
    close_for_another_look(cx, intent, Vec::new()).await
}

/// Goes on with a step of which nothing was sent.
async fn resume(cx: &Cx, mut intent: Intent) -> Result<(), Error> {
    let look = if holds_its_pair(&intent) { Look::Again } else { Look::Done };
    let is_planned_again = match intent.kind {
        IntentKind::Mirror => intent.state.cursor() == 0,
        // Files that are owed, where meanwhile every look finds what is missing.
        IntentKind::Attach => look == Look::Done && cx.flow.rules.follow_attachments(),
        IntentKind::Create | IntentKind::Restore | IntentKind::Link => false,
    };
    if is_planned_again {
        return close_for_another_look(cx, &intent, Vec::new()).await;
    }
    // Once more is sent, that nothing was is no longer true.
    intent.state.sent();
    cx.store.write(vec![Change::UpdateIntent(intent.clone())]).await?;
    go_on(cx, Course::new(intent), look).await
}

async fn settle(cx: &Cx, mut intent: Intent, doubt: Doubt, step: &Step, marks: &CreateMarks) -> Result<(), Error> {
    let found = match steps::find(cx, &intent, step, doubt, marks).await {
        Ok(found) => found,
        // Looking failed for this one issue; it stays open and is looked for again.
        Err(Error::Jira(error)) if error.is_local() => {
            cx.tally.doubts.add(1);
            return failures::failed(cx, Side::User, &intent.user, error.to_string(), FailureContext::after(&intent))
                .await;
        }
        Err(error) => return Err(error),
    };
    match found {
        Found::Happened(done) => {
            let told = record_settled(cx, &intent, step, true);
            let mut course = Course { done: vec![told], ..Course::new(intent) };
            course::record_outcome(cx, &mut course, done).await?;
            go_on(cx, course, Look::Again).await
        }
        Found::Absent => absent(cx, intent, step).await,
        Found::NotYet(doubt) => {
            // Not told yet: the worker that was at it did not live to.
            let is_new = intent.state.stage() == Stage::InHand;
            intent.state.lost(doubt);
            still_in_doubt(cx, intent, step, is_new).await
        }
        Found::Gone => {
            cx.tally.doubts.add(1);
            // Perhaps only hidden for a while: what is owed stays owed, and is retried ever less often.
            let why = format!("the {} is still owed, but the issue can't be read", step.name());
            failures::failed(cx, Side::User, &intent.user, why, FailureContext::after(&intent)).await
        }
    }
}

async fn absent(cx: &Cx, mut intent: Intent, step: &Step) -> Result<(), Error> {
    let told = record_settled(cx, &intent, step, false);
    if intent.kind == IntentKind::Mirror && intent.state.cursor() == 0 {
        // Nothing was done, and much may have changed since it was planned.
        return close_for_another_look(cx, &intent, vec![told]).await;
    }
    intent.state.sent();
    cx.store.write(vec![Change::UpdateIntent(intent.clone()), told]).await?;
    go_on(cx, Course::new(intent), Look::Again).await
}

/// An intent whose pair is apart; its doubt is one all the same.
fn waits(cx: &Cx, suspect: &Suspect) {
    if let (Some(step), Some(_)) = (suspect.intent.step(), suspect.doubt) {
        cx.tally.doubts.add(1);
        tell_again(cx, &suspect.intent, step);
    }
}

/// A doubt that is not settled by a first look is told, and then once an hour.
async fn still_in_doubt(cx: &Cx, intent: Intent, step: &Step, is_new: bool) -> Result<(), Error> {
    let told = if is_new {
        Some(failing::record_doubt(cx, &intent, step, "the worker ended while it was in hand".to_owned()))
    } else {
        cx.tally.doubts.add(1);
        tell_again(cx, &intent, step);
        None
    };
    Ok(cx.store.write([Change::UpdateIntent(intent)].into_iter().chain(told).collect()).await?)
}

fn tell_again(cx: &Cx, intent: &Intent, step: &Step) {
    if is_to_be_told_again(cx, intent) {
        cx.teller.tell(&in_doubt(intent, step, "it is not known yet whether it happened".to_owned()));
    }
}

/// Whether another hour of a doubt has passed since the last cycle.
fn is_to_be_told_again(cx: &Cx, intent: &Intent) -> bool {
    let Stage::InDoubt(doubt) = intent.state.stage() else { return false };
    let hours = |at: JiraTime| at.since(doubt.sent_by).as_secs() / TOLD_AGAIN.as_secs();
    let now = cx.jira.jira_now();
    hours(now) > hours(now.earlier(cx.flow.interval))
}

async fn close_for_another_look(cx: &Cx, intent: &Intent, told: Vec<Change>) -> Result<(), Error> {
    let end =
        [failures::again(cx, &intent.user, FailureContext::after(intent)), Change::CloseIntent(intent.id.clone())];
    cx.store.write(told.into_iter().chain(end).collect()).await?;
    cx.memory.intents.set_free(intent);
    Ok(())
}

/// Does the steps that are left. A pair that had to wait is looked at again, durably so from the moment of closing.
async fn go_on(cx: &Cx, course: Course, look: Look) -> Result<(), Error> {
    let (user, context) = (course.intent.user.clone(), FailureContext::after(&course.intent));
    let closing = match look {
        Look::Again => vec![failures::again(cx, &user, context)],
        Look::Done => Vec::new(),
    };
    let course = Course { closing, ..course };
    match home(cx, &course.intent).await {
        Ok(Home::Both) => {}
        Ok(Home::NotBoth) => return defer(cx, course).await,
        Ok(Home::Unread(why)) => return defer_unread(cx, course, why).await,
        // What is stored says that a request may have been sent, and none was.
        Err(error) if error.is_stopping() => {
            failing::suspend_unsent(cx, course).await?;
            return Err(Error::Stopping);
        }
        Err(error) => return Err(error),
    }
    match executor::drive(cx, course, None).await? {
        Driven::Closed | Driven::Open => Ok(()),
        Driven::Abandoned(Abandoned::Outdated(reason)) => {
            failures::skip(cx, &user, reason);
            failures::look_again(cx, &user, context).await
        }
        Driven::Abandoned(Abandoned::Failed(error)) if error.is_local() => {
            failures::failed(cx, Side::User, &user, error.to_string(), context).await
        }
        Driven::Abandoned(Abandoned::Failed(error)) => Err(error.into()),
    }
}

/// Whether both issues of an intent's pair are where they were, by a fresh read: that its pair is active says what was
/// last seen of them, perhaps long ago.
async fn home(cx: &Cx, intent: &Intent) -> Result<Home, Error> {
    let (Some(dev), Some(_)) = (&intent.dev, intent.step()) else { return Ok(Home::Both) };
    let Fetched { issues, unread } = cx.jira.fetch(&[&intent.user.id, &dev.id]).await?;
    if let Some((id, error)) = unread.first_key_value() {
        let at = if *id == dev.id { dev } else { &intent.user };
        return Ok(Home::Unread(format!("{at} can't be read: {error}")));
    }
    let is_home = |side| {
        let at = intent.on(side).map(|at| &at.id);
        issues.iter().any(|issue| Some(&issue.at.id) == at && cx.sides.of_issue(issue) == Some(side))
    };
    Ok(if Side::BOTH.into_iter().all(is_home) { Home::Both } else { Home::NotBoth })
}

/// Nothing more is sent for a pair that is apart. It is looked at now, which suspends or breaks it; what is owed waits
/// with it.
async fn defer(cx: &Cx, course: Course) -> Result<(), Error> {
    let Course { mut intent, done, .. } = course;
    let again = failures::again(cx, &intent.user, FailureContext::default());
    intent.state.owed();
    let owed = Change::UpdateIntent(intent);
    Ok(cx.store.write(done.into_iter().chain([owed, again]).collect()).await?)
}

/// Nothing more is sent for a pair of which an issue can't be read although Jira is there: what is owed waits, and is
/// tried ever less often.
async fn defer_unread(cx: &Cx, course: Course, why: String) -> Result<(), Error> {
    let Course { mut intent, done, .. } = course;
    let (user, context) = (intent.user.clone(), FailureContext::after(&intent));
    intent.state.owed();
    let owed = Change::UpdateIntent(intent);
    cx.store.write(done.into_iter().chain([owed]).collect()).await?;
    failures::failed(cx, Side::User, &user, why, context).await
}

fn record_settled(cx: &Cx, intent: &Intent, step: &Step, happened: bool) -> Change {
    let (key, at, what) = (intent.user.key.clone(), intent.step_key(), step.name());
    cx.teller.record(&Event::DoubtSettled { key, step: at, what, happened }, &intent.user)
}

//! Create the dev issue of a user issue, marked from the create request itself.

mod amend;
mod prepare;

use futures::{FutureExt, StreamExt, stream};

use super::evidence::{EFFECT_HORIZON, Found};
use crate::engine::cx::{CONCURRENCY, Cx, Error};
use crate::engine::failure::JiraFailure;
use crate::engine::write::marks::CreateMarks;
use crate::engine::write::outcome::{Learned, Outcome, StepDone};
use crate::flow::{CreateIssue, Describe, Doubt, Event, Intent, Issue, IssueRef, Origin, Pair, PairState};
use crate::jira::{self, Fault};
use crate::store::Change;
use amend::create_alone;
use jira_markup::Loss;
use prepare::{LeftOut, Prepared, Ready, Text, mapped, prepare};

pub(super) async fn perform(
    cx: &Cx,
    intent: &Intent,
    step: &CreateIssue,
    fresh: Option<&Issue>,
) -> Result<Outcome, Error> {
    match prepare(cx, intent, step, fresh).await? {
        Ready::Send(prepared) => create_alone(cx, *prepared).await,
        Ready::Outdated(reason) => Ok(Outcome::Outdated(reason)),
    }
}

/// Creates several dev issues in as few requests as can be: the first steps of these intents, each of a user issue that
/// was read just now. Each has its own mark and its own end, in the order of the intents.
pub(in crate::engine::write) async fn perform_all(
    cx: &Cx,
    all: &[(&Intent, &CreateIssue, &Issue)],
) -> Vec<Result<Outcome, Error>> {
    let preparing: Vec<_> =
        all.iter().map(|(intent, step, user)| prepare(cx, intent, step, Some(user)).boxed()).collect();
    let ready: Vec<_> = stream::iter(preparing).buffered(CONCURRENCY).collect().await;
    let to_send: Vec<_> = ready
        .iter()
        .filter_map(|ready| if let Ok(Ready::Send(prepared)) = ready { Some(prepared.new_issue(cx)) } else { None })
        .collect();
    let mut sent = cx.jira.create_all(&to_send).await.into_iter();
    let mut ends = Vec::new();
    for ready in ready {
        ends.push(match ready {
            Ok(Ready::Send(prepared)) => match sent.next() {
                Some(sent) => end_of(cx, *prepared, sent).await,
                None => Err(untold().into()),
            },
            Ok(Ready::Outdated(reason)) => Ok(Outcome::Outdated(reason)),
            Err(error) => Err(error),
        });
    }
    ends
}

/// What became of one of several. Jira made nothing of one that it refused: alone it has its second chance.
async fn end_of(cx: &Cx, prepared: Prepared<'_>, sent: Result<IssueRef, jira::Error>) -> Result<Outcome, Error> {
    match sent {
        Ok(dev) => Ok(prepared.created(cx, dev)),
        Err(error) if matches!(error.what, Fault::Invalid(_)) => create_alone(cx, prepared).await,
        Err(error) => Err(error.into()),
    }
}

/// An outcome that is missing is one that is not known.
fn untold() -> JiraFailure {
    JiraFailure::Untold { doing: "POST issue/bulk".to_owned(), why: "it is not said what became of it".to_owned() }
}

/// The mark is looked for among the dev issues created since. Its absence counts only when two healthy searches lack it:
/// the first after twice the index lag, and not before an effect that came as late as can be would show; the second
/// another lag later.
pub(super) async fn find(
    cx: &Cx,
    intent: &Intent,
    step: &CreateIssue,
    doubt: Doubt,
    marks: &CreateMarks,
) -> Result<Found, Error> {
    let Some(dev) = marks.created_by(&intent.id) else { return Ok(absent(cx, doubt, marks)) };
    // Whoever sent the request did not live to tell, or did not know, that it took effect.
    let Some(user) = cx.jira.fetch_one(&intent.user.id).await? else {
        return Ok(Found::Happened(created(intent, dev.clone(), Vec::new(), Vec::new(), None)));
    };
    let lost = user.description.as_ref().map(|text| cx.jira.carried(text).lost).unwrap_or_default();
    let made = cx.jira.fetch_one(&dev.id).await?;
    let text = made.as_ref().map_or(Text::Described, |made| text_of(&user, made, step));
    let left_out = match (cx.flow.field_map.is_empty(), made) {
        (true, _) | (false, None) => Vec::new(),
        (false, Some(made)) => mapped(cx, &user, &made.issue_type).await?.left_out,
    };
    Ok(Found::Happened(created(intent, dev.clone(), lost, left_out, text.describing(step.cross_link))))
}

/// Whether a dev issue was created with its description, by what it shows now.
fn text_of(user: &Issue, dev: &Issue, step: &CreateIssue) -> Text {
    let lacks_line = || dev.description.as_ref().and_then(|text| jira_markup::link_in(text, "User Link")).is_none();
    let lacks_text = || dev.description.is_none() && user.description.is_some();
    let follows = if step.cross_link { lacks_line() } else { lacks_text() };
    if follows { Text::Follows } else { Text::Described }
}

/// `lost` is what its text could not take along, `left_out` the mapped fields that it was created without.
fn created(intent: &Intent, dev: IssueRef, lost: Vec<Loss>, left_out: LeftOut, follows: Option<Describe>) -> StepDone {
    let user = || intent.user.key.clone();
    let done = Event::IssueCreated { user: user(), dev: dev.key.clone(), rule: intent.rule.clone() };
    let lost: Vec<_> = lost.iter().map(ToString::to_string).collect();
    let lost = (!lost.is_empty()).then(|| Event::NotTakenAlong { user: user(), dev: dev.key.clone(), lost });
    let left_out = left_out.into_iter().map(|(field, why)| Event::FieldLeftOut { key: user(), field, why });
    let pair = Pair { user: intent.user.clone(), dev: dev.clone(), origin: Origin::Created, state: PairState::Active };
    StepDone {
        events: [done].into_iter().chain(lost).chain(left_out).collect(),
        changes: vec![Change::PutPair(pair), Change::ClearMissing(intent.user.id.clone())],
        learned: Some(Learned::Created(dev, follows)),
    }
}

fn absent(cx: &Cx, doubt: Doubt, marks: &CreateMarks) -> Found {
    let lag = cx.flow.index_lag;
    let Some(now) = marks.asked() else { return Found::NotYet(doubt) };
    let ripe = doubt.sent_by.later((lag * 2).max(EFFECT_HORIZON + lag));
    if !marks.are_healthy() || now < ripe {
        return Found::NotYet(doubt);
    }
    match doubt.first_absent {
        Some(first) if now >= first.later(lag) => Found::Absent,
        Some(_) => Found::NotYet(doubt),
        None => Found::NotYet(Doubt { first_absent: Some(now), ..doubt }),
    }
}

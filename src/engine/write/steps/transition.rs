//! Bring an issue into a status.

mod resolution;
mod tries;

use std::time::Duration;

use super::evidence::{Horizon, StepEvidence};
use crate::engine::cx::{Cx, Error};
use crate::engine::failure::JiraFailure;
use crate::engine::write::outcome::{Learned, Outcome, StepDone, key_on};
use crate::flow::{Event, Intent, Issue, IssueRef, SkipReason, Status, Transition};
use crate::jira::{self, Fault, Offer, Standing};
use tries::Tries;

/// The machines of one site need not agree on the time to the second.
const SKEW: Duration = Duration::from_secs(5);

/// Where the issue stands and where it can go are read in one request, immediately before each try. Only a 400 in Jira's
/// own words lets another transition be tried: then nothing has happened. Whichever of them was made, the changelog
/// shows it as ours.
pub(super) async fn perform(cx: &Cx, intent: &Intent, step: &Transition) -> Result<Outcome, Error> {
    let Some(target) = intent.on(step.side) else { return Ok(Outcome::Needless) };
    let mut standing = cx.jira.standing(&target.id).await?;
    let mut tries = Tries::new(cx, intent, step, target);
    loop {
        if let Some(outcome) = outdated(&standing, step) {
            return Ok(outcome);
        }
        let Some(next) = tries.next(&standing).await? else { return Err(tries.failure(&standing).await.into()) };
        match cx.jira.transition(&target.id, &next.offer, &next.sends.fields()).await {
            Ok(()) => {
                let reached = match &next.offer.to {
                    Some(to) => to.clone(),
                    None => where_it_led(cx, target, &next.offer).await?,
                };
                let remarks = tries.remarks(&next, &reached);
                return Ok(Outcome::Done(moved(intent, step, reached, remarks)));
            }
            Err(error) if is_refused_by_jira(&error) => tries.refused(next, error),
            Err(error) => return Err(error.into()),
        }
        standing = cx.jira.standing_now(&target.id).await?;
    }
}

/// Whether Jira itself says no, and not something on the way to it: then nothing has happened.
fn is_refused_by_jira(error: &jira::Error) -> bool {
    matches!(&error.what, Fault::Invalid(refusal) if refusal.is_in_jiras_words())
}

/// What becomes of the step if the issue does not stand where the plan saw it.
fn outdated(standing: &Standing, step: &Transition) -> Option<Outcome> {
    if standing.status.name == step.to {
        // Somebody else brought it there: no change of ours, so nothing to comment on.
        return Some(Outcome::Needless);
    }
    (standing.status.id != step.from.id).then_some(Outcome::Outdated(SkipReason::MovedMeanwhile))
}

/// Where a transition led of which Jira had not said so. What can't be read now is looked up later: the transition itself
/// was made.
async fn where_it_led(cx: &Cx, target: &IssueRef, offer: &Offer) -> Result<Status, JiraFailure> {
    let untold = |why: String| JiraFailure::Untold {
        doing: format!("transition {} of {target}", offer.name),
        why: format!("it was made, and where it led is not known: {why}"),
    };
    match cx.jira.status_reached(&target.id).await {
        Ok(Some(status)) => Ok(status),
        Ok(None) => Err(untold("the issue can't be read".to_owned())),
        Err(error) => Err(untold(error.to_string())),
    }
}

/// `remarks`: what else is worth telling of it.
fn moved(intent: &Intent, step: &Transition, reached: Status, remarks: Vec<Event>) -> StepDone {
    let side = step.side;
    let (key, because_of) = (key_on(intent, side), key_on(intent, side.other()));
    let synced = Event::StatusSynced { side, key, to: step.to.clone(), because_of, rule: intent.rule.clone() };
    let learned = Some(Learned::Moved(side, reached));
    StepDone { learned, ..StepDone::told(remarks.into_iter().chain([synced])) }
}

/// The changelog shows that we moved it since, from where it stood: whatever became of it afterwards. Nobody but this
/// intent may write to its pair, so any such change of ours is this step's, wherever it led.
pub(super) async fn find(cx: &Cx, intent: &Intent, step: &Transition) -> Result<StepEvidence, Error> {
    let Some(target) = intent.on(step.side) else { return Ok(StepEvidence::Hidden) };
    Ok(match cx.jira.fetch_one(&target.id).await? {
        Some(issue) => match reached(cx, intent, step, &issue) {
            Some(status) => StepEvidence::Shown(moved(intent, step, status, Vec::new())),
            None => StepEvidence::Lacking(Horizon::REQUEST),
        },
        None => StepEvidence::Hidden,
    })
}

fn reached(cx: &Cx, intent: &Intent, step: &Transition, issue: &Issue) -> Option<Status> {
    let ours = issue.changes.iter().rev().find(|change| {
        change.at >= intent.begun.earlier(SKEW)
            && change.by.as_ref() == Some(cx.jira.account())
            && change.from.id == step.from.id
    });
    ours.map(|change| change.to.clone())
}

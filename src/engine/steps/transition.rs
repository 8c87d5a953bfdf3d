//! Bring an issue into a status.

mod resolution;

use std::time::Duration;

use resolution::Way;

use super::{Outcome, Trace};
use crate::engine::apply::{Learned, Moved};
use crate::engine::{Engine, Error};
use crate::flow::{Event, Intent, Issue, IssueRef, SkipReason, Status, StatusName, Transition};
use crate::jira::{self, Fault, Offer, Standing};

/// The machines of one site need not agree on the time to the second.
const SKEW: Duration = Duration::from_secs(5);

/// Where the issue stands and where it can go are asked in one request, immediately before.
pub(super) async fn perform(engine: &Engine, intent: &Intent, step: &Transition) -> Result<Outcome, Error> {
    let Some(target) = intent.on(step.side) else { return Ok(Outcome::Needless) };
    let standing = engine.jira.standing(&target.id).await?;
    if standing.status.name == step.to {
        // Somebody else brought it there: no change of ours, so nothing to comment on.
        return Ok(Outcome::Needless);
    }
    if standing.status.id != step.from.id {
        return Ok(Outcome::Outdated(SkipReason::MovedMeanwhile));
    }
    let offer = standing.offer_to(&step.to).ok_or_else(|| no_way(target, &standing, &step.to))?;
    let way = Way { engine, target, standing: &standing, offer };
    let unresolved = way.make(intent, step).await?;
    let unresolved = unresolved.map(|why| Event::StepRefused { key: target.key.clone(), what: "resolution", why });
    let reached = match &offer.to {
        Some(to) => to.clone(),
        None => where_it_led(engine, target, offer).await?,
    };
    let remarks = by_name(target, offer, &reached, step).into_iter().chain(unresolved).collect();
    Ok(Outcome::Done(Learned::Moved(moved(step, reached, remarks))))
}

/// Where a transition led of which Jira had not said so. What can't be read now is looked up later: the transition itself
/// was made.
async fn where_it_led(engine: &Engine, target: &IssueRef, offer: &Offer) -> Result<Status, jira::Error> {
    let untold = |why: String| jira::Error {
        request: format!("transition {} of {target}", offer.name),
        what: Fault::Unanswered(format!("it was made, and where it led is not known: {why}")),
        only_reads: false,
    };
    match engine.jira.progress(&target.id, &[]).await {
        Ok(Some(progress)) => Ok(progress.status),
        Ok(None) => Err(untold("the issue can't be read".to_owned())),
        Err(error) => Err(untold(error.to_string())),
    }
}

fn moved(step: &Transition, reached: Status, remarks: Vec<Event>) -> Moved {
    Moved { side: step.side, wanted: step.to.clone(), reached, remarks }
}

fn by_name(target: &IssueRef, offer: &Offer, reached: &Status, step: &Transition) -> Option<Event> {
    let (name, to) = (offer.name.clone(), reached.name.clone());
    (to != step.to).then(|| Event::TransitionByName { key: target.key.clone(), name, to })
}

fn no_way(target: &IssueRef, standing: &Standing, to: &StatusName) -> jira::Error {
    let told = |offer: &Offer| match &offer.to {
        Some(to) => format!("{} (to {})", offer.name, to.name),
        None => format!("{} (Jira does not say where it leads)", offer.name),
    };
    let offers: Vec<_> = standing.offers.iter().map(told).collect();
    let offers =
        if offers.is_empty() { "none; may this account make transitions?".to_owned() } else { offers.join(", ") };
    jira::Error {
        request: format!("transition of {target}"),
        what: Fault::Invalid(
            format!("no transition leads from {} to {to}; offered: {offers}", standing.status.name).into(),
        ),
        only_reads: true,
    }
}

/// The changelog shows that we moved it since, from where it stood: whatever became of it afterwards. Nobody but this
/// intent may write to its pair, so any such change of ours is this step's, wherever it led.
pub(super) async fn find(engine: &Engine, intent: &Intent, step: &Transition) -> Result<Trace, Error> {
    let Some(target) = intent.on(step.side) else { return Ok(Trace::Hidden) };
    Ok(match engine.jira.fetch_one(&target.id).await? {
        Some(issue) => match reached(engine, intent, step, &issue) {
            Some(status) => Trace::Shown(Learned::Moved(moved(step, status, Vec::new()))),
            None => Trace::Lacking,
        },
        None => Trace::Hidden,
    })
}

fn reached(engine: &Engine, intent: &Intent, step: &Transition, issue: &Issue) -> Option<Status> {
    let ours = issue.changes.iter().rev().find(|change| {
        change.at >= intent.begun.earlier(SKEW)
            && change.by.as_ref() == Some(engine.jira.account())
            && change.from.id == step.from.id
    });
    ours.map(|change| change.to.clone())
}

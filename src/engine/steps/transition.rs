//! Bring an issue into a status.

use std::time::Duration;

use super::{Found, Outcome, absent_by_now};
use crate::engine::apply::Learned;
use crate::engine::{Engine, Error};
use crate::flow::{Doubt, Event, Intent, Issue, IssueRef, SkipReason, Status, StatusName, Transition};
use crate::jira::{self, Fault, Fields, Standing};

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
    if offer.to.name != step.to {
        engine.tell(&Event::TransitionByName {
            key: target.key.clone(),
            name: offer.name.clone(),
            to: offer.to.name.clone(),
        });
    }
    engine.jira.transition(&target.id, offer, &Fields::new()).await?;
    Ok(Outcome::Done(Learned::Standing(offer.to.clone())))
}

fn no_way(target: &IssueRef, standing: &Standing, to: &StatusName) -> jira::Error {
    let offers: Vec<_> = standing.offers.iter().map(|offer| format!("{} (to {})", offer.name, offer.to.name)).collect();
    let offers =
        if offers.is_empty() { "none; may this account make transitions?".to_owned() } else { offers.join(", ") };
    jira::Error {
        request: format!("transition of {target}"),
        what: Fault::Invalid(format!("no transition leads from {} to {to}; offered: {offers}", standing.status.name)),
        only_reads: true,
    }
}

/// The changelog shows that we moved it since, from where it stood: whatever became of it afterwards. Nobody but this
/// intent may write to its pair, so any such change of ours is this step's, wherever it led.
pub(super) async fn find(engine: &Engine, intent: &Intent, step: &Transition, doubt: Doubt) -> Result<Found, Error> {
    let Some(target) = intent.on(step.side) else { return Ok(Found::Gone) };
    Ok(match engine.jira.fetch_one(&target.id).await? {
        Some(issue) => match reached(engine, intent, step, &issue) {
            Some(status) => Found::Happened(Learned::Standing(status)),
            None => absent_by_now(engine, doubt),
        },
        None => Found::Gone,
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

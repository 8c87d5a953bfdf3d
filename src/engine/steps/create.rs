//! Create the dev issue of a user issue, marked from the create request itself.

use std::sync::{Arc, PoisonError};

use super::{EFFECT_HORIZON, Found, Outcome};
use crate::engine::apply::Learned;
use crate::engine::recover::Traces;
use crate::engine::{Engine, Error};
use crate::flow::{CreateIssue, Doubt, Intent, Issue, Mark, Side, SkipReason};
use crate::jira::{Fault, Fields, NewIssue};

/// The pair table is asked once more: between the plan and now the issue may have been adopted.
pub(super) async fn perform(
    engine: &Engine,
    intent: &Intent,
    step: &CreateIssue,
    fresh: Option<&Issue>,
) -> Result<Outcome, Error> {
    let user = &intent.user;
    if !engine.store.pairs(Side::User, vec![user.id.clone()]).await?.is_empty() {
        return Ok(Outcome::Outdated(SkipReason::MovedMeanwhile));
    }
    let read_now = match fresh {
        Some(_) => None,
        None => engine.jira.fetch_one(&user.id).await?,
    };
    let Some(issue) = fresh.or(read_now.as_ref()) else {
        return Ok(Outcome::Outdated(SkipReason::CounterpartMissing));
    };
    let text = issue.description.as_ref().map(|text| engine.jira.carried(text));
    let new = NewIssue {
        project: &engine.flow.dev_project,
        summary: &issue.summary,
        description: text.as_ref(),
        issue_type: &engine.type_for(&issue.issue_type).await?,
        link: step.cross_link.then(|| engine.jira.site().browse(&issue.at.key)),
        mark: Mark::Created {
            site: engine.jira.site().clone(),
            user_issue: user.id.clone(),
            intent: intent.id.clone(),
        },
        fields: Fields::new(),
    };
    match engine.jira.create(&new).await {
        Ok(dev) => Ok(Outcome::Done(Learned::Created(dev, text.map(|text| text.lost).unwrap_or_default()))),
        Err(error) => {
            if matches!(error.what, Fault::Invalid(_)) {
                // Perhaps the project has other types by now.
                *engine.issue_types.lock().unwrap_or_else(PoisonError::into_inner) = None;
            }
            Err(error.into())
        }
    }
}

/// The mark is looked for among the dev issues created since. Its absence counts only when two healthy searches lack it:
/// the first after twice the index lag, and not before an effect that came as late as can be would show; the second
/// another lag later.
pub(super) async fn find(engine: &Engine, intent: &Intent, doubt: Doubt, traces: &Traces) -> Result<Found, Error> {
    let Some(dev) = traces.created_by(&intent.id) else { return Ok(absent(engine, doubt, traces)) };
    // Whoever sent the request did not live to tell, or did not know, that it took effect.
    let user = engine.jira.fetch_one(&intent.user.id).await?;
    let text = user.and_then(|user| user.description);
    let lost = text.map(|text| engine.jira.carried(&text).lost).unwrap_or_default();
    Ok(Found::Happened(Learned::Created(dev.clone(), lost)))
}

fn absent(engine: &Engine, doubt: Doubt, traces: &Traces) -> Found {
    let lag = engine.flow.index_lag;
    let Some(now) = traces.asked() else { return Found::NotYet(doubt) };
    let ripe = doubt.sent_by.later((lag * 2).max(EFFECT_HORIZON + lag));
    if !traces.are_healthy() || now < ripe {
        return Found::NotYet(doubt);
    }
    match doubt.first_absent {
        Some(first) if now >= first.later(lag) => Found::Absent,
        Some(_) => Found::NotYet(doubt),
        None => Found::NotYet(Doubt { first_absent: Some(now), ..doubt }),
    }
}

impl Engine {
    /// The source's type if the dev project has it, else the flow's.
    async fn type_for(&self, source: &str) -> Result<String, Error> {
        let known = self.issue_types.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = match known {
            Some(known) => known,
            None => self.jira.issue_types(&self.flow.dev_project).await?.into_iter().map(|kind| kind.name).collect(),
        };
        let wanted = if known.iter().any(|name| name == source) { source } else { &self.flow.issue_type };
        *self.issue_types.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(wanted.to_owned())
    }
}

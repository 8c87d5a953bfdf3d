//! Tell the customer, on the user issue. The comment carries the intent's id as its property.

use super::evidence::{Horizon, StepEvidence};
use crate::engine::cx::{Cx, Error};
use crate::engine::write::outcome::{Outcome, StepDone};
use crate::flow::{Comment, Event, Intent};
use crate::jira::{Fault, Sought};

pub(super) async fn perform(cx: &Cx, intent: &Intent, step: &Comment) -> Result<Outcome, Error> {
    let Some(text) = text(intent, step) else { return Ok(Outcome::Needless) };
    cx.jira.comment(&intent.user.id, &cx.jira.plain(&text), &intent.id).await?;
    Ok(Outcome::Done(said(intent)))
}

pub(super) async fn find(cx: &Cx, intent: &Intent, step: &Comment) -> Result<StepEvidence, Error> {
    if step.text.is_blank() {
        // Jira never takes one: what follows is that none is needed.
        return Ok(StepEvidence::Lacking(Horizon::REQUEST));
    }
    let Some(text) = text(intent, step) else { return Ok(StepEvidence::Hidden) };
    let body = cx.jira.plain(&text);
    let sought = Sought { intent: &intent.id, body: &body, since: intent.begun };
    match cx.jira.has_comment_of(&intent.user.id, &sought).await {
        Ok(true) => Ok(StepEvidence::Shown(said(intent))),
        Ok(false) => Ok(StepEvidence::Lacking(Horizon::REQUEST)),
        Err(error) if matches!(error.what, Fault::Missing(_)) => Ok(StepEvidence::Hidden),
        Err(error) => Err(error.into()),
    }
}

fn said(intent: &Intent) -> StepDone {
    StepDone::told([Event::Commented { key: intent.user.key.clone() }])
}

/// What to say; `None` where that is nothing, as in intents of a time when flow files could have blank templates.
fn text(intent: &Intent, step: &Comment) -> Option<String> {
    step.text.render(intent.on(intent.source)?, intent.on(intent.source.other())?)
}

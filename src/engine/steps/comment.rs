//! Tell the customer, on the user issue. The comment carries the intent's id as its property.

use super::{Found, Outcome, absent_by_now};
use crate::engine::apply::Learned;
use crate::engine::{Engine, Error};
use crate::flow::{Comment, Doubt, Intent};
use crate::jira::{Fault, Sought};

pub(super) async fn perform(engine: &Engine, intent: &Intent, step: &Comment) -> Result<Outcome, Error> {
    let Some(text) = text(intent, step) else { return Ok(Outcome::Needless) };
    engine.jira.comment(&intent.user.id, &text, &intent.id).await?;
    Ok(Outcome::Done(Learned::Nothing))
}

pub(super) async fn find(engine: &Engine, intent: &Intent, step: &Comment, doubt: Doubt) -> Result<Found, Error> {
    let Some(text) = text(intent, step) else { return Ok(Found::Gone) };
    let sought = Sought { intent: &intent.id, text: &text, since: intent.begun };
    match engine.jira.has_comment_of(&intent.user.id, &sought).await {
        Ok(true) => Ok(Found::Happened(Learned::Nothing)),
        Ok(false) => Ok(absent_by_now(engine, doubt)),
        Err(error) if matches!(error.what, Fault::Missing(_)) => Ok(Found::Gone),
        Err(error) => Err(error.into()),
    }
}

fn text(intent: &Intent, step: &Comment) -> Option<String> {
    Some(step.text.render(intent.on(intent.source)?, intent.on(intent.source.other())?))
}

//! Tell the customer, on the user issue. The comment carries the intent's id as its property.

use super::{Found, Outcome, absent_by_now};
use crate::engine::apply::Learned;
use crate::engine::{Engine, Error};
use crate::flow::{Comment, Doubt, Intent};
use crate::jira::Fault;

pub(super) async fn perform(engine: &Engine, intent: &Intent, step: &Comment) -> Result<Outcome, Error> {
    let (Some(source), Some(target)) = (intent.on(intent.source), intent.on(intent.source.other())) else {
        return Ok(Outcome::Needless);
    };
    let text = step.text.render(source, target);
    engine.jira.comment(&intent.user.id, &text, &intent.id).await?;
    Ok(Outcome::Done(Learned::Nothing))
}

pub(super) async fn find(engine: &Engine, intent: &Intent, doubt: Doubt) -> Result<Found, Error> {
    match engine.jira.has_comment_of(&intent.user.id, &intent.id).await {
        Ok(true) => Ok(Found::Happened(Learned::Nothing)),
        Ok(false) => Ok(absent_by_now(engine, doubt)),
        Err(error) if matches!(error.what, Fault::Missing(_)) => Ok(Found::Gone),
        Err(error) => Err(error.into()),
    }
}

//! Put a person's text back that our edit replaced unread: somebody saved it between our read and our write.

use super::evidence::{Horizon, StepEvidence};
use super::link::{no_room, own_edit_lacks_line, page_of, stand_in};
use crate::engine::cx::{Cx, Error};
use crate::engine::failure::JiraFailure;
use crate::engine::write::outcome::{Outcome, StepDone};
use crate::flow::{Event, Intent, RestoreText};
use crate::jira::{Fault, Linked};

/// The text is read from the changelog once more: whoever edited the description since has the last word.
pub(super) async fn perform(cx: &Cx, intent: &Intent, step: &RestoreText) -> Result<Outcome, Error> {
    let user = cx.jira.fetch_one(&intent.user.id).await?.ok_or_else(|| JiraFailure::LeftOut(intent.user.clone()))?;
    let Some(text) = &user.overwritten else { return Ok(Outcome::Needless) };
    let page = page_of(cx, intent, step.cross_link);
    let room = match cx.jira.put_back(&user.at.id, text, page.as_deref()).await {
        Ok(room) => room,
        // It stays in the history.
        Err(error) if matches!(error.what, Fault::Invalid(_) | Fault::Forbidden(_)) => {
            return Ok(Outcome::Done(StepDone::refused(intent, "description", error.to_string())));
        }
        Err(error) => return Err(error.into()),
    };
    if room == Linked::NoRoom {
        stand_in(cx, intent).await?;
    }
    Ok(Outcome::Done(restored(intent, room)))
}

pub(super) async fn find(cx: &Cx, intent: &Intent, step: &RestoreText) -> Result<StepEvidence, Error> {
    let Some(user) = cx.jira.fetch_one(&intent.user.id).await? else { return Ok(StepEvidence::Hidden) };
    if user.overwritten.is_some() {
        return Ok(StepEvidence::Lacking(Horizon::REQUEST));
    }
    let lacks = step.cross_link && own_edit_lacks_line(&user);
    Ok(StepEvidence::Shown(restored(intent, if lacks { Linked::NoRoom } else { Linked::Yes })))
}

fn restored(intent: &Intent, room: Linked) -> StepDone {
    let restored = Event::TextRestored { key: intent.user.key.clone() };
    StepDone::told([restored].into_iter().chain(no_room(intent, room)))
}

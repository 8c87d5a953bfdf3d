//! Making links that are owed, as soon as their user issues can be edited (docs/sync.md, "Links that are owed").

use super::course::{Abandoned, Course, Driven};
use super::linking::{self, waits_for_its_issue};
use super::recovery::{self, Leave};
use super::{executor, failures};
use crate::engine::cx::{Cx, Error};
use crate::engine::retry::FailureContext;
use crate::flow::{Intent, IssueRef, Side, StatusId, Step};
use crate::store::Change;

/// Makes the link that a user issue is owed, if it can be edited where it stands now. Answers whether a failure says
/// that it is to be tried again.
pub(in crate::engine) async fn try_owed_link(cx: &Cx, user: &IssueRef, status: &StatusId) -> Result<bool, Error> {
    if !cx.memory.intents.is_link_due(&user.id, status) || cx.memory.intents.is_busy(&user.id) {
        return Ok(false);
    }
    let Some(intent) = linking::open_link(cx, &user.id).await?.filter(waits_for_its_issue) else {
        cx.memory.intents.forget_link(&user.id);
        return Ok(false);
    };
    match recovery::leave(cx, &intent).await? {
        Leave::Granted => {}
        Leave::Later => return Ok(false),
        Leave::Never => {
            recovery::cancel_unpaired(cx, &intent).await?;
            return Ok(true);
        }
    }
    match cx.jira.may_edit(&user.id).await {
        Ok(true) => make_owed_link(cx, intent).await,
        Ok(false) => still_locked(cx, intent, status).await,
        Err(error) if error.is_local() => {
            let why = format!("the link is still owed: {error}");
            failures::failed(cx, Side::User, user, why, FailureContext::default()).await?;
            Ok(true)
        }
        Err(error) => Err(error.into()),
    }
}

async fn make_owed_link(cx: &Cx, mut intent: Intent) -> Result<bool, Error> {
    // Once more is sent, that nothing was is no longer true.
    intent.state.sent();
    cx.store.write(vec![Change::UpdateIntent(intent.clone())]).await?;
    cx.memory.intents.set_busy(&intent);
    let open = match executor::drive(cx, Course::new(intent.clone()), None).await? {
        Driven::Closed => false,
        Driven::Open => true,
        Driven::Abandoned(Abandoned::Outdated(_) | Abandoned::Failed(_)) => false,
    };
    if open && linking::open_link(cx, &intent.user.id).await?.is_some_and(|left| waits_for_its_issue(&left)) {
        cx.memory.intents.set_free(&intent);
    }
    Ok(open)
}

async fn still_locked(cx: &Cx, mut intent: Intent, status: &StatusId) -> Result<bool, Error> {
    let Some(Step::Link(link)) = intent.steps.get_mut(intent.state.cursor()) else { return Ok(false) };
    if let Some(owed) = link.owed.as_mut().filter(|owed| owed.locked_in.as_ref() != Some(status)) {
        owed.locked_in = Some(status.clone());
        cx.store.write(vec![Change::UpdateIntent(intent.clone())]).await?;
    }
    cx.memory.intents.remember_link(&intent);
    Ok(false)
}

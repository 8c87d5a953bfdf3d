//! One edit of the user issue: back-mark, link, comment. The back-mark proves the edit, and with it the comment and
//! whatever was done before it.

use super::{Outcome, Trace, missing};
use crate::engine::apply::Learned;
use crate::engine::{Engine, Error};
use crate::flow::{Intent, Issue, LinkIssues, Mark};
use crate::jira::{Edit, Error as JiraError, Fault, Fields, Linked, RemoteLink, markup};

/// The description is read immediately before it is edited, so that nobody's newer text is overwritten.
pub(super) async fn perform(engine: &Engine, intent: &Intent, step: &LinkIssues) -> Result<Outcome, Error> {
    let Some(dev) = &intent.dev else { return Ok(Outcome::Needless) };
    let user = engine.jira.fetch_one(&intent.user.id).await?.ok_or_else(|| missing(&intent.user))?;
    if carries_back_mark(&user, intent) {
        return Ok(Outcome::Done(learned(step, &user)));
    }
    let page = page_of(engine, intent, step.cross_link);
    let line = page.filter(|page| engine.jira.has_room(user.description.as_ref(), page));
    if step.cross_link && line.is_none() {
        stand_in(engine, intent).await?;
    }
    let edit = Edit {
        mark: Some(Mark::Linked { dev_issue: dev.id.clone(), intent: intent.id.clone() }),
        link: line,
        description: user.description.as_ref(),
        comment: step.comment.as_ref().and_then(|text| text.render(&user.at.key, &dev.key)),
        fields: Fields::new(),
    };
    let room = edited(engine, intent, &user, edit).await?;
    let room = if step.cross_link { room } else { Linked::Yes };
    Ok(Outcome::Done(Learned::Linked { room, said: says(step) }))
}

/// A description that may not be edited must not cost the mark and the comment.
async fn edited(engine: &Engine, intent: &Intent, user: &Issue, edit: Edit<'_>) -> Result<Linked, Error> {
    let with_line = edit.link.is_some();
    match engine.jira.edit(&user.at.id, &edit).await {
        Ok(_) => Ok(if with_line { Linked::Yes } else { Linked::NoRoom }),
        Err(error) if with_line && matches!(error.what, Fault::Invalid(_)) => {
            stand_in(engine, intent).await?;
            engine.jira.edit(&user.at.id, &Edit { link: None, ..edit }).await?;
            Ok(Linked::NoRoom)
        }
        Err(error) => Err(error.into()),
    }
}

/// The page of the dev issue, if the user issue is to name it.
pub(super) fn page_of(engine: &Engine, intent: &Intent, cross_link: bool) -> Option<String> {
    intent.dev.as_ref().filter(|_| cross_link).map(|dev| engine.jira.site().browse(&dev.key))
}

/// Sets a remote link in the place of the line. It replaces the one that an earlier dev issue left, and may be set any
/// number of times. Where Jira has no remote links, or none for this account, there is none.
pub(super) async fn stand_in(engine: &Engine, intent: &Intent) -> Result<(), Error> {
    let Some(dev) = &intent.dev else { return Ok(()) };
    let link = RemoteLink {
        // One for each user issue and dev project: flows may be renamed, and may share the user issue.
        global_id: format!("lockstep={}&project={}", engine.jira.site(), engine.sides.dev.first_key()),
        url: engine.jira.site().browse(&dev.key),
        title: format!("Dev Link: {}", dev.key),
    };
    match engine.jira.set_remote_link(&intent.user.id, &link).await {
        Err(error) if is_refusal(&error) => {
            tracing::warn!("{} gets no remote link to {}: {error}", intent.user, dev);
            Ok(())
        }
        end => Ok(end?),
    }
}

/// 404 is also said where issue linking is switched off.
pub(super) fn is_refusal(error: &JiraError) -> bool {
    matches!(error.what, Fault::Invalid(_) | Fault::Forbidden(_) | Fault::Missing(_))
}

pub(super) async fn find(engine: &Engine, intent: &Intent, step: &LinkIssues) -> Result<Trace, Error> {
    Ok(match engine.jira.fetch_one(&intent.user.id).await? {
        Some(user) if carries_back_mark(&user, intent) => Trace::Shown(learned(step, &user)),
        Some(_) => Trace::Lacking,
        None => Trace::Hidden,
    })
}

/// What an edit that was made has come to, by what the issue shows now.
fn learned(step: &LinkIssues, user: &Issue) -> Learned {
    let lacks = step.cross_link && own_edit_lacks_line(user);
    Learned::Linked { room: if lacks { Linked::NoRoom } else { Linked::Yes }, said: says(step) }
}

/// Whether there is something to say in the edit: a blank template would cost the link and the mark.
fn says(step: &LinkIssues) -> bool {
    step.comment.as_ref().is_some_and(|text| !text.is_blank())
}

/// Whether a description that we edited has no `Dev Link` line.
pub(super) fn own_edit_lacks_line(user: &Issue) -> bool {
    user.description.as_ref().and_then(|text| markup::link_in(text, "Dev Link")).is_none()
}

fn carries_back_mark(user: &Issue, ours: &Intent) -> bool {
    matches!(&user.mark, Some(Mark::Linked { intent, .. }) if *intent == ours.id)
}

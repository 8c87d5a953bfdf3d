//! One edit of the user issue: back-mark, link, comment. The back-mark proves the edit, and with it the comment.

use super::{Found, Outcome, absent_by_now};
use crate::engine::apply::Learned;
use crate::engine::{Engine, Error};
use crate::flow::{Doubt, Event, Intent, Issue, LinkIssues, Mark};
use crate::jira::{self, Edit, Fault, Fields, Linked};

/// The description is read immediately before it is edited, so that nobody's newer text is overwritten.
pub(super) async fn perform(engine: &Engine, intent: &Intent, step: &LinkIssues) -> Result<Outcome, Error> {
    let Some(dev) = &intent.dev else { return Ok(Outcome::Needless) };
    let user = engine.jira.fetch_one(&intent.user.id).await?.ok_or_else(|| jira::Error {
        request: format!("fresh read of {}", intent.user),
        what: Fault::Missing("it was left out of the answer".to_owned()),
        only_reads: true,
    })?;
    if carries_back_mark(&user, intent) {
        return Ok(Outcome::Done(Learned::Nothing));
    }
    let edit = Edit {
        mark: Some(Mark::Linked { dev_issue: dev.id.clone(), intent: intent.id.clone() }),
        link: step.cross_link.then(|| engine.jira.site().browse(&dev.key)),
        description: user.description.as_ref(),
        comment: step.comment.as_ref().map(|text| text.render(&user.at.key, &dev.key)),
        fields: Fields::new(),
    };
    let linked = match engine.jira.edit(&user.at.id, &edit).await {
        // A description that may not be edited must not cost the mark and the comment.
        Err(error) if matches!(error.what, Fault::Invalid(_)) && edit.link.is_some() => {
            engine.jira.edit(&user.at.id, &Edit { link: None, ..edit }).await?;
            Linked::NoRoom
        }
        end => end?,
    };
    match linked {
        Linked::Yes => {}
        Linked::NoRoom => engine.tell(&Event::NoRoomForLink { key: user.at.key.clone() }),
    }
    if step.comment.is_some() {
        engine.tell(&Event::Commented { key: user.at.key });
    }
    Ok(Outcome::Done(Learned::Nothing))
}

pub(super) async fn find(engine: &Engine, intent: &Intent, doubt: Doubt) -> Result<Found, Error> {
    Ok(match engine.jira.fetch_one(&intent.user.id).await? {
        Some(user) if carries_back_mark(&user, intent) => Found::Happened(Learned::Nothing),
        Some(_) => absent_by_now(engine, doubt),
        None => Found::Gone,
    })
}

fn carries_back_mark(user: &Issue, ours: &Intent) -> bool {
    matches!(&user.mark, Some(Mark::Linked { intent, .. }) if *intent == ours.id)
}

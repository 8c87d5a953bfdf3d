//! One edit of the user issue: back-mark, link, comment. The back-mark proves the edit, and with it the comment and
//! whatever was done before it.

use std::time::Duration;

use super::evidence::{Horizon, StepEvidence};
use crate::engine::cx::{Cx, Error};
use crate::engine::failure::JiraFailure;
use crate::engine::write::outcome::{Locked, Outcome, StepDone, key_on};
use crate::flow::{
    Comment, Event, Intent, IntentId, IntentKind, Issue, IssueRef, LinkIssues, Mark, OwedLink, Side, Step,
};
use crate::jira::{Edit, Error as JiraError, Fault, Fields, Linked, RemoteLink};

/// The machines of one site need not agree on the time to the second.
const SKEW: Duration = Duration::from_secs(60);

/// The description is read immediately before it is edited, so that nobody's newer text is overwritten.
pub(super) async fn perform(cx: &Cx, intent: &Intent, step: &LinkIssues) -> Result<Outcome, Error> {
    let Some(dev) = &intent.dev else { return Ok(Outcome::Needless) };
    let user = cx.jira.fetch_one(&intent.user.id).await?.ok_or_else(|| JiraFailure::LeftOut(intent.user.clone()))?;
    if carries_back_mark(&user, maker(intent, step)) {
        return Ok(Outcome::Done(shown(intent, step, &user)));
    }
    let page = page_of(cx, intent, step.cross_link);
    let line = page.filter(|page| cx.jira.has_room(user.description.as_ref(), page));
    let edit = Edit {
        mark: Some(Mark::Linked { dev_issue: dev.id.clone(), intent: maker(intent, step).clone() }),
        link: line,
        description: user.description.as_ref(),
        comment: step.comment.as_ref().and_then(|text| text.render(&user.at.key, &dev.key)),
        fields: Fields::new(),
    };
    if step.cross_link && edit.link.is_none() {
        stand_in(cx, intent).await?;
    }
    let room = if edit.link.is_some() || !step.cross_link { Linked::Yes } else { Linked::NoRoom };
    match cx.jira.edit(&user.at.id, &edit).await {
        Ok(_) => Ok(Outcome::Done(linked(intent, step, room))),
        Err(error) if is_about_the_edit(&error) => refused(cx, intent, step, (&user, edit, error)).await,
        Err(error) => Err(error.into()),
    }
}

/// Whether Jira refused the edit as such, or some part of it: then nothing has happened.
fn is_about_the_edit(error: &JiraError) -> bool {
    matches!(error.what, Fault::Invalid(_) | Fault::Forbidden(_))
}

/// Where nothing may be edited, the link is owed, and what was to be said with it is said by itself. Else a description
/// that may not be edited must not cost the mark and the comment, nor a comment that is not taken the link and the mark.
async fn refused(
    cx: &Cx,
    intent: &Intent,
    step: &LinkIssues,
    (user, edit, error): (&Issue, Edit<'_>, JiraError),
) -> Result<Outcome, Error> {
    let said = step.comment.clone().filter(|text| !text.is_blank()).map(|text| Step::Comment(Comment { text }));
    if !may_edit(cx, user).await? {
        return Ok(locked(intent, step, user, said));
    }
    let mut error = error;
    if edit.link.is_some() && matches!(error.what, Fault::Invalid(_)) {
        stand_in(cx, intent).await?;
        match cx.jira.edit(&user.at.id, &Edit { link: None, ..edit }).await {
            Ok(_) => {
                return Ok(Outcome::Done(linked(intent, step, Linked::NoRoom)));
            }
            Err(again) if is_about_the_edit(&again) => error = again,
            Err(again) => return Err(again.into()),
        }
    }
    match said {
        Some(said) => Ok(Outcome::Split(vec![without_comment(step), said])),
        None => Err(error.into()),
    }
}

/// Whether Jira lets the user issue be edited where it stands; where it will not tell, it may.
async fn may_edit(cx: &Cx, user: &Issue) -> Result<bool, Error> {
    match cx.jira.may_edit(&user.at.id).await {
        Err(error) if is_about_the_edit(&error) => Ok(true),
        end => Ok(end?),
    }
}

fn locked(intent: &Intent, step: &LinkIssues, user: &Issue, said: Option<Step>) -> Outcome {
    let (created_by, locked_in) = (maker(intent, step).clone(), Some(user.status.id.clone()));
    let owed = Some(OwedLink { created_by, locked_in });
    let link = LinkIssues { cross_link: step.cross_link, comment: None, owed };
    Outcome::Locked(Locked { said, link, status: user.status.name.clone() })
}

fn without_comment(step: &LinkIssues) -> Step {
    Step::Link(LinkIssues { comment: None, ..step.clone() })
}

/// The intent that the back-mark names: the one that the dev issue's mark names.
fn maker<'a>(intent: &'a Intent, step: &'a LinkIssues) -> &'a IntentId {
    step.owed.as_ref().map_or(&intent.id, |owed| &owed.created_by)
}

/// The page of the dev issue, if the user issue is to name it.
pub(super) fn page_of(cx: &Cx, intent: &Intent, cross_link: bool) -> Option<String> {
    intent.dev.as_ref().filter(|_| cross_link).map(|dev| cx.jira.site().browse(&dev.key))
}

/// Sets a remote link in the place of the line. It replaces the one that an earlier dev issue left, and may be set any
/// number of times. Where Jira has no remote links, or none for this account, there is none.
pub(super) async fn stand_in(cx: &Cx, intent: &Intent) -> Result<(), Error> {
    let Some(dev) = &intent.dev else { return Ok(()) };
    let link = RemoteLink {
        // One for each user issue and dev project: flows may be renamed, and may share the user issue.
        global_id: format!("lockstep={}&project={}", cx.jira.site(), cx.sides.dev.first_key()),
        url: cx.jira.site().browse(&dev.key),
        title: format!("Dev Link: {}", dev.key),
    };
    match cx.jira.set_remote_link(&intent.user.id, &link).await {
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

pub(super) async fn find(cx: &Cx, intent: &Intent, step: &LinkIssues) -> Result<StepEvidence, Error> {
    let Some(user) = cx.jira.fetch_one(&intent.user.id).await? else { return Ok(StepEvidence::Hidden) };
    let is_shown =
        carries_back_mark(&user, maker(intent, step)) || is_proven_otherwise(cx, &user, intent, step).await?;
    Ok(if is_shown { StepEvidence::Shown(shown(intent, step, &user)) } else { StepEvidence::Lacking(Horizon::REQUEST) })
}

/// What an edit that was made has come to, by what the issue shows now.
fn shown(intent: &Intent, step: &LinkIssues, user: &Issue) -> StepDone {
    let lacks = step.cross_link && own_edit_lacks_line(user);
    linked(intent, step, if lacks { Linked::NoRoom } else { Linked::Yes })
}

fn linked(intent: &Intent, step: &LinkIssues, room: Linked) -> StepDone {
    let user = || intent.user.key.clone();
    let said = says(step).then(|| Event::Commented { key: user() });
    let made = || Event::LinkMade { user: user(), dev: key_on(intent, Side::Dev) };
    let made = (intent.kind == IntentKind::Link).then(made);
    StepDone::told(no_room(intent, room).into_iter().chain(said).chain(made))
}

pub(super) fn no_room(intent: &Intent, room: Linked) -> Option<Event> {
    match room {
        Linked::Yes => None,
        Linked::NoRoom => Some(Event::NoRoomForLink { key: intent.user.key.clone() }),
    }
}

/// Whether there is something to say in the edit: a blank template would cost the link and the mark.
fn says(step: &LinkIssues) -> bool {
    step.comment.as_ref().is_some_and(|text| !text.is_blank())
}

/// Whether a description that we edited has no `Dev Link` line.
pub(super) fn own_edit_lacks_line(user: &Issue) -> bool {
    !has_line(user)
}

/// Whether a user issue's description has a `Dev Link` line.
pub(in crate::engine::write) fn has_line(user: &Issue) -> bool {
    user.description.as_ref().and_then(|text| jira_markup::link_in(text, "Dev Link")).is_some()
}

fn carries_back_mark(user: &Issue, maker: &IntentId) -> bool {
    matches!(&user.mark, Some(Mark::Linked { intent, .. }) if intent == maker)
}

/// Flows that share a user issue leave one back-mark between them, the later one's, and its edit may have replaced our line
/// too: then what else rode in our edit proves it. Line and comment name the dev issue that this very intent created.
async fn is_proven_otherwise(cx: &Cx, user: &Issue, ours: &Intent, step: &LinkIssues) -> Result<bool, Error> {
    match (&user.mark, &ours.dev) {
        (Some(Mark::Linked { .. }), Some(dev)) if has_line_to(cx, user, dev) => Ok(true),
        (Some(Mark::Linked { .. }), Some(dev)) => has_comment_on(cx, user, dev, (ours, step)).await,
        (Some(Mark::Created { .. }) | None, _) | (Some(_), None) => Ok(false),
    }
}

fn has_line_to(cx: &Cx, user: &Issue, dev: &IssueRef) -> bool {
    let lines = user.description.iter().flat_map(|text| jira_markup::links_in(text, "Dev Link"));
    lines.filter_map(|address| cx.jira.site().key_in(&address)).any(|key| key == dev.key)
}

/// Whether our account has said since the intent began just what the edit says, if that names the dev issue.
async fn has_comment_on(
    cx: &Cx,
    user: &Issue,
    dev: &IssueRef,
    (ours, step): (&Intent, &LinkIssues),
) -> Result<bool, Error> {
    let text = step.comment.as_ref().and_then(|text| text.render(&user.at.key, &dev.key));
    let Some(text) = text.filter(|text| text.contains(dev.key.as_str())) else { return Ok(false) };
    let said = jira_markup::text_of(&cx.jira.plain(&text));
    let comments = cx.jira.comments(&user.at.id, ours.begun.earlier(SKEW)).await?;
    let by_us = comments.iter().filter(|comment| comment.author.as_ref() == Some(cx.jira.account()));
    Ok(by_us.filter_map(|comment| comment.body.as_ref()).any(|body| jira_markup::text_of(body) == said))
}

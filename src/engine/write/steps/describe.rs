//! Give a dev issue the text for which its create screen has no field: as a comment, the only one that ever goes there,
//! which carries the intent's id as its property; and the link to the user issue as a remote link.

use super::evidence::{Horizon, StepEvidence};
use super::link::is_refusal;
use crate::engine::cx::{Cx, Error};
use crate::engine::failure::JiraFailure;
use crate::engine::write::outcome::{Outcome, StepDone, key_on};
use crate::flow::{Body, Describe, Event, Intent, Issue, IssueRef, Side};
use crate::jira::{Fault, RemoteLink, Sought};

/// The remote link goes first, since it may be set any number of times: the comment then proves both.
pub(super) async fn perform(cx: &Cx, intent: &Intent, step: &Describe) -> Result<Outcome, Error> {
    let Some(dev) = &intent.dev else { return Ok(Outcome::Needless) };
    let user = cx.jira.fetch_one(&intent.user.id).await?.ok_or_else(|| JiraFailure::LeftOut(intent.user.clone()))?;
    if step.cross_link {
        link_back(cx, dev, &user.at).await?;
    }
    let Some(text) = text(cx, &user) else { return Ok(Outcome::Needless) };
    cx.jira.comment(&dev.id, &text, &intent.id).await?;
    Ok(Outcome::Done(described(intent)))
}

pub(super) async fn find(cx: &Cx, intent: &Intent) -> Result<StepEvidence, Error> {
    let (Some(dev), Some(user)) = (&intent.dev, cx.jira.fetch_one(&intent.user.id).await?) else {
        return Ok(StepEvidence::Hidden);
    };
    let Some(text) = text(cx, &user) else { return Ok(StepEvidence::Lacking(Horizon::REQUEST)) };
    let sought = Sought { intent: &intent.id, body: &text, since: intent.begun };
    match cx.jira.has_comment_of(&dev.id, &sought).await {
        Ok(true) => Ok(StepEvidence::Shown(described(intent))),
        Ok(false) => Ok(StepEvidence::Lacking(Horizon::REQUEST)),
        Err(error) if matches!(error.what, Fault::Missing(_)) => Ok(StepEvidence::Hidden),
        Err(error) => Err(error.into()),
    }
}

fn described(intent: &Intent) -> StepDone {
    StepDone::told([Event::TextAsComment { user: intent.user.key.clone(), dev: key_on(intent, Side::Dev) }])
}

/// The user issue's text as it arrives there, if there is anything to read in it.
fn text(cx: &Cx, user: &Issue) -> Option<Body> {
    let text = cx.jira.carried(user.description.as_ref()?).body;
    (!jira_markup::text_of(&text).is_empty()).then_some(text)
}

/// Where Jira has no remote links, or none for this account, there is none: the mark still proves the pair.
async fn link_back(cx: &Cx, dev: &IssueRef, user: &IssueRef) -> Result<(), Error> {
    let link = RemoteLink {
        global_id: format!("lockstep={}&project={}", cx.jira.site(), cx.sides.user.first_key()),
        url: cx.jira.site().browse(&user.key),
        title: format!("User Link: {}", user.key),
    };
    match cx.jira.set_remote_link(&dev.id, &link).await {
        Err(error) if is_refusal(&error) => {
            tracing::warn!("{dev} gets no remote link to {user}: {error}");
            Ok(())
        }
        end => Ok(end?),
    }
}

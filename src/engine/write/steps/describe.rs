//! Give a dev issue the text for which its create screen has no field: as a comment, the only one that ever goes there,
//! which carries the intent's id as its property; and the link to the user issue as a remote link.

use super::link::is_refusal;
use super::{Outcome, Trace, missing};
use crate::engine::write::outcome::Learned;
use crate::engine::{Engine, Error};
use crate::flow::{Body, Describe, Intent, Issue, IssueRef};
use crate::jira::{Fault, RemoteLink, Sought};

/// The remote link goes first, since it may be set any number of times: the comment then proves both.
pub(super) async fn perform(engine: &Engine, intent: &Intent, step: &Describe) -> Result<Outcome, Error> {
    let Some(dev) = &intent.dev else { return Ok(Outcome::Needless) };
    let user = engine.jira.fetch_one(&intent.user.id).await?.ok_or_else(|| missing(&intent.user))?;
    if step.cross_link {
        link_back(engine, dev, &user.at).await?;
    }
    let Some(text) = text(engine, &user) else { return Ok(Outcome::Needless) };
    engine.jira.comment(&dev.id, &text, &intent.id).await?;
    Ok(Outcome::Done(Learned::Described))
}

pub(super) async fn find(engine: &Engine, intent: &Intent) -> Result<Trace, Error> {
    let (Some(dev), Some(user)) = (&intent.dev, engine.jira.fetch_one(&intent.user.id).await?) else {
        return Ok(Trace::Hidden);
    };
    let Some(text) = text(engine, &user) else { return Ok(Trace::Lacking) };
    let sought = Sought { intent: &intent.id, body: &text, since: intent.begun };
    match engine.jira.has_comment_of(&dev.id, &sought).await {
        Ok(true) => Ok(Trace::Shown(Learned::Described)),
        Ok(false) => Ok(Trace::Lacking),
        Err(error) if matches!(error.what, Fault::Missing(_)) => Ok(Trace::Hidden),
        Err(error) => Err(error.into()),
    }
}

/// The user issue's text as it arrives there, if there is anything to read in it.
fn text(engine: &Engine, user: &Issue) -> Option<Body> {
    let text = engine.jira.carried(user.description.as_ref()?).body;
    (!jira_markup::text_of(&text).is_empty()).then_some(text)
}

/// Where Jira has no remote links, or none for this account, there is none: the mark still proves the pair.
async fn link_back(engine: &Engine, dev: &IssueRef, user: &IssueRef) -> Result<(), Error> {
    let link = RemoteLink {
        global_id: format!("lockstep={}&project={}", engine.jira.site(), engine.sides.user.first_key()),
        url: engine.jira.site().browse(&user.key),
        title: format!("User Link: {}", user.key),
    };
    match engine.jira.set_remote_link(&dev.id, &link).await {
        Err(error) if is_refusal(&error) => {
            tracing::warn!("{dev} gets no remote link to {user}: {error}");
            Ok(())
        }
        end => Ok(end?),
    }
}

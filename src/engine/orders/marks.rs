//! The marks that make evidence of a decision, so that it survives a lost store.

use super::hindrance::{Hindrance, refused};
use crate::engine::cx::{Cx, Error};
use crate::engine::look::adopt::answers;
use crate::engine::write::course;
use crate::flow::{IntentId, Issue, IssueId, Mark, Pair};
use crate::jira::{self, Effect};

/// Marks two issues as a pair, both anew and by one intent, unless they say so already: under the site's present address
/// and by one intent. The user issue comes first: its mark alone proves nothing, so that whoever ends in between has
/// decided nothing.
pub(super) async fn mark_as_pair(cx: &Cx, user: &Issue, dev: &Issue) -> Result<(), Hindrance> {
    if are_marked_as_pair(cx, user, dev) {
        return Ok(());
    }
    let intent = course::intent_id(cx);
    let back = Mark::Linked { dev_issue: dev.at.id.clone(), intent: intent.clone() };
    let claim = Mark::Created { site: cx.jira.site().own().clone(), user_issue: user.at.id.clone(), intent };
    cx.jira.set_mark(&user.at.id, &back).await.map_err(|error| unmarked(user, error))?;
    if let Err(error) = cx.jira.set_mark(&dev.at.id, &claim).await {
        if error.is_local() {
            put_mark_back(cx, user).await?;
        }
        return Err(unmarked(dev, error));
    }
    Ok(())
}

fn are_marked_as_pair(cx: &Cx, user: &Issue, dev: &Issue) -> bool {
    matches!(&dev.mark, Some(Mark::Created { site, user_issue, intent })
        if site == cx.jira.site().own() && *user_issue == user.at.id && answers(user, &dev.at.id, intent))
}

/// Takes the marks away by which a user issue and a dev issue name each other, from those of the two that were read.
/// Marks that name others are left: flows may share a project. Under an address that is not known as this site's a dev
/// issue may name another by the same id, unless `pair` says that they belonged together. Says in words what could not
/// be taken away.
pub(super) async fn unmark(
    cx: &Cx,
    [user, dev]: [&IssueId; 2],
    read: &[&Issue],
    pair: Option<&Pair>,
) -> Result<Vec<String>, Error> {
    let were_paired = pair.is_some_and(|pair| pair.user.id == *user && pair.dev.id == *dev);
    let user_issue = read.iter().find(|issue| issue.at.id == *user);
    let is_answered = |intent: &IntentId| user_issue.is_some_and(|user| answers(user, dev, intent));
    let names_the_other = |issue: &&&Issue| match &issue.mark {
        Some(Mark::Linked { dev_issue, .. }) => issue.at.id == *user && dev_issue == dev,
        Some(Mark::Created { site, user_issue, intent }) => {
            let is_ours = were_paired || cx.jira.site().is_at(site) || is_answered(intent);
            issue.at.id == *dev && user_issue == user && is_ours
        }
        None => false,
    };
    let mut left = Vec::new();
    for issue in read.iter().filter(names_the_other) {
        match cx.jira.remove_mark(&issue.at.id).await {
            // Missing is the mark, or the issue with it: either way it is gone.
            Err(error) if matches!(error.what, jira::Fault::Missing(_)) => {}
            Err(error) if error.is_local() => left.push(format!("the mark on {} is still there: {error}", issue.at)),
            end => end?,
        }
    }
    Ok(left)
}

/// Whether the mark of `dev` proves that it belongs to `user`.
pub(super) fn names_user(cx: &Cx, dev: &Issue, user: &Issue) -> bool {
    matches!(&dev.mark, Some(Mark::Created { site, user_issue, intent })
        if *user_issue == user.at.id && (cx.jira.site().is_at(site) || answers(user, &dev.at.id, intent)))
}

/// As well as it goes: a back-mark that names a dev issue proves nothing by itself.
async fn put_mark_back(cx: &Cx, user: &Issue) -> Result<(), Error> {
    let end = match &user.mark {
        Some(mark) => cx.jira.set_mark(&user.at.id, mark).await,
        None => cx.jira.remove_mark(&user.at.id).await,
    };
    match end {
        Err(error) if !error.is_local() => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn unmarked(issue: &Issue, error: jira::Error) -> Hindrance {
    if !error.is_local() {
        return Hindrance::Failed(error.into());
    }
    let outcome = match error.effect() {
        Effect::Unknown => "nobody knows whether it was; give the order again",
        Effect::None | Effect::Never => "they are no pair",
    };
    refused(format!("{} could not be marked, so {outcome}: {error}", issue.at)).into()
}

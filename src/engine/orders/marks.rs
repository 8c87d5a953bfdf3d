//! The marks that make evidence of a decision, so that it survives a lost store.

use super::{Hindrance, refused};
use crate::engine::{Engine, Error};
use crate::flow::{Issue, IssueId, Mark};
use crate::jira::{self, Effect};

impl Engine {
    /// Marks two issues as a pair where they don't say so. The user issue comes first: its mark alone proves nothing, so
    /// that whoever ends in between has decided nothing.
    pub(super) async fn mark_as_pair(&self, user: &Issue, dev: &Issue) -> Result<(), Hindrance> {
        let intent = self.intent_id();
        let back = Mark::Linked { dev_issue: dev.at.id.clone(), intent: intent.clone() };
        let claim = Mark::Created { site: self.jira.site().clone(), user_issue: user.at.id.clone(), intent };
        let (user_says_so, dev_says_so) = (names_dev(user, dev), self.names_user(dev, user));
        if !user_says_so {
            self.jira.set_mark(&user.at.id, &back).await.map_err(|error| unmarked(user, error))?;
        }
        if !dev_says_so && let Err(error) = self.jira.set_mark(&dev.at.id, &claim).await {
            if !user_says_so && error.is_local() {
                self.put_mark_back(user).await?;
            }
            return Err(unmarked(dev, error));
        }
        Ok(())
    }

    /// Takes the marks away by which a user issue and a dev issue name each other, from those of the two that were read.
    /// Marks that name others are left: flows may share a project. Says in words what could not be taken away.
    pub(super) async fn unmark(&self, [user, dev]: [&IssueId; 2], read: &[&Issue]) -> Result<Vec<String>, Error> {
        let names_the_other = |issue: &&&Issue| match &issue.mark {
            Some(Mark::Linked { dev_issue, .. }) => issue.at.id == *user && dev_issue == dev,
            Some(Mark::Created { site, user_issue, .. }) => {
                issue.at.id == *dev && site == self.jira.site() && user_issue == user
            }
            None => false,
        };
        let mut left = Vec::new();
        for issue in read.iter().filter(names_the_other) {
            match self.jira.remove_mark(&issue.at.id).await {
                // Missing is the mark, or the issue with it: either way it is gone.
                Err(error) if matches!(error.what, jira::Fault::Missing(_)) => {}
                Err(error) if error.is_local() => {
                    left.push(format!("the mark on {} is still there: {error}", issue.at))
                }
                end => end?,
            }
        }
        Ok(left)
    }

    /// Whether the mark of `dev` names `user`.
    pub(super) fn names_user(&self, dev: &Issue, user: &Issue) -> bool {
        matches!(&dev.mark, Some(Mark::Created { site, user_issue, .. })
            if site == self.jira.site() && *user_issue == user.at.id)
    }

    /// As well as it goes: a back-mark that names a dev issue proves nothing by itself.
    async fn put_mark_back(&self, user: &Issue) -> Result<(), Error> {
        let end = match &user.mark {
            Some(mark) => self.jira.set_mark(&user.at.id, mark).await,
            None => self.jira.remove_mark(&user.at.id).await,
        };
        match end {
            Err(error) if !error.is_local() => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Whether the back-mark of `user` names `dev`.
pub(super) fn names_dev(user: &Issue, dev: &Issue) -> bool {
    matches!(&user.mark, Some(Mark::Linked { dev_issue, .. }) if *dev_issue == dev.at.id)
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

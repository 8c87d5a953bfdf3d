//! What the statuses of a flow's projects are called, by their ids.
//!
//! Jira tells the name of a status in our account's language, as flow files are written; but a changelog names statuses in
//! the site's language, and as they were called then. So a changelog's statuses get their names by their ids. Those that no
//! project lists any more keep the changelog's words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Client, Error, Fault};
use crate::flow::{Issue, ProjectId, Status, StatusId, StatusName};

/// What was told of statuses.
#[derive(Default)]
pub(super) struct Statuses(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// In the order in which they were asked for; `None` where the list could not be had.
    listed: BTreeMap<ProjectId, Option<Vec<Status>>>,
    names: BTreeMap<StatusId, StatusName>,
    /// Ids that no list names: asking once more would tell nothing.
    unlisted: BTreeSet<StatusId>,
    /// Counts the lists that were taken in.
    version: u64,
}

impl Known {
    /// Takes in what a fresh read shows. Answers whether the lists are outdated by it.
    fn contradicted_by(&mut self, issues: &[&Issue]) -> bool {
        let mut contradicted = false;
        for Status { id, name } in issues.iter().map(|issue| &issue.status) {
            let before = self.names.insert(id.clone(), name.clone());
            contradicted |= before.is_none_or(|before| before != *name);
        }
        contradicted
    }

    /// Whether a changelog names a status that nothing is known of. It is asked for once.
    fn lacks_any(&mut self, issues: &[&Issue]) -> bool {
        let ids = issues.iter().flat_map(|issue| &issue.changes).flat_map(|change| [&change.from.id, &change.to.id]);
        let unknown = ids.filter(|id| !self.names.contains_key(*id)).cloned().collect::<BTreeSet<_>>();
        let before = self.unlisted.len();
        self.unlisted.extend(unknown);
        self.unlisted.len() > before
    }

    fn name(&self, status: &mut Status) {
        if let Some(name) = self.names.get(&status.id) {
            status.name = name.clone();
        }
    }
}

impl Statuses {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// From now on the statuses of these projects are known by their ids: they are asked for now, and again whenever an
    /// issue shows one that is not known or has another name. Needs *Browse projects*.
    ///
    /// # Errors
    /// When Jira refuses us, or the worker was cancelled. A list that can't be had costs names only.
    pub async fn know_statuses_of(&self, projects: &[ProjectId]) -> Result<(), Error> {
        self.statuses.lock().listed = projects.iter().map(|project| (project.clone(), None)).collect();
        self.list_statuses().await
    }

    /// The statuses that issues of a project can have, as last told; `None` where that is not known.
    #[must_use]
    pub fn statuses_of(&self, project: &ProjectId) -> Option<Vec<Status>> {
        self.statuses.lock().listed.get(project)?.clone()
    }

    /// Changes whenever [`Client::statuses_of`] may answer something else.
    #[must_use]
    pub fn statuses_version(&self) -> u64 {
        self.statuses.lock().version
    }

    async fn list_statuses(&self) -> Result<(), Error> {
        let projects: Vec<_> = self.statuses.lock().listed.keys().cloned().collect();
        for project in projects {
            let told = match self.statuses(&project).await {
                Ok(told) => Some(told),
                Err(error) if matches!(error.what, Fault::Refused(_) | Fault::Cancelled) => return Err(error),
                Err(error) => {
                    tracing::debug!("the statuses of project {project} are not told: {error}");
                    None
                }
            };
            let mut known = self.statuses.lock();
            for Status { id, name } in told.iter().flatten() {
                known.unlisted.remove(id);
                known.names.insert(id.clone(), name.clone());
            }
            if told.is_some() {
                known.listed.insert(project, told);
            }
            known.version += 1;
        }
        Ok(())
    }

    /// Gives the statuses in the changelogs of issues the names that they have for us.
    pub(super) async fn name_statuses(&self, issues: &mut [Issue]) -> Result<(), Error> {
        let is_outdated = {
            let mut known = self.statuses.lock();
            let ours = issues.iter().filter(|issue| known.listed.contains_key(&issue.project.id));
            let ours: Vec<_> = ours.collect();
            let contradicted = known.contradicted_by(&ours);
            known.lacks_any(&ours) || contradicted
        };
        if is_outdated {
            self.list_statuses().await?;
        }
        let mut known = self.statuses.lock();
        // What an issue shows of its own status is newer than any list.
        let shown: Vec<_> = issues.iter().filter(|issue| known.listed.contains_key(&issue.project.id)).collect();
        known.contradicted_by(&shown);
        for change in issues.iter_mut().flat_map(|issue| &mut issue.changes) {
            known.name(&mut change.from);
            known.name(&mut change.to);
        }
        Ok(())
    }
}

//! What the statuses of a flow's projects are called, by their ids.
//!
//! Jira tells the name of a status in our account's language, as flow files are written; but a changelog names statuses in
//! the site's language, and as they were called then. So a changelog's statuses get their names by their ids. Those that no
//! project lists any more keep the changelog's words.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

use super::{Client, Error};
use crate::flow::{Issue, ProjectId, Status, StatusId, StatusName};

/// What was told of statuses.
#[derive(Default)]
pub(super) struct Statuses(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// `None` where the list could not be had.
    listed: BTreeMap<ProjectId, Option<Vec<Status>>>,
    /// As the lists have them.
    names: BTreeMap<StatusId, StatusName>,
    /// As issues showed them since, which counts more.
    shown: BTreeMap<StatusId, StatusName>,
    /// Ids that no list names: asking once more would tell nothing.
    unlisted: BTreeSet<StatusId>,
    /// Counts the lists that were taken in.
    version: u64,
}

impl Known {
    fn name_of(&self, id: &StatusId) -> Option<&StatusName> {
        self.shown.get(id).or_else(|| self.names.get(id))
    }

    /// Takes in what a fresh read shows. Answers whether the lists are outdated by it, each time that something new is
    /// shown: a list may be at odds with issues forever.
    fn contradicted_by(&mut self, issues: &[&Issue]) -> bool {
        let mut contradicted = false;
        for Status { id, name } in issues.iter().map(|issue| &issue.status) {
            if self.name_of(id) != Some(name) {
                self.shown.insert(id.clone(), name.clone());
                contradicted = true;
            }
        }
        contradicted
    }

    /// Takes in a list. A status that has another name in it than before was renamed since an issue showed it.
    fn take_list(&mut self, project: ProjectId, told: Vec<Status>) {
        for Status { id, name } in &told {
            if self.names.insert(id.clone(), name.clone()).is_some_and(|before| before != *name) {
                self.shown.remove(id);
            }
            self.unlisted.remove(id);
        }
        self.listed.insert(project, Some(told));
        self.version += 1;
    }

    /// Whether a changelog names a status that nothing is known of. It is asked for once.
    fn lacks_any(&mut self, issues: &[&Issue]) -> bool {
        let ids = issues.iter().flat_map(|issue| &issue.changes).flat_map(|change| [&change.from.id, &change.to.id]);
        let unknown = ids.filter(|id| self.name_of(id).is_none()).cloned().collect::<BTreeSet<_>>();
        let before = self.unlisted.len();
        self.unlisted.extend(unknown);
        self.unlisted.len() > before
    }

    fn name(&self, status: &mut Status) {
        if let Some(name) = self.name_of(&status.id) {
            status.name = name.clone();
        }
    }
}

impl Client {
    /// From now on the statuses of these projects are known by their ids: they are asked for now, and again whenever an
    /// issue shows one that is not known or has another name. Needs *Browse projects*.
    ///
    /// # Errors
    /// When Jira refuses us, or the worker was cancelled. A list that can't be had costs names only.
    pub async fn know_statuses_of(&self, projects: &[ProjectId]) -> Result<(), Error> {
        self.statuses.0.lock().listed = projects.iter().map(|project| (project.clone(), None)).collect();
        self.list_statuses().await
    }

    /// The statuses that issues of a project can have, as last told; `None` where that is not known.
    #[must_use]
    pub fn statuses_of(&self, project: &ProjectId) -> Option<Vec<Status>> {
        self.statuses.0.lock().listed.get(project)?.clone()
    }

    /// Changes whenever [`Client::statuses_of`] may answer something else.
    #[must_use]
    pub fn statuses_version(&self) -> u64 {
        self.statuses.0.lock().version
    }

    async fn list_statuses(&self) -> Result<(), Error> {
        let projects: Vec<_> = self.statuses.0.lock().listed.keys().cloned().collect();
        for project in projects {
            match self.statuses(&project).await {
                Ok(told) => self.statuses.0.lock().take_list(project, told),
                Err(error) if error.is_of_everything() => return Err(error),
                Err(error) => tracing::debug!("the statuses of project {project} are not told: {error}"),
            }
        }
        Ok(())
    }

    /// Gives the statuses in the changelogs of issues the names that they have for us.
    pub(super) async fn name_statuses(&self, issues: &mut [Issue]) -> Result<(), Error> {
        let is_outdated = {
            let mut known = self.statuses.0.lock();
            let ours = issues.iter().filter(|issue| known.listed.contains_key(&issue.project.id));
            let ours: Vec<_> = ours.collect();
            let contradicted = known.contradicted_by(&ours);
            known.lacks_any(&ours) || contradicted
        };
        if is_outdated {
            self.list_statuses().await?;
        }
        let known = self.statuses.0.lock();
        for change in issues.iter_mut().flat_map(|issue| &mut issue.changes) {
            known.name(&mut change.from);
            known.name(&mut change.to);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{IssueRef, IssueType, JiraTime, ProjectRef, StatusChange};

    fn status(id: &str, name: &str) -> Status {
        Status { id: id.parse().unwrap(), name: StatusName::new(name) }
    }

    /// An issue that came from one status into another, both as its changelog names them.
    fn issue(from: Status, to: Status, now: Status) -> Issue {
        Issue {
            at: IssueRef { id: "1".parse().unwrap(), key: "AB-1".parse().unwrap() },
            project: ProjectRef { id: "10000".parse().unwrap(), key: "AB".parse().unwrap() },
            summary: String::new(),
            description: None,
            issue_type: IssueType::default(),
            status: now,
            created: JiraTime::FIRST,
            updated: JiraTime::FIRST,
            mark: None,
            changes: vec![StatusChange { at: JiraTime::FIRST, by: None, from, to }],
            attachments: Vec::new(),
            linked: Vec::new(),
            overwritten: None,
        }
    }

    fn known() -> Known {
        let mut known = Known::default();
        known.take_list("10000".parse().unwrap(), vec![status("1", "Open"), status("3", "Will Do")]);
        known
    }

    #[test]
    fn a_changelogs_statuses_get_their_names_by_their_ids() {
        let known = known();
        let names = [status("1", "Ouvert"), status("3", "À faire"), status("77", "Supprimé")].map(|mut status| {
            known.name(&mut status);
            status.name.to_string()
        });
        assert_eq!(names, ["Open", "Will Do", "Supprimé"], "an id that is not listed keeps the changelog's words");
    }

    #[test]
    fn lists_are_asked_for_again_once_for_whatever_is_new() {
        let mut known = known();
        let seen = issue(status("1", "Ouvert"), status("77", "Supprimé"), status("3", "Will Do"));
        assert!(!known.contradicted_by(&[&seen]));
        assert!(known.lacks_any(&[&seen]), "an id that is not known");
        assert!(!known.lacks_any(&[&seen]), "which was asked for");
        let renamed = issue(status("1", ""), status("3", ""), status("3", "Accepted"));
        assert!(known.contradicted_by(&[&renamed]));
        known.take_list("10000".parse().unwrap(), vec![status("1", "Open"), status("3", "Will Do")]);
        assert!(!known.contradicted_by(&[&renamed]), "a list that says otherwise for ever is not asked for ever");
        assert_eq!(known.name_of(&"3".parse().unwrap()), Some(&StatusName::new("Accepted")));
        known.take_list("10000".parse().unwrap(), vec![status("3", "Agreed")]);
        assert_eq!(known.name_of(&"3".parse().unwrap()), Some(&StatusName::new("Agreed")), "a newer list counts");
    }
}

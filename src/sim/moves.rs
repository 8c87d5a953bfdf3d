//! What happens to an issue as a whole: it moves to another project, or is hidden from some.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::issue::{Issue, Item};
use super::state::State;
use super::workflow::Status;
use super::write::{By, Misfire};

/// Where an issue moves to; its number there is given away already.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    pub project: String,
    pub number: u64,
}

impl Destination {
    pub(super) fn key(&self) -> String {
        format!("{}-{}", self.project, self.number)
    }
}

impl State {
    /// A place for the issue in the project of this key, if there is one other than its own.
    pub(super) fn destination(&mut self, issue: u64, project: &str) -> Option<Destination> {
        let elsewhere = self.issues.get(&issue)?.project != project && self.projects.contains_key(project);
        elsewhere.then(|| Destination { project: project.into(), number: self.next_number(project) })
    }

    /// The issue keeps its id; the old key goes on naming it, since nobody takes it out of the list of keys.
    pub(super) fn move_to_project(&mut self, by: &By, id: u64, to: Destination) -> Result<(), Misfire> {
        let mut shared = self.issues.get(&id).cloned().ok_or(Misfire)?;
        let (status, kind) = self.place_in(&shared, &to.project).ok_or(Misfire)?;
        let project = self.project_change(&shared.project, &to.project);
        let issue = Arc::make_mut(&mut shared);
        let key = Item::text("Key", Some(issue.key()), Some(to.key()));
        let kinds = (issue.kind != kind).then(|| self.kind_change(&issue.kind, &kind));
        let moved = (issue.status != status).then(|| issue.move_to(status));
        (issue.project, issue.number, issue.kind) = (to.project, to.number, kind);
        let items = [Some(project), Some(key), kinds, moved].into_iter().flatten().collect();
        self.chronicle(by, issue, items);
        self.keep_changed(by, shared, "moved it here from another project");
        Ok(())
    }

    /// Lets only these accounts see the issue.
    pub(super) fn restrict(&mut self, by: &By, id: u64, viewers: Option<BTreeSet<String>>) -> Result<(), Misfire> {
        let mut shared = self.issues.get(&id).cloned().ok_or(Misfire)?;
        let issue = Arc::make_mut(&mut shared);
        let level = |viewers: &Option<BTreeSet<String>>| viewers.as_ref().map(|_| LEVEL);
        let item = Item::system("security", level(&issue.viewers), level(&viewers));
        let items = if issue.viewers == viewers { Vec::new() } else { vec![item] };
        issue.viewers = viewers;
        self.chronicle(by, issue, items);
        self.keep_changed(by, shared, "changed who may see it");
        Ok(())
    }

    fn keep_changed(&mut self, by: &By, mut shared: Arc<Issue>, what: &str) {
        let issue = Arc::make_mut(&mut shared);
        issue.version += 1;
        issue.updated = issue.updated.max(by.at);
        self.tell(by, &shared, what.into());
        self.keep(by.at, shared);
    }

    /// The status and issue type that an issue has in another project: its own if the project knows them, else the first.
    fn place_in(&self, issue: &Issue, project: &str) -> Option<(Status, String)> {
        let project = &self.projects.get(project)?.project;
        let workflow = &project.workflow;
        let same = workflow.status(&issue.status.id).or_else(|| workflow.status_named(&issue.status.name));
        let kind = project.issue_types.iter().find(|kind| **kind == issue.kind).or(project.issue_types.first())?;
        Some((same.or(workflow.statuses.first())?.clone(), kind.clone()))
    }

    fn project_change(&self, from: &str, to: &str) -> Item {
        let side = |key: &str| self.projects.get(key).map(|home| (home.id.to_string(), home.project.name.as_str()));
        let (from, to) = (side(from), side(to));
        Item::system("project", borrowed(&from), borrowed(&to))
    }

    fn kind_change(&self, from: &str, to: &str) -> Item {
        let (from, to) = ((self.type_id(from), from), (self.type_id(to), to));
        Item::system("issuetype", Some((&from.0, from.1)), Some((&to.0, to.1)))
    }
}

/// Id and name of the one security level that issues have here.
const LEVEL: (&str, &str) = ("10000", "Restricted");

fn borrowed<'a>(side: &'a Option<(String, &'a str)>) -> Option<(&'a str, &'a str)> {
    side.as_ref().map(|(id, name)| (id.as_str(), *name))
}

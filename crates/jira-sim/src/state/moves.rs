//! What happens to issues as a whole: they move to another project, are hidden from some, their status is renamed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::State;
use crate::issue::{By, Issue, Item};
use crate::workflow::Status;
use crate::write::{Effect, Misfire, Write};

/// Where an issue moves to; its number there is given away already.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub project: String,
    pub number: u64,
}

impl Destination {
    pub(crate) fn key(&self) -> String {
        format!("{}-{}", self.project, self.number)
    }
}

impl State {
    /// Gives a status another name. Its id stays, and so do the words of changelogs.
    pub(crate) fn rename_status(&mut self, id: &str, name: &str) {
        self.projects.rename_status(id, name);
        self.issues.rename_status(id, name);
    }

    /// A place for the issue in the project of this key, if there is one other than its own.
    pub(crate) fn destination(&mut self, issue: u64, project: &str) -> Option<Destination> {
        let elsewhere = self.issues.get(issue)?.project != project && self.projects.get(project).is_some();
        elsewhere.then(|| Destination { project: project.into(), number: self.projects.next_number(project) })
    }

    /// The issue keeps its id; the old key goes on naming it, since it stays in the list of keys.
    pub(crate) fn move_to_project(&mut self, by: &By, id: u64, to: Destination) -> Result<(), Misfire> {
        let mut shared = self.issues.get(id).cloned().ok_or(Misfire)?;
        let (status, kind) = self.place_in(&shared, &to.project).ok_or(Misfire)?;
        let project = self.project_change(&shared.project, &to.project);
        let issue = Arc::make_mut(&mut shared);
        let key = Item::text("Key", Some(issue.key()), Some(to.key()));
        let kinds = (issue.kind != kind).then(|| {
            self.kind_change((issue.project.as_str(), issue.kind.as_str()), (to.project.as_str(), kind.as_str()))
        });
        let moved = (issue.status != status).then(|| issue.move_to(status));
        issue.change_versions(&self.setup.custom_fields, &self.projects.versions(&to.project));
        (issue.project, issue.number, issue.kind) = (to.project, to.number, kind);
        let items = [Some(project), Some(key), kinds, moved].into_iter().flatten().collect();
        self.chronicle(by, issue, items);
        self.keep_changed(by, shared, "moved it here from another project");
        Ok(())
    }

    /// Lets only these accounts see the issue.
    pub(crate) fn restrict(&mut self, by: &By, id: u64, viewers: Option<BTreeSet<String>>) -> Result<(), Misfire> {
        let mut shared = self.issues.get(id).cloned().ok_or(Misfire)?;
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

    /// The status and issue type of an issue in another project: its own if the project has them, else the first there.
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

    /// Each a project and one of its types.
    fn kind_change(&self, from: (&str, &str), to: (&str, &str)) -> Item {
        let (old, new) = (self.projects.type_id(from.0, from.1), self.projects.type_id(to.0, to.1));
        Item::system("issuetype", Some((&old, from.1)), Some((&new, to.1)))
    }
}

impl Effect {
    /// Whether it is a transition of this issue.
    pub(super) fn moves(&self, issue: u64) -> bool {
        match &self.write {
            Write::Edit { issue: own, edit } => *own == issue && edit.transition.is_some(),
            Write::Create(_)
            | Write::Clone(..)
            | Write::Move { .. }
            | Write::Restrict { .. }
            | Write::Delete { .. } => false,
            Write::Hang { .. } | Write::Link(_) | Write::Unlink { .. } => false,
        }
    }
}

/// Id and name of the one security level that issues have here.
const LEVEL: (&str, &str) = ("10000", "Restricted");

fn borrowed<'a>(side: &'a Option<(String, &'a str)>) -> Option<(&'a str, &'a str)> {
    side.as_ref().map(|(id, name)| (id.as_str(), *name))
}

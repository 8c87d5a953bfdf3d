//! Projects that get another key, and projects that are made later.
//!
//! A renamed project keeps its id. Its former key goes on answering, in paths and queries, until an administrator takes it
//! away and gives it to another project; so do the former keys of its issues.

use std::sync::Arc;

use super::action::Refusal;
use super::freeze::{Freeze, News};
use super::index::Index;
use super::issue::Issue;
use super::setup::Project;
use super::state::{Due, State};
use super::write::{Effect, Write};

/// From one key to another.
struct Rename<'a> {
    from: &'a str,
    to: &'a str,
}

impl State {
    /// Gives a project another key. Neither its issues' `updated` nor their changelogs know of it.
    pub(super) fn rename_project(&mut self, from: &str, to: &str) -> Result<(), Refusal> {
        let id = self.projects.get(from).ok_or_else(|| Refusal::NoProject(from.into()))?.id;
        if self.projects.contains_key(to) || self.former_keys.get(to).is_some_and(|owner| *owner != id) {
            return Err(Refusal::KeyTaken(to.into()));
        }
        let Some(mut home) = self.projects.remove(from) else { return Ok(()) };
        home.project.key = to.into();
        self.projects.insert(to.into(), home);
        self.former_keys.remove(to);
        self.former_keys.insert(from.into(), id);
        self.rename_issues(&Rename { from, to });
        self.permissions.rename_project(from, to);
        if let Some(screens) = self.setup.screens.remove(from) {
            self.setup.screens.insert(to.into(), screens);
        }
        if let Some(versions) = self.setup.versions.remove(from) {
            self.setup.versions.insert(to.into(), versions);
        }
        if let Some(population) = &mut self.population {
            population.rename_project(from, to);
        }
        Ok(())
    }

    /// Makes a project; a former key of another one leads to it from now on.
    pub(super) fn add_project(&mut self, project: Project) -> Result<(), Refusal> {
        if self.projects.contains_key(&project.key) {
            return Err(Refusal::KeyTaken(project.key));
        }
        self.former_keys.remove(&project.key);
        self.keep_project(project);
        Ok(())
    }

    fn rename_issues(&mut self, rename: &Rename<'_>) {
        self.issues.values_mut().for_each(|issue| rename.issue(issue));
        self.graveyard.iter_mut().for_each(|issue| rename.issue(issue));
        let renamed = self.issues.values().filter(|issue| issue.project == rename.to);
        self.keys.extend(renamed.map(|issue| (issue.key(), issue.id)));
        rename.index(&mut self.index);
        rename.freeze(&mut self.freeze);
        self.agenda.entries_mut().for_each(|due| rename.due(due));
    }
}

impl Rename<'_> {
    fn key(&self, project: &mut String) {
        if project == self.from {
            self.to.clone_into(project);
        }
    }

    fn issue(&self, issue: &mut Arc<Issue>) {
        if issue.project == self.from {
            self.key(&mut Arc::make_mut(issue).project);
        }
    }

    fn index(&self, index: &mut Index) {
        index.rows_mut().for_each(|row| self.issue(row));
    }

    fn freeze(&self, freeze: &mut Freeze) {
        freeze.waiting_mut().for_each(|news| self.news(news));
    }

    fn news(&self, news: &mut News) {
        match news {
            News::Version(version) => self.issue(version),
            News::Gone(_) => {}
        }
    }

    fn due(&self, due: &mut Due) {
        match due {
            Due::Effect(effect) => self.effect(effect),
            Due::Index(news) => self.news(news),
            Due::Reappear(version) => self.issue(version),
            Due::Thaw | Due::Errand(_) => {}
        }
    }

    fn effect(&self, effect: &mut Effect) {
        match &mut effect.write {
            Write::Create(draft) => self.key(&mut draft.project),
            Write::Clone(draft, _) => self.key(&mut draft.project),
            Write::Move { to, .. } => self.key(&mut to.project),
            Write::Edit { .. } | Write::Restrict { .. } | Write::Delete { .. } => {}
            Write::Hang { .. } | Write::Link(_) | Write::Unlink { .. } => {}
        }
    }
}

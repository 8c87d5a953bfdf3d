//! The projects of a site: under which keys they are found, and what each of them has.

use std::collections::{BTreeMap, BTreeSet};

use super::issue::Issue;
use super::refusal::Refusal;
use super::screen::{Screen, Screens};
use super::setup::{Project, Setup};
use super::values::Term;
use super::workflow::Status;

/// All projects with their screens, versions and issue types.
pub(super) struct Projects {
    /// By present key.
    by_key: BTreeMap<String, Home>,
    /// From a key that a project had, and no other has since, to that project's id.
    former_keys: BTreeMap<String, u64>,
    screens: BTreeMap<String, Screens>,
    type_screens: BTreeMap<(String, String), Screen>,
    versions: BTreeMap<String, Vec<String>>,
    team_managed: Vec<String>,
}

/// A project with its place on the site.
pub(super) struct Home {
    pub id: u64,
    pub project: Project,
    last_number: u64,
}

/// Ids of projects, issue types, issues, comments and changes all count from here; Jira's own begin there too.
pub(super) const FIRST_ID: u64 = 10_000;

/// More than a project has issue types.
const MOST_TYPES: usize = 100;

impl Projects {
    pub(super) fn new(setup: &Setup) -> Self {
        let mut projects = Self {
            by_key: BTreeMap::new(),
            former_keys: BTreeMap::new(),
            screens: setup.screens.clone(),
            type_screens: setup.type_screens.clone(),
            versions: setup.versions.clone(),
            team_managed: setup.team_managed.clone(),
        };
        setup.projects.iter().for_each(|project| projects.keep(project.clone()));
        projects
    }

    /// Makes a project; a former key of another one leads to it from now on.
    pub(super) fn add(&mut self, project: Project) -> Result<(), Refusal> {
        if self.by_key.contains_key(&project.key) {
            return Err(Refusal::KeyTaken(project.key));
        }
        self.former_keys.remove(&project.key);
        self.keep(project);
        Ok(())
    }

    /// Keeps a project under the next id: they are numbered in the order in which they are made, and none is ever removed.
    fn keep(&mut self, project: Project) {
        let id = FIRST_ID + self.by_key.len() as u64;
        self.by_key.insert(project.key.clone(), Home { id, project, last_number: 0 });
    }

    /// Gives a project another key; the former one goes on leading to it.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> Result<(), Refusal> {
        let id = self.by_key.get(from).ok_or_else(|| Refusal::NoProject(from.into()))?.id;
        if self.by_key.contains_key(to) || self.former_keys.get(to).is_some_and(|owner| *owner != id) {
            return Err(Refusal::KeyTaken(to.into()));
        }
        if let Some(mut home) = self.by_key.remove(from) {
            home.project.key = to.into();
            self.by_key.insert(to.into(), home);
        }
        self.former_keys.remove(to);
        self.former_keys.insert(from.into(), id);
        if let Some(screens) = self.screens.remove(from) {
            self.screens.insert(to.into(), screens);
        }
        if let Some(versions) = self.versions.remove(from) {
            self.versions.insert(to.into(), versions);
        }
        Ok(())
    }

    /// Gives the status of this id another name in all workflows.
    pub(super) fn rename_status(&mut self, id: &str, name: &str) {
        let all = self.by_key.values_mut().flat_map(|home| &mut home.project.workflow.statuses);
        all.filter(|status| status.id == id).for_each(|status| status.name = name.into());
    }

    /// All projects, by key.
    pub(super) fn all(&self) -> impl Iterator<Item = &Home> {
        self.by_key.values()
    }

    /// The project that has exactly this key now.
    pub(super) fn get(&self, key: &str) -> Option<&Home> {
        self.by_key.get(key)
    }

    /// The number of the next issue of this project; a number that is given away is never given again.
    pub(super) fn next_number(&mut self, project: &str) -> u64 {
        self.by_key.get_mut(project).map_or(0, |home| {
            home.last_number += 1;
            home.last_number
        })
    }

    /// The screens of a project.
    pub(super) fn screens(&self, project: &str) -> Screens {
        self.screens.get(project).cloned().unwrap_or_default()
    }

    /// The versions of the project of this key; no two projects have one of the same id.
    pub(super) fn versions(&self, project: &str) -> Vec<Term> {
        let all = self.versions.iter().flat_map(|(key, names)| names.iter().map(move |name| (key, name)));
        let numbered = all.zip(FIRST_ID..).filter(|((key, _), _)| *key == project);
        numbered.map(|((_, name), id)| Term::new(&id.to_string(), name)).collect()
    }

    /// The project of this key or former key, numeric id or name; of one that fits in several ways the first counts.
    pub(super) fn find(&self, wanted: &str) -> Option<&Home> {
        self.keyed(wanted).or_else(|| self.with_id(wanted)).or_else(|| self.named(wanted))
    }

    /// The project that has this key, or had it if no other has it now.
    pub(super) fn keyed(&self, wanted: &str) -> Option<&Home> {
        let wanted = wanted.to_ascii_uppercase();
        let former = || self.former_keys.get(&wanted).and_then(|id| self.with_id(&id.to_string()));
        self.by_key.get(&wanted).or_else(former)
    }

    /// The project of this numeric id.
    pub(super) fn with_id(&self, id: &str) -> Option<&Home> {
        self.by_key.values().find(|home| home.id.to_string() == id)
    }

    /// The project of this name.
    pub(super) fn named(&self, wanted: &str) -> Option<&Home> {
        self.by_key.values().find(|home| home.project.name.eq_ignore_ascii_case(wanted))
    }

    /// The statuses of all projects, each once.
    pub(super) fn statuses(&self) -> BTreeMap<&str, &Status> {
        let all = self.by_key.values().flat_map(|home| &home.project.workflow.statuses);
        all.map(|status| (status.id.as_str(), status)).collect()
    }

    /// The id of a project's issue type. Types of one name are one type, whichever projects use it, but for those of
    /// team-managed projects.
    pub(super) fn type_id(&self, project: &str, name: &str) -> String {
        let team = self.team_managed.iter().position(|key| key == project);
        let place = match (team, self.by_key.get(project)) {
            (Some(team), Some(home)) => {
                let own = home.project.issue_types.iter().position(|it| it == name).unwrap_or_default();
                MOST_TYPES * (team + 1) + own
            }
            (Some(_) | None, _) => {
                let names: BTreeSet<&String> =
                    self.by_key.values().flat_map(|home| &home.project.issue_types).collect();
                names.into_iter().position(|it| it == name).unwrap_or_default()
            }
        };
        (FIRST_ID + place as u64).to_string()
    }

    /// Every issue type of every project: its id and name.
    pub(super) fn types(&self) -> impl Iterator<Item = (String, &String)> {
        let homes = self.by_key.values();
        let all = homes.flat_map(|home| home.project.issue_types.iter().map(move |name| (&home.project.key, name)));
        all.map(|(project, name)| (self.type_id(project, name), name))
    }

    /// The ids of all issue types of this name.
    pub(super) fn types_named(&self, wanted: &str) -> BTreeSet<String> {
        self.types().filter(|(_, name)| name.eq_ignore_ascii_case(wanted)).map(|(id, _)| id).collect()
    }

    /// The screen with which issues of a type are created; of the project's usual type if none is named.
    pub(super) fn create_screen(&self, project: &str, kind: Option<&str>) -> Screen {
        let own = kind.and_then(|kind| self.type_screens.get(&(project.to_owned(), kind.to_owned())));
        own.cloned().unwrap_or_else(|| self.screens(project).create)
    }

    /// Whether the workflow forbids edits of this issue where it stands.
    pub(super) fn is_locked(&self, issue: &Issue) -> bool {
        self.get(&issue.project).is_some_and(|home| home.project.workflow.locked.contains(&issue.status.id))
    }

    /// A status as it is now, under the name that it has now.
    pub(super) fn status<'a>(&'a self, issue: &'a Issue) -> &'a Status {
        let of_workflow = |home: &'a Home| home.project.workflow.status(&issue.status.id);
        self.get(&issue.project).and_then(of_workflow).unwrap_or(&issue.status)
    }
}

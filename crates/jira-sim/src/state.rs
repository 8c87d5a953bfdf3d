//! Everything a site knows, and how time moves it on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;
use rand::rngs::StdRng;

use super::agenda::Agenda;
use super::attachment::Attachment;
use super::chance;
use super::faults::Faults;
use super::freeze::{Freeze, News};
use super::garbled::Garbled;
use super::http::Holds;
use super::index::Index;
use super::issue::Issue;
use super::limits::Meter;
use super::people::{Errand, Population};
use super::permissions::Permissions;
use super::ring::Ring;
use super::screen::{Screen, Screens};
use super::setup::{Account, Project, Setup};
use super::site::{Happening, RequestLine};
use super::values::Term;
use super::workflow::Status;
use super::write::Effect;

pub(super) struct State {
    pub setup: Setup,
    /// The moment that all this is the state of.
    pub now: DateTime<Utc>,
    /// By account id.
    pub accounts: BTreeMap<String, Account>,
    /// By key.
    pub projects: BTreeMap<String, Home>,
    /// From a key that a project had, and no other has since, to that project's id.
    pub former_keys: BTreeMap<String, u64>,
    /// By numeric id.
    pub issues: BTreeMap<u64, Arc<Issue>>,
    /// From key to numeric id.
    pub keys: BTreeMap<String, u64>,
    /// What was deleted; nobody can see it, but the checker must know of it.
    pub graveyard: Vec<Arc<Issue>>,
    pub index: Index,
    pub freeze: Freeze,
    pub garbled: Garbled,
    pub faults: Faults,
    pub holds: Holds,
    pub population: Option<Population>,
    pub journal: Ring<Happening>,
    pub requests: Ring<RequestLine>,
    /// How often each `METHOD path-template` was called.
    pub counters: BTreeMap<String, u64>,
    pub permissions: Permissions,
    pub meter: Meter,
    /// When each issue's last transition was.
    pub last_moves: BTreeMap<u64, DateTime<Utc>>,
    /// How many requests showed credentials to the media host.
    pub leaks: u64,
    pub agenda: Agenda<Due>,
    /// Effects that had become impossible when they were due, until their answer asks.
    misfired: BTreeSet<u64>,
    last_id: u64,
    index_stream: StdRng,
}

/// A project with its place on the site.
pub(super) struct Home {
    pub id: u64,
    pub project: Project,
    last_number: u64,
}

/// What the agenda holds.
pub(super) enum Due {
    Effect(Box<Effect>),
    /// Search learns this, unless the row is frozen.
    Index(News),
    /// What flickered is seen again, frozen or not: search had learnt it before.
    Reappear(Arc<Issue>),
    /// Frozen rows may have thawed.
    Thaw,
    Errand(Errand),
}

/// Ids of projects, issue types, issues, comments and changes all count from here; Jira's own begin there too.
const FIRST_ID: u64 = 10_000;

/// More than a project has issue types.
const MOST_TYPES: usize = 100;

/// How many impossible effects are remembered for answers that are on their way.
const MOST_MISFIRED: usize = 1_000;

/// How long an issue that flickers stays out of the index.
const FLICKER_MILLIS: std::ops::RangeInclusive<i64> = 100..=3_000;

impl State {
    pub(super) fn new(setup: Setup) -> Self {
        let mut state = Self {
            now: (setup.now)(),
            accounts: setup.accounts.iter().map(|it| (it.id.clone(), it.clone())).collect(),
            projects: BTreeMap::new(),
            former_keys: BTreeMap::new(),
            issues: BTreeMap::new(),
            keys: BTreeMap::new(),
            graveyard: Vec::new(),
            index: Index::default(),
            freeze: Freeze::default(),
            garbled: Garbled::default(),
            faults: Faults::new(chance::stream(setup.seed, 1)),
            holds: Holds::new(),
            population: None,
            journal: Ring::new(),
            requests: Ring::new(),
            counters: BTreeMap::new(),
            permissions: setup.permissions.clone(),
            meter: Meter::default(),
            last_moves: BTreeMap::new(),
            leaks: 0,
            agenda: Agenda::new(),
            misfired: BTreeSet::new(),
            last_id: FIRST_ID,
            index_stream: chance::stream(setup.seed, 2),
            setup,
        };
        state.setup.projects.clone().into_iter().for_each(|project| state.keep_project(project));
        state
    }

    /// A project under the next id: they are numbered in the order in which they are made, and none is ever removed.
    pub(super) fn keep_project(&mut self, project: Project) {
        let id = FIRST_ID + self.projects.len() as u64;
        self.projects.insert(project.key.clone(), Home { id, project, last_number: 0 });
    }

    /// Carries out everything that is due by now, in order. A clock that steps back moves nothing.
    pub(super) fn settle(&mut self) {
        let now = (self.setup.now)();
        while let Some((due, what)) = self.agenda.next_due(now) {
            self.now = self.now.max(due);
            self.happen(due, what);
        }
        self.now = self.now.max(now);
    }

    fn happen(&mut self, due: DateTime<Utc>, what: Due) {
        match what {
            Due::Effect(effect) => self.attempt(due, *effect),
            Due::Index(news) => self.hear(due, news),
            Due::Reappear(version) => self.index.learn(version),
            Due::Thaw => self.thaw(due),
            Due::Errand(errand) => self.send(due, errand),
        }
    }

    /// Notes the effect of a request for later.
    pub(super) fn schedule(&mut self, due: DateTime<Utc>, effect: Effect) {
        self.agenda.note(due, Due::Effect(Box::new(effect)));
    }

    pub(super) fn schedule_errand(&mut self, due: DateTime<Utc>, errand: Errand) {
        self.agenda.note(due, Due::Errand(errand));
    }

    /// Forgets whatever people had in mind.
    pub(super) fn cancel_errands(&mut self) {
        self.agenda.keep(|due| !matches!(due, Due::Errand(_)));
    }

    /// The screens of a project.
    pub(super) fn screens(&self, project: &str) -> Screens {
        self.setup.screens.get(project).cloned().unwrap_or_default()
    }

    /// The versions of the project of this key; no two projects have one of the same id.
    pub(super) fn versions(&self, project: &str) -> Vec<Term> {
        let all = self.setup.versions.iter().flat_map(|(key, names)| names.iter().map(move |name| (key, name)));
        let numbered = all.zip(FIRST_ID..).filter(|((key, _), _)| *key == project);
        numbered.map(|((_, name), id)| Term::new(&id.to_string(), name)).collect()
    }

    /// Whether this effect turned out impossible. Asking forgets it.
    pub(super) fn misfired(&mut self, effect: u64) -> bool {
        self.misfired.remove(&effect)
    }

    fn attempt(&mut self, due: DateTime<Utc>, effect: Effect) {
        let id = effect.id;
        if self.carry_out(due, effect).is_err() {
            self.misfired.insert(id);
            // Whoever left without an answer never asks.
            if self.misfired.len() > MOST_MISFIRED {
                self.misfired.pop_first();
            }
        }
    }

    /// People live in the state and act on it, so they are out while they do.
    fn send(&mut self, due: DateTime<Utc>, errand: Errand) {
        if let Some(mut population) = self.population.take() {
            population.run(self, due, errand);
            self.population = Some(population);
        }
    }

    /// The new version of an issue becomes the truth at once, and known to search after a lag.
    pub(super) fn keep(&mut self, at: DateTime<Utc>, issue: Arc<Issue>) {
        let due = at + self.draw_lag();
        self.agenda.note(due, Due::Index(News::Version(Arc::clone(&issue))));
        self.keys.insert(issue.key(), issue.id);
        self.issues.insert(issue.id, issue);
    }

    /// The issue is gone at once, and from search after a lag.
    pub(super) fn remove(&mut self, at: DateTime<Utc>, issue: Arc<Issue>) {
        let due = at + self.draw_lag();
        self.agenda.note(due, Due::Index(News::Gone(issue.id)));
        self.keys.remove(&issue.key());
        self.issues.remove(&issue.id);
        self.last_moves.remove(&issue.id);
        self.graveyard.push(issue);
    }

    /// Search goes on showing the rows that it has until this time: that of this issue, or all. A time that is past thaws
    /// them.
    pub(super) fn freeze_index(&mut self, issue: Option<u64>, until: DateTime<Utc>) {
        self.freeze.freeze(issue, until);
        self.agenda.note(until, Due::Thaw);
        self.settle();
    }

    fn thaw(&mut self, now: DateTime<Utc>) {
        for news in self.freeze.thaw(now) {
            self.take_in(now, news);
        }
    }

    fn hear(&mut self, due: DateTime<Utc>, news: News) {
        if let Some(news) = self.freeze.pass(due, news) {
            self.take_in(due, news);
        }
    }

    fn take_in(&mut self, due: DateTime<Utc>, news: News) {
        match news {
            News::Version(version) => self.learn(due, version),
            News::Gone(id) => self.index.bury(id),
        }
    }

    fn learn(&mut self, due: DateTime<Utc>, version: Arc<Issue>) {
        if !self.index.is_news(&version) {
            return;
        }
        if self.index_stream.random_bool(self.setup.flicker.clamp(0.0, 1.0)) {
            let back = due + Duration::milliseconds(self.index_stream.random_range(FLICKER_MILLIS));
            self.index.lose(version.id);
            self.agenda.note(back, Due::Reappear(version));
        } else {
            self.index.learn(version);
        }
    }

    fn draw_lag(&mut self) -> std::time::Duration {
        chance::between(&mut self.index_stream, &self.setup.index_lag)
    }

    /// An id that nothing else has.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The number of the next issue of this project; a number that is given away is never given again.
    pub(super) fn next_number(&mut self, project: &str) -> u64 {
        self.projects.get_mut(project).map_or(0, |home| {
            home.last_number += 1;
            home.last_number
        })
    }

    /// The issue of this numeric id or key; keys in any letter case.
    pub(super) fn find(&self, id_or_key: &str) -> Option<&Arc<Issue>> {
        let id = match id_or_key.parse() {
            Ok(id) => id,
            Err(_) => *self.keys.get(&id_or_key.to_ascii_uppercase())?,
        };
        self.issues.get(&id)
    }

    /// The attachment of this id, and its issue.
    pub(super) fn attachment(&self, id: u64) -> Option<(&Arc<Issue>, &Arc<Attachment>)> {
        self.issues.values().find_map(|issue: &Arc<Issue>| issue.attachment(id).map(|it| (issue, it)))
    }

    /// The project of this key or former key, numeric id or name; of one that fits in several ways the first counts.
    pub(super) fn find_project(&self, wanted: &str) -> Option<&Home> {
        self.project_keyed(wanted).or_else(|| self.project_of(wanted)).or_else(|| self.project_named(wanted))
    }

    /// The project that has this key, or had it if no other has it now.
    pub(super) fn project_keyed(&self, wanted: &str) -> Option<&Home> {
        let wanted = wanted.to_ascii_uppercase();
        let former = || self.former_keys.get(&wanted).and_then(|id| self.project_of(&id.to_string()));
        self.projects.get(&wanted).or_else(former)
    }

    /// The project of this numeric id.
    pub(super) fn project_of(&self, id: &str) -> Option<&Home> {
        self.projects.values().find(|home| home.id.to_string() == id)
    }

    /// The project of this name.
    pub(super) fn project_named(&self, wanted: &str) -> Option<&Home> {
        self.projects.values().find(|home| home.project.name.eq_ignore_ascii_case(wanted))
    }

    /// The statuses of all projects, each once.
    pub(super) fn statuses(&self) -> BTreeMap<&str, &Status> {
        let all = self.projects.values().flat_map(|home| &home.project.workflow.statuses);
        all.map(|status| (status.id.as_str(), status)).collect()
    }

    /// The id of a project's issue type. Types of one name are one type, whichever projects use it, but for those of
    /// team-managed projects.
    pub(super) fn type_id(&self, project: &str, name: &str) -> String {
        let team = self.setup.team_managed.iter().position(|key| key == project);
        let place = match (team, self.projects.get(project)) {
            (Some(team), Some(home)) => {
                let own = home.project.issue_types.iter().position(|it| it == name).unwrap_or_default();
                MOST_TYPES * (team + 1) + own
            }
            (Some(_) | None, _) => {
                let names: BTreeSet<&String> =
                    self.projects.values().flat_map(|home| &home.project.issue_types).collect();
                names.into_iter().position(|it| it == name).unwrap_or_default()
            }
        };
        (FIRST_ID + place as u64).to_string()
    }

    /// Every issue type of every project: its id and name.
    pub(super) fn types(&self) -> impl Iterator<Item = (String, &String)> {
        let homes = self.projects.values();
        let all = homes.flat_map(|home| home.project.issue_types.iter().map(move |name| (&home.project.key, name)));
        all.map(|(project, name)| (self.type_id(project, name), name))
    }

    /// The ids of all issue types of this name.
    pub(super) fn types_named(&self, wanted: &str) -> BTreeSet<String> {
        self.types().filter(|(_, name)| name.eq_ignore_ascii_case(wanted)).map(|(id, _)| id).collect()
    }

    /// The screen with which issues of a type are created; of the project's usual type if none is named.
    pub(super) fn create_screen(&self, project: &str, kind: Option<&str>) -> Screen {
        let own = kind.and_then(|kind| self.setup.type_screens.get(&(project.to_owned(), kind.to_owned())));
        own.cloned().unwrap_or_else(|| self.screens(project).create)
    }

    /// The name of an account; its id if nobody knows it.
    pub(super) fn name_of<'a>(&'a self, account: &'a str) -> &'a str {
        self.accounts.get(account).map_or(account, |it| &it.name)
    }
}

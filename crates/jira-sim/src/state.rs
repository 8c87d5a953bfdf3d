//! Everything a site knows, and how time moves it on.

mod moves;
mod renaming;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::accounts::Accounts;
use super::agenda::Agenda;
use super::freeze::News;
use super::index::{Index, Reappearance};
use super::issue::{By, Issue, Via};
use super::issues::Issues;
use super::log::{Happening, Ring};
use super::people::{Errand, People, Population};
use super::permissions::Permission;
use super::projects::{FIRST_ID, Projects};
use super::setup::Setup;
use super::write::Effect;

pub(super) use moves::Destination;

/// The parts of a site, as of one moment.
pub(super) struct State {
    pub setup: Setup,
    /// The moment that all this is the state of.
    pub now: DateTime<Utc>,
    pub accounts: Accounts,
    pub projects: Projects,
    pub issues: Issues,
    pub index: Index,
    population: Option<Population>,
    journal: Ring<Happening>,
    agenda: Agenda<Due>,
    /// Effects that had become impossible when they were due, until their answer asks.
    misfired: BTreeSet<u64>,
    last_id: u64,
}

/// What the agenda holds.
enum Due {
    Effect(Box<Effect>),
    /// Search learns this, unless the row is frozen.
    Index(News),
    /// What flickered is seen again, frozen or not: search had learnt it before.
    Reappear(Arc<Issue>),
    /// Frozen rows may have thawed.
    Thaw,
    Errand(Errand),
}

/// How many impossible effects are remembered for answers that are on their way.
const MOST_MISFIRED: usize = 1_000;

impl State {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            now: (setup.now)(),
            accounts: Accounts::new(&setup.accounts, &setup.permissions),
            projects: Projects::new(&setup),
            issues: Issues::default(),
            index: Index::new(&setup),
            population: None,
            journal: Ring::new(),
            agenda: Agenda::new(),
            misfired: BTreeSet::new(),
            last_id: FIRST_ID,
            setup,
        }
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
            Due::Index(news) => {
                let again = self.index.hear(due, news);
                self.note_again(again);
            }
            Due::Reappear(version) => self.index.learn(version),
            Due::Thaw => {
                let again = self.index.thaw(due);
                self.note_again(again);
            }
            Due::Errand(errand) => self.with_people(|population, state| population.run(state, due, errand)),
        }
    }

    /// Notes when search shows issues again.
    fn note_again(&mut self, again: impl IntoIterator<Item = Reappearance>) {
        again.into_iter().for_each(|(due, version)| self.agenda.note(due, Due::Reappear(version)));
    }

    /// Notes the effect of a request for later.
    pub(super) fn schedule(&mut self, due: DateTime<Utc>, effect: Effect) {
        self.agenda.note(due, Due::Effect(Box::new(effect)));
    }

    pub(super) fn schedule_errand(&mut self, due: DateTime<Utc>, errand: Errand) {
        self.agenda.note(due, Due::Errand(errand));
    }

    /// From now on these people live here; replaces those who did, and forgets what they had in mind.
    pub(super) fn populate(&mut self, people: People) {
        self.agenda.keep(|due| !matches!(due, Due::Errand(_)));
        self.population = Some(Population::settle_in(self, people));
    }

    /// People learn that there is something to look at.
    pub(super) fn notice(&mut self, at: DateTime<Utc>, issue: u64) {
        self.with_people(|population, state| population.follow(state, at, issue));
    }

    /// People live in the state and act on it, so they are out while they do.
    fn with_people(&mut self, act: impl FnOnce(&mut Population, &mut Self)) {
        if let Some(mut population) = self.population.take() {
            act(&mut population, self);
            self.population = Some(population);
        }
    }

    /// Whether this effect turned out impossible. Asking forgets it.
    pub(super) fn misfired(&mut self, effect: u64) -> bool {
        self.misfired.remove(&effect)
    }

    fn attempt(&mut self, due: DateTime<Utc>, effect: Effect) {
        let id = effect.id;
        if self.carry_out(due, effect).is_err() {
            self.misfired.insert(id);
            // A client that left without an answer never asks.
            if self.misfired.len() > MOST_MISFIRED {
                self.misfired.pop_first();
            }
        }
    }

    /// The new version of an issue becomes the truth at once, and known to search after a lag.
    pub(super) fn keep(&mut self, at: DateTime<Utc>, issue: Arc<Issue>) {
        self.agenda.note(at + self.index.draw_lag(), Due::Index(News::Version(Arc::clone(&issue))));
        self.issues.put(issue);
    }

    /// The issue is gone at once, and from search after a lag.
    pub(super) fn remove(&mut self, at: DateTime<Utc>, issue: Arc<Issue>) {
        self.agenda.note(at + self.index.draw_lag(), Due::Index(News::Gone(issue.id)));
        self.issues.delete(issue);
    }

    /// Search goes on showing the rows that it has until this time: that of this issue, or all. A time that is past thaws
    /// them.
    pub(super) fn freeze_index(&mut self, issue: Option<u64>, until: DateTime<Utc>) {
        self.index.freeze(issue, until);
        self.agenda.note(until, Due::Thaw);
        self.settle();
    }

    /// Whether a transition of this issue is under way: asked for and not yet done, or done a moment ago.
    pub(super) fn is_moving(&self, issue: u64) -> bool {
        let pending = self.agenda.entries().any(|due| matches!(due, Due::Effect(effect) if effect.moves(issue)));
        let rest = Duration::from_std(self.setup.transition_rest).unwrap_or_default();
        pending || self.issues.last_move(issue).is_some_and(|at| self.now - at < rest)
    }

    /// Enters into the journal what happened to an issue.
    pub(super) fn tell(&mut self, by: &By, issue: &Issue, what: String) {
        let number = self.journal.next();
        let who = self.accounts.name_of(&by.author).to_owned();
        let by_bot = by.via == Via::Api;
        self.journal.push(Happening { number, at: by.at, who, what, issue_key: issue.key(), by_bot });
    }

    /// What happened on the site since that place in the journal.
    pub(super) fn journal(&self, since: usize) -> impl Iterator<Item = &Happening> {
        self.journal.since(since)
    }

    /// An id that nothing else has.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// How many bytes of files the site can still keep.
    pub(super) fn storage_left(&self) -> u64 {
        self.setup.storage_limit.saturating_sub(self.issues.attached_bytes())
    }

    /// Whether the account sees the issue; what it doesn't see doesn't exist for it.
    pub(super) fn may_see(&self, account: &str, issue: &Issue) -> bool {
        // What search knows of an issue may be older than who may see it.
        let issue = self.issues.get(issue.id).map_or(issue, |current| current);
        let chosen = issue.viewers.as_ref().is_none_or(|viewers| viewers.contains(account));
        chosen && self.accounts.may(account, &issue.project, Permission::BrowseProjects)
    }

    /// The issue of this numeric id or key, if the account sees it.
    pub(super) fn find_for(&self, account: &str, id_or_key: &str) -> Option<&Arc<Issue>> {
        self.issues.find(id_or_key).filter(|issue| self.may_see(account, issue))
    }
}

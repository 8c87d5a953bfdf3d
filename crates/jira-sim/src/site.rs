//! The site: the handle that demo and tests hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Mutex, MutexGuard};

use super::accounts::Account;
use super::action::Action;
use super::faults::{FaultPlan, Rule, Standing};
use super::flavour::Flavour;
use super::freeze::Rows;
use super::garbled::Garbage;
use super::http::desk::Desk;
use super::http::routes::serves;
use super::issue::{Issue, IssueView};
use super::log::{Happening, RequestLine};
use super::people::People;
use super::permissions::Permissions;
use super::refusal::Refusal;
use super::setup::{Project, Setup};
use super::state::State;

/// A simulated Jira site. It owns no tasks: every access first carries out what has become due by its clock.
pub struct Site {
    parts: Mutex<Parts>,
}

/// What requests look at and change, and what is kept of the requests themselves.
pub(super) struct Parts {
    pub state: State,
    pub desk: Desk,
}

impl Site {
    /// A site without issues, whose first moment is now.
    pub fn new(setup: Setup) -> Arc<Self> {
        let desk = Desk::new(setup.seed);
        Arc::new(Self { parts: Mutex::new(Parts { state: State::new(setup), desk }) })
    }

    /// Where people find the site.
    pub fn base_url(&self) -> String {
        self.settled().state.setup.base_url.clone()
    }

    /// What time it is there.
    pub fn now(&self) -> DateTime<Utc> {
        self.settled().state.now
    }

    /// All projects, by key.
    pub fn projects(&self) -> Vec<Project> {
        self.settled().state.projects.all().map(|home| home.project.clone()).collect()
    }

    /// All accounts, by id.
    pub fn accounts(&self) -> Vec<Account> {
        self.settled().state.accounts.all().cloned().collect()
    }

    /// How many requests showed the media host credentials or cookies, which are none of its business.
    pub fn leaks(&self) -> u64 {
        self.settled().desk.leaks()
    }

    /// Carries out everything that is due. Only needed where nothing else looks at the site for long.
    pub fn settle(&self) {
        drop(self.settled());
    }

    /// From now on this goes wrong; replaces what went wrong before.
    pub fn faults(&self, plan: FaultPlan) {
        self.settled().desk.faults().set(plan);
    }

    /// One more thing goes wrong, where nothing before it in the plan strikes.
    pub fn add_fault(&self, rule: Rule) {
        self.settled().desk.faults().add(rule);
    }

    /// Whether a [`Rule`] with this path can match anything: it ends with a `*`, or the site
    /// serves an endpoint of that template.
    pub fn serves(&self, path: &str) -> bool {
        path.ends_with('*') || serves(self.settled().state.setup.flavour, path)
    }

    /// The rules in force, and what they did so far.
    pub fn standing_faults(&self) -> Vec<Standing> {
        self.settled().desk.faults().standing().to_vec()
    }

    /// The requests that are held by [`Kind::Hold`](super::faults::Kind::Hold) now, in the order of their arrival.
    /// Of those that the log no longer remembers there is no line here.
    pub fn holding(&self) -> Vec<RequestLine> {
        self.settled().desk.holding()
    }

    /// Comes back as soon as at least so many requests are held.
    pub async fn held(&self, at_least: usize) {
        let mut count = self.settled().desk.watch_held();
        // The sender lives as long as the site does, which is longer than this borrow of it.
        drop(count.wait_for(|held| *held >= at_least).await);
    }

    /// Lets the held request of this number in the log go on, whether or not its client still waits. Says whether it
    /// was held.
    pub fn release(&self, number: usize) -> bool {
        let parts = &mut *self.settled();
        parts.desk.release(&mut parts.state, number)
    }

    /// Lets all held requests go on, in the order of their arrival. Says how many they were.
    pub fn release_all(&self) -> usize {
        let parts = &mut *self.settled();
        parts.desk.release_all(&mut parts.state)
    }

    /// While deaf, the site lets no request have an effect and breaks off every answer.
    pub fn deaf(&self, deaf: bool) {
        self.settled().desk.faults().deaf = deaf;
    }

    /// From now on these people live here; replaces those who did.
    pub fn populate(&self, people: People) {
        self.settled().state.populate(people);
    }

    /// Search goes on showing these rows as it shows them now, whatever becomes of their issues, until this time; fresh
    /// reads and `reconcileIssues` show the truth meanwhile. What it should have learnt by then it learns at once.
    /// Freezing again sets another time, and one that is past thaws. Fails if there is no such issue.
    pub fn freeze_index(&self, rows: &Rows, until: DateTime<Utc>) -> Result<(), Refusal> {
        let state = &mut self.settled().state;
        let issue = match rows {
            Rows::All => None,
            Rows::Of(issue) => Some(state.issues.find(issue).ok_or_else(|| Refusal::NoIssue(issue.clone()))?.id),
        };
        state.freeze_index(issue, until);
        Ok(())
    }

    /// From now on searches show this in place of the row of the issue with this key or id; the row again if `None`.
    /// Fails if there is no such issue.
    pub fn garble_row(&self, issue: &str, garbage: Option<Garbage>) -> Result<(), Refusal> {
        let state = &mut self.settled().state;
        let id = state.issues.find(issue).ok_or_else(|| Refusal::NoIssue(issue.to_owned()))?.id;
        state.index.garble(id, garbage);
        Ok(())
    }

    /// Sets how far the `Date` of answers is ahead of the site's clock from now on; see `Setup::date_ahead`.
    pub fn set_date_ahead(&self, ahead: TimeDelta) {
        self.settled().state.setup.date_ahead = ahead;
    }

    /// Gives an account another API token, which makes the one before a bad one. Says whether there is such an account.
    pub fn set_token(&self, account: &str, token: &str) -> bool {
        let state = &mut self.settled().state;
        let known = state.accounts.get_mut(account);
        known.map(|account| account.token = token.into()).is_some()
    }

    /// From now on, or no longer, this account must solve a CAPTCHA; see
    /// [`Account::must_solve_captcha`](super::Account::must_solve_captcha).
    pub fn demand_captcha(&self, account: &str, demand: bool) {
        if let Some(account) = self.settled().state.accounts.get_mut(account) {
            account.must_solve_captcha = demand;
        }
    }

    /// From now on these permissions hold; replaces those before.
    pub fn set_permissions(&self, permissions: Permissions) {
        self.settled().state.accounts.set_permissions(permissions);
    }

    /// From now on no file may have more bytes; see [`Setup::upload_limit`].
    pub fn set_upload_limit(&self, bytes: u64) {
        self.settled().state.setup.upload_limit = bytes;
    }

    /// From now on the site has another address, and its answers say so; it is still reached under the one before, as Cloud
    /// leads on from there. What issues say keeps the address that it was written with.
    pub fn move_to(&self, base_url: &str) {
        self.settled().state.setup.base_url = base_url.into();
    }

    /// From now on this is a copy of the site, restored at another address: the same issues under the same ids, and yet
    /// another site.
    pub fn become_copy(&self, base_url: &str) {
        let state = &mut self.settled().state;
        state.setup.base_url = base_url.into();
        let cloud_id = state.setup.cloud_id.take();
        state.setup.cloud_id = cloud_id.map(|id| id.chars().rev().collect());
    }

    /// Gives the status with this id another name, in all workflows that use it. What is written in changelogs stays.
    pub fn rename_status(&self, id: &str, name: &str) {
        self.settled().state.rename_status(id, name);
    }

    /// Gives a project another key. Its id stays, and the former key goes on answering; nothing shows in its issues.
    pub fn rename_project(&self, from: &str, to: &str) -> Result<(), Refusal> {
        self.settled().state.rename_project(from, to)
    }

    /// Makes one more project. It may get a key that another project had, which then leads here.
    pub fn add_project(&self, project: Project) -> Result<(), Refusal> {
        self.settled().state.projects.add(project)
    }

    /// What happened on the site since that place in the journal; the oldest is forgotten some day.
    pub fn journal(&self, since: usize) -> Vec<Happening> {
        self.settled().state.journal(since).cloned().collect()
    }

    /// The latest requests, oldest first.
    pub fn requests(&self) -> Vec<RequestLine> {
        self.requests_since(0, usize::MAX)
    }

    /// At most so many requests from this number of the log on, oldest first; the oldest are forgotten some day.
    pub fn requests_since(&self, number: usize, most: usize) -> Vec<RequestLine> {
        self.settled().desk.requests_since(number).take(most).cloned().collect()
    }

    /// How often each `METHOD path-template` was called.
    pub fn counters(&self) -> BTreeMap<String, u64> {
        self.settled().desk.counters().clone()
    }

    /// Carries out an action at once, under the account of this id or name. Answers the issue's key.
    pub fn act(&self, who: &str, action: Action) -> Result<String, Refusal> {
        self.settled().state.act(who, action)
    }

    /// The issue of this key or id as it is now.
    pub fn issue(&self, id_or_key: &str) -> Option<IssueView> {
        self.settled().state.issues.find(id_or_key).map(|issue| issue.view())
    }

    /// The issues of a project as they are now, oldest first.
    pub fn issues(&self, project: &str) -> Vec<IssueView> {
        let state = &self.settled().state;
        views(state.issues.all(), project)
    }

    /// The deleted issues of a project as they were at their end.
    pub fn deleted(&self, project: &str) -> Vec<IssueView> {
        let state = &self.settled().state;
        views(state.issues.deleted(), project)
    }

    /// What taking in a request depends on: the kind of Jira, and how much of an upload is kept.
    pub(super) fn told(&self) -> (Flavour, u64) {
        let setup = &self.settled().state.setup;
        (setup.flavour, setup.upload_limit)
    }

    /// Whether the site understands a query.
    #[cfg(any(test, fuzzing))]
    #[doc(hidden)]
    pub fn understands(&self, jql: &str) -> bool {
        super::http::search::understands(&self.settled().state, jql)
    }

    /// The state as of now.
    pub(super) fn settled(&self) -> MutexGuard<'_, Parts> {
        let mut parts = self.parts.lock();
        parts.state.settle();
        parts
    }
}

fn views<'a>(issues: impl Iterator<Item = &'a Arc<Issue>>, project: &str) -> Vec<IssueView> {
    issues.filter(|issue| issue.project == project).map(|issue| issue.view()).collect()
}

//! The site: the handle that demo and tests hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;

use super::action::{Action, Refusal};
use super::control;
use super::faults::{FaultPlan, Rule, Standing};
use super::freeze::Rows;
use super::garbled::Garbage;
use super::http;
use super::issue::{Issue, IssueView};
use super::people::{People, Population};
use super::permissions::Permissions;
use super::setup::{Account, Flavour, Project, Setup};
use super::stamp;
use super::state::State;

/// A simulated Jira site. It owns no tasks: every access first carries out what has become due by its clock.
pub struct Site {
    state: Mutex<State>,
}

/// Something that happened on the site, told for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Happening {
    /// Its place in the journal, counted from 0.
    pub number: usize,
    /// When it happened.
    #[serde(serialize_with = "stamp::as_utc")]
    pub at: DateTime<Utc>,
    /// The name of an account.
    pub who: String,
    /// Such as `moved it from Open to Will Do`.
    pub what: String,
    /// The issue it happened to.
    #[serde(rename = "issue")]
    pub issue_key: String,
    /// Whether it came through the API.
    #[serde(rename = "byBot")]
    pub by_bot: bool,
}

/// One request that reached the site.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestLine {
    /// Its place in the log, counted from 0.
    pub number: usize,
    /// When it arrived.
    #[serde(serialize_with = "stamp::as_utc")]
    pub at: DateTime<Utc>,
    /// Such as `POST`.
    pub method: String,
    /// Without its query.
    pub path: String,
    /// The account id of the caller, if it proved who it is.
    pub account: Option<String>,
    /// Absent while it is not answered, and for ever if its client left before.
    pub status: Option<u16>,
    /// The name of the fault that it met.
    pub fault: Option<&'static str>,
}

impl Site {
    /// A site without issues, whose first moment is now.
    pub fn new(setup: Setup) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::new(setup)) })
    }

    /// The site's HTTP API, ready to be served or to be called through `oneshot`.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        http::router(Arc::clone(self))
    }

    /// Stages what happens on the site, over HTTP; see [`control`]. To be served on a port of its own.
    pub fn control_router(self: &Arc<Self>) -> axum::Router {
        control::router(Arc::clone(self))
    }

    /// Where people find the site.
    pub fn base_url(&self) -> String {
        self.settled().setup.base_url.clone()
    }

    /// What time it is there.
    pub fn now(&self) -> DateTime<Utc> {
        self.settled().now
    }

    /// All projects, by key.
    pub fn projects(&self) -> Vec<Project> {
        self.settled().projects.values().map(|home| home.project.clone()).collect()
    }

    /// All accounts, by id.
    pub fn accounts(&self) -> Vec<Account> {
        self.settled().accounts.values().cloned().collect()
    }

    /// The host that downloads are redirected to on Cloud ([`Setup::media_url`]), to be served on a port of its own.
    pub fn media_router(self: &Arc<Self>) -> axum::Router {
        http::media_router(Arc::clone(self))
    }

    /// Site and media host behind one door, for clients that do not look names up but hand every request to a router:
    /// requests whose URI (or else whose `Host` header) has the authority of [`Setup::media_url`] are for the media host,
    /// all others for the site.
    pub fn hosts_router(self: &Arc<Self>) -> axum::Router {
        http::hosts_router(Arc::clone(self))
    }

    /// How many requests showed the media host credentials or cookies, which are none of its business.
    pub fn leaks(&self) -> u64 {
        self.settled().leaks
    }

    /// Carries out everything that is due. Only needed where nothing else looks at the site for long.
    pub fn settle(&self) {
        drop(self.settled());
    }

    /// From now on this goes wrong; replaces what went wrong before.
    pub fn faults(&self, plan: FaultPlan) {
        self.settled().faults.set(plan);
    }

    /// One more thing goes wrong, where nothing before it in the plan strikes.
    pub fn add_fault(&self, rule: Rule) {
        self.settled().faults.add(rule);
    }

    /// Whether a [`Rule`] with this path can match anything: it ends with a `*`, or the site
    /// serves an endpoint of that template.
    pub fn serves(&self, path: &str) -> bool {
        path.ends_with('*') || http::serves(self.settled().setup.flavour, path)
    }

    /// The rules in force, and what they did so far.
    pub fn standing_faults(&self) -> Vec<Standing> {
        self.settled().faults.standing().to_vec()
    }

    /// The requests that are held by [`Kind::Hold`](super::faults::Kind::Hold) now, in the order of their arrival.
    /// Of those that the log no longer remembers there is no line here.
    pub fn holding(&self) -> Vec<RequestLine> {
        let state = self.settled();
        state.holds.numbers().into_iter().filter_map(|number| state.requests.get(number).cloned()).collect()
    }

    /// Comes back as soon as at least so many requests are held.
    pub async fn held(&self, at_least: usize) {
        let mut count = self.settled().holds.watch();
        // The sender lives as long as the site does, which is longer than this borrow of it.
        drop(count.wait_for(|held| *held >= at_least).await);
    }

    /// Lets the held request of this number in the log go on, whether or not its client still waits. Says whether it
    /// was held.
    pub fn release(&self, number: usize) -> bool {
        self.settled().release(number)
    }

    /// Lets all held requests go on, in the order of their arrival. Says how many they were.
    pub fn release_all(&self) -> usize {
        let mut state = self.settled();
        let numbers = state.holds.numbers();
        numbers.into_iter().filter(|number| state.release(*number)).count()
    }

    /// While deaf, the site lets no request have an effect and breaks off every answer.
    pub fn deaf(&self, deaf: bool) {
        self.settled().faults.deaf = deaf;
    }

    /// From now on these people live here; replaces those who did.
    pub fn populate(&self, people: People) {
        Population::settle_in(&mut self.settled(), people);
    }

    /// Search goes on showing these rows as it shows them now, whatever becomes of their issues, until this time; fresh
    /// reads and `reconcileIssues` show the truth meanwhile. What it should have learnt by then it learns at once.
    /// Freezing again sets another time, and one that is past thaws. Fails if there is no such issue.
    pub fn freeze_index(&self, rows: &Rows, until: DateTime<Utc>) -> Result<(), Refusal> {
        let mut state = self.settled();
        let issue = match rows {
            Rows::All => None,
            Rows::Of(issue) => Some(state.find(issue).ok_or_else(|| Refusal::NoIssue(issue.clone()))?.id),
        };
        state.freeze_index(issue, until);
        Ok(())
    }

    /// From now on searches show this in place of the row of the issue with this key or id; the row again if `None`.
    /// Fails if there is no such issue.
    pub fn garble_row(&self, issue: &str, garbage: Option<Garbage>) -> Result<(), Refusal> {
        let mut state = self.settled();
        let id = state.find(issue).ok_or_else(|| Refusal::NoIssue(issue.to_owned()))?.id;
        state.garbled.set(id, garbage);
        Ok(())
    }

    /// Sets how far the `Date` of answers is ahead of the site's clock from now on; see `Setup::date_ahead`.
    pub fn set_date_ahead(&self, ahead: TimeDelta) {
        self.settled().setup.date_ahead = ahead;
    }

    /// Gives an account another API token, which makes the one before a bad one. Says whether there is such an account.
    pub fn set_token(&self, account: &str, token: &str) -> bool {
        let mut state = self.settled();
        let known = state.accounts.get_mut(account);
        known.map(|account| account.token = token.into()).is_some()
    }

    /// From now on, or no longer, this account must solve a CAPTCHA; see
    /// [`Account::must_solve_captcha`](super::Account::must_solve_captcha).
    pub fn demand_captcha(&self, account: &str, demand: bool) {
        if let Some(account) = self.settled().accounts.get_mut(account) {
            account.must_solve_captcha = demand;
        }
    }

    /// From now on these permissions hold; replaces those before.
    pub fn set_permissions(&self, permissions: Permissions) {
        self.settled().permissions = permissions;
    }

    /// From now on no file may have more bytes; see [`Setup::upload_limit`].
    pub fn set_upload_limit(&self, bytes: u64) {
        self.settled().setup.upload_limit = bytes;
    }

    /// From now on the site has another address, and its answers say so; it is still reached under the one before, as Cloud
    /// leads on from there. What issues say keeps the address that it was written with.
    pub fn move_to(&self, base_url: &str) {
        self.settled().setup.base_url = base_url.into();
    }

    /// From now on this is a copy of the site, restored at another address: the same issues under the same ids, and yet
    /// another site.
    pub fn become_copy(&self, base_url: &str) {
        let mut state = self.settled();
        state.setup.base_url = base_url.into();
        let cloud_id = state.setup.cloud_id.take();
        state.setup.cloud_id = cloud_id.map(|id| id.chars().rev().collect());
    }

    /// Gives the status with this id another name, in all workflows that use it. What is written in changelogs stays.
    pub fn rename_status(&self, id: &str, name: &str) {
        self.settled().rename_status(id, name);
    }

    /// Gives a project another key. Its id stays, and the former key goes on answering; nothing shows in its issues.
    pub fn rename_project(&self, from: &str, to: &str) -> Result<(), Refusal> {
        self.settled().rename_project(from, to)
    }

    /// Makes one more project. It may get a key that another project had, which then leads here.
    pub fn add_project(&self, project: Project) -> Result<(), Refusal> {
        self.settled().add_project(project)
    }

    /// What happened on the site since that place in the journal; the oldest is forgotten some day.
    pub fn journal(&self, since: usize) -> Vec<Happening> {
        self.settled().journal.since(since).cloned().collect()
    }

    /// The latest requests, oldest first.
    pub fn requests(&self) -> Vec<RequestLine> {
        self.requests_since(0, usize::MAX)
    }

    /// At most so many requests from this number of the log on, oldest first; the oldest are forgotten some day.
    pub fn requests_since(&self, number: usize, most: usize) -> Vec<RequestLine> {
        self.settled().requests.since(number).take(most).cloned().collect()
    }

    /// How often each `METHOD path-template` was called.
    pub fn counters(&self) -> BTreeMap<String, u64> {
        self.settled().counters.clone()
    }

    /// Carries out an action at once, under the account of this id or name. Answers the issue's key.
    pub fn act(&self, who: &str, action: Action) -> Result<String, Refusal> {
        self.settled().act(who, action)
    }

    /// The issue of this key or id as it is now.
    pub fn issue(&self, id_or_key: &str) -> Option<IssueView> {
        self.settled().find(id_or_key).map(|issue| issue.view())
    }

    /// The issues of a project as they are now, oldest first.
    pub fn issues(&self, project: &str) -> Vec<IssueView> {
        let state = self.settled();
        views(state.issues.values(), project)
    }

    /// The deleted issues of a project as they were at their end.
    pub fn deleted(&self, project: &str) -> Vec<IssueView> {
        let state = self.settled();
        views(state.graveyard.iter(), project)
    }

    /// What taking in a request depends on: the kind of Jira, and how much of an upload is kept.
    pub(super) fn told(&self) -> (Flavour, u64) {
        let setup = &self.settled().setup;
        (setup.flavour, setup.upload_limit)
    }

    /// Whether the site understands a query.
    #[cfg(any(test, fuzzing))]
    #[doc(hidden)]
    pub fn understands(&self, jql: &str) -> bool {
        http::understands(&self.settled(), jql)
    }

    /// The state as of now.
    pub(super) fn settled(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        state.settle();
        state
    }
}

fn views<'a>(issues: impl Iterator<Item = &'a Arc<Issue>>, project: &str) -> Vec<IssueView> {
    issues.filter(|issue| issue.project == project).map(|issue| issue.view()).collect()
}

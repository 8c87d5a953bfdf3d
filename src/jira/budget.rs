//! What one account may ask of one site, shared fairly by its flows.
//!
//! Jira counts by endpoint and method, by issue for writes, and now and then by account. So do we, and stay below what
//! Atlassian publishes: each count is a lane with a pace of its own, through which flows take turns. Only the one at a
//! lane's front looks at the clock; the others sleep until its bell is passed on to them, so that a thousand who wait
//! are not a thousand who wake. What decides is pure (`pace`, `queue`, `lane`); here is the waiting.

mod account;
mod hold;
mod lane;
mod pace;
mod queue;
mod site_clock;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::Method;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::text_limit::TextLimit;
use crate::clock::Clock;
use crate::flow::{Credentials, JiraAccess};
use crate::pulse::Pulse;
pub(super) use account::{AccountCheck, CHECK_EVERY, Verdict};
use hold::{Access, Hold};
use lane::{Lane, Turn};
use pace::Limit;
use queue::{Bell, Ticket};
pub use site_clock::ClockDifference;
pub(super) use site_clock::SiteClock;

/// Jira Cloud allows 100 GETs or POSTs a second to one endpoint. At most 75 of ours go in any second: the account's
/// other users find room.
const BRISK: Limit = Limit { per_second: 50.0, burst: 25.0 };

/// It allows 50 PUTs or DELETEs; at most 37 of ours go in any second.
const CALM: Limit = Limit { per_second: 25.0, burst: 12.0 };

/// It allows 20 writes to one issue in 2 s and 100 in 30 s; at most 15 of ours go in any 2 s, 85 in any 30 s.
const ONE_ISSUE: Limit = Limit { per_second: 2.5, burst: 10.0 };

/// Issues whose writes are counted. An issue that was not written for four seconds is forgotten, so that it takes a
/// thousand writes a second to fill this; writes to further ones then only keep to their endpoint's limit.
const MOST_ISSUES: usize = 4096;

/// The longest pause that is waited for on the spot. A longer one ends the cycle instead, which says why.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// The longest that a request waits behind those of other flows before it gives up and says so.
const LONGEST_QUEUE: Duration = Duration::from_secs(600);

/// How often somebody who waits behind others shows that he lives: well within the time after which a worker counts as
/// stalled.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// A pause is believed as said up to here. Beyond that one request of the account asks again: what was said may be wrong,
/// or come from whatever stands before Jira.
pub(super) const LONGEST_BELIEVED: Duration = Duration::from_secs(30 * 60);

/// How much is left of a pause that was noted by a wall clock, which may have been set since: never more than is believed.
#[must_use]
pub fn pause_left(until: DateTime<Utc>, now: DateTime<Utc>) -> Option<Duration> {
    (until - now).to_std().ok().filter(|left| !left.is_zero()).map(|left| left.min(LONGEST_BELIEVED))
}

/// The budgets of all sites and accounts. It keeps one for every account that a flow ever had, for a pause that Jira
/// asked for outlives the worker that was told.
#[derive(Default)]
pub struct Budgets {
    accounts: Mutex<BTreeMap<String, Arc<Budget>>>,
    sites: Mutex<BTreeMap<String, Arc<Site>>>,
}

impl Budgets {
    /// The budget that a flow shares with all others on the same site and account.
    pub fn of(&self, access: &JiraAccess) -> Arc<Budget> {
        let mut sites = self.sites.lock();
        let site = Arc::clone(sites.entry(access.base.to_string()).or_default());
        let mut budgets = self.accounts.lock();
        Arc::clone(budgets.entry(owner(access)).or_insert_with(|| Arc::new(Budget { site, ..Budget::default() })))
    }
}

/// Bearer tokens are told apart by a digest: the map is never printed, but a token must not lie about either.
fn owner(access: &JiraAccess) -> String {
    use sha2::{Digest, Sha256};
    match &access.credentials {
        Credentials::Basic { email, .. } => format!("{} {email}", access.base),
        Credentials::Bearer { token } => format!("{} {:x}", access.base, Sha256::digest(token.expose())),
    }
}

/// What is known of a site, whichever account asks.
#[derive(Default)]
struct Site {
    clock: SiteClock,
    text_limit: TextLimit,
}

/// One site and account's budget.
#[derive(Default)]
pub struct Budget {
    lanes: Mutex<Lanes>,
    account: AccountCheck,
    site: Arc<Site>,
}

impl Budget {
    /// The part of the flow named `flow`. Flows take turns; one flow's requests go in the order in which they came.
    #[must_use]
    pub fn share(self: &Arc<Self>, flow: &str) -> Share {
        Share { budget: Arc::clone(self), flow: Arc::from(flow), hurry: None }
    }

    /// How long everything that the account asks of the site still has to wait, because Jira said so.
    #[must_use]
    pub fn held(&self, now: Instant) -> Option<Duration> {
        self.lanes.lock().hold.left(now)
    }

    /// Nothing goes before `until`: Jira said so to an earlier process. One request then asks whether it is over.
    pub fn hold_over(&self, now: Instant, until: Instant) {
        self.lanes.lock().hold.resume(now, until);
    }
}

/// One flow's part of a [`Budget`]. Clones are one.
#[derive(Clone)]
pub struct Share {
    budget: Arc<Budget>,
    flow: Arc<str>,
    /// Whether a person waits for the worker.
    hurry: Option<Arc<Hurry>>,
}

/// A person waits for a worker: its first request may go though Jira asked for a pause.
struct Hurry {
    since: Instant,
    spent: AtomicBool,
}

/// What Jira counts a request under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Errand {
    pub endpoint: &'static str,
    pub verb: Verb,
    /// The issue that it writes to, if it does.
    pub issue: Option<String>,
}

/// Methods, as far as Jira counts them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    pub(super) fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Get,
            Method::POST => Self::Post,
            Method::DELETE => Self::Delete,
            _ => Self::Put,
        }
    }

    fn limit(self) -> Limit {
        match self {
            Self::Get | Self::Post => BRISK,
            Self::Put | Self::Delete => CALM,
        }
    }
}

/// What a pause holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Writes to this issue.
    Issue,
    /// This endpoint and method.
    Endpoint,
    /// Everything that this account asks of this site.
    Account,
}

/// Why Jira holds something back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum HoldCause {
    /// Its rate limit, and it said for how long.
    RateLimit,
    /// It is out of service, or did not say for how long: that is no wait that it stated for its rate limit.
    #[default]
    Other,
}

/// Why a turn did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// Jira asked for a pause that is too long to wait for here.
    Held(Duration),
    /// The same, of this one issue.
    IssueHeld(Duration),
    /// Other flows of the account filled the whole of [`LONGEST_QUEUE`].
    Crowded,
    /// The worker is to stop.
    Stopping,
}

impl Share {
    /// The same for a worker that a person waits for, who has edited the flow's file or given an order: it may ask though
    /// it was refused or told to wait, if no other did so within the last minute.
    #[must_use]
    pub fn hurried(self, since: Instant) -> Self {
        Self { hurry: Some(Arc::new(Hurry { since, spent: AtomicBool::new(false) })), ..self }
    }

    pub(super) fn is_hurried(&self) -> bool {
        self.hurry.is_some()
    }

    /// What is known of the site's clocks.
    pub(super) fn site_clock(&self) -> &SiteClock {
        &self.budget.site.clock
    }

    /// How long texts may be on the site.
    pub(super) fn text_limit(&self) -> &TextLimit {
        &self.budget.site.text_limit
    }

    /// What `myself` last said of the account.
    pub(super) fn account_check(&self) -> &AccountCheck {
        &self.budget.account
    }

    /// Waits until `errand` may go. Dropping it gives the place up.
    pub(super) async fn turn(&self, errand: &Errand, pulse: &Pulse, clock: &Clock) -> Result<Pass, NoTurn> {
        let deadline = clock.now() + LONGEST_QUEUE;
        let unspent = self.hurry.as_ref().filter(|hurry| !hurry.spent.swap(true, Ordering::Relaxed));
        let hurried = unspent.map(|hurry| hurry.since);
        if let Some(issue) = &errand.issue {
            self.pass(Key::Issue(issue.clone()), (deadline, hurried), pulse, clock).await?;
        }
        self.pass(Key::Endpoint(errand.endpoint, errand.verb), (deadline, hurried), pulse, clock).await
    }

    /// Nothing of `scope` goes before `until`: Jira said so.
    pub(super) fn hold(&self, errand: &Errand, scope: Scope, now: Instant, (until, cause): (Instant, HoldCause)) {
        let mut lanes = self.budget.lanes.lock();
        let key = match (scope, &errand.issue) {
            (Scope::Account, _) => return lanes.hold.begin(now, (until, cause), false),
            (Scope::Issue, Some(issue)) => Key::Issue(issue.clone()),
            (Scope::Issue, None) | (Scope::Endpoint, _) => errand.lane(),
        };
        lanes.of(&key, now, |lane| lane.hold(until, cause));
    }

    /// The endpoint goes at half its pace from now, and recovers.
    pub(super) fn slow(&self, errand: &Errand, now: Instant) {
        self.budget.lanes.lock().of(&errand.lane(), now, |lane| lane.pace.slow(now));
    }

    async fn pass(
        &self,
        key: Key,
        (deadline, hurried): (Instant, Option<Instant>),
        pulse: &Pulse,
        clock: &Clock,
    ) -> Result<Pass, NoTurn> {
        let Some(place) = Place::join(self, key, clock.now()) else { return Ok(Pass::plain()) };
        loop {
            let now = clock.now();
            let turn = place.ask(now, hurried);
            if let Some(until) = place.limited_until(now) {
                pulse.limited(until);
            }
            let until = match turn {
                (Turn::Now, asks) => return Ok(Pass::of(asks.then(|| (Arc::clone(&self.budget), clock.clone())))),
                (Turn::Held(until), _) if place.is_of_issue() && self.budget.held(now).is_none() => {
                    return Err(NoTurn::IssueHeld(until - now));
                }
                (Turn::Held(until), _) => return Err(NoTurn::Held(until - now)),
                (Turn::At(until), _) => until,
                (Turn::Behind, _) => now + SIGN_OF_LIFE,
            };
            if now >= deadline {
                return Err(NoTurn::Crowded);
            }
            if !place.wait(until.min(deadline), pulse).await {
                return Err(NoTurn::Stopping);
            }
        }
    }
}

/// A turn that came. Of one that was to find out whether the account's pause is over, the answer is awaited by all.
pub(super) struct Pass(Option<Asks>);

struct Asks {
    budget: Arc<Budget>,
    clock: Clock,
    answered: AtomicBool,
}

impl Pass {
    fn plain() -> Self {
        Self(None)
    }

    fn of(asks: Option<(Arc<Budget>, Clock)>) -> Self {
        Self(asks.map(|(budget, clock)| Asks { budget, clock, answered: AtomicBool::new(false) }))
    }

    /// Jira answered, and asks the account to wait until then, or does not.
    pub(super) fn answered(&self, now: Instant, held: Option<(Instant, HoldCause)>) {
        let Some(asks) = &self.0 else { return };
        asks.answered.store(true, Ordering::Relaxed);
        asks.budget.lanes.lock().settle(|hold| match held {
            Some(held) => hold.begin(now, held, true),
            None => hold.end(),
        });
    }
}

impl Drop for Asks {
    fn drop(&mut self) {
        if !*self.answered.get_mut() {
            let now = self.clock.now();
            self.budget.lanes.lock().settle(|hold| hold.unanswered(now));
        }
    }
}

impl Errand {
    fn lane(&self) -> Key {
        Key::Endpoint(self.endpoint, self.verb)
    }
}

/// Everything that an account's requests pass.
#[derive(Default)]
struct Lanes {
    /// As many as the program knows kinds of requests.
    endpoints: BTreeMap<(&'static str, Verb), Lane>,
    issues: BTreeMap<String, Lane>,
    hold: Hold,
    last_ticket: Ticket,
}

/// Which lane.
enum Key {
    Endpoint(&'static str, Verb),
    Issue(String),
}

impl Lanes {
    /// Changes the account's pause, and has everybody look at it who waits.
    fn settle(&mut self, change: impl FnOnce(&mut Hold)) {
        change(&mut self.hold);
        self.endpoints.values().chain(self.issues.values()).for_each(Lane::ring);
    }

    /// `None` for an issue that finds no room.
    fn of<T>(&mut self, key: &Key, now: Instant, act: impl FnOnce(&mut Lane) -> T) -> Option<T> {
        match key {
            Key::Endpoint(endpoint, verb) => {
                let lane = self.endpoints.entry((endpoint, *verb));
                Some(act(lane.or_insert_with(|| Lane::new(verb.limit(), now))))
            }
            Key::Issue(issue) => {
                if !self.issues.contains_key(issue) && !self.has_room(now) {
                    return None;
                }
                let lane = self.issues.entry(issue.clone());
                Some(act(lane.or_insert_with(|| Lane::new(ONE_ISSUE, now))))
            }
        }
    }

    fn has_room(&mut self, now: Instant) -> bool {
        if self.issues.len() >= MOST_ISSUES {
            self.issues.retain(|_, lane| !lane.is_idle(now));
        }
        self.issues.len() < MOST_ISSUES
    }
}

/// A place in a lane's queue, given up when dropped.
struct Place<'a> {
    share: &'a Share,
    key: Key,
    ticket: Ticket,
    bell: Bell,
}

impl<'a> Place<'a> {
    fn join(share: &'a Share, key: Key, now: Instant) -> Option<Self> {
        let bell = Bell::default();
        let mut lanes = share.budget.lanes.lock();
        lanes.last_ticket += 1;
        let ticket = lanes.last_ticket;
        lanes.of(&key, now, |lane| lane.queue.join(&share.flow, ticket, Arc::clone(&bell)))?;
        Some(Self { share, key, ticket, bell })
    }

    /// Whose turn it is, and whether what goes now is to find out whether the account's pause is over.
    fn ask(&self, now: Instant, hurried: Option<Instant>) -> (Turn, bool) {
        let mut lanes = self.share.budget.lanes.lock();
        let access = lanes.hold.access(now, hurried);
        let held = match access {
            Access::NotBefore(until) => Some(until),
            Access::Free | Access::Ask => None,
        };
        let turn = lanes.of(&self.key, now, |lane| lane.reorder(|lane| lane.ask(self.ticket, now, held)));
        // A lane with somebody in its queue is never forgotten; one that were would limit nobody.
        let turn = turn.unwrap_or(Turn::Now);
        // Who passes an issue's lane has its endpoint's still to pass.
        let asks = access == Access::Ask && turn == Turn::Now && !self.is_of_issue();
        if asks {
            lanes.hold.ask(now);
        }
        (turn, asks)
    }

    /// Until when Jira's rate limit lets it wait.
    fn limited_until(&self, now: Instant) -> Option<Instant> {
        let mut lanes = self.share.budget.lanes.lock();
        let account = lanes.hold.limited_until();
        let lane = lanes.of(&self.key, now, |lane| lane.limited_until()).flatten();
        account.max(lane).filter(|until| now < *until)
    }

    fn is_of_issue(&self) -> bool {
        matches!(self.key, Key::Issue(_))
    }

    /// Until then or until the bell rings; `false` when the worker is to stop.
    async fn wait(&self, until: Instant, pulse: &Pulse) -> bool {
        tokio::select! {
            biased;
            () = self.bell.notified() => {
                // The rest that was begun no longer excuses any silence.
                pulse.beat();
                !pulse.stopping()
            }
            rested = pulse.rest_until(until) => rested,
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lanes = self.share.budget.lanes.lock();
        let lane = match &self.key {
            Key::Endpoint(endpoint, verb) => lanes.endpoints.get_mut(&(*endpoint, *verb)),
            Key::Issue(issue) => lanes.issues.get_mut(issue),
        };
        if let Some(lane) = lane {
            lane.leave(&self.share.flow, self.ticket);
        }
    }
}

#[cfg(test)]
mod tests;

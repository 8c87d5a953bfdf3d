//! What one account may ask of one site, shared fairly by its flows.
//!
//! Jira counts by endpoint and method, by issue for writes, and now and then by account. So do we, and stay below what
//! Atlassian publishes: each count is a lane with a pace of its own, through which flows take turns. Only the one at a
//! lane's front looks at the clock; the others sleep until its bell is passed on to them, so that a thousand who wait
//! are not a thousand who wake. What decides is pure (`pace`, `queue`, `lane`); here is the waiting.

mod lane;
mod pace;
mod queue;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::flow::{Credentials, JiraAccess};
use crate::pulse::Pulse;
use lane::{Lane, Turn};
use pace::Limit;
use queue::{Bell, Ticket};

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

/// The budgets of all sites and accounts. It keeps one for every account that a flow ever had, for a pause that Jira
/// asked for outlives the worker that was told.
#[derive(Default)]
pub struct Budgets(Mutex<BTreeMap<String, Arc<Budget>>>);

impl Budgets {
    /// The budget that a flow shares with all others on the same site and account.
    pub fn of(&self, access: &JiraAccess) -> Arc<Budget> {
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(budgets.entry(owner(access)).or_default())
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

/// One site and account's budget.
#[derive(Default)]
pub struct Budget(Mutex<Lanes>);

impl Budget {
    /// The part of the flow named `flow`. Flows take turns; one flow's requests go in the order in which they came.
    #[must_use]
    pub fn share(self: &Arc<Self>, flow: &str) -> Share {
        Share { budget: Arc::clone(self), flow: Arc::from(flow) }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One flow's part of a [`Budget`]. Clones are one.
#[derive(Clone)]
pub struct Share {
    budget: Arc<Budget>,
    flow: Arc<str>,
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

/// Why a turn did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// Jira asked for a pause that is too long to wait for here.
    Held(Duration),
    /// Other flows of the account filled the whole of [`LONGEST_QUEUE`].
    Crowded,
    /// The worker is to stop.
    Stopping,
}

impl Share {
    /// Waits until `errand` may go. Dropping it gives the place up.
    pub(super) async fn turn(&self, errand: &Errand, pulse: &Pulse, clock: &Clock) -> Result<(), NoTurn> {
        let deadline = clock.now() + LONGEST_QUEUE;
        if let Some(issue) = &errand.issue {
            self.pass(Key::Issue(issue.clone()), deadline, pulse, clock).await?;
        }
        self.pass(Key::Endpoint(errand.endpoint, errand.verb), deadline, pulse, clock).await
    }

    /// Nothing of `scope` goes before `until`: Jira said so.
    pub(super) fn hold(&self, errand: &Errand, scope: Scope, now: Instant, until: Instant) {
        let mut lanes = self.budget.lanes();
        let key = match (scope, &errand.issue) {
            (Scope::Account, _) => {
                lanes.held_until = lanes.held_until.max(Some(until));
                return;
            }
            (Scope::Issue, Some(issue)) => Key::Issue(issue.clone()),
            (Scope::Issue, None) | (Scope::Endpoint, _) => errand.lane(),
        };
        lanes.of(&key, now, |lane| lane.hold(until));
    }

    /// The endpoint goes at half its pace from now, and recovers.
    pub(super) fn slow(&self, errand: &Errand, now: Instant) {
        self.budget.lanes().of(&errand.lane(), now, |lane| lane.pace.slow(now));
    }

    async fn pass(&self, key: Key, deadline: Instant, pulse: &Pulse, clock: &Clock) -> Result<(), NoTurn> {
        let Some(place) = Place::join(self, key, clock.now()) else { return Ok(()) };
        loop {
            let now = clock.now();
            let until = match place.ask(now) {
                Turn::Now => return Ok(()),
                Turn::Held(until) => return Err(NoTurn::Held(until - now)),
                Turn::At(until) => until,
                Turn::Behind => now + SIGN_OF_LIFE,
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
    held_until: Option<Instant>,
    last_ticket: Ticket,
}

/// Which lane.
enum Key {
    Endpoint(&'static str, Verb),
    Issue(String),
}

impl Lanes {
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
        let mut lanes = share.budget.lanes();
        lanes.last_ticket += 1;
        let ticket = lanes.last_ticket;
        lanes.of(&key, now, |lane| lane.queue.join(&share.flow, ticket, Arc::clone(&bell)))?;
        Some(Self { share, key, ticket, bell })
    }

    fn ask(&self, now: Instant) -> Turn {
        let mut lanes = self.share.budget.lanes();
        let held = lanes.held_until;
        let turn = lanes.of(&self.key, now, |lane| lane.reorder(|lane| lane.ask(self.ticket, now, held)));
        // A lane with somebody in its queue is never forgotten; one that were would limit nobody.
        turn.unwrap_or(Turn::Now)
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
        let mut lanes = self.share.budget.lanes();
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
#[path = "budget/tests.rs"]
mod tests;

//! From candidates to decisions: what search rows name is read afresh, put together in pairs, planned, and recorded.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures::{FutureExt, StreamExt, stream};

use super::adopt::Obstacle;
use super::plan::{Plan, plan};
use super::{CONCURRENCY, Engine, Error, Past};
use crate::backoff::Backoff;
use crate::flow::{
    Event, Handled, Issue, IssueId, IssueKey, IssueRef, JiraTime, Mark, Observed, Pair, Row, Side, Sighting, SkipReason,
};
use crate::jira::BATCH;
use crate::store::{Change, Failure};

/// An unpaired issue that can't be read is asked for so often, for about eight hours all told.
const ENOUGH_ASKED: u32 = 16;

/// Issues that may need something, with the side they are on.
pub(super) type Candidates = BTreeMap<IssueId, (Side, IssueRef)>;

/// One pair or one issue without a counterpart, read afresh.
enum Unit {
    /// There is something to decide.
    Decide(Box<Observed>),
    /// A dev issue of its own: nothing of ours.
    LoneDev(Box<Issue>),
    /// Half of a pair can't be read.
    Broken(Pair),
    /// Not in a pair, and deleted, moved away or hidden.
    Gone(Side, IssueRef),
    /// A user issue that had a dev issue, by its back-mark: nobody knows where it is.
    Bereaved(IssueRef, String),
    /// A user issue that would get a dev issue, but links to one that does not answer.
    OneWay(Box<Observed>),
}

/// What is known about the issues in hand.
pub(super) struct Known {
    pub issues: BTreeMap<IssueId, Issue>,
    pub handled: BTreeMap<IssueId, Handled>,
    pub pairs: Vec<Pair>,
    /// By the issue that they are told of: a pair's user issue.
    pub failures: BTreeMap<IssueId, Failure>,
    /// Which issues answer to the keys that texts name; `None` for those that can't be read.
    pub by_key: BTreeMap<IssueKey, Option<IssueId>>,
    /// Why no dev issue may be created for these unpaired user issues.
    pub obstacles: BTreeMap<IssueId, Obstacle>,
}

impl Engine {
    /// Handles what a page of a search named, to the end.
    pub(super) async fn handle(&self, rows: Vec<Row>, past: Past) -> Result<(), Error> {
        let candidates = self.candidates(rows).await?;
        self.handle_candidates(candidates, past).await
    }

    /// Tries failed issues again whose time has come.
    pub(super) async fn handle_due_failures(&self, past: Past) -> Result<(), Error> {
        let now = self.clock.wall();
        let due = self.store.failures().await?.into_iter().filter(|failure| failure.next_try <= now);
        let candidates = due.map(|failure| (failure.issue.id.clone(), (failure.side, failure.issue))).collect();
        self.handle_candidates(candidates, past).await
    }

    /// The rows that show more than was handled already.
    async fn candidates(&self, rows: Vec<Row>) -> Result<Candidates, Error> {
        let mut candidates = Candidates::new();
        for side in Side::BOTH {
            let rows: Vec<_> = rows.iter().filter(|row| self.flow.side_of(&row.at.key) == Some(side)).collect();
            let handled = self.store.handled(side, rows.iter().map(|row| row.at.id.clone()).collect()).await?;
            let news =
                rows.into_iter().filter(|row| !handled.get(&row.at.id).is_some_and(|handled| handled.covers(row)));
            candidates.extend(news.map(|row| (row.at.id.clone(), (side, row.at.clone()))));
        }
        Ok(candidates)
    }

    async fn handle_candidates(&self, candidates: Candidates, past: Past) -> Result<(), Error> {
        if candidates.is_empty() {
            return Ok(());
        }
        let mut known = self.read(&candidates).await?;
        self.adopt(&candidates, &mut known, past).await?;
        let units = self.units(&candidates, &known, past);
        // Boxed: a page of them waits at once.
        let work: Vec<_> = units.into_iter().map(|unit| self.handle_unit(unit, &known).boxed()).collect();
        let ends: Vec<_> = stream::iter(work).buffer_unordered(CONCURRENCY).collect().await;
        let mut quiet = Vec::new();
        for end in ends {
            quiet.extend(end?);
        }
        Ok(self.store.write(quiet).await?)
    }

    /// Reads the candidates and their counterparts afresh.
    async fn read(&self, candidates: &Candidates) -> Result<Known, Error> {
        let mut pairs: Vec<Pair> = Vec::new();
        for side in Side::BOTH {
            let ids = candidates.iter().filter(|(_, (on, _))| *on == side).map(|(id, _)| id.clone()).collect();
            let found = self.store.pairs(side, ids).await?;
            pairs.extend(
                found
                    .into_iter()
                    .filter(|pair| !pairs.iter().any(|known| known.user.id == pair.user.id))
                    .collect::<Vec<_>>(),
            );
        }
        let mut ids: BTreeSet<IssueId> = candidates.keys().cloned().collect();
        ids.extend(pairs.iter().flat_map(|pair| [pair.user.id.clone(), pair.dev.id.clone()]));
        let issues = self.fetch_all(&ids).await?;
        let mut handled = BTreeMap::new();
        for side in Side::BOTH {
            let on_side = issues.values().filter(|issue| self.flow.side_of(&issue.at.key) == Some(side));
            handled.extend(self.store.handled(side, on_side.map(|issue| issue.at.id.clone()).collect()).await?);
        }
        let failures =
            self.store.failures().await?.into_iter().map(|failure| (failure.issue.id.clone(), failure)).collect();
        let (by_key, obstacles) = (BTreeMap::new(), BTreeMap::new());
        Ok(Known { issues, handled, pairs, failures, by_key, obstacles })
    }

    pub(super) async fn fetch_all(&self, ids: &BTreeSet<IssueId>) -> Result<BTreeMap<IssueId, Issue>, Error> {
        let mut issues = BTreeMap::new();
        for batch in ids.iter().collect::<Vec<_>>().chunks(BATCH) {
            for issue in self.jira.fetch(batch).await? {
                if let Some(side) = self.flow.side_of(&issue.at.key) {
                    self.tally.fetched.add(1);
                    self.tell(&Event::IssueFetched { side, key: issue.at.key.clone() });
                }
                issues.insert(issue.at.id.clone(), issue);
            }
        }
        Ok(issues)
    }

    /// Puts what was read together: each pair once, each issue without a counterpart by itself. The fresh read says on
    /// which side an issue is, if on any: the search that named it may have been behind.
    fn units(&self, candidates: &Candidates, known: &Known, past: Past) -> Vec<Unit> {
        let mut units = Vec::new();
        let mut paired = BTreeSet::new();
        for (id, (side, at)) in candidates {
            let read = known.issues.get(id).and_then(|issue| Some((issue, self.flow.side_of(&issue.at.key)?)));
            match (pair_of(known, id), read) {
                (Some(pair), _) if paired.insert(pair.user.id.clone()) => units.push(self.pair_unit(pair, known, past)),
                (Some(_), _) => {}
                (None, Some((user, Side::User))) => units.push(self.user_unit(user, known, past)),
                (None, Some((dev, Side::Dev))) => units.push(Unit::LoneDev(Box::new(dev.clone()))),
                (None, None) => units.push(Unit::Gone(*side, at.clone())),
            }
        }
        units
    }

    /// A user issue without a pair. Where it names a dev issue without proof, nothing is created behind anyone's back.
    fn user_unit(&self, user: &Issue, known: &Known, past: Past) -> Unit {
        let seen = Box::new(unpaired_user(user, known, past));
        match known.obstacles.get(&user.at.id) {
            Some(Obstacle::Hidden(dev)) => Unit::Bereaved(user.at.clone(), dev.clone()),
            Some(Obstacle::OneWay(_)) => Unit::OneWay(seen),
            None => Unit::Decide(seen),
        }
    }

    fn pair_unit(&self, pair: &Pair, known: &Known, past: Past) -> Unit {
        let on_its_side = |side: Side| {
            known.issues.get(&pair.on(side).id).filter(|issue| self.flow.side_of(&issue.at.key) == Some(side))
        };
        match (on_its_side(Side::User), on_its_side(Side::Dev)) {
            (Some(user), Some(dev)) => Unit::Decide(Box::new(Observed::Paired {
                pair: Pair { user: user.at.clone(), dev: dev.at.clone(), ..pair.clone() },
                user: sighting(user, known),
                dev: sighting(dev, known),
                not_before: past.not_before,
                copied: BTreeSet::new(),
                recent_writes: 0,
            })),
            (Some(_) | None, None) | (None, Some(_)) => Unit::Broken(pair.clone()),
        }
    }

    /// Handles one unit to its end. Returns what is to be recorded where nothing was written to Jira, so that a page
    /// full of that costs one write. A failure that concerns this unit alone is recorded and is not an error.
    async fn handle_unit(&self, unit: Unit, known: &Known) -> Result<Vec<Change>, Error> {
        if self.pulse.stopping() {
            return Err(Error::Stopping);
        }
        match unit {
            Unit::LoneDev(dev) if self.may_be_ours(&dev, known) => Ok(Vec::new()),
            Unit::LoneDev(dev) => Ok(vec![Change::PutHandled(Side::Dev, dev.at.clone(), Handled::of(&dev))]),
            Unit::Gone(side, at) => self.gone(side, &at, known).await,
            Unit::Bereaved(user, dev) => {
                let why = format!("its dev issue ({dev}) can't be read, and no other is created for it");
                self.counterpart_missing(&user, why, known).await
            }
            Unit::OneWay(seen) => {
                self.skip(&user_of(&seen).issue.at, SkipReason::HasLink);
                Ok(nothing_to_write(&seen))
            }
            Unit::Broken(pair) => {
                let why = format!("{} or {} can't be read", pair.user, pair.dev);
                self.counterpart_missing(&pair.user, why, known).await
            }
            Unit::Decide(seen) => self.decide(*seen, known).await,
        }
    }

    /// Whether a dev issue without a pair may yet turn out to be the one that an open intent has created. Recording it as
    /// nobody's would lose what people did to it since; closing the intent has it looked at.
    fn may_be_ours(&self, dev: &Issue, known: &Known) -> bool {
        let owner = counterpart(dev);
        owner.is_some_and(|user| self.is_busy(user) || !known.issues.contains_key(user))
    }

    async fn counterpart_missing(&self, user: &IssueRef, why: String, known: &Known) -> Result<Vec<Change>, Error> {
        if self.is_due(&user.id, known) {
            self.skip(user, SkipReason::CounterpartMissing);
            self.failed(Side::User, user, why, Trial::default()).await?;
        }
        Ok(Vec::new())
    }

    /// Whether an issue may be tried: it has not failed, or its time has come again.
    fn is_due(&self, id: &IssueId, known: &Known) -> bool {
        known.failures.get(id).is_none_or(|failure| failure.next_try <= self.clock.wall())
    }

    /// An unpaired issue that a search named and that can't be read: perhaps only hidden for a while, so it is asked for
    /// again some times before it is forgotten.
    async fn gone(&self, side: Side, at: &IssueRef, known: &Known) -> Result<Vec<Change>, Error> {
        let before = known.failures.get(&at.id);
        if before.is_some_and(|failure| failure.attempts >= ENOUGH_ASKED) {
            return Ok(vec![Change::ClearFailure(side, at.id.clone())]);
        }
        if self.is_due(&at.id, known) {
            let trial = Trial { unseen_since: before.and_then(|failure| failure.unseen_since), ..Trial::default() };
            self.failed(side, at, format!("{at} can't be read"), trial).await?;
        }
        Ok(Vec::new())
    }

    async fn decide(&self, seen: Observed, known: &Known) -> Result<Vec<Change>, Error> {
        let user = user_of(&seen).issue.at.clone();
        if self.is_busy(&user.id) {
            // Closing the intent has the pair looked at again.
            self.skip(&user, SkipReason::OpenIntent);
            return Ok(Vec::new());
        }
        if known.failures.get(&user.id).is_some_and(|failure| self.is_waiting(failure, &seen)) {
            return Ok(Vec::new());
        }
        let plan = plan(&self.flow.rules, &seen);
        self.tell_plan(&seen, &plan);
        let Some(draft) = plan.draft else { return Ok(nothing_to_write(&seen)) };
        match self.carry_out(draft, &seen).await {
            Ok(()) => Ok(Vec::new()),
            Err(Error::Jira(error)) if error.is_local() => {
                self.failed(Side::User, &user, error.to_string(), Trial::of(&seen)).await?;
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether an issue that failed has neither changed since nor waited long enough.
    fn is_waiting(&self, failure: &Failure, seen: &Observed) -> bool {
        failure.next_try > self.clock.wall() && failure.seen.is_some() && failure.seen >= Trial::of(seen).seen
    }

    fn tell_plan(&self, seen: &Observed, plan: &Plan) {
        for (side, sighting) in sightings(seen) {
            let key = sighting.issue.at.key.clone();
            if plan.changed.contains(&side) {
                self.tally.changes.add(1);
                let from = sighting.handled.as_ref().map(|handled| handled.status.name.clone());
                self.tell(&Event::StatusChanged { side, key, from, to: sighting.issue.status.name.clone() });
            } else {
                self.tell(&Event::StatusUnchanged { side, key });
            }
        }
        for reason in &plan.skipped {
            self.skip(&user_of(seen).issue.at, *reason);
        }
    }

    pub(super) fn skip(&self, issue: &IssueRef, reason: SkipReason) {
        self.tally.skipped.add(1);
        self.tell(&Event::Skipped { key: issue.key.clone(), reason });
    }

    /// Records that an issue failed and when it is tried again.
    pub(super) async fn failed(&self, side: Side, issue: &IssueRef, why: String, trial: Trial) -> Result<(), Error> {
        self.tally.errors.add(1);
        let before = self.store.failures().await?.into_iter().find(|failure| failure.issue.id == issue.id);
        let attempts = before.map_or(0, |failure| failure.attempts) + 1;
        let again_in = Backoff::ISSUE.ceiling(attempts).mul_f64(0.5 + 0.5 * self.entropy.unit());
        let next_try = self.clock.wall() + again_in;
        self.tell(&Event::IssueFailed { key: issue.key.clone(), why: why.clone(), again_in });
        let Trial { seen, unseen_since } = trial;
        let failure = Failure { side, issue: issue.clone(), attempts, next_try, why, seen, unseen_since };
        Ok(self.store.write(vec![Change::PutFailure(failure)]).await?)
    }
}

/// What is remembered of a try that failed, see [`Failure`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trial {
    seen: Option<JiraTime>,
    unseen_since: Option<JiraTime>,
}

impl Trial {
    pub(super) fn of(seen: &Observed) -> Self {
        let latest = sightings(seen).into_iter().map(|(_, sighting)| sighting.issue.updated).max();
        let unseen_since = match seen {
            Observed::Unpaired { unseen_since, .. } => *unseen_since,
            Observed::Paired { .. } => None,
        };
        Self { seen: latest, unseen_since }
    }

    /// To be looked at again at once, whatever a search shows.
    pub(super) fn failure(self, side: Side, issue: IssueRef, next_try: DateTime<Utc>) -> Failure {
        let (why, unseen_since) = ("to be looked at again".to_owned(), self.unseen_since);
        Failure { side, issue, attempts: 0, next_try, why, seen: None, unseen_since }
    }
}

/// What is recorded of a unit that needed no write: it was handled as it was read.
fn nothing_to_write(seen: &Observed) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Observed::Paired { pair, .. } = seen {
        changes.push(Change::PutPair(pair.clone()));
    }
    for (side, sighting) in sightings(seen) {
        let issue = &sighting.issue;
        changes.push(Change::PutHandled(side, issue.at.clone(), Handled::of(issue)));
        changes.push(Change::ClearFailure(side, issue.at.id.clone()));
    }
    changes
}

fn sightings(seen: &Observed) -> Vec<(Side, &Sighting)> {
    match seen {
        Observed::Unpaired { user, .. } => vec![(Side::User, user)],
        Observed::Paired { user, dev, .. } => vec![(Side::User, user), (Side::Dev, dev)],
    }
}

/// The user issue of an observation: the one by which people know it.
pub(super) fn user_of(seen: &Observed) -> &Sighting {
    match seen {
        Observed::Unpaired { user, .. } | Observed::Paired { user, .. } => user,
    }
}

/// If it failed before, its past is looked at as at its first try.
pub(super) fn unpaired_user(user: &Issue, known: &Known, past: Past) -> Observed {
    let tried = known.failures.get(&user.at.id).and_then(|failure| failure.unseen_since);
    let unseen_since = past.unseen_since.map(|since| tried.map_or(since, |tried| tried.min(since)));
    Observed::Unpaired { user: sighting(user, known), unseen_since }
}

fn sighting(issue: &Issue, known: &Known) -> Sighting {
    Sighting { issue: issue.clone(), handled: known.handled.get(&issue.at.id).cloned() }
}

pub(super) fn pair_of<'a>(known: &'a Known, id: &IssueId) -> Option<&'a Pair> {
    known.pairs.iter().find(|pair| pair.user.id == *id || pair.dev.id == *id)
}

/// The issue that an issue's mark names.
pub(super) fn counterpart(issue: &Issue) -> Option<&IssueId> {
    match issue.mark.as_ref()? {
        Mark::Created { user_issue, .. } => Some(user_issue),
        Mark::Linked { dev_issue, .. } => Some(dev_issue),
    }
}

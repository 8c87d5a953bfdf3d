//! From candidates to decisions: what search rows name is read afresh, put together in pairs, planned, and recorded.

use std::collections::{BTreeMap, BTreeSet};

use futures::{FutureExt, StreamExt, stream};

use super::plan::{Plan, plan};
use super::{CONCURRENCY, Engine, Error};
use crate::backoff::Backoff;
use crate::flow::{
    Event, Handled, Issue, IssueId, IssueRef, JiraTime, Mark, Observed, Origin, Pair, Row, Side, Sighting, SkipReason,
};
use crate::jira::{BATCH, By, Scan};
use crate::store::{Change, Failure, State};

/// Issues that may need something, with the side they are on.
type Candidates = BTreeMap<IssueId, (Side, IssueRef)>;

/// One pair or one issue without a counterpart, read afresh.
enum Unit {
    /// There is something to decide.
    Decide(Box<Observed>),
    /// A dev issue of its own: nothing of ours.
    LoneDev(Box<Issue>),
    /// Half of a pair can't be read.
    Broken(Pair),
    /// Not in a pair, and deleted, moved away or hidden: nothing is owed to it any more.
    Gone(Side, IssueId),
}

/// What is known about the issues in hand.
struct Known {
    issues: BTreeMap<IssueId, Issue>,
    handled: BTreeMap<IssueId, Handled>,
    pairs: Vec<Pair>,
}

impl Engine {
    /// Handles what a page of a search named, to the end. `unseen_since`: what happened to issues never seen before is
    /// looked at from there on; `None` when their past is not to be judged.
    pub(super) async fn handle(
        &self,
        rows: Vec<Row>,
        unseen_since: Option<JiraTime>,
        knows_all_marks: bool,
    ) -> Result<(), Error> {
        let candidates = self.candidates(rows).await?;
        self.handle_candidates(candidates, unseen_since, knows_all_marks).await
    }

    /// Tries failed issues again whose time has come.
    pub(super) async fn handle_due_failures(&self, unseen_since: JiraTime, state: &State) -> Result<(), Error> {
        let now = self.clock.wall();
        let due = self.store.failures().await?.into_iter().filter(|failure| failure.next_try <= now);
        let candidates = due.map(|failure| (failure.issue.id.clone(), (failure.side, failure.issue))).collect();
        self.handle_candidates(candidates, Some(unseen_since), self.knows_all_marks(state)).await
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

    async fn handle_candidates(
        &self,
        candidates: Candidates,
        unseen_since: Option<JiraTime>,
        knows_all_marks: bool,
    ) -> Result<(), Error> {
        if candidates.is_empty() {
            return Ok(());
        }
        let mut known = self.read(&candidates).await?;
        self.adopt(&candidates, &mut known).await?;
        if !knows_all_marks {
            self.adopt_by_search(&candidates, &mut known, unseen_since).await?;
        }
        let units = self.units(&candidates, known, unseen_since);
        // Boxed: a page of them waits at once.
        let work: Vec<_> = units.into_iter().map(|unit| self.handle_unit(unit).boxed()).collect();
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
        Ok(Known { issues, handled, pairs })
    }

    async fn fetch_all(&self, ids: &BTreeSet<IssueId>) -> Result<BTreeMap<IssueId, Issue>, Error> {
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

    /// Records as pairs the issues whose marks say that they belong together, before anything is created for them.
    async fn adopt(&self, candidates: &Candidates, known: &mut Known) -> Result<(), Error> {
        let missing = candidates.keys().filter_map(|id| counterpart(known.issues.get(id)?)).cloned();
        let missing: BTreeSet<_> = missing.filter(|id| !known.issues.contains_key(id)).collect();
        known.issues.extend(self.fetch_all(&missing).await?);
        let found: Vec<_> = candidates.keys().filter_map(|id| self.marked_pair(known.issues.get(id)?, known)).collect();
        for (user, dev) in found {
            self.record_adopted(user, dev, known).await?;
        }
        Ok(())
    }

    /// The pair that an unpaired issue's mark proves, oldest dev issue first where clones carry the same mark.
    fn marked_pair(&self, issue: &Issue, known: &Known) -> Option<(IssueRef, IssueRef)> {
        let other = known.issues.get(counterpart(issue)?)?;
        let (user, dev) = match self.flow.side_of(&issue.at.key)? {
            Side::User => (issue, other),
            Side::Dev => (other, issue),
        };
        self.belong_together(user, dev).then(|| (user.at.clone(), dev.at.clone()))
    }

    /// A dev issue's mark must name this site and user issue; and the user issue's back-mark, if it has one, this dev
    /// issue. Else one of them is a clone that took its original's mark along.
    fn belong_together(&self, user: &Issue, dev: &Issue) -> bool {
        let names_user = matches!(&dev.mark, Some(Mark::Created { site, user_issue, .. })
            if site == self.jira.site() && *user_issue == user.at.id);
        let names_other = matches!(&user.mark, Some(Mark::Linked { dev_issue, .. }) if *dev_issue != dev.at.id);
        let on_their_sides =
            self.flow.side_of(&user.at.key) == Some(Side::User) && self.flow.side_of(&dev.at.key) == Some(Side::Dev);
        on_their_sides && names_user && !names_other
    }

    async fn record_adopted(&self, user: IssueRef, dev: IssueRef, known: &mut Known) -> Result<(), Error> {
        if known.pairs.iter().any(|pair| pair.user.id == user.id || pair.dev.id == dev.id)
            || self.is_busy(&user.id)
            || !self.store.pairs(Side::User, vec![user.id.clone()]).await?.is_empty()
        {
            return Ok(());
        }
        let pair = Pair { user, dev, origin: Origin::Adopted };
        self.store.write(vec![Change::PutPair(pair.clone())]).await?;
        self.tell(&Event::PairAdopted { user: pair.user.key.clone(), dev: pair.dev.key.clone() });
        known.pairs.push(pair);
        Ok(())
    }

    /// Looks for marks on dev issues that this store has never seen, before anything is created: their user issues may
    /// lack the back-mark. Only needed where no full sync has read them all.
    async fn adopt_by_search(
        &self,
        candidates: &Candidates,
        known: &mut Known,
        unseen_since: Option<JiraTime>,
    ) -> Result<(), Error> {
        let wanting: BTreeMap<IssueId, JiraTime> = self.about_to_be_created(candidates, known, unseen_since);
        let Some(from) = wanting.values().min() else { return Ok(()) };
        let mut scan = Scan::new(vec![self.flow.dev_project.clone()], By::Created, Some(*from), &[]);
        let mut marked = BTreeMap::new();
        while let Some(page) = scan.next(&self.jira).await? {
            for row in page.rows {
                if let Some(Mark::Created { user_issue, .. }) = &row.mark
                    && wanting.contains_key(user_issue)
                {
                    // Oldest first: a clone comes later than what it was cloned from.
                    marked.entry(user_issue.clone()).or_insert(row.at.id);
                }
            }
        }
        known.issues.extend(self.fetch_all(&marked.values().cloned().collect()).await?);
        for (user, dev) in marked {
            let (Some(user), Some(dev)) = (known.issues.get(&user), known.issues.get(&dev)) else { continue };
            if self.belong_together(user, dev) {
                self.record_adopted(user.at.clone(), dev.at.clone(), known).await?;
            }
        }
        Ok(())
    }

    fn about_to_be_created(
        &self,
        candidates: &Candidates,
        known: &Known,
        unseen_since: Option<JiraTime>,
    ) -> BTreeMap<IssueId, JiraTime> {
        let unpaired = candidates.iter().filter(|(id, (side, _))| *side == Side::User && pair_of(known, id).is_none());
        unpaired
            .filter_map(|(id, _)| Some((id, self.unpaired(known.issues.get(id)?, known, unseen_since))))
            .filter(|(_, seen)| plan(&self.flow.rules, seen).draft.is_some())
            .filter_map(|(id, _)| Some((id.clone(), known.issues.get(id)?.created)))
            .collect()
    }

    fn unpaired(&self, issue: &Issue, known: &Known, unseen_since: Option<JiraTime>) -> Observed {
        Observed::Unpaired { user: sighting(issue, known), unseen_since }
    }

    /// Puts what was read together: each pair once, each issue without a counterpart by itself.
    fn units(&self, candidates: &Candidates, known: Known, unseen_since: Option<JiraTime>) -> Vec<Unit> {
        let mut units = Vec::new();
        let mut paired = BTreeSet::new();
        for (id, (side, _)) in candidates {
            match (pair_of(&known, id), known.issues.get(id), side) {
                (Some(pair), _, _) if paired.insert(pair.user.id.clone()) => units.push(self.pair_unit(pair, &known)),
                (Some(_), _, _) => {}
                (None, None, side) => units.push(Unit::Gone(*side, id.clone())),
                (None, Some(user), Side::User) => {
                    units.push(Unit::Decide(Box::new(self.unpaired(user, &known, unseen_since))));
                }
                (None, Some(dev), Side::Dev) => units.push(Unit::LoneDev(Box::new(dev.clone()))),
            }
        }
        units
    }

    fn pair_unit(&self, pair: &Pair, known: &Known) -> Unit {
        let on_its_side = |side: Side| {
            known.issues.get(&pair.on(side).id).filter(|issue| self.flow.side_of(&issue.at.key) == Some(side))
        };
        match (on_its_side(Side::User), on_its_side(Side::Dev)) {
            (Some(user), Some(dev)) => Unit::Decide(Box::new(Observed::Paired {
                pair: Pair { user: user.at.clone(), dev: dev.at.clone(), origin: pair.origin },
                user: sighting(user, known),
                dev: sighting(dev, known),
            })),
            (Some(_) | None, None) | (None, Some(_)) => Unit::Broken(pair.clone()),
        }
    }

    /// Handles one unit to its end. Returns what is to be recorded where nothing was written to Jira, so that a page
    /// full of that costs one write. A failure that concerns this unit alone is recorded and is not an error.
    async fn handle_unit(&self, unit: Unit) -> Result<Vec<Change>, Error> {
        if self.pulse.stopping() {
            return Err(Error::Stopping);
        }
        match unit {
            Unit::LoneDev(dev) if self.is_busy(&dev.at.id) => Ok(Vec::new()),
            Unit::LoneDev(dev) => Ok(vec![Change::PutHandled(Side::Dev, dev.at.clone(), Handled::of(&dev))]),
            Unit::Gone(side, id) => Ok(vec![Change::ClearFailure(side, id)]),
            Unit::Broken(pair) => {
                self.skip(&pair.user, SkipReason::CounterpartMissing);
                self.failed(Side::User, &pair.user, format!("{} or {} can't be read", pair.user, pair.dev)).await?;
                Ok(Vec::new())
            }
            Unit::Decide(seen) => self.decide(*seen).await,
        }
    }

    async fn decide(&self, seen: Observed) -> Result<Vec<Change>, Error> {
        let user = user_of(&seen).issue.at.clone();
        if self.is_busy(&user.id) {
            // Closing the intent has the pair looked at again.
            self.skip(&user, SkipReason::OpenIntent);
            return Ok(Vec::new());
        }
        let plan = plan(&self.flow.rules, &seen);
        self.tell_plan(&seen, &plan);
        let Some(draft) = plan.draft else { return Ok(nothing_to_write(&seen)) };
        match self.carry_out(draft, &seen).await {
            Ok(()) => Ok(Vec::new()),
            Err(Error::Jira(error)) if error.is_local() => {
                self.failed(Side::User, &user, error.to_string()).await?;
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
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
    pub(super) async fn failed(&self, side: Side, issue: &IssueRef, why: String) -> Result<(), Error> {
        self.tally.errors.add(1);
        let before = self.store.failures().await?.into_iter().find(|failure| failure.issue.id == issue.id);
        let attempts = before.map_or(0, |failure| failure.attempts) + 1;
        let again_in = Backoff::ISSUE.ceiling(attempts).mul_f64(0.5 + 0.5 * self.entropy.unit());
        let next_try = self.clock.wall() + again_in;
        self.tell(&Event::IssueFailed { key: issue.key.clone(), why: why.clone(), again_in });
        let failure = Failure { side, issue: issue.clone(), attempts, next_try, why };
        Ok(self.store.write(vec![Change::PutFailure(failure)]).await?)
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

fn sighting(issue: &Issue, known: &Known) -> Sighting {
    Sighting { issue: issue.clone(), handled: known.handled.get(&issue.at.id).cloned() }
}

fn pair_of<'a>(known: &'a Known, id: &IssueId) -> Option<&'a Pair> {
    known.pairs.iter().find(|pair| pair.user.id == *id || pair.dev.id == *id)
}

/// The issue that an issue's mark names.
fn counterpart(issue: &Issue) -> Option<&IssueId> {
    match issue.mark.as_ref()? {
        Mark::Created { user_issue, .. } => Some(user_issue),
        Mark::Linked { dev_issue, .. } => Some(dev_issue),
    }
}

//! From candidates to observations: what search rows name is read afresh, and put beside what is known of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::adopt::Obstacle;
use crate::engine::{Engine, Error, Past};
use crate::flow::{
    AttachmentId, Event, Handled, Intent, IntentKind, Issue, IssueId, IssueKey, IssueRef, JiraTime, Mark, Observed,
    Pair, PairState, Row, Side, Sighting,
};
use crate::jira::{BATCH, Fetched, OddRow};
use crate::store::Failure;

/// What was written to a pair longer ago says nothing of rules that answer each other.
const RECENTLY: TimeDelta = TimeDelta::minutes(10);

/// Issues that may need something, with the side they are on.
pub(in crate::engine) type Candidates = BTreeMap<IssueId, (Side, IssueRef)>;

/// What is known about the issues in hand.
#[derive(Default)]
pub(in crate::engine) struct Known {
    pub issues: BTreeMap<IssueId, Issue>,
    pub handled: BTreeMap<IssueId, Handled>,
    pub pairs: Vec<Pair>,
    /// By the issue that they are told of: a pair's user issue.
    pub failures: BTreeMap<IssueId, Failure>,
    /// By user issue, how often rules wrote to its pair recently.
    pub recent_writes: BTreeMap<IssueId, u32>,
    /// By user issue, its files that need not be copied any more; empty if files are not followed.
    pub copied: BTreeMap<IssueId, BTreeSet<AttachmentId>>,
    /// Which issues answer to the keys that texts name; `None` for those that can't be read.
    pub by_key: BTreeMap<IssueKey, Option<IssueId>>,
    /// By unpaired user issue, the key of its dev issue if that could not be read when the pair was taken over; `None`
    /// for those of which nothing is recorded so.
    pub missing: BTreeMap<IssueId, Option<IssueKey>>,
    /// Why these issues can't be read although Jira is there; in words. Nothing may be concluded from their absence.
    pub unread: BTreeMap<IssueId, String>,
    /// Why the issues that answer to these keys can't be read.
    pub unread_keys: BTreeMap<IssueKey, String>,
    /// Dev issues of which nobody has ever seen whose they are, with their names for people.
    pub unseen: BTreeMap<IssueId, String>,
    /// Candidates that could not be read before, and whose time to be tried again has not come.
    pub resting: BTreeSet<IssueId>,
    /// The dev issues that name a user issue under an address that is not known as this site's, without proof.
    pub named_elsewhere: BTreeSet<IssueId>,
    /// Why no dev issue may be created for these unpaired user issues.
    pub obstacles: BTreeMap<IssueId, Obstacle>,
}

impl Known {
    /// The key of the dev issue that is missing for an unpaired user issue.
    pub(in crate::engine) fn missing_dev_of(&self, user: &IssueId) -> Option<&IssueKey> {
        self.missing.get(user)?.as_ref()
    }
}

impl Engine {
    /// The rows that show more than was handled already.
    pub(in crate::engine) async fn candidates(&self, rows: Vec<Row>) -> Result<Candidates, Error> {
        let mut candidates = Candidates::new();
        for side in Side::BOTH {
            // What was there before the flow came to a project is not its business until it changes.
            let since = self.sides.on(side).since.map(|since| since.earlier(self.flow.overlap()));
            let is_ours = |row: &&Row| self.sides.of(&row.project.id) == Some(side) && Some(row.updated) >= since;
            let rows: Vec<_> = rows.iter().filter(is_ours).collect();
            let handled = self.store.handled(side, rows.iter().map(|row| row.at.id.clone()).collect()).await?;
            let news =
                rows.into_iter().filter(|row| !handled.get(&row.at.id).is_some_and(|handled| handled.covers(row)));
            candidates.extend(news.map(|row| (row.at.id.clone(), (side, row.at.clone()))));
        }
        Ok(candidates)
    }

    /// The issues behind rows that can't be read: a fresh read decides about them. Those that can't even be named are
    /// told and counted.
    pub(in crate::engine) async fn odd_candidates(&self, odd: Vec<OddRow>) -> Result<Candidates, Error> {
        let mut candidates = Candidates::new();
        for OddRow { id, key, why } in odd {
            let at = match (id, key) {
                (Some(id), Some(key)) => Some(IssueRef { id, key }),
                (Some(id), None) => self.jira.fetch(&[&id]).await?.issues.pop().map(|issue| issue.at),
                (None, Some(key)) => self.jira.id_behind(&key).await?.map(|id| IssueRef { id, key }),
                (None, None) => None,
            };
            match at {
                Some(at) => {
                    let side = self.sides.of_key(&at.key);
                    candidates.extend(side.map(|side| (at.id.clone(), (side, at))));
                }
                None => {
                    self.tally.errors.add(1);
                    tracing::warn!("a row of a search can't be read, and its issue can't be told: {why}");
                }
            }
        }
        Ok(candidates)
    }

    /// Reads the candidates and their counterparts afresh.
    pub(in crate::engine) async fn read(&self, candidates: &Candidates) -> Result<Known, Error> {
        let pairs = self.pairs_of(candidates).await?;
        let failures: BTreeMap<_, _> =
            self.store.failures().await?.into_iter().map(|failure| (failure.issue.id.clone(), failure)).collect();
        let mut known = Known { pairs, failures, ..Known::default() };
        known.resting = self.resting(candidates, &known);
        let awake = |id: &&IssueId| !known.resting.contains(*id);
        let mut ids: BTreeSet<IssueId> = candidates.keys().filter(awake).cloned().collect();
        let pairs = known.pairs.iter().filter(|pair| ids.contains(&pair.user.id) || ids.contains(&pair.dev.id));
        let both: Vec<_> = pairs.flat_map(|pair| [pair.user.id.clone(), pair.dev.id.clone()]).collect();
        ids.extend(both);
        let FreshRead { issues, unread } = self.fetch_all(&ids).await?;
        for side in Side::BOTH {
            let on_side = issues.values().filter(|issue| self.side_of(issue) == Some(side));
            known.handled.extend(self.store.handled(side, on_side.map(|issue| issue.at.id.clone()).collect()).await?);
        }
        Ok(Known { issues, unread, ..known })
    }

    /// The candidates that could not be read, or whose counterparts could not, and that are not to be tried yet.
    fn resting(&self, candidates: &Candidates, known: &Known) -> BTreeSet<IssueId> {
        let is_resting = |id: &&IssueId| {
            let pair = pair_of(known, id);
            let about = pair.map_or(*id, |pair| &pair.user.id);
            let waits = known.failures.get(about).is_some_and(|failure| !self.is_time_for(failure));
            let both = pair.map_or_else(|| vec![*id], |pair| vec![&pair.user.id, &pair.dev.id]);
            waits && both.iter().any(|id| self.jira.could_not_read(id.as_str()))
        };
        candidates.keys().filter(is_resting).cloned().collect()
    }

    /// The pairs of the candidates. An issue that moved from one project of the flow to the other is named on the wrong
    /// side.
    async fn pairs_of(&self, candidates: &Candidates) -> Result<Vec<Pair>, Error> {
        let ids: Vec<_> = candidates.keys().cloned().collect();
        let mut pairs = self.store.pairs(Side::User, ids.clone()).await?;
        for pair in self.store.pairs(Side::Dev, ids).await? {
            if !pairs.iter().any(|known| known.user.id == pair.user.id) {
                pairs.push(pair);
            }
        }
        Ok(pairs)
    }

    /// What was done for the pairs in hand before, as far as it matters for what is done next.
    pub(in crate::engine) async fn recall(&self, known: &mut Known) -> Result<(), Error> {
        let kept = known.pairs.iter().filter(|pair| pair.state != PairState::Unpaired);
        let users: Vec<_> = kept.map(|pair| pair.user.id.clone()).collect();
        if self.flow.rules.follow_attachments() {
            for copied in self.store.ledger(users.clone()).await? {
                known.copied.entry(copied.on).or_default().insert(copied.file);
            }
        }
        // What seems to come later was told before this machine's clock was set back.
        let now = self.clock.wall();
        known.recent_writes = self.store.recent_writes(users, now - RECENTLY..=now).await?;
        Ok(())
    }

    pub(in crate::engine) async fn fetch_all(&self, ids: &BTreeSet<IssueId>) -> Result<FreshRead, Error> {
        let mut read = FreshRead::default();
        for batch in ids.iter().collect::<Vec<_>>().chunks(BATCH) {
            let Fetched { issues, unread } = self.jira.fetch(batch).await?;
            for issue in issues {
                if let Some(side) = self.side_of(&issue) {
                    self.tally.fetched.add(1);
                    self.tell(&Event::IssueFetched { side, key: issue.at.key.clone() });
                    self.notice_key(side, &issue).await?;
                }
                read.issues.insert(issue.at.id.clone(), issue);
            }
            read.unread.extend(unread.into_iter().map(|(id, error)| (id, error.to_string())));
        }
        Ok(read)
    }
}

impl Engine {
    /// If it failed before, its past is looked at as at its first try. What happened before the flow came to its project is
    /// never looked at.
    pub(in crate::engine) fn unpaired_user(&self, user: &Issue, known: &Known, past: Past) -> Observed {
        let tried = known.failures.get(&user.at.id).and_then(|failure| failure.unseen_since);
        let since = past.unseen_since_of(user);
        let since = tried.map_or(since, |tried| tried.min(since));
        let unseen_since = Some(self.sides.user.since.map_or(since, |came| came.max(since)));
        Observed::Unpaired { user: sighting(user, known), unseen_since }
    }

    /// What happened to a pair before is not the flow's business.
    pub(in crate::engine) fn not_before(&self, past: Past) -> Option<JiraTime> {
        past.not_before.max(self.sides.user.since).max(self.sides.dev.since)
    }
}

/// What a fresh read showed.
#[derive(Default)]
pub(in crate::engine) struct FreshRead {
    pub issues: BTreeMap<IssueId, Issue>,
    /// See [`Known::unread`].
    pub unread: BTreeMap<IssueId, String>,
}

/// What is remembered of a try that failed, see [`Failure`].
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct Trial {
    pub seen: Option<JiraTime>,
    pub unseen_since: Option<JiraTime>,
}

impl Trial {
    pub(in crate::engine) fn of(seen: &Observed) -> Self {
        let latest = sightings(seen).into_iter().map(|(_, sighting)| sighting.issue.updated).max();
        let unseen_since = match seen {
            Observed::Unpaired { unseen_since, .. } => *unseen_since,
            Observed::Paired { .. } => None,
        };
        Self { seen: latest, unseen_since }
    }

    /// What was tried by an intent. That the user issue is to have a dev issue was decided then: if it passed through a
    /// status that asks for one, no later look may be too late to see it.
    pub(in crate::engine) fn after(intent: &Intent) -> Self {
        let unseen_since = (intent.kind == IntentKind::Create).then_some(JiraTime::FIRST);
        Self { seen: None, unseen_since }
    }

    /// To be looked at again at once, whatever a search shows.
    pub(in crate::engine) fn failure(self, side: Side, issue: IssueRef, next_try: DateTime<Utc>) -> Failure {
        let (why, unseen_since) = ("to be looked at again".to_owned(), self.unseen_since);
        Failure { side, issue, attempts: 0, next_try, why, seen: None, unseen_since }
    }
}

/// The sides of an observation.
pub(in crate::engine) fn sightings(seen: &Observed) -> Vec<(Side, &Sighting)> {
    match seen {
        Observed::Unpaired { user, .. } => vec![(Side::User, user)],
        Observed::Paired { user, dev, .. } => vec![(Side::User, user), (Side::Dev, dev)],
    }
}

/// The user issue of an observation: the one by which people know it.
pub(in crate::engine) fn user_of(seen: &Observed) -> &Sighting {
    match seen {
        Observed::Unpaired { user, .. } | Observed::Paired { user, .. } => user,
    }
}

pub(in crate::engine) fn sighting(issue: &Issue, known: &Known) -> Sighting {
    Sighting { issue: issue.clone(), handled: known.handled.get(&issue.at.id).cloned() }
}

pub(in crate::engine) fn pair_of<'a>(known: &'a Known, id: &IssueId) -> Option<&'a Pair> {
    known.pairs.iter().find(|pair| pair.user.id == *id || pair.dev.id == *id)
}

/// The issue that an issue's mark names.
pub(in crate::engine) fn counterpart(issue: &Issue) -> Option<&IssueId> {
    match issue.mark.as_ref()? {
        Mark::Created { user_issue, .. } => Some(user_issue),
        Mark::Linked { dev_issue, .. } => Some(dev_issue),
    }
}

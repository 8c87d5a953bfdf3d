//! Finding out that two issues belong together already, before anything is created for one of them (docs/sync.md,
//! "Adoption").
//!
//! ```text
//! follow (read what the issues in hand name) -> survey (the dev project, where it was not seen whole)
//!     -> evidence (pure: who belongs to whom) -> record (pair, files, history) -> obstacles (links that prove nothing)
//! ```

mod evidence;
mod files;
mod survey;

use std::collections::{BTreeMap, BTreeSet};

use super::observe::{Candidates, FreshRead, Known, pair_of};
use crate::engine::plan::{Plan, plan};
use crate::engine::write::linking::is_unlinked;
use crate::engine::{Engine, Error, Past, Seen};
use crate::flow::{
    Entry, Event, Fallback, Issue, IssueId, IssueKey, JiraTime, Mark, MissingDev, Origin, Pair, PairState, Side,
    SkipReason,
};
use crate::jira::{BATCH, FetchedByKey};
use crate::store::{self, Change};
use evidence::{Answer, Evidence, back_mark, dev_links, elsewhere, mark, user_link};

pub(in crate::engine) use evidence::{Obstacle, Proof, answers};
pub(in crate::engine) use files::entries;
pub(in crate::engine) use survey::{Claims, Survey};

/// How far names are followed: from a clone to the user issue that it claims, from that to the original, and from that
/// to whom it names.
const ROUNDS: usize = 3;

impl Engine {
    /// Records as pairs the issues that belong together, before anything is created for them; and finds what stands in
    /// the way of creating, where nothing proves a pair.
    pub(in crate::engine) async fn adopt(
        &self,
        candidates: &Candidates,
        known: &mut Known,
        past: Past,
    ) -> Result<(), Error> {
        self.learn_addresses(known.issues.values()).await;
        self.follow(known).await?;
        let past = self.with_other_addresses(past);
        if past.dev_issues_seen != Seen::All {
            let wanting = self.wanting(candidates, known, past);
            let claimants = self.survey(&wanting, known).await?;
            self.take_in(known, &claimants, &BTreeSet::new()).await?;
            self.follow(known).await?;
        }
        for (user, dev, proof) in self.matches(candidates, known) {
            self.record_adopted(&user, &dev, proof, known).await?;
        }
        // Among them may be dev issues, seen for the first time, of user issues for whom nothing was looked through.
        let past = self.note_other_addresses(known, past);
        self.find_obstacles(candidates, known, past).await
    }

    /// Notes who is named under other addresses without proof.
    fn note_other_addresses(&self, known: &mut Known, past: Past) -> Past {
        let evidence = self.evidence(known);
        let mut devs = BTreeSet::new();
        for (dev, address, users) in evidence.elsewhere() {
            devs.insert(dev.at.id.clone());
            self.other_addresses.found(address, users.into_iter().map(|user| &user.at));
        }
        known.named_elsewhere = devs;
        self.with_other_addresses(past)
    }

    /// Reads what unpaired issues name, by mark or line or as they were taken over, and what those name in turn.
    async fn follow(&self, known: &mut Known) -> Result<(), Error> {
        known.by_key.extend(known.issues.values().map(|issue| (issue.at.key.clone(), Some(issue.at.id.clone()))));
        let mut asked = BTreeSet::new();
        for _ in 0..ROUNDS {
            self.recall_missing(known).await?;
            let unpaired: Vec<_> = known.issues.values().filter(|it| pair_of(known, &it.at.id).is_none()).collect();
            let (ids, keys) = self.named_by(&unpaired, known);
            let ids: BTreeSet<_> =
                ids.into_iter().filter(|id| !known.issues.contains_key(id) && asked.insert(id.clone())).collect();
            let keys: BTreeSet<_> = keys.into_iter().filter(|key| !known.by_key.contains_key(key)).collect();
            if ids.is_empty() && keys.is_empty() {
                break;
            }
            self.take_in(known, &ids, &keys).await?;
        }
        Ok(())
    }

    /// Finds out which of the unpaired user issues had a dev issue that could not be read when they were taken over.
    async fn recall_missing(&self, known: &mut Known) -> Result<(), Error> {
        let is_news = |user: &&Issue| {
            self.side_of(user) == Some(Side::User)
                && pair_of(known, &user.at.id).is_none()
                && !known.missing.contains_key(&user.at.id)
        };
        let users: Vec<_> = known.issues.values().filter(is_news).map(|user| user.at.id.clone()).collect();
        known.missing.extend(users.iter().map(|user| (user.clone(), None)));
        let missing = self.store.missing(users).await?;
        known.missing.extend(missing.into_iter().map(|MissingDev { user, dev }| (user.id, Some(dev))));
        Ok(())
    }

    fn named_by(&self, issues: &[&Issue], known: &Known) -> (BTreeSet<IssueId>, BTreeSet<IssueKey>) {
        let (mut ids, mut keys) = (BTreeSet::new(), BTreeSet::new());
        let site = self.jira.site();
        for issue in issues {
            match self.side_of(issue) {
                Some(Side::User) => {
                    ids.extend(back_mark(issue).cloned());
                    keys.extend(dev_links(&site, issue));
                    keys.extend(known.missing_dev_of(&issue.at.id).cloned());
                }
                Some(Side::Dev) => {
                    ids.extend(mark(issue).cloned());
                    keys.extend(user_link(&site, issue));
                    let elsewhere = elsewhere(&site, issue).and_then(|elsewhere| elsewhere.key);
                    keys.extend(elsewhere.filter(|key| self.sides.of_key(key) == Some(Side::User)));
                }
                None => {}
            }
        }
        (ids, keys)
    }

    /// Reads these issues afresh, unless they are known, and finds out with whom they are paired.
    async fn take_in(
        &self,
        known: &mut Known,
        ids: &BTreeSet<IssueId>,
        keys: &BTreeSet<IssueKey>,
    ) -> Result<(), Error> {
        let missing = ids.iter().filter(|id| !known.issues.contains_key(*id)).cloned().collect();
        let FreshRead { issues: mut read, unread } = self.fetch_all(&missing).await?;
        known.unread.extend(unread);
        for batch in keys.iter().collect::<Vec<_>>().chunks(BATCH) {
            let FetchedByKey { issues: mut found, unread } = self.jira.fetch_by_key(batch).await?;
            known.unread_keys.extend(unread.into_iter().map(|(key, error)| (key, error.to_string())));
            for key in batch {
                let issue = found.remove(*key);
                known.by_key.insert((*key).clone(), issue.as_ref().map(|issue| issue.at.id.clone()));
                read.extend(issue.map(|issue| (issue.at.id.clone(), issue)));
            }
        }
        known.by_key.extend(read.values().map(|issue| (issue.at.key.clone(), Some(issue.at.id.clone()))));
        for side in Side::BOTH {
            // A dev issue that can't be read may be known as another's all the same.
            let pairs = self.store.pairs(side, read.keys().chain(&missing).cloned().collect()).await?;
            let new = pairs.into_iter().filter(|pair| pair_of(known, &pair.user.id).is_none());
            known.pairs.extend(new.collect::<Vec<_>>());
        }
        let on_side = |side| read.values().filter(move |it| self.side_of(it) == Some(side));
        for side in Side::BOTH {
            known.handled.extend(self.store.handled(side, on_side(side).map(|it| it.at.id.clone()).collect()).await?);
        }
        self.learn_addresses(read.values()).await;
        known.issues.extend(read);
        Ok(())
    }

    /// An address at Atlassian's gateway may be this site's.
    async fn learn_addresses(&self, issues: impl Iterator<Item = &Issue>) {
        for issue in issues {
            if let Some(elsewhere) = elsewhere(&self.jira.site(), issue) {
                self.jira.learn_cloud_id(&elsewhere.address).await;
            }
        }
    }

    /// The unpaired user issues about whom the whole dev project must be heard: something would be done for them, or a
    /// dev issue claims them without being named in return, and may be a clone of the right one.
    fn wanting(&self, candidates: &Candidates, known: &Known, past: Past) -> BTreeMap<IssueId, JiraTime> {
        let evidence = self.evidence(known);
        let claimed_by = |user: &Issue| evidence.dev_of(user).map(|(_, claim)| claim.answer);
        let mut wanting = self.unpaired(candidates, known, |user| self.has_news(user, known, past));
        if past.dev_issues_seen == Seen::Some {
            wanting
                .extend(self.concerned(candidates, known, &evidence).into_iter().filter(|it| claimed_by(it).is_some()));
        }
        wanting.retain(|user| matches!(claimed_by(user), Some(Answer::None) | None));
        wanting.into_iter().map(|user| (user.at.id.clone(), user.created)).collect()
    }

    /// Whether a dev issue is about to be created for an unpaired user issue, or a rule would act if it had one.
    fn has_news(&self, user: &Issue, known: &Known, past: Past) -> bool {
        let Plan { draft, changed, skipped, lost: _, hold: _ } =
            plan(&self.flow.rules, &self.unpaired_user(user, known, past));
        let acts_on_pairs = |reason: &SkipReason| match reason {
            SkipReason::NoMapping => true,
            SkipReason::NoRule => self.flow.rules.fallback == Fallback::CloseDev,
            SkipReason::IntermediateStatus
            | SkipReason::AlreadyEqual
            | SkipReason::LostConflict
            | SkipReason::BeforeAdoption
            | SkipReason::MovedMeanwhile
            | SkipReason::OpenIntent
            | SkipReason::CounterpartMissing
            | SkipReason::HasLink
            | SkipReason::Suspended
            | SkipReason::Broken
            | SkipReason::PingPong
            | SkipReason::Unpaired => false,
        };
        draft.is_some() || (!changed.is_empty() && skipped.iter().any(acts_on_pairs))
    }

    fn about_to_be_created<'a>(&self, candidates: &Candidates, known: &'a Known, past: Past) -> Vec<&'a Issue> {
        self.unpaired(candidates, known, |user| {
            plan(&self.flow.rules, &self.unpaired_user(user, known, past)).draft.is_some()
        })
    }

    /// The unpaired user issues among the candidates, of a certain kind, that no open intent is about.
    fn unpaired<'a>(&self, candidates: &Candidates, known: &'a Known, kind: impl Fn(&Issue) -> bool) -> Vec<&'a Issue> {
        let unpaired = candidates.keys().filter(|id| pair_of(known, id).is_none() && !self.is_busy(id));
        let users = unpaired.filter_map(|id| known.issues.get(id));
        users.filter(|issue| self.side_of(issue) == Some(Side::User) && kind(issue)).collect()
    }

    /// The unpaired user issues among the candidates, and those that dev issues among them name.
    fn concerned<'a>(&self, candidates: &Candidates, known: &'a Known, evidence: &Evidence<'a>) -> Vec<&'a Issue> {
        let mut users = BTreeMap::new();
        for issue in candidates.keys().filter_map(|id| known.issues.get(id)) {
            let user = match self.side_of(issue) {
                Some(Side::User) => Some(issue),
                Some(Side::Dev) => evidence.user_of(issue),
                None => None,
            };
            users.extend(user.map(|user| (&user.at.id, user)));
        }
        users.retain(|id, _| pair_of(known, id).is_none());
        users.into_values().collect()
    }

    fn evidence<'a>(&'a self, known: &'a Known) -> Evidence<'a> {
        Evidence::new(&self.sides, self.jira.site(), known)
    }

    fn matches(&self, candidates: &Candidates, known: &Known) -> Vec<(Issue, Issue, Proof)> {
        let evidence = self.evidence(known);
        let matched = |user: &Issue| {
            let (dev, claim) = evidence.dev_of(user)?;
            Some((user.clone(), dev.clone(), claim.proof))
        };
        self.concerned(candidates, known, &evidence).into_iter().filter_map(matched).collect()
    }

    async fn record_adopted(&self, user: &Issue, dev: &Issue, proof: Proof, known: &mut Known) -> Result<(), Error> {
        let taken = known.pairs.iter().any(|pair| pair.user.id == user.at.id || pair.dev.id == dev.at.id);
        if taken || self.is_busy(&user.at.id) {
            return Ok(());
        }
        let (origin, state) = (Origin::Adopted, PairState::Active);
        let pair = Pair { user: user.at.clone(), dev: dev.at.clone(), origin, state };
        let event = Event::PairAdopted { user: user.at.key.clone(), dev: dev.at.key.clone() };
        let files = self.files_seen_to(user, dev, proof, known).await?;
        let link = match &dev.mark {
            Some(Mark::Created { intent, .. }) if proof == Proof::Mark && is_unlinked(user) => {
                self.link_to_be_made(&pair, intent.clone()).await?
            }
            Some(Mark::Created { .. } | Mark::Linked { .. }) | None => None,
        };
        // The pair comes last: one whose files are not in the ledger would have them all copied.
        let batch = [Change::Tell(Entry::of(&event, &user.at, self.clock.wall())), Change::PutPair(pair.clone())];
        let found = known.missing_dev_of(&user.at.id).map(|_| Change::ClearMissing(user.at.id.clone()));
        match self.store.write(files.into_iter().chain(link).chain(batch).chain(found).collect()).await {
            Ok(()) => {
                self.tell(&event);
                known.pairs.push(pair);
            }
            // By whatever else writes to this database, one of the two is another's by now.
            Err(store::Error::Taken { .. }) => {
                self.skip(&user.at, SkipReason::HasLink);
                known.obstacles.insert(user.at.id.clone(), Obstacle::OneWay);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn files_seen_to(&self, user: &Issue, dev: &Issue, by: Proof, known: &Known) -> Result<Vec<Change>, Error> {
        let ledger = self.store.ledger(vec![user.at.id.clone()]).await?;
        let handled = known.handled.get(&user.at.id);
        let entries = entries(user, dev, (by, self.jira.account()), handled, &ledger);
        Ok(entries.into_iter().map(Change::PutCopied).collect())
    }

    /// What forbids creating, for those for whom it would be done now.
    async fn find_obstacles(&self, candidates: &Candidates, known: &mut Known, past: Past) -> Result<(), Error> {
        let creates: Vec<_> =
            self.about_to_be_created(candidates, known, past).into_iter().map(|it| &it.at.id).collect();
        if creates.is_empty() {
            return Ok(());
        }
        let creates: Vec<_> = creates.into_iter().cloned().collect();
        // Which of them are dev issues is said by their projects, not by their keys.
        let links = creates.iter().filter_map(|id| known.issues.get(id)).flat_map(|user| &user.linked);
        let links = links.map(|to| to.id.clone()).collect();
        self.take_in(known, &links, &BTreeSet::new()).await?;
        // Those may name others by a key.
        self.follow(known).await?;
        let evidence = self.evidence(known);
        let unseen = self.unseen_dev_issues(candidates, known, past);
        let users = creates.iter().filter_map(|id| known.issues.get(id));
        let obstacle = |user: &Issue| evidence.obstacle(user).or_else(|| may_be_its_dev_issue(user, &unseen));
        let obstacles: Vec<_> = users.filter_map(|user| Some((user.at.id.clone(), obstacle(user)?))).collect();
        known.obstacles.extend(obstacles);
        Ok(())
    }

    /// The dev issues that can't be read and of which nobody has ever seen whose they are, with their names for people.
    fn unseen_dev_issues(&self, candidates: &Candidates, known: &Known, past: Past) -> BTreeMap<IssueId, String> {
        let failed =
            known.failures.values().filter(|failure| failure.side == Side::Dev && failure.unseen_since.is_some());
        let mut unseen: BTreeMap<_, _> =
            failed.map(|failure| (failure.issue.id.clone(), failure.issue.to_string())).collect();
        if past.dev_issues_seen != Seen::All {
            let in_hand =
                candidates.iter().filter(|(id, (side, _))| *side == Side::Dev && known.unread.contains_key(*id));
            unseen.extend(in_hand.map(|(id, (_, at))| (id.clone(), at.to_string())));
        }
        unseen.extend(known.unseen.clone());
        unseen.retain(|id, _| pair_of(known, id).is_none() && !known.issues.contains_key(id));
        unseen
    }
}

/// A dev issue that nobody could read yet may belong to any user issue that is older than it.
fn may_be_its_dev_issue(user: &Issue, unseen: &BTreeMap<IssueId, String>) -> Option<Obstacle> {
    let (_, dev) = unseen.iter().find(|(dev, _)| **dev > user.at.id)?;
    Some(Obstacle::Unread(format!(
        "{dev} can't be read, and may be its dev issue: no other is created before it can be read, or an operator decides"
    )))
}

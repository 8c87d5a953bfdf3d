//! Looking through the dev project for issues that say to whom they belong, where this store has not seen them all.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{elsewhere, linked_by, mark, user_link};
use crate::engine::look::observe::{FreshRead, Known};
use crate::engine::scan::short::Walked;
use crate::engine::{Engine, Error};
use crate::flow::{IntentId, Issue, IssueId, IssueKey, IssueRef, JiraTime, Pair, Side};
use crate::jira::{BATCH, By, Ending, FetchedByKey, Scan};
use crate::store::WalkKind;

/// Claims that are remembered at most; beyond it none are, which costs requests only.
const MOST: usize = 20_000;

/// What the dev project was seen to say of user issues without a pair, for the life of the worker.
#[derive(Debug)]
pub(in crate::engine) struct Survey {
    /// Every dev issue created from then on was looked at...
    from: JiraTime,
    /// ...until then. What came later is looked at before each create.
    until: JiraTime,
    claims: Claims,
}

/// What dev issues say of whom they belong to.
#[derive(Debug, Default)]
pub(in crate::engine) struct Claims {
    /// By user issue, the dev issues that name it.
    pub of: BTreeMap<IssueId, BTreeSet<IssueId>>,
    /// By intent, the dev issues that it marked under an address that is not known as this site's: ids may have shifted on
    /// the way from there.
    by_intent: BTreeMap<IntentId, BTreeSet<IssueId>>,
    /// Those that can't be read although Jira is there, or whose user issue can't be, with their names for people: they
    /// may belong to anybody.
    pub unread: BTreeMap<IssueId, String>,
}

impl Claims {
    /// How many are remembered.
    fn len(&self) -> usize {
        self.of.len() + self.by_intent.len()
    }

    /// The dev issues that may belong to a user issue.
    fn on<'a>(&'a self, user: &IssueId, linked_by: Option<&IntentId>) -> impl Iterator<Item = &'a IssueId> {
        let by_intent = linked_by.and_then(|intent| self.by_intent.get(intent));
        self.of.get(user).into_iter().chain(by_intent).flatten()
    }

    /// All dev issues that name any.
    fn all(&self) -> BTreeSet<IssueId> {
        self.of.values().chain(self.by_intent.values()).flatten().cloned().collect()
    }
}

impl Engine {
    /// The dev issues that name one of the `wanting`, user issues with the time of their creation: a dev issue comes
    /// later than what it was made for. What could not be read is added to [`Known::unseen`].
    pub(super) async fn survey(
        &self,
        wanting: &BTreeMap<IssueId, JiraTime>,
        known: &mut Known,
    ) -> Result<BTreeSet<IssueId>, Error> {
        let Some(from) = wanting.values().min().copied() else { return Ok(BTreeSet::new()) };
        // Where issues came from elsewhere, a dev issue may be the older one.
        let from = if self.other_addresses.are_seen() { JiraTime::FIRST } else { from };
        let (found, unread) = self
            .survey_from(from, known, |claims| {
                let users = wanting.keys();
                let claimed = users.flat_map(|user| claims.on(user, known.issues.get(user).and_then(linked_by)));
                (claimed.cloned().collect(), claims.unread.clone())
            })
            .await?;
        known.unseen.extend(unread);
        Ok(found)
    }

    /// All dev issues without a pair that name a user issue, from the first one on.
    pub(in crate::engine) async fn survey_all(&self) -> Result<BTreeSet<IssueId>, Error> {
        self.survey_from(JiraTime::FIRST, &Known::default(), Claims::all).await
    }

    /// What is to be known of the claims of dev issues created since `from`.
    async fn survey_from<T: Send>(
        &self,
        from: JiraTime,
        known: &Known,
        wanted: impl FnOnce(&Claims) -> T + Send,
    ) -> Result<T, Error> {
        let before = self.survey.lock().take();
        let begun = self.jira.jira_now();
        let mut claims = Claims::default();
        let survey = match before {
            Some(Survey { from: seen_from, until, claims: seen }) => {
                claims = seen;
                self.read_again(&mut claims, known).await?;
                let mut from = from.min(seen_from);
                if from < seen_from {
                    let scan = self.look_through(from, Some(seen_from), &mut claims, known).await?;
                    // One that was left where the other began is not over.
                    if scan.ending() != Ending::Whole {
                        self.walked(WalkKind::Survey, &scan).await?;
                        from = seen_from;
                    }
                }
                let until = until.earlier(self.flow.overlap());
                let scan = self.look_through(until, None, &mut claims, known).await?;
                let until = self.surveyed(begun, until, &scan).await?;
                Survey { from, until, claims }
            }
            None => {
                let scan = self.look_through(from, None, &mut claims, known).await?;
                Survey { from, until: self.surveyed(begun, from, &scan).await?, claims }
            }
        };
        let found = wanted(&survey.claims);
        if survey.claims.len() <= MOST {
            *self.survey.lock() = Some(survey);
        }
        Ok(found)
    }

    /// What could not be read when it was looked at.
    async fn read_again(&self, claims: &mut Claims, known: &Known) -> Result<(), Error> {
        let before = std::mem::take(&mut claims.unread);
        if before.is_empty() {
            return Ok(());
        }
        let FreshRead { issues, unread } = self.fetch_all(&before.keys().cloned().collect()).await?;
        claims.unread.extend(before.into_iter().filter(|(id, _)| unread.contains_key(id)));
        self.note(issues, claims, known).await
    }

    /// Up to when every dev issue was looked at.
    async fn surveyed(&self, begun: JiraTime, from: JiraTime, scan: &Scan) -> Result<JiraTime, Error> {
        Ok(match self.walked(WalkKind::Survey, scan).await? {
            Walked::Whole => begun,
            Walked::Short(reached) => begun.min(reached.unwrap_or(from)),
        })
    }

    /// Reads the dev issues created from `from` on, up to `to`, that are in no pair, and notes whom they name. Answers the
    /// walk, which knows whether it was shown all of them.
    pub(in crate::engine) async fn look_through(
        &self,
        from: JiraTime,
        to: Option<JiraTime>,
        claims: &mut Claims,
        known: &Known,
    ) -> Result<Scan, Error> {
        let mut scan = Scan::new(vec![self.sides.dev.id.clone()], By::Created, Some(from), &[]);
        while let Some(page) = self.next_page(&mut scan).await? {
            let beyond = page.rows.last().zip(to).is_some_and(|(last, to)| last.created > to);
            let odd = self.odd_candidates(page.odd).await?.into_values().map(|(_, at)| at);
            let single = self.without_pair(page.rows.into_iter().map(|row| row.at).chain(odd).collect()).await?;
            let FreshRead { issues, unread } = self.fetch_all(&single.keys().cloned().collect()).await?;
            let unread = single.into_iter().filter(|(id, _)| unread.contains_key(id));
            claims.unread.extend(unread.map(|(id, at)| (id, at.to_string())));
            self.note(issues, claims, known).await?;
            if beyond {
                break;
            }
        }
        Ok(scan)
    }

    async fn without_pair(&self, all: Vec<IssueRef>) -> Result<BTreeMap<IssueId, IssueRef>, Error> {
        let ids: Vec<_> = all.iter().map(|at| at.id.clone()).collect();
        let paired: BTreeSet<_> =
            self.store.pairs(Side::Dev, ids).await?.into_iter().map(|Pair { dev, .. }| dev.id).collect();
        Ok(all.into_iter().map(|at| (at.id.clone(), at)).filter(|(id, _)| !paired.contains(id)).collect())
    }

    async fn note(&self, issues: BTreeMap<IssueId, Issue>, claims: &mut Claims, known: &Known) -> Result<(), Error> {
        let site = self.jira.site();
        let elsewhere: Vec<_> = issues.values().filter_map(|dev| Some((elsewhere(&site, dev)?, &dev.at.id))).collect();
        let by_line = issues.values().filter_map(|dev| Some((user_link(&site, dev)?, &dev.at.id)));
        let others = elsewhere.iter().filter_map(|(named, dev)| Some((named.key.clone()?, *dev)));
        let others = others.filter(|(key, _)| self.sides.of_key(key) == Some(Side::User));
        let by_line: Vec<_> = by_line.chain(others).collect();
        let keys: BTreeSet<_> = by_line.iter().map(|(key, _)| key.clone()).collect();
        let (behind, untold) = self.ids_behind(&keys, known).await?;
        let names_untold =
            by_line.iter().filter(|(key, _)| untold.contains(key)).filter_map(|(_, dev)| issues.get(*dev));
        claims.unread.extend(names_untold.map(|dev| (dev.at.id.clone(), dev.at.to_string())));
        let by_mark = issues.values().filter_map(|dev| Some((mark(dev)?, &dev.at.id)));
        let by_line = by_line.iter().filter_map(|(key, dev)| Some((behind.get(key)?, *dev)));
        for (user, dev) in by_mark.chain(by_line) {
            claims.of.entry(user.clone()).or_default().insert(dev.clone());
        }
        for ((_, intent), dev) in elsewhere.iter().filter_map(|(named, dev)| Some((named.mark?, dev))) {
            claims.by_intent.entry(intent.clone()).or_default().insert((*dev).clone());
        }
        Ok(())
    }

    /// Which issues answer to these keys now; those that can't be read are absent.
    /// And those that can't be read although Jira is there.
    async fn ids_behind(
        &self,
        keys: &BTreeSet<IssueKey>,
        known: &Known,
    ) -> Result<(BTreeMap<IssueKey, IssueId>, BTreeSet<IssueKey>), Error> {
        let in_hand = keys.iter().filter_map(|key| Some((key.clone(), known.by_key.get(key)?.clone()?)));
        let mut behind: BTreeMap<_, _> = in_hand.collect();
        let unknown: Vec<_> = keys.iter().filter(|key| !behind.contains_key(*key)).collect();
        let (mut read, mut untold) = (BTreeMap::new(), BTreeSet::new());
        for batch in unknown.chunks(BATCH) {
            let FetchedByKey { issues, unread } = self.jira.fetch_by_key(batch).await?;
            read.extend(issues);
            untold.extend(unread.into_keys());
        }
        behind.extend(read.into_iter().map(|(key, issue)| (key, issue.at.id)));
        Ok((behind, untold))
    }
}

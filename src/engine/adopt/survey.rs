//! Looking through the dev project for issues that say to whom they belong, where this store has not seen them all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::evidence::{mark, user_link};
use crate::engine::observe::{FreshRead, Known};
use crate::engine::{Engine, Error};
use crate::flow::{Issue, IssueId, IssueKey, IssueRef, JiraTime, Pair, Side};
use crate::jira::{BATCH, By, FetchedByKey, Scan};

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
    /// Those that can't be read although Jira is there, or whose user issue can't be, with their names for people: they
    /// may belong to anybody.
    pub unread: BTreeMap<IssueId, String>,
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
        let before = self.survey.lock().unwrap_or_else(PoisonError::into_inner).take();
        let begun = self.jira.jira_now();
        let mut claims = Claims::default();
        let survey = match before {
            Some(Survey { from: seen_from, until, claims: seen }) => {
                claims = seen;
                self.read_again(&mut claims, known).await?;
                if from < seen_from {
                    self.look_through(from, Some(seen_from), &mut claims, known).await?;
                }
                self.look_through(until.earlier(self.flow.overlap()), None, &mut claims, known).await?;
                Survey { from: from.min(seen_from), until: begun, claims }
            }
            None => {
                self.look_through(from, None, &mut claims, known).await?;
                Survey { from, until: begun, claims }
            }
        };
        let found = wanting.keys().filter_map(|user| survey.claims.of.get(user)).flatten().cloned().collect();
        known.unseen.extend(survey.claims.unread.clone());
        if survey.claims.of.len() <= MOST {
            *self.survey.lock().unwrap_or_else(PoisonError::into_inner) = Some(survey);
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

    /// Reads the dev issues created from `from` on, up to `to`, that are in no pair, and notes whom they name.
    pub(in crate::engine) async fn look_through(
        &self,
        from: JiraTime,
        to: Option<JiraTime>,
        claims: &mut Claims,
        known: &Known,
    ) -> Result<(), Error> {
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
        Ok(())
    }

    async fn without_pair(&self, all: Vec<IssueRef>) -> Result<BTreeMap<IssueId, IssueRef>, Error> {
        let ids: Vec<_> = all.iter().map(|at| at.id.clone()).collect();
        let paired: BTreeSet<_> =
            self.store.pairs(Side::Dev, ids).await?.into_iter().map(|Pair { dev, .. }| dev.id).collect();
        Ok(all.into_iter().map(|at| (at.id.clone(), at)).filter(|(id, _)| !paired.contains(id)).collect())
    }

    async fn note(&self, issues: BTreeMap<IssueId, Issue>, claims: &mut Claims, known: &Known) -> Result<(), Error> {
        let site = self.jira.site();
        let by_line: Vec<_> = issues.values().filter_map(|dev| Some((user_link(site, dev)?, &dev.at.id))).collect();
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

//! Looking through the dev project for issues that say to whom they belong, where this store has not seen them all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::evidence::{mark, user_link};
use crate::engine::observe::Known;
use crate::engine::{Engine, Error};
use crate::flow::{Issue, IssueId, IssueKey, JiraTime, Pair, Row, Side};
use crate::jira::{BATCH, By, Scan};

/// Claims that are remembered at most; beyond it none are, which costs requests only.
const MOST: usize = 20_000;

/// What the dev project was seen to say of user issues without a pair, for the life of the worker.
#[derive(Debug)]
pub(in crate::engine) struct Survey {
    /// Every dev issue created from then on was looked at...
    from: JiraTime,
    /// ...until then. What came later is looked at before each create.
    until: JiraTime,
    /// By user issue, the dev issues that name it.
    claims: BTreeMap<IssueId, BTreeSet<IssueId>>,
}

impl Engine {
    /// The dev issues that name one of the `wanting`, user issues with the time of their creation: a dev issue comes
    /// later than what it was made for.
    pub(super) async fn survey(
        &self,
        wanting: &BTreeMap<IssueId, JiraTime>,
        known: &Known,
    ) -> Result<BTreeSet<IssueId>, Error> {
        let Some(from) = wanting.values().min().copied() else { return Ok(BTreeSet::new()) };
        let before = self.survey.lock().unwrap_or_else(PoisonError::into_inner).take();
        let begun = self.jira.jira_now();
        let mut claims = BTreeMap::new();
        let survey = match before {
            Some(Survey { from: seen_from, until, claims: seen }) => {
                claims = seen;
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
        let found = wanting.keys().filter_map(|user| survey.claims.get(user)).flatten().cloned().collect();
        if survey.claims.len() <= MOST {
            *self.survey.lock().unwrap_or_else(PoisonError::into_inner) = Some(survey);
        }
        Ok(found)
    }

    /// Reads the dev issues created from `from` on, up to `to`, that are in no pair, and notes whom they name.
    pub(in crate::engine) async fn look_through(
        &self,
        from: JiraTime,
        to: Option<JiraTime>,
        claims: &mut BTreeMap<IssueId, BTreeSet<IssueId>>,
        known: &Known,
    ) -> Result<(), Error> {
        let mut scan = Scan::new(vec![self.sides.dev.id.clone()], By::Created, Some(from), &[]);
        while let Some(page) = self.next_page(&mut scan).await? {
            let beyond = page.rows.last().zip(to).is_some_and(|(last, to)| last.created > to);
            let single = self.without_pair(&page.rows).await?;
            let issues = self.fetch_all(&single).await?;
            self.note(issues, claims, known).await?;
            if beyond {
                break;
            }
        }
        Ok(())
    }

    async fn without_pair(&self, rows: &[Row]) -> Result<BTreeSet<IssueId>, Error> {
        let ids: Vec<_> = rows.iter().map(|row| row.at.id.clone()).collect();
        let paired: BTreeSet<_> =
            self.store.pairs(Side::Dev, ids.clone()).await?.into_iter().map(|Pair { dev, .. }| dev.id).collect();
        Ok(ids.into_iter().filter(|id| !paired.contains(id)).collect())
    }

    async fn note(
        &self,
        issues: BTreeMap<IssueId, Issue>,
        claims: &mut BTreeMap<IssueId, BTreeSet<IssueId>>,
        known: &Known,
    ) -> Result<(), Error> {
        let site = self.jira.site();
        let by_line: Vec<_> = issues.values().filter_map(|dev| Some((user_link(site, dev)?, &dev.at.id))).collect();
        let keys: BTreeSet<_> = by_line.iter().map(|(key, _)| key.clone()).collect();
        let behind = self.ids_behind(&keys, known).await?;
        let by_mark = issues.values().filter_map(|dev| Some((mark(dev)?, &dev.at.id)));
        let by_line = by_line.iter().filter_map(|(key, dev)| Some((behind.get(key)?, *dev)));
        for (user, dev) in by_mark.chain(by_line) {
            claims.entry(user.clone()).or_default().insert(dev.clone());
        }
        Ok(())
    }

    /// Which issues answer to these keys now; those that can't be read are absent.
    async fn ids_behind(&self, keys: &BTreeSet<IssueKey>, known: &Known) -> Result<BTreeMap<IssueKey, IssueId>, Error> {
        let in_hand = keys.iter().filter_map(|key| Some((key.clone(), known.by_key.get(key)?.clone()?)));
        let mut behind: BTreeMap<_, _> = in_hand.collect();
        let unknown: Vec<_> = keys.iter().filter(|key| !behind.contains_key(*key)).collect();
        let mut read = BTreeMap::new();
        for batch in unknown.chunks(BATCH) {
            read.extend(self.jira.fetch_by_key(batch).await?);
        }
        behind.extend(read.into_iter().map(|(key, issue)| (key, issue.at.id)));
        Ok(behind)
    }
}

//! Finding out that two issues belong together already, before anything is created for one of them (docs/sync.md,
//! "Adoption").

use std::collections::{BTreeMap, BTreeSet};

use super::observe::{Candidates, Known, counterpart, pair_of, unpaired_user};
use super::plan::plan;
use super::{Engine, Error, Past};
use crate::flow::{Event, Issue, IssueId, IssueRef, JiraTime, Mark, Origin, Pair, PairState, Side};
use crate::jira::{By, Scan};
use crate::store::Change;

impl Engine {
    /// Records as pairs the issues whose marks say that they belong together, before anything is created for them.
    pub(super) async fn adopt(&self, candidates: &Candidates, known: &mut Known) -> Result<(), Error> {
        // Twice: those whom a clone's mark names may themselves name the original.
        for _ in 0..2 {
            let named = known.issues.values().filter_map(counterpart).cloned();
            let missing: BTreeSet<_> = named.filter(|id| !known.issues.contains_key(id)).collect();
            known.issues.extend(self.fetch_all(&missing).await?);
        }
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
        self.belong_together(user, dev, known).then(|| (user.at.clone(), dev.at.clone()))
    }

    /// A dev issue's mark must name this site and user issue; and if the user issue's back-mark names another dev issue,
    /// that one must be there to be seen, and not claim it too: else this one may be a clone that took its original's
    /// mark along.
    fn belong_together(&self, user: &Issue, dev: &Issue, known: &Known) -> bool {
        let rival = counterpart(user).filter(|id| **id != dev.at.id).map(|id| known.issues.get(id));
        let contested = rival.is_some_and(|rival| rival.is_none_or(|rival| self.claims(rival, user)));
        self.flow.side_of(&user.at.key) == Some(Side::User) && self.claims(dev, user) && !contested
    }

    /// Whether `dev` is a dev issue of this flow whose mark names `user`.
    fn claims(&self, dev: &Issue, user: &Issue) -> bool {
        let names_user = matches!(&dev.mark, Some(Mark::Created { site, user_issue, .. })
            if site == self.jira.site() && *user_issue == user.at.id);
        names_user && self.flow.side_of(&dev.at.key) == Some(Side::Dev)
    }

    async fn record_adopted(&self, user: IssueRef, dev: IssueRef, known: &mut Known) -> Result<(), Error> {
        if known.pairs.iter().any(|pair| pair.user.id == user.id || pair.dev.id == dev.id)
            || self.is_busy(&user.id)
            || !self.store.pairs(Side::User, vec![user.id.clone()]).await?.is_empty()
        {
            return Ok(());
        }
        let pair = Pair { user, dev, origin: Origin::Adopted, state: PairState::Active };
        self.store.write(vec![Change::PutPair(pair.clone())]).await?;
        self.tell(&Event::PairAdopted { user: pair.user.key.clone(), dev: pair.dev.key.clone() });
        known.pairs.push(pair);
        Ok(())
    }

    /// Looks for marks on dev issues that this store has never seen, before anything is created: their user issues may
    /// lack the back-mark. Only needed where no full sync has read them all.
    pub(super) async fn adopt_by_search(
        &self,
        candidates: &Candidates,
        known: &mut Known,
        past: Past,
    ) -> Result<(), Error> {
        let wanting: BTreeMap<IssueId, JiraTime> = self.about_to_be_created(candidates, known, past);
        let Some(from) = wanting.values().min() else { return Ok(()) };
        let mut scan = Scan::new(vec![self.flow.dev_project.clone()], By::Created, Some(*from), &[]).with_marks();
        let mut marked = BTreeMap::new();
        while let Some(page) = self.next_page(&mut scan).await? {
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
            if self.belong_together(user, dev, known) {
                self.record_adopted(user.at.clone(), dev.at.clone(), known).await?;
            }
        }
        Ok(())
    }

    fn about_to_be_created(&self, candidates: &Candidates, known: &Known, past: Past) -> BTreeMap<IssueId, JiraTime> {
        let unpaired = candidates.keys().filter(|id| pair_of(known, id).is_none());
        unpaired
            .filter_map(|id| known.issues.get(id))
            .filter(|issue| self.flow.side_of(&issue.at.key) == Some(Side::User))
            .filter(|user| plan(&self.flow.rules, &unpaired_user(user, known, past)).draft.is_some())
            .map(|user| (user.at.id.clone(), user.created))
            .collect()
    }
}

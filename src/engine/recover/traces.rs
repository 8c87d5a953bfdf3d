//! The marks of creates in doubt, and whether a search that lacks them can be believed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{Engine, Error};
use super::Suspect;
use crate::flow::{Evidence, IntentId, IssueId, IssueRef, JiraTime, Mark, Side};
use crate::jira::{By, Permission, Scan};

/// Creates are looked for from a little before their intent was stored.
const MARGIN: Duration = Duration::from_secs(60);

/// What a search for the marks of creates in doubt showed.
#[derive(Default)]
pub(in crate::engine) struct Traces {
    created: BTreeMap<IntentId, IssueRef>,
    healthy: bool,
    /// Jira's clock when the search was sent, never late; `None` when there was nothing to search for.
    asked: Option<JiraTime>,
}

impl Traces {
    /// The dev issue that an intent created.
    pub(in crate::engine) fn created_by(&self, intent: &IntentId) -> Option<&IssueRef> {
        self.created.get(intent)
    }

    /// When it was searched.
    pub(in crate::engine) fn asked(&self) -> Option<JiraTime> {
        self.asked
    }

    /// Whether absence may be concluded: the search was made as ourselves, and shows the newest issue that we know of.
    pub(in crate::engine) fn are_healthy(&self) -> bool {
        self.healthy
    }
}

/// An issue that was read just now, by id: a healthy index shows it.
struct Witness {
    id: IssueId,
    created: JiraTime,
}

impl Engine {
    /// One search for all creates in doubt.
    pub(super) async fn traces(&self, suspects: &[Suspect]) -> Result<Traces, Error> {
        let intents = suspects.iter().map(|suspect| &suspect.intent);
        let creates: Vec<_> = intents
            .filter(|intent| intent.step().is_some_and(|step| step.evidence() == Evidence::MarkOnCreated))
            .collect();
        let Some(begun) = creates.iter().map(|intent| intent.begun).min() else { return Ok(Traces::default()) };
        let known: Vec<_> = self.store.newest_issues(Side::Dev).await?.into_iter().map(|issue| issue.id).collect();
        let witness = self.newest_of(Side::Dev, &known).await?;
        let healthy = match (&witness, known.is_empty()) {
            (Some(_), _) => false,
            // Where no dev issue was ever recorded there is none that a healthy index could show.
            (None, true) => true,
            (None, false) => self.others_show(creates.iter().map(|intent| &intent.user.id).max()).await?,
        };
        let from = witness.iter().map(|witness| witness.created).chain([begun.earlier(MARGIN)]).min();
        let mut traces = Traces { created: BTreeMap::new(), healthy, asked: Some(self.jira.jira_now()) };
        let mut scan = Scan::new(vec![self.flow.dev_project.clone()], By::Created, from, &[]).with_marks();
        while let Some(page) = self.next_page(&mut scan).await? {
            for row in page.rows {
                traces.healthy |= witness.as_ref().is_some_and(|witness| witness.id == row.at.id);
                if let Some(Mark::Created { intent, .. }) = row.mark {
                    // Oldest first: a clone comes later than what it was cloned from.
                    traces.created.entry(intent).or_insert(row.at);
                }
            }
        }
        self.jira.assert_identity().await?;
        Ok(traces)
    }

    /// The newest of these that can still be read on that side.
    async fn newest_of(&self, side: Side, ids: &[IssueId]) -> Result<Option<Witness>, Error> {
        let read = self.jira.fetch(&ids.iter().collect::<Vec<_>>()).await?.into_iter();
        let still_here = read.filter(|issue| self.flow.side_of(&issue.at.key) == Some(side));
        let newest = still_here.max_by(|one, other| one.at.id.cmp(&other.at.id));
        Ok(newest.map(|issue| Witness { id: issue.at.id, created: issue.created }))
    }

    /// Where all dev issues that we know of are gone, the newest user issue stands in for them, `asking` being one: the
    /// two projects share a site and its index. That says nothing if we may not see the dev project's issues at all.
    async fn others_show(&self, asking: Option<&IssueId>) -> Result<bool, Error> {
        let known = self.store.newest_issues(Side::User).await?.into_iter().map(|issue| issue.id);
        let known: Vec<_> = known.chain(asking.cloned()).collect();
        let Some(witness) = self.newest_of(Side::User, &known).await? else { return Ok(false) };
        if !self.jira.lacking(&self.flow.dev_project, &[Permission::BrowseProjects]).await?.is_empty() {
            return Ok(false);
        }
        let mut scan = Scan::new(vec![self.flow.user_project.clone()], By::Created, Some(witness.created), &[]);
        while let Some(page) = self.next_page(&mut scan).await? {
            if page.rows.iter().any(|row| row.at.id == witness.id) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

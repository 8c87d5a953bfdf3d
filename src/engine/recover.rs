//! Settling what was left open: by a crash, a lost answer, or a step that could not be done (docs/sync.md, "Doubt").

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};

use super::apply::{Driven, GivenUp};
use super::observe::Trial;
use super::steps::{self, Found};
use super::{CONCURRENCY, Engine, Error};
use crate::flow::{Doubt, Event, Evidence, Intent, IntentId, IntentKind, IssueId, IssueRef, JiraTime, Mark, Side};
use crate::jira::{By, Scan};
use crate::store::Change;

/// Creates are looked for from a little before their intent was stored.
const MARGIN: Duration = Duration::from_secs(60);

/// What a search for the marks of creates in doubt showed.
#[derive(Default)]
pub(super) struct Traces {
    created: BTreeMap<IntentId, IssueRef>,
    healthy: bool,
    /// Jira's clock when the search was sent, never late; `None` when there was nothing to search for.
    asked: Option<JiraTime>,
}

impl Traces {
    /// The dev issue that an intent created.
    pub(super) fn created_by(&self, intent: &IntentId) -> Option<&IssueRef> {
        self.created.get(intent)
    }

    /// When it was searched.
    pub(super) fn asked(&self) -> Option<JiraTime> {
        self.asked
    }

    /// Whether absence may be concluded: the search was made as ourselves, and shows the newest issue that we know of.
    pub(super) fn are_healthy(&self) -> bool {
        self.healthy
    }
}

impl Engine {
    /// Takes up every open intent. Each one ends closed, or stays open and durable; pairs whose intent was closed are
    /// looked at again, since they may have changed while nothing else could be planned for them.
    pub(super) async fn recover(&self) -> Result<(), Error> {
        let open = self.store.open_intents().await?;
        for intent in &open {
            self.set_busy(intent);
        }
        let open = self.of_pairs_in_step(open).await?;
        let waiting = if open.is_empty() { BTreeSet::new() } else { self.waiting().await? };
        let due = open.into_iter().filter(|intent| !waiting.contains(&intent.user.id));
        let in_doubt = due.map(|intent| self.with_doubt(intent));
        let in_doubt: Vec<(Intent, Doubt)> = in_doubt.collect();
        let traces = self.traces(&in_doubt).await?;
        let settle = |(intent, doubt)| self.settle(intent, doubt, &traces).boxed();
        let work: Vec<_> = in_doubt.into_iter().map(settle).collect();
        let ends: Vec<Result<(), Error>> = stream::iter(work).buffer_unordered(CONCURRENCY).collect().await;
        ends.into_iter().collect()
    }

    /// The issues that failed and whose time to try again has not come.
    async fn waiting(&self) -> Result<BTreeSet<IssueId>, Error> {
        let failures = self.store.failures().await?.into_iter();
        Ok(failures.filter(|failure| !self.is_time(failure.next_try)).map(|failure| failure.issue.id).collect())
    }

    /// An open intent without a doubt was in hand when its worker ended: its request was sent before now, if it was.
    fn with_doubt(&self, mut intent: Intent) -> (Intent, Doubt) {
        let unknown = Doubt { sent_by: self.jira.jira_now_at_latest(), first_absent: None };
        let doubt = *intent.doubt.get_or_insert(unknown);
        (intent, doubt)
    }

    /// One search for all creates in doubt.
    async fn traces(&self, in_doubt: &[(Intent, Doubt)]) -> Result<Traces, Error> {
        let creates = in_doubt
            .iter()
            .filter(|(intent, _)| intent.step().is_some_and(|step| step.evidence() == Evidence::MarkOnCreated));
        let Some(begun) = creates.map(|(intent, _)| intent.begun).min() else { return Ok(Traces::default()) };
        let witness = self.newest_known_dev_issue().await?;
        let from = witness.iter().map(|(_, created)| *created).chain([begun.earlier(MARGIN)]).min();
        // Where no dev issue was ever recorded there is none that a healthy index could show.
        let healthy = witness.is_none() && self.store.newest_issues(Side::Dev).await?.is_empty();
        let mut traces = Traces { created: BTreeMap::new(), healthy, asked: Some(self.jira.jira_now()) };
        let mut scan = Scan::new(vec![self.flow.dev_project.clone()], By::Created, from, &[]).with_marks();
        while let Some(page) = self.next_page(&mut scan).await? {
            for row in page.rows {
                traces.healthy |= witness.as_ref().is_some_and(|(witness, _)| witness.id == row.at.id);
                if let Some(Mark::Created { intent, .. }) = row.mark {
                    // Oldest first: a clone comes later than what it was cloned from.
                    traces.created.entry(intent).or_insert(row.at);
                }
            }
        }
        self.jira.assert_identity().await?;
        Ok(traces)
    }

    /// An issue that a healthy index must show: the newest that was recorded and can still be read.
    async fn newest_known_dev_issue(&self) -> Result<Option<(IssueRef, JiraTime)>, Error> {
        let newest = self.store.newest_issues(Side::Dev).await?;
        let ids: Vec<_> = newest.iter().map(|issue| &issue.id).collect();
        let read = self.jira.fetch(&ids).await?.into_iter();
        let still_here = read.filter(|issue| self.flow.side_of(&issue.at.key) == Some(Side::Dev));
        Ok(still_here.max_by(|one, other| one.at.id.cmp(&other.at.id)).map(|issue| (issue.at, issue.created)))
    }

    async fn settle(&self, intent: Intent, doubt: Doubt, traces: &Traces) -> Result<(), Error> {
        if self.pulse.stopping() {
            return Err(Error::Stopping);
        }
        let Some(step) = intent.step().cloned() else {
            return self.go_on(intent).await;
        };
        let found = match steps::find(self, &intent, &step, doubt, traces).await {
            Ok(found) => found,
            // Looking failed for this one issue; it stays open and is looked for again.
            Err(Error::Jira(error)) if error.is_local() => {
                return self.failed(Side::User, &intent.user, error.to_string(), Trial::default()).await;
            }
            Err(error) => return Err(error),
        };
        match found {
            Found::Happened(learned) => {
                self.tell_settled(&intent, step.name(), true);
                let mut intent = intent;
                self.take_up(&mut intent, &step, learned).await?;
                self.go_on(intent).await
            }
            Found::Absent if intent.kind == IntentKind::Mirror && intent.cursor == 0 => {
                self.tell_settled(&intent, step.name(), false);
                // Nothing was done, and much may have changed since it was planned.
                self.close_for_another_look(&intent).await
            }
            Found::Absent => {
                self.tell_settled(&intent, step.name(), false);
                let intent = Intent { doubt: None, ..intent };
                self.store.write(vec![Change::UpdateIntent(intent.clone())]).await?;
                self.go_on(intent).await
            }
            Found::NotYet(doubt) => {
                let intent = Intent { doubt: Some(doubt), ..intent };
                Ok(self.store.write(vec![Change::UpdateIntent(intent)]).await?)
            }
            Found::Gone => {
                // Perhaps only hidden for a while: what is owed stays owed, and is asked for ever less often.
                let why = format!("the {} is still owed, but the issue can't be read", step.name());
                self.failed(Side::User, &intent.user, why, Trial::default()).await
            }
        }
    }

    async fn close_for_another_look(&self, intent: &Intent) -> Result<(), Error> {
        let again = self.again(&intent.user, Trial::default());
        self.store.write(vec![again, Change::CloseIntent(intent.id.clone())]).await?;
        self.set_free(intent);
        Ok(())
    }

    /// Does the steps that are left. Its pair is looked at again, durably so from the moment of closing.
    async fn go_on(&self, intent: Intent) -> Result<(), Error> {
        let user = intent.user.clone();
        let again = vec![self.again(&user, Trial::default())];
        match self.drive(intent, None, again).await? {
            Driven::Closed | Driven::Open => Ok(()),
            Driven::GivenUp(GivenUp::Outdated(reason)) => {
                self.skip(&user, reason);
                self.look_again(&user, Trial::default()).await
            }
            Driven::GivenUp(GivenUp::Failed(error)) if error.is_local() => {
                self.failed(Side::User, &user, error.to_string(), Trial::default()).await
            }
            Driven::GivenUp(GivenUp::Failed(error)) => Err(error.into()),
        }
    }

    fn tell_settled(&self, intent: &Intent, what: &'static str, happened: bool) {
        let (key, step) = (intent.user.key.clone(), intent.step_key());
        self.tell(&Event::DoubtSettled { key, step, what, happened });
    }

    /// Has a user issue looked at again in this or the next cycle, whatever searches show.
    pub(super) async fn look_again(&self, user: &IssueRef, trial: Trial) -> Result<(), Error> {
        Ok(self.store.write(vec![self.again(user, trial)]).await?)
    }

    pub(super) fn again(&self, user: &IssueRef, trial: Trial) -> Change {
        Change::PutFailure(trial.failure(Side::User, user.clone(), self.clock.wall()))
    }
}

//! Settling what was left open: by a crash, a lost answer, or a step that could not be done (docs/sync.md, "Doubt").

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};

use super::executor::{Course, Driven, GivenUp};
use super::failing::in_doubt;
use super::linking::waits_for_its_issue;
use super::marks::Traces;
use super::owing::holds_its_pair;
use super::steps::{self, Found};
use crate::engine::look::observe::Trial;
use crate::engine::{CONCURRENCY, Engine, Error};
use crate::flow::{
    Doubt, Event, Intent, IntentKind, IssueId, IssueRef, JiraTime, PairState, Side, SkipReason, Stage, Step,
};
use crate::jira::Fetched;
use crate::store::{self, Change};

/// A doubt that lasts is told again so often.
const TOLD_AGAIN: Duration = Duration::from_secs(3600);

/// An open intent, as the last worker left it.
pub(in crate::engine) struct Suspect {
    pub(super) intent: Intent,
    /// Whether its step may have happened; `None` if it is owed.
    doubt: Option<Doubt>,
}

/// Whether an intent's pair may be written to.
pub(in crate::engine) enum Leave {
    Granted,
    /// Not as long as it is suspended, broken or held.
    Later,
    Never,
}

/// Where the issues of an intent's pair are.
enum Home {
    /// Where they were.
    Both,
    /// One of them, or both, left its project or can't be found.
    NotBoth,
    /// One of them can't be read although Jira is there; in words.
    Unread(String),
}

/// Whether an intent's pair had to wait for it, so that something may have been missed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Again,
    Done,
}

impl Engine {
    /// Takes up every open intent, links apart that wait for their issues. Each one ends closed, or stays open and durable; pairs whose intent was closed are
    /// looked at again, since they may have changed while nothing else could be planned for them.
    pub(in crate::engine) async fn recover(&self) -> Result<(), Error> {
        let open = self.store.open_intents().await?;
        self.remember_links(&open);
        let open: Vec<_> = open.into_iter().filter(|intent| !waits_for_its_issue(intent)).collect();
        for intent in open.iter().filter(|intent| holds_its_pair(intent)) {
            self.set_busy(intent);
        }
        let waiting = if open.is_empty() { BTreeSet::new() } else { self.waiting().await? };
        let (idle, due): (Vec<_>, Vec<_>) = open.into_iter().partition(|intent| waiting.contains(&intent.user.id));
        self.tally.doubts.add(idle.iter().filter(|intent| !intent.is_owed()).count());
        let suspects: Vec<Suspect> = due.into_iter().map(|intent| self.suspect(intent)).collect();
        let traces = self.traces(&suspects).await?;
        let work: Vec<_> = suspects.into_iter().map(|suspect| self.take_up_suspect(suspect, &traces).boxed()).collect();
        let ends: Vec<Result<(), Error>> = stream::iter(work).buffer_unordered(CONCURRENCY).collect().await;
        ends.into_iter().collect()
    }

    /// The issues that failed and whose time to try again has not come.
    async fn waiting(&self) -> Result<BTreeSet<IssueId>, Error> {
        let failures = self.store.failures().await?.into_iter();
        Ok(failures.filter(|failure| !self.is_time_for(failure)).map(|failure| failure.issue.id).collect())
    }

    /// A step that was in hand when its worker ended was sent before now, if it was.
    fn suspect(&self, intent: Intent) -> Suspect {
        let doubt = match intent.state.stage() {
            Stage::InHand => Some(Doubt::since(self.jira.jira_now_at_latest())),
            Stage::Owed => None,
            Stage::InDoubt(doubt) => Some(doubt),
        };
        Suspect { intent, doubt }
    }

    async fn take_up_suspect(&self, suspect: Suspect, traces: &Traces) -> Result<(), Error> {
        let intent = suspect.intent.clone();
        match self.take_in_hand(suspect, traces).await {
            Err(Error::Store(error @ store::Error::Taken { .. })) => self.overtaken(&intent, &error).await,
            end => end,
        }
    }

    /// While a create was in doubt, somebody paired its user issue with another one. That pair counts; what was created
    /// is told, and left to people. Nobody else waits for it.
    async fn overtaken(&self, intent: &Intent, error: &store::Error) -> Result<(), Error> {
        let why = format!("{error}; what was created for it is left as it is");
        self.failed(Side::User, &intent.user, why, Trial::after(intent)).await?;
        self.store.write(vec![Change::CloseIntent(intent.id.clone())]).await?;
        self.set_free(intent);
        Ok(())
    }

    async fn take_in_hand(&self, suspect: Suspect, traces: &Traces) -> Result<(), Error> {
        if self.pulse.stopping() {
            return Err(Error::Stopping);
        }
        match self.leave(&suspect.intent).await? {
            Leave::Granted => {}
            Leave::Later => {
                self.waits(&suspect);
                return Ok(());
            }
            Leave::Never => return self.drop_intent(&suspect.intent).await,
        }
        let Suspect { intent, doubt } = suspect;
        match (intent.step().cloned(), doubt) {
            (None, _) => self.go_on(Course::new(intent), Look::Again).await,
            (Some(_), None) => self.resume(intent).await,
            (Some(step), Some(doubt)) => self.settle(intent, doubt, &step, traces).await,
        }
    }

    /// Whether its pair may be written to. An intent that has no dev issue yet has no pair either.
    pub(in crate::engine) async fn leave(&self, intent: &Intent) -> Result<Leave, Error> {
        let Some(dev) = &intent.dev else { return Ok(Leave::Granted) };
        let pairs = self.store.pairs(Side::User, vec![intent.user.id.clone()]).await?;
        let state = pairs.into_iter().find(|pair| pair.dev.id == dev.id).map(|pair| pair.state);
        Ok(match state {
            Some(PairState::Active) => Leave::Granted,
            Some(PairState::Suspended | PairState::Broken | PairState::Held) => Leave::Later,
            Some(PairState::Unpaired) | None => Leave::Never,
        })
    }

    /// An operator took the pair apart: nothing is owed to it any more.
    pub(in crate::engine) async fn drop_intent(&self, intent: &Intent) -> Result<(), Error> {
        self.skip(&intent.user, SkipReason::Unpaired);
        self.close_for_another_look(intent, Vec::new()).await
    }

    /// Goes on with a step of which nothing was sent.
    async fn resume(&self, mut intent: Intent) -> Result<(), Error> {
        let look = if holds_its_pair(&intent) { Look::Again } else { Look::Done };
        let is_planned_again = match intent.kind {
            IntentKind::Mirror => intent.state.cursor() == 0,
            // Files that are owed, where meanwhile every look finds what is missing.
            IntentKind::Attach => look == Look::Done && self.flow.rules.follow_attachments(),
            IntentKind::Create | IntentKind::Restore | IntentKind::Link => false,
        };
        if is_planned_again {
            return self.close_for_another_look(&intent, Vec::new()).await;
        }
        // Once more is sent, that nothing was is no longer true.
        intent.state.sent();
        self.store.write(vec![Change::UpdateIntent(intent.clone())]).await?;
        self.go_on(Course::new(intent), look).await
    }

    async fn settle(&self, mut intent: Intent, doubt: Doubt, step: &Step, traces: &Traces) -> Result<(), Error> {
        let found = match steps::find(self, &intent, step, doubt, traces).await {
            Ok(found) => found,
            // Looking failed for this one issue; it stays open and is looked for again.
            Err(Error::Jira(error)) if error.is_local() => {
                self.tally.doubts.add(1);
                return self.failed(Side::User, &intent.user, error.to_string(), Trial::after(&intent)).await;
            }
            Err(error) => return Err(error),
        };
        match found {
            Found::Happened(learned) => {
                let told = self.record_settled(&intent, step, true);
                let mut course = Course { done: vec![told], ..Course::new(intent) };
                self.take_up(&mut course, learned).await?;
                self.go_on(course, Look::Again).await
            }
            Found::Absent => self.absent(intent, step).await,
            Found::NotYet(doubt) => {
                // Not told yet: the worker that was at it did not live to.
                let is_new = intent.state.stage() == Stage::InHand;
                intent.state.lost(doubt);
                self.still_in_doubt(intent, step, is_new).await
            }
            Found::Gone => {
                self.tally.doubts.add(1);
                // Perhaps only hidden for a while: what is owed stays owed, and is asked for ever less often.
                let why = format!("the {} is still owed, but the issue can't be read", step.name());
                self.failed(Side::User, &intent.user, why, Trial::after(&intent)).await
            }
        }
    }

    async fn absent(&self, mut intent: Intent, step: &Step) -> Result<(), Error> {
        let told = self.record_settled(&intent, step, false);
        if intent.kind == IntentKind::Mirror && intent.state.cursor() == 0 {
            // Nothing was done, and much may have changed since it was planned.
            return self.close_for_another_look(&intent, vec![told]).await;
        }
        intent.state.sent();
        self.store.write(vec![Change::UpdateIntent(intent.clone()), told]).await?;
        self.go_on(Course::new(intent), Look::Again).await
    }

    /// An intent whose pair is apart; its doubt is one all the same.
    fn waits(&self, suspect: &Suspect) {
        if let (Some(step), Some(_)) = (suspect.intent.step(), suspect.doubt) {
            self.tally.doubts.add(1);
            self.tell_again(&suspect.intent, step);
        }
    }

    /// A doubt that is not settled by a first look is told, and then once an hour.
    async fn still_in_doubt(&self, intent: Intent, step: &Step, is_new: bool) -> Result<(), Error> {
        let told = if is_new {
            Some(self.record_doubt(&intent, step, "the worker ended while it was in hand".to_owned()))
        } else {
            self.tally.doubts.add(1);
            self.tell_again(&intent, step);
            None
        };
        Ok(self.store.write([Change::UpdateIntent(intent)].into_iter().chain(told).collect()).await?)
    }

    fn tell_again(&self, intent: &Intent, step: &Step) {
        if self.is_to_be_told_again(intent) {
            self.tell(&in_doubt(intent, step, "it is not known yet whether it happened".to_owned()));
        }
    }

    /// Whether another hour of a doubt has passed since the last cycle.
    fn is_to_be_told_again(&self, intent: &Intent) -> bool {
        let Stage::InDoubt(doubt) = intent.state.stage() else { return false };
        let hours = |at: JiraTime| at.since(doubt.sent_by).as_secs() / TOLD_AGAIN.as_secs();
        let now = self.jira.jira_now();
        hours(now) > hours(now.earlier(self.flow.interval))
    }

    async fn close_for_another_look(&self, intent: &Intent, told: Vec<Change>) -> Result<(), Error> {
        let end = [self.again(&intent.user, Trial::after(intent)), Change::CloseIntent(intent.id.clone())];
        self.store.write(told.into_iter().chain(end).collect()).await?;
        self.set_free(intent);
        Ok(())
    }

    /// Does the steps that are left. A pair that had to wait is looked at again, durably so from the moment of closing.
    async fn go_on(&self, course: Course, look: Look) -> Result<(), Error> {
        let (user, trial) = (course.intent.user.clone(), Trial::after(&course.intent));
        let closing = match look {
            Look::Again => vec![self.again(&user, trial)],
            Look::Done => Vec::new(),
        };
        let course = Course { closing, ..course };
        match self.home(&course.intent).await {
            Ok(Home::Both) => {}
            Ok(Home::NotBoth) => return self.put_off(course).await,
            Ok(Home::Unread(why)) => return self.put_off_unread(course, why).await,
            // What is stored says that a request may have been sent, and none was.
            Err(error) if error.is_stopping() => {
                self.lay_down(course).await?;
                return Err(Error::Stopping);
            }
            Err(error) => return Err(error),
        }
        match self.drive(course, None).await? {
            Driven::Closed | Driven::Open => Ok(()),
            Driven::GivenUp(GivenUp::Outdated(reason)) => {
                self.skip(&user, reason);
                self.look_again(&user, trial).await
            }
            Driven::GivenUp(GivenUp::Failed(error)) if error.is_local() => {
                self.failed(Side::User, &user, error.to_string(), trial).await
            }
            Driven::GivenUp(GivenUp::Failed(error)) => Err(error.into()),
        }
    }

    /// Whether both issues of an intent's pair are where they were, by a fresh read: that its pair is active says what was
    /// last seen of them, perhaps long ago.
    async fn home(&self, intent: &Intent) -> Result<Home, Error> {
        let (Some(dev), Some(_)) = (&intent.dev, intent.step()) else { return Ok(Home::Both) };
        let Fetched { issues, unread } = self.jira.fetch(&[&intent.user.id, &dev.id]).await?;
        if let Some((id, error)) = unread.first_key_value() {
            let at = if *id == dev.id { dev } else { &intent.user };
            return Ok(Home::Unread(format!("{at} can't be read: {error}")));
        }
        let is_home = |side| {
            let at = intent.on(side).map(|at| &at.id);
            issues.iter().any(|issue| Some(&issue.at.id) == at && self.side_of(issue) == Some(side))
        };
        Ok(if Side::BOTH.into_iter().all(is_home) { Home::Both } else { Home::NotBoth })
    }

    /// Nothing more is sent for a pair that is apart. It is looked at now, which suspends or breaks it; what is owed waits
    /// with it.
    async fn put_off(&self, course: Course) -> Result<(), Error> {
        let Course { mut intent, done, .. } = course;
        let again = self.again(&intent.user, Trial::default());
        intent.state.owed();
        let owed = Change::UpdateIntent(intent);
        Ok(self.store.write(done.into_iter().chain([owed, again]).collect()).await?)
    }

    /// Nothing more is sent for a pair of which an issue can't be read although Jira is there: what is owed waits, and is
    /// tried ever less often.
    async fn put_off_unread(&self, course: Course, why: String) -> Result<(), Error> {
        let Course { mut intent, done, .. } = course;
        let (user, trial) = (intent.user.clone(), Trial::after(&intent));
        intent.state.owed();
        let owed = Change::UpdateIntent(intent);
        self.store.write(done.into_iter().chain([owed]).collect()).await?;
        self.failed(Side::User, &user, why, trial).await
    }

    fn record_settled(&self, intent: &Intent, step: &Step, happened: bool) -> Change {
        let (key, at, what) = (intent.user.key.clone(), intent.step_key(), step.name());
        self.record(&Event::DoubtSettled { key, step: at, what, happened }, &intent.user)
    }

    /// Has a user issue looked at again in this or the next cycle, whatever searches show.
    pub(in crate::engine) async fn look_again(&self, user: &IssueRef, trial: Trial) -> Result<(), Error> {
        Ok(self.store.write(vec![self.again(user, trial)]).await?)
    }

    pub(in crate::engine) fn again(&self, user: &IssueRef, trial: Trial) -> Change {
        Change::PutFailure(trial.failure(Side::User, user.clone(), self.clock.wall()))
    }
}

//! The only writer: carries a draft out as a durable intent, step by step (docs/sync.md, "Writes that happen once").

use super::linking::LeftLink;
use super::steps::{self, Outcome};
use crate::engine::look::observe::{Trial, user_of};
use crate::engine::{Engine, Error, JiraFailure};
use crate::flow::{
    Draft, Event, Handled, Intent, IntentId, IntentKind, IntentState, Issue, Observed, Side, Sighting, SkipReason, Step,
};
use crate::store::{self, Change};

/// How driving an intent ended.
#[derive(Debug)]
pub(in crate::engine) enum Driven {
    /// All steps are done, what they handled is recorded, the intent is gone.
    Closed,
    /// Its step in hand can't be done now, or nobody knows whether it was: it stays open and is taken up next cycle.
    Open,
    /// Nothing was written and nothing is owed: the pair must be planned anew, or tried again later.
    GivenUp(GivenUp),
}

/// Why an intent was given up before its first effect.
#[derive(Debug)]
pub(in crate::engine) enum GivenUp {
    /// Its precondition no longer holds.
    Outdated(SkipReason),
    /// Jira would not do it.
    Failed(JiraFailure),
}

/// An intent being driven.
pub(in crate::engine) struct Course {
    pub intent: Intent,
    /// What is done and not yet recorded: it goes into the next batch, with the cursor that has passed it.
    pub done: Vec<Change>,
    /// What else is recorded in the moment of closing.
    pub closing: Vec<Change>,
    /// Why a file could not be copied now, if one couldn't.
    pub owes: Option<String>,
    /// The link that is left to be made later, if the user issue can't be edited.
    pub left_link: Option<LeftLink>,
}

impl Course {
    pub(in crate::engine) fn new(intent: Intent) -> Self {
        Self { intent, done: Vec::new(), closing: Vec::new(), owes: None, left_link: None }
    }
}

impl Engine {
    /// Carries a draft out; `told` is durable with it. What it handled is recorded when this returns, or an intent or
    /// failure is durable that will see to it.
    pub(in crate::engine) async fn carry_out(
        &self,
        draft: Draft,
        seen: &Observed,
        told: Option<Change>,
    ) -> Result<(), Error> {
        let intent = self.intent(draft, seen);
        match self.store.write([Change::AddIntent(intent.clone())].into_iter().chain(told).collect()).await {
            Ok(()) => self.set_busy(&intent),
            Err(store::Error::Taken { .. }) => {
                self.skip(&intent.user, SkipReason::OpenIntent);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        let driven = self.drive(Course::new(intent), Some(&user_of(seen).issue)).await?;
        self.after(driven, seen).await
    }

    /// What follows when a draft was carried out as far as can be.
    pub(super) async fn after(&self, driven: Driven, seen: &Observed) -> Result<(), Error> {
        let user = &user_of(seen).issue.at;
        match driven {
            Driven::Closed | Driven::Open => Ok(()),
            Driven::GivenUp(GivenUp::Failed(error)) => Err(error.into()),
            Driven::GivenUp(GivenUp::Outdated(reason)) => {
                self.skip(user, reason);
                self.look_again(user, Trial::of(seen)).await
            }
        }
    }

    /// A failure that concerns this one issue alone is recorded and is not an error.
    pub(in crate::engine) async fn or_failed(&self, end: Result<(), Error>, seen: &Observed) -> Result<(), Error> {
        match end {
            Err(Error::Jira(error)) if error.is_local() => {
                self.failed(Side::User, &user_of(seen).issue.at, error.to_string(), Trial::of(seen)).await
            }
            end => end,
        }
    }

    pub(in crate::engine) fn intent(&self, draft: Draft, seen: &Observed) -> Intent {
        let (user, dev) = match seen {
            Observed::Unpaired { user, .. } => (user, None),
            Observed::Paired { user, dev, .. } => (user, Some(dev)),
        };
        let settled = |sighting: &Sighting| Handled::of(&sighting.issue);
        Intent {
            id: self.intent_id(),
            kind: draft.kind,
            rule: draft.rule,
            source: draft.source,
            user: user.issue.at.clone(),
            dev: dev.map(|dev| dev.issue.at.clone()),
            steps: draft.steps,
            state: IntentState::FIRST,
            begun: self.jira.jira_now(),
            settles_user: Some(settled(user)),
            settles_dev: dev.map(settled),
        }
    }

    pub(in crate::engine) fn intent_id(&self) -> IntentId {
        let id = self.entropy.id(self.clock.wall()).to_string();
        #[expect(clippy::expect_used, reason = "a UUID is a text that is not empty")]
        id.parse().expect("a UUID is not empty")
    }

    /// Does an intent's steps, from the one in hand to the last, and closes it. `fresh`: the user issue, if it was read
    /// just now.
    pub(in crate::engine) async fn drive(&self, course: Course, fresh: Option<&Issue>) -> Result<Driven, Error> {
        self.drive_from(course, fresh, None).await
    }

    /// [`Engine::drive`]; `went` is how the step in hand went, if it was done already.
    pub(super) async fn drive_from(
        &self,
        mut course: Course,
        mut fresh: Option<&Issue>,
        mut went: Option<Result<Outcome, Error>>,
    ) -> Result<Driven, Error> {
        while let Some(step) = course.intent.step().cloned() {
            if went.is_none() && self.pulse.stopping() {
                self.lay_down(course).await?;
                return Err(Error::Stopping);
            }
            let end = match (went.take(), course.locked_out(&step)) {
                (Some(end), _) => end,
                (None, Some(locked)) => Ok(Outcome::Locked(locked)),
                (None, None) => steps::perform(self, &course.intent, &step, fresh.take()).await,
            };
            match end {
                Ok(Outcome::Done(learned)) => self.take_up(&mut course, learned).await?,
                Ok(Outcome::Needless) => self.pass_over(&mut course, &step).await?,
                Ok(Outcome::Later(error)) => {
                    course.owes.get_or_insert(error.to_string());
                    self.pass_over(&mut course, &step).await?;
                }
                Ok(Outcome::Outdated(reason)) => return self.give_up(course, GivenUp::Outdated(reason)).await,
                Ok(Outcome::Split(steps)) => {
                    course.intent.split(steps);
                    self.keep(&mut course).await?;
                }
                Ok(Outcome::Locked(locked)) => {
                    if let Some(end) = self.locked(&mut course, locked).await? {
                        return Ok(end);
                    }
                }
                Err(error) if error.is_stopping() => {
                    self.lay_down(course).await?;
                    return Err(Error::Stopping);
                }
                Err(Error::Jira(error)) => return self.step_failed(course, &step, error).await,
                Err(error) => return Err(error),
            }
        }
        self.close(course).await?;
        Ok(Driven::Closed)
    }

    /// A step need not be done, or not here: nor need those that only tell of it.
    pub(super) async fn pass_over(&self, course: &mut Course, step: &Step) -> Result<(), Error> {
        course.intent.state.advance();
        if matches!(step, Step::Transition(_)) {
            while course.intent.step().is_some_and(Step::tells_of_transition) {
                course.intent.state.advance();
            }
        }
        self.keep(course).await
    }

    /// Records how far an intent has come; once its last step is passed, closing does.
    pub(super) async fn keep(&self, course: &mut Course) -> Result<(), Error> {
        if course.intent.step().is_some() {
            let mut batch = std::mem::take(&mut course.done);
            batch.push(Change::UpdateIntent(course.intent.clone()));
            self.store.write(batch).await?;
        }
        Ok(())
    }

    /// Both sides' state first, then the intent's end: in one transaction where the store has them.
    async fn close(&self, course: Course) -> Result<(), Error> {
        let owed = self.owed_files(&course).await?;
        let Course { intent, done, closing, owes, left_link } = course;
        let mut batch = done;
        for (side, settles) in [(Side::User, &intent.settles_user), (Side::Dev, &intent.settles_dev)] {
            if let (Some(at), Some(handled)) = (intent.on(side), settles) {
                batch.push(Change::PutHandled(side, at.clone(), handled.clone()));
            }
        }
        batch.extend(self.to_be_linked_later(&intent, left_link).await?);
        if owed.is_empty() {
            // What holds its pair up has seen to all of it; a link says nothing of what else failed.
            if intent.kind != IntentKind::Link {
                batch.push(Change::ClearFailure(Side::User, intent.user.id.clone()));
            }
            batch.extend(closing);
            batch.push(Change::CloseIntent(intent.id.clone()));
        } else {
            self.remember_what_is_owed(&intent, owes).await?;
            batch.extend(closing);
            batch.push(Change::CloseIntent(intent.id.clone()));
            batch.extend(self.to_be_copied_later(&intent, owed).await?);
        }
        self.store.write(batch).await?;
        self.set_free(&intent);
        if intent.kind == IntentKind::Link {
            self.forget_link(&intent.user.id);
        }
        self.tell(&Event::IssueProcessed { key: intent.user.key.clone() });
        Ok(())
    }
}

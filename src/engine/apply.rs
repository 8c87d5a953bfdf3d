//! The only writer: carries a draft out as a durable intent, step by step (docs/sync.md, "Writes that happen once").

use super::observe::{Trial, user_of};
use super::steps::{self, Outcome};
use super::{Engine, Error};
use crate::flow::{
    Doubt, Draft, Event, Handled, Intent, Issue, IssueRef, Observed, Origin, Pair, PairState, Side, Sighting,
    SkipReason, Step,
};
use crate::jira::markup::Loss;
use crate::jira::{self, Effect, Fault};
use crate::store::{self, Change};

/// How driving an intent ended.
#[derive(Debug)]
pub(super) enum Driven {
    /// All steps are done, what they handled is recorded, the intent is gone.
    Closed,
    /// Its step in hand can't be done now, or nobody knows whether it was: it stays open and is taken up next cycle.
    Open,
    /// Nothing was written and nothing is owed: the pair must be planned anew, or tried again later.
    GivenUp(GivenUp),
}

/// Why an intent was given up before its first effect.
#[derive(Debug)]
pub(super) enum GivenUp {
    /// Its precondition no longer holds.
    Outdated(SkipReason),
    /// Jira would not do it.
    Failed(jira::Error),
}

impl Engine {
    /// Carries a draft out. What it handled is recorded when this returns, or an intent or failure is durable that will
    /// see to it.
    pub(super) async fn carry_out(&self, draft: Draft, seen: &Observed) -> Result<(), Error> {
        let intent = self.intent(draft, seen);
        self.set_busy(&intent);
        match self.store.write(vec![Change::AddIntent(intent.clone())]).await {
            Ok(()) => {}
            Err(store::Error::Taken { .. }) => {
                self.set_free(&intent);
                self.skip(&intent.user, SkipReason::OpenIntent);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        let user = intent.user.clone();
        match self.drive(intent, Some(&user_of(seen).issue), Vec::new()).await? {
            Driven::Closed | Driven::Open => Ok(()),
            Driven::GivenUp(GivenUp::Failed(error)) => Err(error.into()),
            Driven::GivenUp(GivenUp::Outdated(reason)) => {
                self.skip(&user, reason);
                self.look_again(&user, Trial::of(seen)).await
            }
        }
    }

    pub(super) fn intent(&self, draft: Draft, seen: &Observed) -> Intent {
        let (user, dev) = match seen {
            Observed::Unpaired { user, .. } => (user, None),
            Observed::Paired { user, dev, .. } => (user, Some(dev)),
        };
        let id = self.entropy.id(self.clock.wall()).to_string();
        let settled = |sighting: &Sighting| Handled::of(&sighting.issue);
        Intent {
            #[expect(clippy::expect_used, reason = "a UUID is a text that is not empty")]
            id: id.parse().expect("a UUID is not empty"),
            kind: draft.kind,
            rule: draft.rule,
            source: draft.source,
            user: user.issue.at.clone(),
            dev: dev.map(|dev| dev.issue.at.clone()),
            steps: draft.steps,
            cursor: 0,
            doubt: None,
            begun: self.jira.jira_now(),
            settles_user: Some(settled(user)),
            settles_dev: dev.map(settled),
        }
    }

    /// Does an intent's steps, from the one in hand to the last, and closes it. `fresh`: the user issue, if it was read
    /// just now. `closing`: what else is recorded in the moment of closing.
    pub(super) async fn drive(
        &self,
        mut intent: Intent,
        mut fresh: Option<&Issue>,
        closing: Vec<Change>,
    ) -> Result<Driven, Error> {
        while let Some(step) = intent.step().cloned() {
            if self.pulse.stopping() {
                self.lay_down(intent, closing).await?;
                return Err(Error::Stopping);
            }
            match steps::perform(self, &intent, &step, fresh.take()).await {
                Ok(Outcome::Done(learned)) => self.take_up(&mut intent, &step, learned).await?,
                Ok(Outcome::Needless) => break,
                Ok(Outcome::Outdated(reason)) => return self.give_up(intent, GivenUp::Outdated(reason), closing).await,
                Err(Error::Jira(error)) => return self.step_failed(intent, &step, error, closing).await,
                Err(error) => return Err(error),
            }
        }
        self.close(intent, closing).await?;
        Ok(Driven::Closed)
    }

    /// A step is done: records what was learned by it, unless closing does so at once.
    pub(super) async fn take_up(&self, intent: &mut Intent, step: &Step, learned: Learned) -> Result<(), Error> {
        let mut batch = Vec::new();
        match learned {
            Learned::Created(dev, lost) => {
                self.tell_lost(&intent.user, &dev, &lost);
                let (user, state) = (intent.user.clone(), PairState::Active);
                let pair = Pair { user, dev: dev.clone(), origin: Origin::Created, state };
                batch.push(Change::PutPair(pair));
                intent.dev = Some(dev);
                self.set_busy(intent);
            }
            Learned::Standing(status) => {
                if let Some(settles) = settles_of(intent, step) {
                    settles.status = status;
                }
            }
            Learned::Nothing => {}
        }
        self.tell_done(intent, step);
        intent.advance();
        if intent.step().is_some() {
            batch.push(Change::UpdateIntent(intent.clone()));
        }
        Ok(self.store.write(batch).await?)
    }

    /// Both sides' state first, then the intent's end: in one transaction where the store has them.
    async fn close(&self, intent: Intent, closing: Vec<Change>) -> Result<(), Error> {
        let mut batch = Vec::new();
        for (side, settles) in [(Side::User, &intent.settles_user), (Side::Dev, &intent.settles_dev)] {
            if let (Some(at), Some(handled)) = (intent.on(side), settles) {
                batch.push(Change::PutHandled(side, at.clone(), handled.clone()));
            }
        }
        batch.push(Change::ClearFailure(Side::User, intent.user.id.clone()));
        batch.extend(closing);
        batch.push(Change::CloseIntent(intent.id.clone()));
        self.store.write(batch).await?;
        self.set_free(&intent);
        self.tell(&Event::IssueProcessed { key: intent.user.key.clone() });
        Ok(())
    }

    /// A step's request failed: what next depends on what it has done.
    async fn step_failed(
        &self,
        intent: Intent,
        step: &Step,
        error: jira::Error,
        closing: Vec<Change>,
    ) -> Result<Driven, Error> {
        match error.effect() {
            Effect::Unknown => self.doubt(intent, step, &error).await,
            Effect::None | Effect::Never if intent.cursor == 0 => {
                self.give_up(intent, GivenUp::Failed(error), closing).await
            }
            // Perhaps only hidden for a while.
            Effect::Never if matches!(error.what, Fault::Missing(_)) => self.postpone(intent, step, &error).await,
            Effect::Never if error.is_local() => self.leave_out(intent, step, &error).await,
            Effect::None if error.is_local() => self.postpone(intent, step, &error).await,
            // The intent goes on when Jira lets us.
            Effect::None | Effect::Never => {
                self.lay_down(intent, Vec::new()).await?;
                Err(error.into())
            }
        }
    }

    /// The worker ends before the step in hand was sent. Recorded, so that whoever takes it up need not wait for an
    /// effect that can't come. Where nothing was done yet, nothing is left behind.
    async fn lay_down(&self, mut intent: Intent, closing: Vec<Change>) -> Result<(), Error> {
        let mut batch = closing;
        if intent.cursor == 0 {
            batch.push(Change::CloseIntent(intent.id.clone()));
            self.set_free(&intent);
        } else {
            intent.doubt = Some(Doubt::NOTHING_SENT);
            batch = vec![Change::UpdateIntent(intent)];
        }
        Ok(self.store.write(batch).await?)
    }

    async fn doubt(&self, mut intent: Intent, step: &Step, why: &jira::Error) -> Result<Driven, Error> {
        intent.doubt = Some(Doubt { sent_by: self.jira.jira_now_at_latest(), first_absent: None });
        self.tell(&Event::InDoubt {
            key: intent.user.key.clone(),
            step: intent.step_key(),
            what: step.name(),
            why: why.to_string(),
        });
        self.store.write(vec![Change::UpdateIntent(intent)]).await?;
        Ok(Driven::Open)
    }

    /// Earlier steps have happened, so this one is still owed: the intent stays, told as a failure of its issue.
    async fn postpone(&self, mut intent: Intent, step: &Step, error: &jira::Error) -> Result<Driven, Error> {
        let why = format!("the {} is still owed: {error}", step.name());
        self.failed(Side::User, &intent.user, why, Trial::default()).await?;
        intent.doubt = Some(Doubt::NOTHING_SENT);
        self.store.write(vec![Change::UpdateIntent(intent)]).await?;
        Ok(Driven::Open)
    }

    /// Jira will never take this step, and those before it have happened: the pair must not wait for it for ever.
    async fn leave_out(&self, mut intent: Intent, step: &Step, error: &jira::Error) -> Result<Driven, Error> {
        let key = intent.user.key.clone();
        self.tally.errors.add(1);
        self.tell(&Event::StepRefused { key, what: step.name(), why: error.to_string() });
        intent.advance();
        self.store.write(vec![Change::UpdateIntent(intent.clone())]).await?;
        let again = vec![self.again(&intent.user, Trial::default())];
        Box::pin(self.drive(intent, None, again)).await
    }

    async fn give_up(&self, intent: Intent, why: GivenUp, closing: Vec<Change>) -> Result<Driven, Error> {
        let end = Change::CloseIntent(intent.id.clone());
        self.store.write(closing.into_iter().chain([end]).collect()).await?;
        self.set_free(&intent);
        Ok(Driven::GivenUp(why))
    }

    fn tell_lost(&self, user: &IssueRef, dev: &IssueRef, lost: &[Loss]) {
        if !lost.is_empty() {
            let lost = lost.iter().map(ToString::to_string).collect();
            self.tell(&Event::NotTakenAlong { user: user.key.clone(), dev: dev.key.clone(), lost });
        }
    }

    fn tell_done(&self, intent: &Intent, step: &Step) {
        let rule = intent.rule.clone();
        let user = intent.user.key.clone();
        let key_on = |side| intent.on(side).map_or_else(|| user.clone(), |at| at.key.clone());
        match step {
            Step::Create(_) => {
                self.tally.created.add(1);
                self.tell(&Event::IssueCreated { user: user.clone(), dev: key_on(Side::Dev), rule });
            }
            Step::Transition(step) => {
                self.tally.synced.add(1);
                let (side, to) = (step.side, step.to.clone());
                let because_of = key_on(side.other());
                self.tell(&Event::StatusSynced { side, key: key_on(side), to, because_of, rule });
            }
            Step::Link(_) => {}
            Step::Comment(_) => self.tell(&Event::Commented { key: user.clone() }),
            Step::Attach(step) => {
                let (filename, size) = (step.file.filename.clone(), step.file.size);
                self.tell(&Event::AttachmentCopied { user: user.clone(), dev: key_on(Side::Dev), filename, size });
            }
            Step::Reply(step) => self.tell(&Event::Replied { key: user.clone(), field: step.field.clone() }),
            Step::Restore(_) => self.tell(&Event::TextRestored { key: user.clone() }),
        }
    }
}

/// What a step taught us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Learned {
    /// The dev issue that was created, and what its text could not take along.
    Created(IssueRef, Vec<Loss>),
    /// The status that was reached.
    Standing(crate::flow::Status),
    /// No more than that it is done.
    Nothing,
}

/// What closing will record of the issue that a step moved.
fn settles_of<'a>(intent: &'a mut Intent, step: &Step) -> Option<&'a mut Handled> {
    match step {
        Step::Transition(step) => intent.settles_mut(step.side).as_mut(),
        Step::Create(_) | Step::Link(_) | Step::Comment(_) | Step::Attach(_) | Step::Reply(_) | Step::Restore(_) => {
            None
        }
    }
}

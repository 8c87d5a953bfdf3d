//! A step that was not done: what next depends on what its request has done, and on what was done before it.

use super::executor::{Course, Driven, GivenUp};
use super::outcome::Learned;
use super::owing::holds_its_pair;
use crate::engine::look::observe::Trial;
use crate::engine::{Engine, Error, JiraFailure};
use crate::flow::{Doubt, Event, Intent, IntentKind, Side, Step};
use crate::jira::Effect;
use crate::store::Change;

impl Engine {
    /// A step's request failed: what next depends on what it has done.
    pub(in crate::engine) async fn step_failed(
        &self,
        course: Course,
        step: &Step,
        error: JiraFailure,
    ) -> Result<Driven, Error> {
        match error.effect() {
            Effect::Unknown => self.doubt(course, step, &error).await,
            Effect::None | Effect::Never if may_be_dropped(&course.intent) => {
                self.give_up(course, GivenUp::Failed(error)).await
            }
            // Perhaps only hidden for a while.
            Effect::Never if error.is_missing() => self.postpone(course, step, &error).await,
            Effect::Never if error.is_local() => self.leave_out(course, step, &error).await,
            Effect::None if error.is_local() => self.postpone(course, step, &error).await,
            // The intent goes on when Jira lets us.
            Effect::None | Effect::Never => {
                self.lay_down(Course { closing: Vec::new(), ..course }).await?;
                Err(error.into())
            }
        }
    }

    /// The worker ends before the step in hand was sent. Recorded, so that whoever takes it up need not wait for an
    /// effect that can't come. Where nothing was done yet, nothing is left behind.
    pub(in crate::engine) async fn lay_down(&self, course: Course) -> Result<(), Error> {
        let Course { mut intent, closing, .. } = course;
        if may_be_dropped(&intent) {
            self.set_free(&intent);
            let end = Change::CloseIntent(intent.id);
            return Ok(self.store.write(closing.into_iter().chain([end]).collect()).await?);
        }
        intent.state.owed();
        Ok(self.store.write(vec![Change::UpdateIntent(intent)]).await?)
    }

    async fn doubt(&self, course: Course, step: &Step, why: &JiraFailure) -> Result<Driven, Error> {
        let mut intent = course.intent;
        intent.state.lost(Doubt::since(self.jira.jira_now_at_latest()));
        let told = self.record_doubt(&intent, step, why.to_string());
        self.store.write(vec![Change::UpdateIntent(intent), told]).await?;
        Ok(Driven::Open)
    }

    /// A doubt begins.
    pub(in crate::engine) fn record_doubt(&self, intent: &Intent, step: &Step, why: String) -> Change {
        self.tally.doubts.add(1);
        self.record(&in_doubt(intent, step, why), &intent.user)
    }

    /// Earlier steps have happened, so this one is still owed: the intent stays, told as a failure of its issue.
    async fn postpone(&self, course: Course, step: &Step, error: &JiraFailure) -> Result<Driven, Error> {
        let mut intent = course.intent;
        let why = format!("the {} is still owed: {error}", step.name());
        self.failed(Side::User, &intent.user, why, Trial::default()).await?;
        intent.state.owed();
        self.store.write(vec![Change::UpdateIntent(intent.clone())]).await?;
        if !holds_its_pair(&intent) {
            self.set_free(&intent);
        }
        Ok(Driven::Open)
    }

    /// Jira will never take this step, and those before it have happened: the pair must not wait for it for ever.
    async fn leave_out(&self, mut course: Course, step: &Step, error: &JiraFailure) -> Result<Driven, Error> {
        self.tally.errors.add(1);
        course.closing = vec![self.again(&course.intent.user, Trial::default())];
        self.take_up(&mut course, Learned::Refused { what: step.name(), why: error.to_string() }).await?;
        Box::pin(self.drive(course, None)).await
    }

    pub(in crate::engine) async fn give_up(&self, course: Course, why: GivenUp) -> Result<Driven, Error> {
        let Course { intent, done, closing, .. } = course;
        let end = Change::CloseIntent(intent.id.clone());
        self.store.write(done.into_iter().chain(closing).chain([end]).collect()).await?;
        self.set_free(&intent);
        Ok(Driven::GivenUp(why))
    }
}

/// Whether nothing was done of an intent that a new plan would not see: files and links that are owed may be remembered
/// by nothing else.
fn may_be_dropped(intent: &Intent) -> bool {
    let may = match intent.kind {
        IntentKind::Create | IntentKind::Mirror | IntentKind::Restore => true,
        IntentKind::Attach | IntentKind::Link => false,
    };
    may && intent.state.cursor() == 0
}

/// What is told of a step that is in doubt.
pub(in crate::engine) fn in_doubt(intent: &Intent, step: &Step, why: String) -> Event {
    Event::InDoubt { key: intent.user.key.clone(), step: intent.step_key(), what: step.name(), why }
}

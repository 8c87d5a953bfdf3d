//! An intent being driven: what it is made of, and how far it has come.

use super::outcome::{Learned, Locked, StepDone};
use crate::engine::cx::{Cx, Error};
use crate::engine::failure::JiraFailure;
use crate::flow::{
    Draft, Handled, Intent, IntentId, IntentState, LinkIssues, Observed, Sighting, SkipReason, StatusName, Step,
};
use crate::store::Change;

/// How driving an intent ended.
#[derive(Debug)]
pub(in crate::engine) enum Driven {
    /// All steps are done, what they handled is recorded, the intent is gone.
    Closed,
    /// Its step in hand can't be done now, or nobody knows whether it was: it stays open and is taken up next cycle.
    Open,
    /// Nothing was written and nothing is owed: the pair must be planned anew, or tried again later.
    Abandoned(Abandoned),
}

/// Why an intent was given up before its first effect.
#[derive(Debug)]
pub(in crate::engine) enum Abandoned {
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

/// A link that is left to be made by an intent of its own.
pub(in crate::engine) struct LeftLink {
    pub link: LinkIssues,
    /// Where the user issue can't be edited.
    pub status: StatusName,
}

impl Course {
    /// The step in hand, if it is known not to be possible where the user issue stands.
    pub(in crate::engine) fn locked_out(&self, step: &Step) -> Option<Locked> {
        let left = self.left_link.as_ref().filter(|_| matches!(step, Step::Link(_)))?;
        Some(Locked { said: None, link: left.link.clone(), status: left.status.clone() })
    }
}

pub(in crate::engine) fn intent(cx: &Cx, draft: Draft, seen: &Observed) -> Intent {
    let (user, dev) = match seen {
        Observed::Unpaired { user, .. } => (user, None),
        Observed::Paired { user, dev, .. } => (user, Some(dev)),
    };
    let settled = |sighting: &Sighting| Handled::of(&sighting.issue);
    Intent {
        id: intent_id(cx),
        kind: draft.kind,
        rule: draft.rule,
        source: draft.source,
        user: user.issue.at.clone(),
        dev: dev.map(|dev| dev.issue.at.clone()),
        steps: draft.steps,
        state: IntentState::FIRST,
        begun: cx.jira.jira_now(),
        settles_user: Some(settled(user)),
        settles_dev: dev.map(settled),
    }
}

pub(in crate::engine) fn intent_id(cx: &Cx) -> IntentId {
    let id = cx.entropy.id(cx.clock.wall()).to_string();
    #[expect(clippy::expect_used, reason = "a UUID is a text that is not empty")]
    id.parse().expect("a UUID is not empty")
}

/// A step need not be done, or not here: nor need those that only tell of it.
pub(super) async fn skip_step(cx: &Cx, course: &mut Course, step: &Step) -> Result<(), Error> {
    course.intent.state.advance();
    if matches!(step, Step::Transition(_)) {
        while course.intent.step().is_some_and(Step::tells_of_transition) {
            course.intent.state.advance();
        }
    }
    keep(cx, course).await
}

/// Records how far an intent has come; once its last step is passed, closing does.
pub(super) async fn keep(cx: &Cx, course: &mut Course) -> Result<(), Error> {
    if course.intent.step().is_some() {
        let mut batch = std::mem::take(&mut course.done);
        batch.push(Change::UpdateIntent(course.intent.clone()));
        cx.store.write(batch).await?;
    }
    Ok(())
}

/// Records what a step that is done leaves, unless closing does so at once.
pub(super) async fn record_outcome(cx: &Cx, course: &mut Course, done: StepDone) -> Result<(), Error> {
    let StepDone { events, changes, learned } = done;
    course.done.extend(events.iter().map(|event| cx.teller.record(event, &course.intent.user)));
    course.done.extend(changes);
    match learned {
        None => {}
        Some(Learned::Created(dev, follows)) => {
            cx.tally.created.add(1);
            course.intent.dev = Some(dev);
            follows.into_iter().for_each(|step| course.intent.add_next(Step::Describe(step)));
            cx.memory.intents.set_busy(&course.intent);
        }
        Some(Learned::Moved(side, reached)) => {
            cx.tally.synced.add(1);
            if let Some(settles) = course.intent.settles_mut(side) {
                settles.status = reached;
            }
        }
    }
    course.intent.state.advance();
    keep(cx, course).await
}

//! Writes that happen once (docs/sync.md, "Writes that happen once").
//!
//! A [`Step`] is one write to Jira. An [`Intent`] is a durable list of them: stored before its first request, closed after
//! its last, and in between the only thing that may write to its pair. Its [`IntentState`] says how many steps are done, and
//! what is known of the next one.

use std::fmt;

use super::attachment::Attachment;
use super::copying::FieldName;
use super::issue::{Handled, Status};
use super::name::{AttachmentId, IntentId, IssueId, IssueRef, RuleId, Side, StatusId};
use super::rule::{StatusName, Template, WantedResolution};
use super::time::JiraTime;

/// What is to be done for one pair, and why; `plan` makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What the steps amount to.
    pub kind: IntentKind,
    /// The rule that asked for it; `None` for the flow's fallback.
    pub rule: Option<RuleId>,
    /// The side whose issue made the rule fire.
    pub source: Side,
    /// At least one, in order.
    pub steps: Vec<Step>,
}

/// What an intent amounts to. There is at most one open intent of a kind for a source issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IntentKind {
    /// A user issue gets its dev issue.
    Create,
    /// A status crosses to the other side.
    Mirror,
    /// Files that came later cross to the dev issue.
    Attach,
    /// A person's text is put back.
    Restore,
    /// A user issue that could not be edited when its dev issue was created gets its link and back-mark.
    Link,
}

impl fmt::Display for IntentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Mirror => "mirror",
            Self::Attach => "attach",
            Self::Restore => "restore",
            Self::Link => "link",
        })
    }
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Create the dev issue of a user issue, marked from the create request itself.
    Create(CreateIssue),
    /// One edit of the user issue: back-mark, link, comment.
    Link(LinkIssues),
    /// Bring the other side into a status.
    Transition(Transition),
    /// Tell the customer.
    Comment(Comment),
    /// Copy a file from the user issue to the dev issue.
    Attach(CopyAttachment),
    /// Set the flow's `repliedField` on the user issue.
    Reply(SetReplied),
    /// Put a person's text back that our edit of the user issue replaced unread.
    Restore(RestoreText),
    /// Give the dev issue the text for which its create screen has no field, as a comment.
    Describe(Describe),
}

/// See [`Step::Create`]. Summary, description and type are the user issue's at the moment of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateIssue {
    /// Whether the description ends with `User Link: …`.
    pub cross_link: bool,
}

/// See [`Step::Link`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkIssues {
    /// Whether the description gets `Dev Link: …`.
    pub cross_link: bool,
    /// Said in the same edit.
    pub comment: Option<Template>,
    /// Set once the user issue could not be edited where it stood: then nothing is said in this edit.
    pub owed: Option<OwedLink>,
}

/// A link that waits until its user issue can be edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedLink {
    /// The intent that created the dev issue: the back-mark names the same one as the dev issue's mark.
    pub created_by: IntentId,
    /// The status in which the user issue could not be edited; `None` before the first try.
    pub locked_in: Option<StatusId>,
}

/// See [`Step::Transition`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The side whose issue moves.
    pub side: Side,
    /// Where it stood when this was planned.
    pub from: Status,
    /// Where it goes.
    pub to: StatusName,
    /// The resolution that it may be given.
    pub resolution: Option<WantedResolution>,
}

/// See [`Step::Comment`]. Comments always go on the user issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// What is said.
    pub text: Template,
}

/// See [`Step::Attach`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyAttachment {
    /// The user issue's file.
    pub file: Attachment,
    /// The dev issue's files when this was planned, other than copies that the ledger knows: none of them is this
    /// step's copy.
    pub before: Vec<AttachmentId>,
}

/// See [`Step::Reply`]. Not needed if the user issue did not come into a status of category done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetReplied {
    /// The field, by id or name.
    pub field: FieldName,
}

/// See [`Step::Restore`]. The text itself is read again from the changelog at the moment of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreText {
    /// Whether the text gets `Dev Link: …`.
    pub cross_link: bool,
}

/// See [`Step::Describe`]. The text is the user issue's at the moment of the request. No plan has this step: it joins an
/// intent when its create went without the description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Describe {
    /// Whether the dev issue gets a remote link to the user issue.
    pub cross_link: bool,
}

impl Step {
    /// Whether it only tells of the transition before it, and is not needed where that was not made.
    #[must_use]
    pub fn tells_of_transition(&self) -> bool {
        match self {
            Self::Comment(_) | Self::Reply(_) => true,
            Self::Create(_)
            | Self::Link(_)
            | Self::Transition(_)
            | Self::Attach(_)
            | Self::Restore(_)
            | Self::Describe(_) => false,
        }
    }

    /// What it does, for logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Link(_) => "link",
            Self::Transition(_) => "transition",
            Self::Comment(_) => "comment",
            Self::Attach(_) => "attachment",
            Self::Reply(_) => "repliedField",
            Self::Restore(_) => "description",
            Self::Describe(_) => "text",
        }
    }
}

/// A step's idempotence key: the intent's id and the step's place in it. Unique forever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepKey {
    /// The intent.
    pub intent: IntentId,
    /// Counted from zero.
    pub step: usize,
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.intent, self.step)
    }
}

/// A durable list of steps with a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Rides in every mark that its steps leave.
    pub id: IntentId,
    /// What it amounts to.
    pub kind: IntentKind,
    /// The rule that asked for it; `None` for the flow's fallback.
    pub rule: Option<RuleId>,
    /// The side whose issue made the rule fire.
    pub source: Side,
    /// The customers' issue.
    pub user: IssueRef,
    /// The engineers' issue; `None` until the create step has made it.
    pub dev: Option<IssueRef>,
    /// In order.
    pub steps: Vec<Step>,
    /// How far its steps have come.
    pub state: IntentState,
    /// When it was stored, by Jira's clock and never late: the beginning of what evidence is looked for.
    pub begun: JiraTime,
    /// What closing it records of the user issue.
    pub settles_user: Option<Handled>,
    /// What closing it records of the dev issue.
    pub settles_dev: Option<Handled>,
}

impl Intent {
    /// The step at the cursor; `None` when all are done.
    #[must_use]
    pub fn step(&self) -> Option<&Step> {
        self.steps.get(self.state.cursor)
    }

    /// The steps that are not done, the one at the cursor first.
    #[must_use]
    pub fn steps_left(&self) -> &[Step] {
        self.steps.get(self.state.cursor..).unwrap_or_default()
    }

    /// The idempotence key of the step at the cursor.
    #[must_use]
    pub fn step_key(&self) -> StepKey {
        StepKey { intent: self.id.clone(), step: self.state.cursor }
    }

    /// The issue on `side`, if it is known yet.
    #[must_use]
    pub fn on(&self, side: Side) -> Option<&IssueRef> {
        match side {
            Side::User => Some(&self.user),
            Side::Dev => self.dev.as_ref(),
        }
    }

    /// The id of the issue that made the rule fire.
    #[must_use]
    pub fn source_id(&self) -> &IssueId {
        match (self.source, &self.dev) {
            (Side::Dev, Some(dev)) => &dev.id,
            (Side::Dev | Side::User, _) => &self.user.id,
        }
    }

    /// What closing it records of the issue on `side`.
    pub fn settles_mut(&mut self, side: Side) -> &mut Option<Handled> {
        match side {
            Side::User => &mut self.settles_user,
            Side::Dev => &mut self.settles_dev,
        }
    }

    /// Replaces the step at the cursor by these steps.
    pub fn split(&mut self, steps: impl IntoIterator<Item = Step>) {
        let cursor = self.state.cursor;
        self.steps.splice(cursor..=cursor, steps);
    }

    /// Adds a step right after the one at the cursor.
    pub fn add_next(&mut self, step: Step) {
        self.steps.insert(self.state.cursor + 1, step);
    }

    /// The link that the step at the cursor owes, if it does.
    #[must_use]
    pub fn owed_link(&self) -> Option<&OwedLink> {
        if let Step::Link(link) = self.step()? { link.owed.as_ref() } else { None }
    }

    /// Whether it is certain that no request of the step at the cursor has had, or will have, an effect.
    #[must_use]
    pub fn is_owed(&self) -> bool {
        self.state.stage == Stage::Owed
    }
}

/// How far an intent's steps have come. It changes by [`sent`](Self::sent), [`lost`](Self::lost), [`owed`](Self::owed)
/// and [`advance`](Self::advance) only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntentState {
    cursor: usize,
    stage: Stage,
}

/// What is known of the request of the step at an intent's cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A worker is sending it. If that worker ended, it may have been sent until then: the next worker looks it up first.
    InHand,
    /// It certainly had no effect, and is sent again later.
    Owed,
    /// It may have had an effect: the step is looked up in every cycle.
    InDoubt(Doubt),
}

/// Since when a step is in doubt, and what was seen of it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// No request for it was sent after this instant of Jira's clock.
    pub sent_by: JiraTime,
    /// When a healthy look-up first showed no trace of it, long enough after `sent_by` to count.
    pub first_absent: Option<JiraTime>,
}

impl Doubt {
    /// A doubt about requests sent up to this instant, of which nothing was looked up yet.
    #[must_use]
    pub const fn since(sent_by: JiraTime) -> Self {
        Self { sent_by, first_absent: None }
    }
}

impl IntentState {
    /// The first step is about to be sent.
    pub const FIRST: Self = Self { cursor: 0, stage: Stage::InHand };
    /// The first step is owed.
    pub const FIRST_OWED: Self = Self { cursor: 0, stage: Stage::Owed };

    /// A state as it was stored.
    #[must_use]
    pub const fn stored(cursor: usize, stage: Stage) -> Self {
        Self { cursor, stage }
    }

    /// How many steps are done.
    #[must_use]
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// What is known of the step at the cursor.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// The step at the cursor may be sent from now on. To be stored before it is.
    pub fn sent(&mut self) {
        self.stage = Stage::InHand;
    }

    /// It is not known whether the step at the cursor had an effect.
    pub fn lost(&mut self, doubt: Doubt) {
        self.stage = Stage::InDoubt(doubt);
    }

    /// The step at the cursor had no effect, and is to be sent later.
    pub fn owed(&mut self) {
        self.stage = Stage::Owed;
    }

    /// The step at the cursor is done, or is not needed: the next one is in hand.
    pub fn advance(&mut self) {
        *self = Self { cursor: self.cursor + 1, stage: Stage::InHand };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_doubt(first_absent: Option<JiraTime>) -> Stage {
        Stage::InDoubt(Doubt { sent_by: "2024-01-01T00:00:00Z".parse().unwrap(), first_absent })
    }

    #[test]
    fn each_transition_leads_from_every_stage_to_one_cursor_and_stage() {
        let absent = in_doubt(Some("2024-01-01T00:10:00Z".parse().unwrap()));
        let Stage::InDoubt(doubt) = in_doubt(None) else { unreachable!() };
        for from in [Stage::InHand, Stage::Owed, in_doubt(None), absent] {
            let after = |change: &dyn Fn(&mut IntentState)| {
                let mut state = IntentState::stored(3, from);
                change(&mut state);
                (state.cursor(), state.stage())
            };
            assert_eq!(after(&IntentState::sent), (3, Stage::InHand), "{from:?}");
            assert_eq!(after(&|state| state.lost(doubt)), (3, in_doubt(None)), "{from:?}");
            assert_eq!(after(&IntentState::owed), (3, Stage::Owed), "{from:?}");
            assert_eq!(after(&IntentState::advance), (4, Stage::InHand), "{from:?}");
        }
    }
}

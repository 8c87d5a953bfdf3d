//! Writes that happen once (docs/sync.md, "Writes that happen once").
//!
//! A [`Step`] is one write to Jira with its precondition and the way to find out whether it happened. An [`Intent`] is a
//! durable list of them: stored before its first request, closed after its last, and in between the only thing that may
//! write to its pair.

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

/// What must hold when a step's request is sent; if it doesn't, the step is dropped and the pair planned anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition<'a> {
    /// No dev issue is known or marked for the user issue.
    Unpaired,
    /// The dev issue of the intent exists; the user issue is read just before.
    DevIssueExists,
    /// The issue on that side still stands where it stood.
    StillIn(Side, &'a Status),
    /// The transition that it tells of was made.
    AfterTransition,
    /// The last edit of the user issue's description is still ours.
    StillOverwritten,
}

/// How to find out whether a step happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A dev issue carries the intent's mark.
    MarkOnCreated,
    /// The user issue carries the intent's back-mark.
    BackMark,
    /// The changelog shows our account making it since the intent.
    Changelog,
    /// A comment carries the intent's mark as its property.
    CommentMark,
    /// The dev issue has a new file of ours, of that name and size, that is no other's copy by the ledger.
    NewAttachment,
    /// Reading the issue shows what the step wants.
    AsWanted,
}

impl Step {
    /// What must hold when its request is sent.
    #[must_use]
    pub fn precondition(&self) -> Precondition<'_> {
        match self {
            Self::Create(_) => Precondition::Unpaired,
            Self::Link(_) | Self::Attach(_) | Self::Describe(_) => Precondition::DevIssueExists,
            Self::Transition(step) => Precondition::StillIn(step.side, &step.from),
            Self::Comment(_) | Self::Reply(_) => Precondition::AfterTransition,
            Self::Restore(_) => Precondition::StillOverwritten,
        }
    }

    /// How to find out whether it happened.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        match self {
            Self::Create(_) => Evidence::MarkOnCreated,
            Self::Link(_) => Evidence::BackMark,
            Self::Transition(_) => Evidence::Changelog,
            Self::Comment(_) | Self::Describe(_) => Evidence::CommentMark,
            Self::Attach(_) => Evidence::NewAttachment,
            Self::Reply(_) | Self::Restore(_) => Evidence::AsWanted,
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

/// A step's idempotence key: the intent's id and the step's place in it. Unique for ever.
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
    /// How many of `steps` are done.
    pub cursor: usize,
    /// Why the step at the cursor may or may not have happened; `None` while it has not been tried.
    pub doubt: Option<Doubt>,
    /// When it was stored, by Jira's clock and never late: the beginning of what evidence is looked for.
    pub begun: JiraTime,
    /// What closing it records of the user issue.
    pub settles_user: Option<Handled>,
    /// What closing it records of the dev issue.
    pub settles_dev: Option<Handled>,
}

impl Intent {
    /// The step in hand; `None` when all are done.
    #[must_use]
    pub fn step(&self) -> Option<&Step> {
        self.steps.get(self.cursor)
    }

    /// The idempotence key of the step in hand.
    #[must_use]
    pub fn step_key(&self) -> StepKey {
        StepKey { intent: self.id.clone(), step: self.cursor }
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

    /// The step in hand is to be done as these steps instead.
    pub fn split(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.steps.splice(self.cursor..=self.cursor, steps);
    }

    /// The link that the step in hand owes, if it does.
    #[must_use]
    pub fn owed_link(&self) -> Option<&OwedLink> {
        match self.step()? {
            Step::Link(link) => link.owed.as_ref(),
            Step::Create(_)
            | Step::Transition(_)
            | Step::Comment(_)
            | Step::Attach(_)
            | Step::Reply(_)
            | Step::Restore(_)
            | Step::Describe(_) => None,
        }
    }

    /// Whether a request of the step in hand may yet have, or have had, an effect.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.doubt != Some(Doubt::NOTHING_SENT)
    }

    /// What can be said of the step in hand by whoever reads what is stored.
    #[must_use]
    pub fn prospect(&self) -> Prospect {
        match self.doubt {
            None => Prospect::InHand,
            Some(doubt) if doubt == Doubt::NOTHING_SENT => Prospect::Owed,
            Some(Doubt { sent_by, .. }) => Prospect::InDoubt { since: sent_by },
        }
    }

    /// The step in hand is done: the next one is in hand, and nobody has tried it.
    pub fn advance(&mut self) {
        self.cursor += 1;
        self.doubt = None;
    }
}

/// What can be said of an intent's step in hand by whoever reads what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prospect {
    /// A worker is at it, or a crash cut it short: then the next worker looks it up first.
    InHand,
    /// It is certain that nothing happened yet; it is tried again.
    Owed,
    /// Nobody knows whether it happened; it is looked up in every cycle.
    InDoubt {
        /// No request for it was sent later, by Jira's clock.
        since: JiraTime,
    },
}

impl Doubt {
    /// No request was ever sent: what is not found did not happen.
    pub const NOTHING_SENT: Self = Self { sent_by: JiraTime::FIRST, first_absent: None };
}

/// A step whose request may or may not have taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// No request for it was sent after this instant of Jira's clock.
    pub sent_by: JiraTime,
    /// When a healthy look-up first showed no trace of it, long enough after `sent_by` to count.
    pub first_absent: Option<JiraTime>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::StatusId;

    #[test]
    fn each_step_names_what_must_hold_before_it_and_how_it_is_found_afterwards() {
        let open = Status { id: "1".parse::<StatusId>().unwrap(), name: StatusName::new("Open") };
        let text = Template::parse("x").unwrap();
        let transition =
            Transition { side: Side::Dev, from: open.clone(), to: StatusName::new("Closed"), resolution: None };
        let table = [
            (Step::Create(CreateIssue { cross_link: true }), Precondition::Unpaired, Evidence::MarkOnCreated),
            (
                Step::Link(LinkIssues { cross_link: true, comment: None, owed: None }),
                Precondition::DevIssueExists,
                Evidence::BackMark,
            ),
            (Step::Transition(transition), Precondition::StillIn(Side::Dev, &open), Evidence::Changelog),
            (Step::Comment(Comment { text }), Precondition::AfterTransition, Evidence::CommentMark),
            (Step::Describe(Describe { cross_link: true }), Precondition::DevIssueExists, Evidence::CommentMark),
        ];
        for (step, precondition, evidence) in &table {
            assert_eq!((&step.precondition(), &step.evidence()), (precondition, evidence), "{}", step.name());
        }
    }
}

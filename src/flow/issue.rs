//! Issues as the engine sees them, and what a pair of them is.

use std::collections::BTreeSet;

use jira_markup::Body;

use super::attachment::Attachment;
use super::name::{AccountId, AttachmentId, IntentId, IssueId, IssueKey, IssueRef, Side, StatusId};
use super::project::ProjectRef;
use super::rule::StatusName;
use super::site::SiteUrl;
use super::time::JiraTime;
use super::typing::IssueType;

/// An issue from a fresh read: what Jira held at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Id and key.
    pub at: IssueRef,
    /// Where it is.
    pub project: ProjectRef,
    /// Jira's `summary`: one line.
    pub summary: String,
    /// Jira's `description`, if there is one.
    pub description: Option<Body>,
    /// Jira's `issuetype.name`.
    pub issue_type: IssueType,
    /// Where it stands.
    pub status: Status,
    /// Jira's `created`.
    pub created: JiraTime,
    /// Jira's `updated`.
    pub updated: JiraTime,
    /// Our issue property, if it has one.
    pub mark: Option<Mark>,
    /// Its status changes, oldest first, as far back as the answer reached.
    pub changes: Vec<StatusChange>,
    /// Its files (`attachment`), in the order of Jira's answer.
    pub attachments: Vec<Attachment>,
    /// The issues that people linked it with (`issuelinks`), of whatever type and direction.
    pub linked: Vec<IssueRef>,
    /// The text that our own last edit of the description replaced without having read it: somebody saved it between our
    /// read and our write (by the changelog). `None` when nothing was lost, or when the text was edited since.
    pub overwritten: Option<Body>,
}

impl Issue {
    /// The status in which it was created, as far as `changes` reach.
    #[must_use]
    pub fn first_status(&self) -> &StatusId {
        self.changes.first().map_or(&self.status.id, |change| &change.from.id)
    }

    /// When it came into its present status; `None` when it never left its first one.
    #[must_use]
    pub fn status_since(&self) -> Option<JiraTime> {
        self.changes.last().map(|change| change.at)
    }
}

/// A row of a search: names a candidate, proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Id and key as the index had them.
    pub at: IssueRef,
    /// Where it is, as the index had it.
    pub project: ProjectRef,
    /// The index's `status.id`.
    pub status: StatusId,
    /// The index's `created`.
    pub created: JiraTime,
    /// The index's `updated`.
    pub updated: JiraTime,
    /// Our issue property, if the index had it.
    pub mark: Option<Mark>,
}

/// A status: ids decide, names are for people and rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Survives renaming.
    pub id: StatusId,
    /// What rules name.
    pub name: StatusName,
}

/// One entry of an issue's changelog that changed its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// When, by Jira's clock.
    pub at: JiraTime,
    /// Who; `None` when Jira hides it.
    pub by: Option<AccountId>,
    /// The status it left, by the name it had then.
    pub from: Status,
    /// The status it reached.
    pub to: Status,
}

/// Our issue property `lockstep`: which issue this one belongs to, and which intent made it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// On a created dev issue, from the create request itself.
    Created {
        /// The Jira site of the user issue.
        site: SiteUrl,
        /// The user issue it was created for.
        user_issue: IssueId,
        /// The intent that created it.
        intent: IntentId,
    },
    /// On a user issue, from the edit that linked it (the back-mark).
    Linked {
        /// Its dev issue.
        dev_issue: IssueId,
        /// The intent that linked it.
        intent: IntentId,
    },
}

/// A user issue and the dev issue made from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The customers' issue.
    pub user: IssueRef,
    /// The engineers' issue.
    pub dev: IssueRef,
    /// How Lockstep came to know it.
    pub origin: Origin,
    /// Whether it is kept in step.
    pub state: PairState,
}

/// A user issue whose dev issue is known by its key only, as that one could not be read when the pair was taken over:
/// deleted or hidden, nobody knows. As long as this is recorded and it is in no pair, no other dev issue is created for it
/// behind anyone's back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingDev {
    /// The customers' issue.
    pub user: IssueRef,
    /// The key that the engineers' issue had.
    pub dev: IssueKey,
}

/// Whether a pair is kept in step, and if not, why. What is not kept in step is not written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairState {
    /// It is.
    Active,
    /// One of its issues left its project: until it returns.
    Suspended,
    /// One of its issues was deleted, or is hidden from us: until it is seen again or an operator decides.
    Broken,
    /// It was written to so often within minutes that rules seem to answer each other: for a while.
    Held,
    /// An operator took it apart: forever, and its issues are not paired again by what they carry.
    Unpaired,
}

impl PairState {
    /// The word by which it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Broken => "broken",
            Self::Held => "held",
            Self::Unpaired => "unpaired",
        }
    }
}

impl Pair {
    /// The issue on `side`.
    #[must_use]
    pub fn on(&self, side: Side) -> &IssueRef {
        match side {
            Side::User => &self.user,
            Side::Dev => &self.dev,
        }
    }
}

/// How Lockstep came to know a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It created the dev issue: whatever happened since then is news.
    Created,
    /// It found the two already belonging together: their past is nobody's news.
    Adopted,
}

/// What was handled of an issue, and the fingerprint of the read by which it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    /// The status that rules have answered.
    pub status: Status,
    /// Jira's `updated` of that read.
    pub updated: JiraTime,
}

impl Handled {
    /// What an issue's fresh read becomes once it is handled.
    #[must_use]
    pub fn of(issue: &Issue) -> Self {
        Self { status: issue.status.clone(), updated: issue.updated }
    }

    /// Whether a search row shows nothing but what was handled: same `updated`, same status.
    #[must_use]
    pub fn covers(&self, row: &Row) -> bool {
        self.updated == row.updated && self.status.id == row.status
    }
}

/// An issue read afresh, beside what was recorded of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// As Jira holds it now.
    pub issue: Issue,
    /// As it was last handled; `None` when it is seen for the first time.
    pub handled: Option<Handled>,
}

/// Everything that `plan` may know of a pair or of an issue without one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "lives for one decision; boxing would only blur the reading")]
pub enum Observed {
    /// A user issue without a dev issue.
    Unpaired {
        /// The user issue.
        user: Sighting,
        /// Changes after this instant have not been looked at; `None` when its past is not to be judged (full sync).
        unseen_since: Option<JiraTime>,
    },
    /// Both sides of a pair.
    Paired {
        /// The pair as recorded.
        pair: Pair,
        /// The user issue.
        user: Sighting,
        /// The dev issue.
        dev: Sighting,
        /// What happened before is not the flow's business; matters where a side was never handled.
        not_before: Option<JiraTime>,
        /// The user issue's files that the ledger knows: they are not copied again.
        copied: BTreeSet<AttachmentId>,
        /// How often rules wrote to this pair in the last minutes.
        recent_writes: u32,
    },
}

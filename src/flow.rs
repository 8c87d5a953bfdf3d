//! The vocabulary: what a flow is, and the words in which the rest of the crate speaks of Jira's issues.
//!
//! No I/O and no serde here: `config`, `jira`, `store` and `admin` each declare their own formats, so these types can
//! change freely. Their values have been checked already.

mod attachment;
mod copying;
mod database;
mod event;
mod history;
mod intent;
mod issue;
mod name;
mod notice;
mod order;
mod project;
mod rule;
mod secret;
mod served;
mod site;
mod time;
mod typing;

use std::time::Duration;

pub use attachment::{Attachment, Copied};
pub use copying::{FieldCopy, FieldName};
pub use database::Database;
pub use event::{CycleReport, Event, Field, Level, Line, LineCounts, LogState, Observer, SkipReason, Teller};
pub use history::{Entry, HistoryQuery, IssueName, Told};
pub use intent::{
    Comment, CopyAttachment, CreateIssue, Describe, Doubt, Draft, Intent, IntentKind, IntentState, LinkIssues,
    OwedLink, RestoreText, SetReplied, Stage, Step, StepKey, Transition,
};
pub use issue::{
    Handled, Issue, Mark, MissingDev, Observed, Origin, Pair, PairState, Row, Sighting, Status, StatusChange,
};
pub use jira_markup::Body;
pub use name::{
    AccountId, AttachmentId, DatabaseName, FlowName, IntentId, IssueId, IssueKey, IssueRef, NotA, ProjectId,
    ProjectKey, RuleId, Side, StatusId,
};
pub use notice::{Notice, NoticeKind, Notices};
pub use order::{Executed, Order, Refused};
pub use project::{Home, ProjectRef, Sides};
pub use rule::{
    Actions, Attachments, BadTemplate, Fallback, From, OnConflict, Resolution, Rule, Rules, SetStatus, StatusMatch,
    StatusName, TargetStatus, Template, WantedResolution,
};
pub use secret::Secret;
pub use served::{Extent, Served, ServedProject};
pub use site::{CloudId, Leads, Site, SiteUrl};
pub use time::{JiraTime, NoTime, Watermark};
pub use typing::{IssueType, IssueTypes, TypeCopy, TypeName};

/// One tenant: two projects, how to reach them, and the rules between them. Made from a flow file by `config` only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its identity everywhere.
    pub name: FlowName,
    /// A description for readers.
    pub description: String,
    /// Its Jira.
    pub jira: JiraAccess,
    /// Where customers report.
    pub user_project: ProjectKey,
    /// Where the work is done.
    pub dev_project: ProjectKey,
    /// The time from one cycle's start to the next one's.
    pub interval: Duration,
    /// Whether a flow without any state begins with a full sync.
    pub initial_sync: bool,
    /// The longest time by which the site's search lags behind its writes.
    pub index_lag: Duration,
    /// The types of created issues.
    pub issue_types: IssueTypes,
    /// Fields that a created issue gets besides summary, description and type. No field is written twice.
    pub field_map: Vec<FieldCopy>,
    /// Where the flow's data is stored.
    pub database: Database,
    /// Its rules.
    pub rules: Rules,
}

impl Flow {
    /// The key of the project on `side`, as the flow file has it. Which issue is on which side is known by ids:
    /// [`Sides`].
    #[must_use]
    pub fn project(&self, side: Side) -> &ProjectKey {
        match side {
            Side::User => &self.user_project,
            Side::Dev => &self.dev_project,
        }
    }

    /// How far an incremental search reaches back behind the watermark, and how long a doubt must ripen: twice the
    /// index lag, once for the write that was missed and once for the look that missed it.
    #[must_use]
    pub fn overlap(&self) -> Duration {
        self.index_lag * 2
    }
}

/// How a flow reaches its Jira.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JiraAccess {
    /// The address for requests. Links for users are built from the address that the site reports.
    pub base: SiteUrl,
    /// Addresses that the site had before: links and marks under these are its own.
    pub former: Vec<SiteUrl>,
    /// The account to use.
    pub credentials: Credentials,
    /// The kind of Jira.
    pub deployment: Deployment,
    /// Certificate authorities to trust in addition to those of this machine.
    pub authority: Option<Authority>,
}

/// Certificate authorities in PEM: the content of `jira.caFile` when the flow file was read. It is part of the flow, so
/// that a change of that file changes the flow.
#[derive(Clone, PartialEq, Eq)]
pub struct Authority {
    pem: String,
}

impl Authority {
    /// `None` if the text contains no certificate. Whether certificates are valid is seen when they are used.
    #[must_use]
    pub fn new(pem: String) -> Option<Self> {
        pem.contains("-----BEGIN CERTIFICATE-----").then_some(Self { pem })
    }

    /// The certificates in PEM, one or more.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

/// Prints only the size: certificates are long and unreadable.
impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({} bytes of PEM)", self.pem.len())
    }
}

/// The credentials of Lockstep's account in Jira.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// `authType: basic`: e-mail and API token.
    Basic {
        /// The account's e-mail.
        email: String,
        /// Its API token.
        token: Secret,
    },
    /// `authType: pat`: a personal access token.
    Bearer {
        /// The token.
        token: Secret,
    },
}

/// `jira.deployment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// Unknown: ask `serverInfo`.
    Auto,
    /// Jira Cloud.
    Cloud,
    /// Jira Data Center.
    DataCenter,
}

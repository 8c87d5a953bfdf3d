//! Everything worth telling, once.
//!
//! Log lines, the demo's output and history are renderings of [`Event`], as metrics and the event stream will be; nobody
//! tells an audit event by string. How an event reads is in the file of its subject.

mod content;
mod flows;
mod issues;
mod line;
mod log_state;
mod pairs;
mod report;
mod skip;
mod sync;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use line::{Field, Level, Line};
pub use log_state::{LineCounts, LogState};
pub use report::CycleReport;
pub use skip::SkipReason;

use super::copying::FieldName;
use super::intent::StepKey;
use super::name::{FlowName, IssueKey, ProjectKey, RuleId, Side};
use super::notice::NoticeKind;
use super::rule::StatusName;
use super::time::{JiraTime, Watermark};
use line::line;

/// Who is told of events. Must not block; what it cannot take it may lose.
pub trait Observer: Send + Sync {
    /// `flow` is `None` for what concerns the whole process.
    fn see(&self, flow: Option<&FlowName>, event: &Event);

    /// State of the log that is written of what is told; `None` without one.
    fn log_state(&self) -> Option<LogState> {
        None
    }
}

/// Tells events of one flow. The default tells nothing.
#[derive(Clone, Default)]
pub struct Teller(Option<(FlowName, Arc<dyn Observer>)>);

impl Teller {
    /// Tells `observer` of `flow`.
    #[must_use]
    pub fn new(flow: FlowName, observer: Arc<dyn Observer>) -> Self {
        Self(Some((flow, observer)))
    }

    /// Tells of an event.
    pub fn tell(&self, event: &Event) {
        if let Some((flow, observer)) = &self.0 {
            observer.see(Some(flow), event);
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "a variant's sentence and its fields' names say what they hold")]
pub enum Event {
    /// A worker began.
    WorkerStarted,
    /// A worker ended as it was asked to.
    WorkerStopped,
    /// A worker failed and starts again after a while.
    WorkerFailed { why: String, again_in: Duration },
    /// A worker panicked and starts again after a while.
    WorkerPanicked { why: String, again_in: Duration },
    /// A worker showed no sign of life and starts again after a while.
    WorkerStalled { again_in: Duration },
    /// Another process serves the flow; this one stands by and tries again this often, which is not told each time.
    WorkerOccupied { why: String, again_every: Duration },
    /// Jira refuses the flow; it is probed now and then.
    WorkerParked { why: String, again_in: Duration },
    /// A worker did not end within the grace period.
    WorkerBusyAtStop,
    /// The flow runs, but can't do all that it should.
    NoticeRaised { kind: NoticeKind, why: String },
    /// What a notice told of is over.
    NoticeCleared { kind: NoticeKind },
    /// The flow does not do what it should: a cycle or a start failed, or nothing has succeeded for long.
    FlowDegraded { why: String },
    /// The flow does again what it should, so long after it had become degraded.
    FlowRecovered { after: Duration },
    /// A request to Jira failed for the first time and is sent again.
    RequestRepeated { request: String, why: String, again_in: Duration },
    /// A flow file was taken.
    FlowAccepted { file: String },
    /// A flow file was refused; the last good flow, if any, runs on.
    FlowRefused { file: String, problems: Vec<String>, runs_on: bool },
    /// Something a flow file says is taken, but not as its writer may think.
    FlowWarning { file: String, warning: String },
    /// A flow's file is gone, and the flow with it.
    FlowRemoved,
    /// The flows directory can't be read, or holds nothing although flows run: nothing is removed.
    FlowsUnreadable { why: String },

    /// Row 1 of the sync mode table.
    InitialSyncStarted { resumed: bool },
    /// What the Node.js service left in this flow's database was taken over; `failed_creates` of its user issues get their
    /// dev issue now, and `odd` things are for people to look at.
    TakenOver { pairs: u64, failed_creates: u64, odd: u64, from: Option<Watermark> },
    /// How far the full sync has come; `total` and `left` are estimates, `None` when Jira does not count.
    InitialSyncProgress { done: u64, total: Option<u64>, per_minute: u64, left: Option<Duration> },
    /// The full sync's end.
    InitialSyncCompleted { issues: u64 },
    /// Row 2 of the sync mode table.
    SyncStateLost { from: Watermark },
    /// Row 3 of the sync mode table.
    InitialSyncDisabled { from: Watermark },
    /// The flow file names another project on that side: all of it is read, or what happens in it from now on. Jira counts
    /// that many issues in it, if it tells.
    ProjectReplaced { side: Side, was: ProjectKey, key: ProjectKey, issues: Option<u64>, whole: bool },
    /// A project that the flow came to later was read from its beginning.
    ProjectRead { issues: u64 },
    /// Jira's clock was set back behind what was already handled.
    ClockWentBack { last_sync: Watermark, now: JiraTime },
    /// A cycle ended well.
    CycleCompleted(CycleReport),
    /// All known pairs were read by id; `broken` and `suspended` are those that are not kept in step now.
    PatrolCompleted { pairs: u64, broken: u64, suspended: u64 },
    /// There are fewer pairs in the store than were recorded: evidence is looked for before anything is created.
    PairsLost,

    /// A candidate was read afresh.
    IssueFetched { side: Side, key: IssueKey },
    /// It stands where it stood when it was last handled.
    StatusUnchanged { side: Side, key: IssueKey },
    /// It left the status that was handled; `from` is `None` on first sight.
    StatusChanged { side: Side, key: IssueKey, from: Option<StatusName>, to: StatusName },
    /// All that a pair or an unpaired issue needed is done and recorded.
    IssueProcessed { key: IssueKey },
    /// A dev issue was created.
    IssueCreated { user: IssueKey, dev: IssueKey, rule: Option<RuleId> },
    /// A status crossed.
    StatusSynced { side: Side, key: IssueKey, to: StatusName, because_of: IssueKey, rule: Option<RuleId> },
    /// No transition leads to the status that a rule names, but one of that name exists and was made.
    TransitionByName { key: IssueKey, name: String, to: StatusName },
    /// A description lost something on its way to the dev issue; `lost` in words, such as `2 mentions`.
    NotTakenAlong { user: IssueKey, dev: IssueKey, lost: Vec<String> },
    /// A person's own text leaves no room for the link to the dev issue, or may not be edited; it is left as it is, and
    /// a remote link stands in.
    NoRoomForLink { key: IssueKey },
    /// A user issue can't be edited where it stands: its link to the dev issue and its mark are made when it can be.
    LinkOwed { key: IssueKey, status: StatusName },
    /// A link that was owed was made.
    LinkMade { user: IssueKey, dev: IssueKey },
    /// A mapped field of a user issue was left out of the dev issue.
    FieldLeftOut { key: IssueKey, field: FieldName, why: String },
    /// The dev project's create screen has no description: the user issue's text is a comment on the dev issue.
    TextAsComment { user: IssueKey, dev: IssueKey },
    /// Issues of a type get another type on the dev side, since theirs demands what can't be given; told once a type.
    TypeReplaced { key: IssueKey, from: String, to: String, why: String },
    /// A customer's file was copied to the dev issue.
    AttachmentCopied { user: IssueKey, dev: IssueKey, filename: String, size: u64 },
    /// A customer's file is not copied, now or ever.
    AttachmentLeftOut { user: IssueKey, filename: String, why: String },
    /// The flow's `repliedField` was set.
    Replied { key: IssueKey, field: FieldName },
    /// A person's text that our edit had replaced unread was put back.
    TextRestored { key: IssueKey },
    /// Jira does not take a step whose predecessors have happened; it is left out.
    StepRefused { key: IssueKey, what: &'static str, why: String },
    /// A comment was made on a user issue.
    Commented { key: IssueKey },
    /// Nothing was done, and why.
    Skipped { key: IssueKey, reason: SkipReason },
    /// Two issues were found to belong together already.
    PairAdopted { user: IssueKey, dev: IssueKey },
    /// One of a pair's issues left its project: nothing is written until it returns.
    PairSuspended { user: IssueKey, dev: IssueKey, why: String },
    /// One of a pair's issues was deleted or is hidden: nothing is written until it is seen again or somebody decides.
    PairBroken { user: IssueKey, dev: IssueKey, why: String },
    /// A pair was written to too often within minutes: rules seem to answer each other.
    PairHeld { user: IssueKey, dev: IssueKey, writes: u32, until: DateTime<Utc> },
    /// A pair that was suspended, broken or held is kept in step again.
    PairMended { user: IssueKey, dev: IssueKey },
    /// Both sides changed and wanted different things; `side` lost: what its rule wanted was not done.
    ConflictLost { user: IssueKey, side: Side, status: StatusName, wanted: StatusName },
    /// An operator's order was carried out.
    OrderObeyed { key: IssueKey, order: String },
    /// A request's outcome is unknown; it is looked up, never repeated blindly.
    InDoubt { key: IssueKey, step: StepKey, what: &'static str, why: String },
    /// A doubt was settled by looking.
    DoubtSettled { key: IssueKey, step: StepKey, what: &'static str, happened: bool },
    /// One issue failed; the others go on, and it is tried again.
    IssueFailed { key: IssueKey, why: String, again_in: Duration },
}

impl Event {
    /// The audit name of [`Event::StatusSynced`], by which history counts them.
    pub const STATUS_SYNCED: &'static str = "action.syncStatus";

    /// The audit name of [`Event::PairMended`]: what rules wrote before it is forgiven.
    pub const PAIR_MENDED: &'static str = "pair.mended";

    /// The audit name of [`Event::OrderObeyed`], which forgives as well.
    pub const PAIR_ORDER: &'static str = "pair.order";

    /// The event as a line of log: level, audit name, message and fields.
    #[must_use]
    pub fn line(&self) -> Line {
        match self {
            Self::WorkerStarted => line(Level::Info, "Worker started"),
            Self::WorkerStopped => line(Level::Info, "Worker stopped"),
            Self::WorkerFailed { why, again_in } => flows::failed(why, *again_in),
            Self::WorkerPanicked { why, again_in } => flows::panicked(why, *again_in),
            Self::WorkerStalled { again_in } => flows::stalled(*again_in),
            Self::WorkerOccupied { why, again_every } => flows::occupied(why, *again_every),
            Self::WorkerParked { why, again_in } => flows::parked(why, *again_in),
            Self::WorkerBusyAtStop => line(Level::Error, "Worker was still busy when the grace period ended"),
            Self::NoticeRaised { kind, why } => flows::notice_raised(*kind, why),
            Self::NoticeCleared { kind } => flows::notice_cleared(*kind),
            Self::FlowDegraded { why } => flows::degraded(why),
            Self::FlowRecovered { after } => flows::recovered(*after),
            Self::RequestRepeated { request, why, again_in } => flows::repeated(request, why, *again_in),
            Self::FlowAccepted { file } => flows::accepted(file),
            Self::FlowRefused { file, problems, runs_on } => flows::refused(file, problems, *runs_on),
            Self::FlowWarning { file, warning } => flows::warned(file, warning),
            Self::FlowRemoved => line(Level::Info, "Flow removed"),
            Self::FlowsUnreadable { why } => flows::unreadable(why),

            Self::InitialSyncStarted { resumed } => sync::full_started(*resumed),
            Self::TakenOver { pairs, failed_creates, odd, from } => {
                sync::taken_over([*pairs, *failed_creates, *odd], *from)
            }
            Self::InitialSyncProgress { done, total, per_minute, left } => {
                sync::full_progress(*done, *total, *per_minute, *left)
            }
            Self::InitialSyncCompleted { issues } => sync::full_completed(*issues),
            Self::SyncStateLost { from } => sync::state_lost(*from),
            Self::InitialSyncDisabled { from } => sync::full_disabled(*from),
            Self::ProjectReplaced { side, was, key, issues, whole } => {
                sync::project_replaced(*side, [was, key], *issues, *whole)
            }
            Self::ProjectRead { issues } => sync::project_read(*issues),
            Self::ClockWentBack { last_sync, now } => sync::clock_went_back(*last_sync, *now),
            Self::CycleCompleted(report) => report.line(),
            Self::PatrolCompleted { pairs, broken, suspended } => sync::patrol_completed(*pairs, *broken, *suspended),
            Self::PairsLost => sync::pairs_lost(),

            Self::IssueFetched { side, key } => issues::fetched(*side, key),
            Self::StatusUnchanged { side, key } => issues::unchanged(*side, key),
            Self::StatusChanged { side, key, from, to } => issues::changed(*side, key, from.as_ref(), to),
            Self::IssueProcessed { key } => issues::processed(key),
            Self::Skipped { key, reason } => issues::skipped(key, *reason),
            Self::IssueFailed { key, why, again_in } => issues::failed(key, why, *again_in),

            Self::IssueCreated { user, dev, rule } => writes::created(user, dev, rule.as_ref()),
            Self::StatusSynced { side, key, to, because_of, rule } => {
                writes::synced(*side, key, to, because_of, rule.as_ref())
            }
            Self::TransitionByName { key, name, to } => writes::by_name(key, name, to),
            Self::Commented { key } => writes::commented(key),
            Self::Replied { key, field } => writes::replied(key, field),
            Self::LinkOwed { key, status } => writes::link_owed(key, status),
            Self::LinkMade { user, dev } => writes::link_made(user, dev),
            Self::StepRefused { key, what, why } => writes::refused(key, what, why),
            Self::InDoubt { key, step, what, why } => writes::in_doubt(key, step, what, why),
            Self::DoubtSettled { key, step, what, happened } => writes::doubt_settled(key, step, what, *happened),

            Self::NotTakenAlong { user, dev, lost } => content::not_taken_along(user, dev, lost),
            Self::NoRoomForLink { key } => content::no_room_for_link(key),
            Self::TextRestored { key } => content::text_restored(key),
            Self::FieldLeftOut { key, field, why } => content::field_left_out(key, field, why),
            Self::TextAsComment { user, dev } => content::text_as_comment(user, dev),
            Self::TypeReplaced { key, from, to, why } => content::type_replaced(key, from, to, why),
            Self::AttachmentCopied { user, dev, filename, size } => content::file_copied(user, dev, filename, *size),
            Self::AttachmentLeftOut { user, filename, why } => content::file_left_out(user, filename, why),

            Self::PairAdopted { user, dev } => pairs::adopted(user, dev),
            Self::PairSuspended { user, dev, why } => pairs::suspended(user, dev, why),
            Self::PairBroken { user, dev, why } => pairs::broken(user, dev, why),
            Self::PairHeld { user, dev, writes, until } => pairs::held(user, dev, *writes, *until),
            Self::PairMended { user, dev } => pairs::mended(user, dev),
            Self::ConflictLost { user, side, status, wanted } => pairs::conflict_lost(user, *side, status, wanted),
            Self::OrderObeyed { key, order } => pairs::ordered(key, order),
        }
    }
}

#[cfg(test)]
mod tests;

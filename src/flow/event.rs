//! Events: everything that is logged, shown or recorded, declared once.
//!
//! Log lines, the demo's output and history are renderings of [`Event`], as metrics and the event stream will be; no
//! audit event is told by a string of its own. An event and its line are both here.

mod line;
mod log_state;
mod report;
mod skip;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

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
use crate::foreign::{self, told};
use line::{audit, line, millis, seconds};

/// Receives events. It must not block, and may lose what it can't take.
pub trait Observer: Send + Sync {
    /// Receives an event; `flow` is `None` for events of the whole process.
    fn see(&self, flow: Option<&FlowName>, event: &Event);

    /// The state of the log that it writes; `None` if it writes none.
    fn log_state(&self) -> Option<LogState> {
        None
    }
}

/// Passes events of one flow to an observer; by default to none.
#[derive(Clone, Default)]
pub struct Teller(Option<(FlowName, Arc<dyn Observer>)>);

impl Teller {
    /// Passes events of `flow` to `observer`.
    #[must_use]
    pub fn new(flow: FlowName, observer: Arc<dyn Observer>) -> Self {
        Self(Some((flow, observer)))
    }

    /// Passes an event on.
    pub fn tell(&self, event: &Event) {
        if let Some((flow, observer)) = &self.0 {
            observer.see(Some(flow), event);
        }
    }
}

/// An event.
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
    /// Another process serves the flow; this one stands by and retries this often, which is not told each time.
    WorkerOccupied { why: String, again_every: Duration },
    /// Jira refuses the flow, which is retried now and then.
    WorkerParked { why: String, again_in: Duration },
    /// A worker did not end within the grace period.
    WorkerBusyAtStop,
    /// The flow runs, but can't do all that it should.
    NoticeRaised { kind: NoticeKind, why: String },
    /// The reason for a notice is gone.
    NoticeCleared { kind: NoticeKind },
    /// The flow does not do what it should: a cycle or a start failed, or nothing has succeeded for long.
    FlowDegraded { why: String },
    /// The flow does again what it should, so long after it had become degraded.
    FlowRecovered { after: Duration },
    /// A request to Jira failed for the first time and is sent again.
    RequestRepeated { request: String, why: String, again_in: Duration },
    /// A flow file was accepted.
    FlowAccepted { file: String },
    /// A flow file was refused; its last valid version, if any, keeps running.
    FlowRefused { file: String, problems: Vec<String>, runs_on: bool },
    /// Something in a flow file has another effect than its author may expect.
    FlowWarning { file: String, warning: String },
    /// A flow's file is gone, and the flow with it.
    FlowRemoved,
    /// The flows directory can't be read, or holds nothing although flows run: nothing is removed.
    FlowsUnreadable { why: String },

    /// Row 1 of the sync mode table.
    InitialSyncStarted { resumed: bool },
    /// What the Node.js service left in this flow's database was taken over; `failed_creates` of its user issues get
    /// their dev issue now, and `odd` things are for an operator to look at.
    TakenOver { pairs: u64, failed_creates: u64, odd: u64, from: Option<Watermark> },
    /// How far the full sync has come; `total` and `left` are estimates, `None` when Jira does not count.
    InitialSyncProgress { done: u64, total: Option<u64>, per_minute: u64, left: Option<Duration> },
    /// The full sync's end.
    InitialSyncCompleted { issues: u64 },
    /// Row 2 of the sync mode table.
    SyncStateLost { from: Watermark },
    /// Row 3 of the sync mode table.
    InitialSyncDisabled { from: Watermark },
    /// The flow file names another project on that side: all of it is read, or what happens in it from now on. Jira
    /// counts that many issues in it, if it tells.
    ProjectReplaced { side: Side, was: ProjectKey, key: ProjectKey, issues: Option<u64>, whole: bool },
    /// A project that the flow came to later was read from its beginning.
    ProjectRead { issues: u64 },
    /// Jira's clock was set back behind what was already handled.
    ClockWentBack { last_sync: Watermark, now: JiraTime },
    /// A cycle ended well.
    CycleCompleted(CycleReport),
    /// All known pairs were read by id; `broken` and `suspended` are those that are not synced now.
    PatrolCompleted { pairs: u64, broken: u64, suspended: u64 },
    /// The store has fewer pairs than were recorded. Evidence of pairs is searched for before anything is created.
    PairsLost,

    /// A candidate was read afresh.
    IssueFetched { side: Side, key: IssueKey },
    /// Its status is the one that was last handled.
    StatusUnchanged { side: Side, key: IssueKey },
    /// Its status differs from the one that was last handled; `from` is `None` when it is seen for the first time.
    StatusChanged { side: Side, key: IssueKey, from: Option<StatusName>, to: StatusName },
    /// All that a pair or an unpaired issue needed is done and recorded.
    IssueProcessed { key: IssueKey },
    /// A dev issue was created.
    IssueCreated { user: IssueKey, dev: IssueKey, rule: Option<RuleId> },
    /// An issue was brought into a status because of its counterpart.
    StatusSynced { side: Side, key: IssueKey, to: StatusName, because_of: IssueKey, rule: Option<RuleId> },
    /// No transition leads to the status that a rule names, but one of that name exists and was made.
    TransitionByName { key: IssueKey, name: String, to: StatusName },
    /// The dev issue's description lacks something of the user issue's; `lost` in words, such as `2 mentions`.
    NotTakenAlong { user: IssueKey, dev: IssueKey, lost: Vec<String> },
    /// A description has no room for the link to the dev issue, or can't be edited. It stays as it is, and a remote
    /// link is made instead.
    NoRoomForLink { key: IssueKey },
    /// A user issue can't be edited in its status: its link to the dev issue and its mark are made when it can be.
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
    /// A user's text that our edit had overwritten unread was restored.
    TextRestored { key: IssueKey },
    /// Jira refuses a step whose predecessors have happened; it is skipped.
    StepRefused { key: IssueKey, what: &'static str, why: String },
    /// A comment was made on a user issue.
    Commented { key: IssueKey },
    /// Nothing was done, for this reason.
    Skipped { key: IssueKey, reason: SkipReason },
    /// Two issues were found to belong together already.
    PairAdopted { user: IssueKey, dev: IssueKey },
    /// One of a pair's issues left its project: nothing is written until it returns.
    PairSuspended { user: IssueKey, dev: IssueKey, why: String },
    /// One of a pair's issues was deleted or is hidden: nothing is written until it is seen again or an operator
    /// decides.
    PairBroken { user: IssueKey, dev: IssueKey, why: String },
    /// A pair was written too often within minutes: rules seem to trigger each other.
    PairHeld { user: IssueKey, dev: IssueKey, writes: u32, until: DateTime<Utc> },
    /// A pair that was suspended, broken or held is synced again.
    PairMended { user: IssueKey, dev: IssueKey },
    /// Both sides changed and wanted different things; `side` lost: what its rule wanted was not done.
    ConflictLost { user: IssueKey, side: Side, status: StatusName, wanted: StatusName },
    /// An operator's order was carried out.
    OrderExecuted { key: IssueKey, order: String },
    /// A request's outcome is unknown; it is looked up, never repeated blindly.
    InDoubt { key: IssueKey, step: StepKey, what: &'static str, why: String },
    /// A doubt was settled by a look-up.
    DoubtSettled { key: IssueKey, step: StepKey, what: &'static str, happened: bool },
    /// One issue failed and is retried; the others are not affected.
    IssueFailed { key: IssueKey, why: String, again_in: Duration },
}

impl Event {
    /// The audit name of [`Event::StatusSynced`], by which history counts them.
    pub const STATUS_SYNCED: &'static str = "action.syncStatus";

    /// The audit name of [`Event::PairMended`]: what rules wrote before it is forgiven.
    pub const PAIR_MENDED: &'static str = "pair.mended";

    /// The audit name of [`Event::OrderExecuted`], which forgives as well.
    pub const PAIR_ORDER: &'static str = "pair.order";

    /// The event as a line of log: level, audit name, message and fields.
    #[must_use]
    pub fn line(&self) -> Line {
        use Level::{Debug, Error, Info, Warn};
        match self {
            Self::WorkerStarted => line(Info, "Worker started"),
            Self::WorkerStopped => line(Info, "Worker stopped"),
            Self::WorkerFailed { why, again_in } => {
                line(Warn, format!("Worker failed, starting again in {}: {why}", seconds(*again_in))).error(why)
            }
            Self::WorkerPanicked { why, again_in } => {
                line(Error, format!("Worker panicked, starting again in {}: {why}", seconds(*again_in))).error(why)
            }
            Self::WorkerStalled { again_in } => {
                line(Warn, format!("Worker made no progress, starting again in {}", seconds(*again_in)))
            }
            Self::WorkerOccupied { why, again_every } => {
                line(Warn, format!("Standing by, retrying every {}: {why}", seconds(*again_every))).error(why)
            }
            Self::WorkerParked { why, again_in } => {
                line(Error, format!("Parked until its cause is removed, retrying in {}: {why}", seconds(*again_in)))
                    .error(why)
            }
            Self::WorkerBusyAtStop => line(Error, "Worker was still busy when the grace period ended"),
            Self::NoticeRaised { kind, why } => {
                audit(Warn, "flow.degraded", format!("Flow degraded: {why}")).text("notice", kind.as_str()).error(why)
            }
            Self::NoticeCleared { kind } => {
                audit(Info, "flow.noticeCleared", format!("No longer degraded by {}", kind.as_str()))
                    .text("notice", kind.as_str())
            }
            Self::FlowDegraded { why } => {
                audit(Warn, "flow.degraded", format!("Flow degraded until it works again: {why}")).error(why)
            }
            Self::FlowRecovered { after } => {
                let message = format!("Flow works again, {} after it had become degraded", seconds(*after));
                audit(Info, "flow.recovered", message).number("durationMs", millis(*after))
            }
            Self::RequestRepeated { request, why, again_in } => {
                line(Warn, format!("{request} failed, retrying in {}: {why}", seconds(*again_in)))
                    .text("request", request)
                    .error(why)
            }
            Self::FlowAccepted { file } => line(Info, format!("Flow file {file} accepted")).text("file", file),
            Self::FlowRefused { file, problems, runs_on } => {
                let consequence = if *runs_on { "; its last valid version keeps running" } else { "" };
                line(Error, format!("Flow file {file} refused{consequence}: {}", problems.join("; ")))
                    .text("file", file)
                    .list("problems", problems.iter().map(|problem| foreign::message(problem)))
            }
            Self::FlowWarning { file, warning } => line(Warn, format!("{file}: {warning}")).text("file", file),
            Self::FlowRemoved => line(Info, "Flow removed"),
            Self::FlowsUnreadable { why } => line(Error, format!("No flow is changed: {why}")).error(why),

            Self::InitialSyncStarted { resumed } => {
                let line = line(Info, "Running initial full sync");
                if *resumed { line.flag("resumed", true) } else { line }
            }
            Self::TakenOver { pairs, failed_creates, odd, from } => {
                let looks = if *odd == 0 { "" } else { "; `lockstep adopt --dry-run` lists what needs a look" };
                let message = format!(
                    "Took over {pairs} pairs of the Node.js service; {failed_creates} user issues get the dev issue that \
                     they lack{looks}"
                );
                audit(Info, "sync.takenOver", message)
                    .number("pairs", *pairs)
                    .number("failedCreates", *failed_creates)
                    .number("odd", *odd)
                    .text_if("from", from.as_ref())
            }
            Self::InitialSyncProgress { done, total, per_minute, left } => {
                let of = total.map(|total| format!(" of about {total}")).unwrap_or_default();
                let rest = left.map(|left| format!(", about {} left", seconds(left))).unwrap_or_default();
                line(Info, format!("Initial full sync: {done}{of} issues, {per_minute} a minute{rest}"))
                    .number("done", *done)
                    .number("perMinute", *per_minute)
                    .number("total", *total)
                    .number("secondsLeft", left.map(|left| left.as_secs()))
            }
            Self::InitialSyncCompleted { issues } => line(Info, "Initial sync completed").number("issues", *issues),
            Self::SyncStateLost { from } => {
                line(Warn, "Last sync state lost, using current time for incremental sync").text("from", from)
            }
            Self::InitialSyncDisabled { from } => {
                line(Info, "Initial sync disabled, starting from current time").text("from", from)
            }
            Self::ProjectReplaced { side, was, key, issues, whole } => {
                let count = issues.map(|issues| format!(" (about {issues} issues)")).unwrap_or_default();
                let what = match whole {
                    true => "it is read from its beginning",
                    false => "what happens in it from now on counts",
                };
                let message = format!(
                    "The {side} project is now {key}{count} instead of {was}: {what}; pairs with issues of {was} are \
                     suspended when they are seen, and nothing is written there"
                );
                audit(Warn, "project.replaced", message)
                    .text("side", side)
                    .text("was", was)
                    .text("project", key)
                    .number("issues", *issues)
            }
            Self::ProjectRead { issues } => {
                line(Info, "Read the new project from its beginning").number("issues", *issues)
            }
            Self::ClockWentBack { last_sync, now } => {
                line(Warn, "Jira's clock is behind the last sync; searching from its present time")
                    .text("lastSync", last_sync)
                    .text("jiraTime", now)
            }
            Self::CycleCompleted(report) => report.line(),
            Self::PatrolCompleted { pairs, broken, suspended } => {
                audit(Info, "sync.patrol.completed", format!("Read {pairs} known pairs again"))
                    .number("pairs", *pairs)
                    .number("broken", *broken)
                    .number("suspended", *suspended)
            }
            Self::PairsLost => line(
                Warn,
                "Some recorded pairs are missing; they are found again by the marks and links of their issues",
            ),

            Self::IssueFetched { side, key } => {
                audit(Debug, "issue.fetched", format!("Read {key}")).text("side", side).issue(key)
            }
            Self::StatusUnchanged { side, key } => {
                audit(Debug, "status.unchanged", format!("{key} is unchanged")).text("side", side).issue(key)
            }
            Self::StatusChanged { side, key, from, to } => {
                let message = match from {
                    Some(from) => format!("{key} went from {from} to {to}"),
                    None => format!("{key} is seen for the first time, in {to}"),
                };
                audit(Info, "status.changed", message)
                    .text("side", side)
                    .issue(key)
                    .text_if("from", from.as_ref())
                    .text("to", to)
            }
            Self::IssueProcessed { key } => audit(Info, "issue.processed", format!("{key} is handled")).issue(key),
            Self::Skipped { key, reason } => {
                audit(Info, "action.skipped", format!("Nothing to do for {key}: {}", reason.as_str()))
                    .issue(key)
                    .text("reason", reason.as_str())
            }
            Self::IssueFailed { key, why, again_in } => {
                let message = format!("{key} failed and is retried in {}: {why}", seconds(*again_in));
                audit(Warn, "issue.failed", message).issue(key).error(why)
            }

            Self::IssueCreated { user, dev, rule } => {
                audit(Info, "action.createIssue", format!("Created {dev} for {user}"))
                    .pair(user, dev)
                    .text_if("rule", rule.as_ref())
            }
            Self::StatusSynced { side, key, to, because_of, rule } => {
                audit(Info, Self::STATUS_SYNCED, format!("Brought {key} to {to} because of {because_of}"))
                    .text("side", side)
                    .issue(key)
                    .text("status", to)
                    .text("source", because_of)
                    .text_if("rule", rule.as_ref())
            }
            Self::TransitionByName { key, name, to } => {
                let message = format!("No transition of {key} leads to {name}; the one of that name leads to {to}");
                line(Warn, message).issue(key).text("status", to)
            }
            Self::Commented { key } => audit(Info, "action.comment", format!("Commented on {key}")).issue(key),
            Self::Replied { key, field } => {
                audit(Info, "action.setReplied", format!("Set {field} of {key}")).issue(key).text("field", field)
            }
            Self::LinkOwed { key, status } => {
                let message =
                    format!("{key} can't be edited in {status}; its link to the dev issue follows when it can be");
                audit(Warn, "link.owed", message).issue(key).text("status", status)
            }
            Self::LinkMade { user, dev } => {
                audit(Info, "action.link", format!("Linked {user} to {dev}")).pair(user, dev)
            }
            Self::StepRefused { key, what, why } => {
                line(Warn, format!("Jira refuses the {what} for {key}; it is skipped: {why}")).issue(key).error(why)
            }
            Self::InDoubt { key, step, what, why } => {
                let message = format!("The {what} for {key} is in doubt and will be looked up: {why}");
                audit(Warn, "step.inDoubt", message).issue(key).text("step", step).error(why)
            }
            Self::DoubtSettled { key, step, what, happened } => {
                let found = if *happened { "had happened" } else { "had not happened" };
                audit(Info, "step.doubtSettled", format!("The {what} for {key} {found}"))
                    .issue(key)
                    .text("step", step)
                    .flag("happened", *happened)
            }

            Self::NotTakenAlong { user, dev, lost } => {
                let losses = lost.join(", ");
                let message = format!("The description of {dev} lacks parts of that of {user}: {losses}");
                audit(Warn, "text.lost", message).pair(user, dev).list("lost", lost.iter().map(|lost| told(lost)))
            }
            Self::NoRoomForLink { key } => {
                let why = "it is too long, or can't be edited";
                line(Warn, format!("The description of {key} gets no link to its dev issue: {why}")).issue(key)
            }
            Self::TextRestored { key } => {
                let message =
                    format!("Restored the description of {key}, which a user saved while it was being linked");
                audit(Info, "text.restored", message).issue(key)
            }
            Self::FieldLeftOut { key, field, why } => {
                line(Warn, format!("The field {field} of {key} is left out of its dev issue: {why}"))
                    .issue(key)
                    .text("field", field)
                    .error(why)
            }
            Self::TextAsComment { user, dev } => {
                let message =
                    format!("The text of {user} is a comment on {dev}, whose create screen has no description");
                audit(Info, "text.asComment", message).pair(user, dev)
            }
            Self::TypeReplaced { key, from, to, why } => {
                let message = format!(
                    "Jira does not create {from} for {key}: {why}; dev issues of this type are created as {to} \
                     (issueType). To choose another type, add it to issueTypeMap"
                );
                line(Warn, message).issue(key).text("from", from).text("to", to).error(why)
            }
            Self::AttachmentCopied { user, dev, filename, size } => {
                let filename = told(filename);
                audit(Info, "action.copyAttachment", format!("Copied {filename:?} of {user} to {dev}"))
                    .pair(user, dev)
                    .text("filename", filename)
                    .number("size", *size)
            }
            Self::AttachmentLeftOut { user, filename, why } => {
                let filename = told(filename);
                line(Warn, format!("{filename:?} of {user} is not copied: {why}"))
                    .issue(user)
                    .text("filename", filename)
                    .error(why)
            }

            Self::PairAdopted { user, dev } => {
                audit(Info, "pair.adopted", format!("{user} and {dev} already belong together")).pair(user, dev)
            }
            Self::PairSuspended { user, dev, why } => {
                let message = format!("The pair of {user} and {dev} is suspended: {why}");
                audit(Warn, "pair.suspended", message).pair(user, dev).error(why)
            }
            Self::PairBroken { user, dev, why } => {
                let message = format!("The pair of {user} and {dev} is broken: {why}");
                audit(Warn, "pair.broken", message).pair(user, dev).error(why)
            }
            Self::PairHeld { user, dev, writes, until } => {
                let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
                let message = format!(
                    "The pair of {user} and {dev} is held until {until}: it was written {writes} times within ten minutes; do \
                     its rules trigger each other?"
                );
                audit(Warn, "pair.held", message)
                    .pair(user, dev)
                    .text("reason", "ping-pong")
                    .number("writes", u64::from(*writes))
                    .text("until", until)
            }
            Self::PairMended { user, dev } => {
                audit(Info, Self::PAIR_MENDED, format!("{user} and {dev} are synced again")).pair(user, dev)
            }
            Self::ConflictLost { user, side, status, wanted } => {
                let message = format!("Both sides of {user} changed: {status} on the {side} side lost");
                audit(Warn, "conflict.lost", message)
                    .issue(user)
                    .text("side", side)
                    .text("status", status)
                    .text("wanted", wanted)
            }
            Self::OrderExecuted { key, order } => {
                audit(Info, Self::PAIR_ORDER, format!("Carried out as ordered: {order}"))
                    .issue(key)
                    .text("order", order)
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Everything worth telling, once.
//!
//! Log lines, the demo's output and (to come) metrics, history and the event stream are renderings of [`Event`]; nobody
//! tells an audit event by string.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use super::copying::FieldName;
use super::intent::StepKey;
use super::name::{FlowName, IssueKey, RuleId, Side};
use super::rule::StatusName;
use super::time::{JiraTime, Watermark};

/// Who is told of events. Must not block; what it cannot take it may lose.
pub trait Observer: Send + Sync {
    /// `flow` is `None` for what concerns the whole process.
    fn see(&self, flow: Option<&FlowName>, event: &Event);
}

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever follows single issues.
    Debug,
    /// The normal course.
    Info,
    /// Worth a look, going on by itself.
    Warn,
    /// A person must do something.
    Error,
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
    /// Jira refuses the flow; it is probed now and then.
    WorkerParked { why: String, again_in: Duration },
    /// A worker did not end within the grace period.
    WorkerBusyAtStop,
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
    /// How far the full sync has come; `total` and `left` are estimates, `None` when Jira does not count.
    InitialSyncProgress { done: u64, total: Option<u64>, per_minute: u64, left: Option<Duration> },
    /// The full sync's end.
    InitialSyncCompleted { issues: u64 },
    /// Row 2 of the sync mode table.
    SyncStateLost { from: Watermark },
    /// Row 3 of the sync mode table.
    InitialSyncDisabled { from: Watermark },
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
    /// A mapped field of a user issue was left out of the dev issue.
    FieldLeftOut { key: IssueKey, field: FieldName, why: String },
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

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// No rule names the status.
    NoRule,
    /// The rule wants a counterpart and there is none.
    NoMapping,
    /// A dev status that only a rule naming it may act on.
    IntermediateStatus,
    /// The other side is already there.
    AlreadyEqual,
    /// Both sides changed and the other's change won.
    LostConflict,
    /// Found belonging together: what happened before that is nobody's news.
    BeforeAdoption,
    /// The other side moved while this was in hand; planned anew.
    MovedMeanwhile,
    /// An earlier intent of the pair is still open.
    OpenIntent,
    /// Its counterpart can't be read.
    CounterpartMissing,
    /// It links to an issue of the other project, and nothing proves that the two are a pair.
    HasLink,
    /// Its pair is suspended.
    Suspended,
    /// Its pair is broken.
    Broken,
    /// Its pair is held: rules seem to answer each other.
    PingPong,
    /// An operator took its pair apart.
    Unpaired,
}

impl SkipReason {
    /// The word in the log's `reason`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRule => "noRule",
            Self::NoMapping => "noMapping",
            Self::IntermediateStatus => "intermediateStatus",
            Self::AlreadyEqual => "alreadyEqual",
            Self::LostConflict => "lostConflict",
            Self::BeforeAdoption => "beforeAdoption",
            Self::MovedMeanwhile => "movedMeanwhile",
            Self::OpenIntent => "openIntent",
            Self::CounterpartMissing => "counterpartMissing",
            Self::HasLink => "hasLink",
            Self::Suspended => "suspended",
            Self::Broken => "broken",
            Self::PingPong => "pingPong",
            Self::Unpaired => "unpaired",
        }
    }
}

/// What a completed cycle did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleReport {
    /// How long it took.
    pub duration: Duration,
    /// Issues read afresh.
    pub issues_fetched: u64,
    /// Issues that had left their handled status.
    pub status_changes_detected: u64,
    /// Dev issues created.
    pub issues_created: u64,
    /// Statuses that crossed.
    pub statuses_synced: u64,
    /// Issues for which nothing was done.
    pub issues_skipped: u64,
    /// Issues that failed and will be tried again.
    pub errors: u64,
    /// Requests sent to Jira.
    pub requests: u64,
    /// Steps of which nobody knows yet whether they happened.
    pub doubts: u64,
    /// Issues that wait to be tried again.
    pub failures: u64,
}

/// A value in an event's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// A text.
    Text(String),
    /// A count or milliseconds.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    List(Vec<String>),
}

/// An event as a line of log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// The audit name (`action.createIssue`), where it has one.
    pub event: Option<&'static str>,
    /// For people.
    pub message: String,
    /// For programs.
    pub fields: Vec<(&'static str, Field)>,
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
            Self::WorkerParked { why, again_in } => {
                line(Error, format!("Jira refuses this flow, asking again in {}: {why}", seconds(*again_in))).error(why)
            }
            Self::WorkerBusyAtStop => line(Error, "Worker was still busy when the grace period ended"),
            Self::FlowAccepted { file } => line(Info, format!("Flow file {file} accepted")).text("file", file),
            Self::FlowRefused { file, problems, runs_on } => refused(file, problems, *runs_on),
            Self::FlowWarning { file, warning } => line(Warn, format!("{file}: {warning}")).text("file", file),
            Self::FlowRemoved => line(Info, "Flow removed"),
            Self::FlowsUnreadable { why } => line(Error, format!("No flow is changed: {why}")).error(why),

            Self::InitialSyncStarted { resumed: false } => line(Info, "Running initial full sync"),
            Self::InitialSyncStarted { resumed: true } => {
                line(Info, "Running initial full sync").with("resumed", Field::Flag(true))
            }
            Self::InitialSyncCompleted { issues } => {
                line(Info, "Initial sync completed").with("issues", Field::Number(*issues))
            }
            Self::InitialSyncProgress { done, total, per_minute, left } => progress(*done, *total, *per_minute, *left),
            Self::SyncStateLost { from } => {
                line(Warn, "Last sync state lost, using current time for incremental sync").text("from", from)
            }
            Self::InitialSyncDisabled { from } => {
                line(Info, "Initial sync disabled, starting from current time").text("from", from)
            }
            Self::ClockWentBack { last_sync, now } => {
                line(Warn, "Jira's clock is behind the last sync; searching from its present time")
                    .text("lastSync", last_sync)
                    .text("jiraTime", now)
            }
            Self::CycleCompleted(report) => report.line(),
            Self::PatrolCompleted { pairs, broken, suspended } => {
                audit(Info, "sync.patrol.completed", format!("Read {pairs} known pairs again"))
                    .with("pairs", Field::Number(*pairs))
                    .with("broken", Field::Number(*broken))
                    .with("suspended", Field::Number(*suspended))
            }
            Self::PairsLost => {
                line(Warn, "Some recorded pairs are gone; they are found again by what their issues carry")
            }

            Self::IssueFetched { side, key } => {
                audit(Debug, "issue.fetched", format!("Read {key}")).text("side", side).issue(key)
            }
            Self::StatusUnchanged { side, key } => {
                audit(Debug, "status.unchanged", format!("{key} stands where it stood")).text("side", side).issue(key)
            }
            Self::StatusChanged { side, key, from, to } => status_changed(*side, key, from.as_ref(), to),
            Self::IssueProcessed { key } => audit(Info, "issue.processed", format!("{key} is handled")).issue(key),
            Self::IssueCreated { user, dev, rule } => {
                audit(Info, "action.createIssue", format!("Created {dev} for {user}"))
                    .issue(user)
                    .text("target", dev)
                    .rule(rule.as_ref())
            }
            Self::StatusSynced { side, key, to, because_of, rule } => {
                audit(Info, Self::STATUS_SYNCED, format!("Brought {key} to {to} because of {because_of}"))
                    .text("side", side)
                    .issue(key)
                    .text("status", to)
                    .text("source", because_of)
                    .rule(rule.as_ref())
            }
            Self::TransitionByName { key, name, to } => {
                let message = format!("No transition of {key} leads to {name}; the one of that name leads to {to}");
                line(Warn, message).issue(key).text("status", to)
            }
            Self::NotTakenAlong { user, dev, lost } => not_taken_along(user, dev, lost),
            Self::NoRoomForLink { key } => line(
                Warn,
                format!("The description of {key} takes no link to its dev issue: too long, or not to be edited"),
            )
            .issue(key),
            Self::FieldLeftOut { key, field, why } => {
                let message = format!("The field {field} of {key} is left out of its dev issue: {why}");
                line(Warn, message).issue(key).text("field", field).error(why)
            }
            Self::AttachmentCopied { user, dev, filename, size } => {
                audit(Info, "action.copyAttachment", format!("Copied {filename:?} of {user} to {dev}"))
                    .issue(user)
                    .text("target", dev)
                    .text("filename", filename)
                    .with("size", Field::Number(*size))
            }
            Self::AttachmentLeftOut { user, filename, why } => {
                line(Warn, format!("{filename:?} of {user} is not copied: {why}"))
                    .issue(user)
                    .text("filename", filename)
                    .error(why)
            }
            Self::Replied { key, field } => {
                audit(Info, "action.setReplied", format!("Set {field} of {key}")).issue(key).text("field", field)
            }
            Self::TextRestored { key } => {
                let message = format!("Put the description of {key} back, saved by somebody while it was being linked");
                audit(Info, "text.restored", message).issue(key)
            }
            Self::StepRefused { key, what, why } => {
                line(Warn, format!("Jira refuses the {what} for {key}; it is left out: {why}")).issue(key).error(why)
            }
            Self::Commented { key } => audit(Info, "action.comment", format!("Commented on {key}")).issue(key),
            Self::Skipped { key, reason } => {
                audit(Info, "action.skipped", format!("Nothing to do for {key}: {}", reason.as_str()))
                    .issue(key)
                    .text("reason", reason.as_str())
            }
            Self::PairAdopted { user, dev } => {
                audit(Info, "pair.adopted", format!("{user} and {dev} already belong together"))
                    .issue(user)
                    .text("target", dev)
            }
            Self::PairSuspended { user, dev, why } => {
                let message = format!("The pair of {user} and {dev} is suspended: {why}");
                audit(Warn, "pair.suspended", message).issue(user).text("target", dev).error(why)
            }
            Self::PairBroken { user, dev, why } => {
                let message = format!("The pair of {user} and {dev} is broken: {why}");
                audit(Warn, "pair.broken", message).issue(user).text("target", dev).error(why)
            }
            Self::PairHeld { user, dev, writes, until } => held(user, dev, *writes, *until),
            Self::PairMended { user, dev } => {
                audit(Info, Self::PAIR_MENDED, format!("{user} and {dev} are kept in step again"))
                    .issue(user)
                    .text("target", dev)
            }
            Self::ConflictLost { user, side, status, wanted } => {
                let message = format!("Both sides of {user} changed: {status} on the {side} side lost");
                audit(Warn, "conflict.lost", message)
                    .issue(user)
                    .text("side", side)
                    .text("status", status)
                    .text("wanted", wanted)
            }
            Self::OrderObeyed { key, order } => {
                audit(Info, Self::PAIR_ORDER, format!("Carried out as ordered: {order}"))
                    .issue(key)
                    .text("order", order)
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
                    .with("happened", Field::Flag(*happened))
            }
            Self::IssueFailed { key, why, again_in } => {
                let message = format!("{key} failed and is tried again in {}: {why}", seconds(*again_in));
                audit(Warn, "issue.failed", message).issue(key).error(why)
            }
        }
    }
}

impl CycleReport {
    fn line(&self) -> Line {
        let millis = u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX);
        [
            ("durationMs", millis),
            ("issuesFetched", self.issues_fetched),
            ("statusChangesDetected", self.status_changes_detected),
            ("issuesCreated", self.issues_created),
            ("statusesSynced", self.statuses_synced),
            ("issuesSkipped", self.issues_skipped),
            ("errors", self.errors),
            ("requests", self.requests),
            ("doubts", self.doubts),
            ("failures", self.failures),
        ]
        .into_iter()
        .fold(audit(Level::Info, "sync.cycle.completed", "Sync cycle completed"), |line, (name, count)| {
            line.with(name, Field::Number(count))
        })
    }
}

fn progress(done: u64, total: Option<u64>, per_minute: u64, left: Option<Duration>) -> Line {
    let of = total.map(|total| format!(" of about {total}")).unwrap_or_default();
    let rest = left.map(|left| format!(", about {} left", seconds(left))).unwrap_or_default();
    let line = line(Level::Info, format!("Initial full sync: {done}{of} issues, {per_minute} a minute{rest}"));
    let line = line.with("done", Field::Number(done)).with("perMinute", Field::Number(per_minute));
    let line = match total {
        Some(total) => line.with("total", Field::Number(total)),
        None => line,
    };
    match left {
        Some(left) => line.with("secondsLeft", Field::Number(left.as_secs())),
        None => line,
    }
}

fn held(user: &IssueKey, dev: &IssueKey, writes: u32, until: DateTime<Utc>) -> Line {
    let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
    let message = format!(
        "The pair of {user} and {dev} is held until {until}: written {writes} times within ten minutes; do its rules \
         answer each other?"
    );
    audit(Level::Warn, "pair.held", message)
        .issue(user)
        .text("target", dev)
        .text("reason", "ping-pong")
        .with("writes", Field::Number(writes.into()))
        .text("until", until)
}

fn refused(file: &str, problems: &[String], runs_on: bool) -> Line {
    let consequence = if runs_on { "; the last good flow runs on" } else { "" };
    line(Level::Error, format!("Flow file {file} refused{consequence}: {}", problems.join("; ")))
        .text("file", file)
        .with("problems", Field::List(problems.to_vec()))
}

fn not_taken_along(user: &IssueKey, dev: &IssueKey, lost: &[String]) -> Line {
    let message = format!("The description of {user} could not take all along to {dev}; lost: {}", lost.join(", "));
    audit(Level::Warn, "text.lost", message).issue(user).text("target", dev).with("lost", Field::List(lost.to_vec()))
}

fn status_changed(side: Side, key: &IssueKey, from: Option<&StatusName>, to: &StatusName) -> Line {
    let message = match from {
        Some(from) => format!("{key} went from {from} to {to}"),
        None => format!("{key} is seen for the first time, in {to}"),
    };
    let line = audit(Level::Info, "status.changed", message).text("side", side).issue(key);
    let line = match from {
        Some(from) => line.text("from", from),
        None => line,
    };
    line.text("to", to)
}

fn line(level: Level, message: impl Into<String>) -> Line {
    Line { level, event: None, message: message.into(), fields: Vec::new() }
}

fn audit(level: Level, event: &'static str, message: impl Into<String>) -> Line {
    Line { event: Some(event), ..line(level, message) }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

impl Line {
    fn with(mut self, name: &'static str, field: Field) -> Self {
        self.fields.push((name, field));
        self
    }

    fn text(self, name: &'static str, text: impl ToString) -> Self {
        self.with(name, Field::Text(text.to_string()))
    }

    fn issue(self, key: &IssueKey) -> Self {
        self.text("issue", key)
    }

    fn error(self, why: &str) -> Self {
        self.text("error", why)
    }

    fn rule(self, rule: Option<&RuleId>) -> Self {
        match rule {
            Some(rule) => self.text("rule", rule),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sync_mode_messages_are_exact() {
        let from = Watermark("2024-01-01T00:00:00Z".parse().unwrap());
        let lines: Vec<_> = [
            Event::InitialSyncStarted { resumed: false },
            Event::InitialSyncCompleted { issues: 1 },
            Event::SyncStateLost { from },
            Event::InitialSyncDisabled { from },
        ]
        .iter()
        .map(|event| (event.line().level, event.line().message))
        .collect();
        let expected = [
            (Level::Info, "Running initial full sync"),
            (Level::Info, "Initial sync completed"),
            (Level::Warn, "Last sync state lost, using current time for incremental sync"),
            (Level::Info, "Initial sync disabled, starting from current time"),
        ];
        assert_eq!(lines, expected.map(|(level, text)| (level, text.to_owned())));
    }

    #[test]
    fn what_a_text_lost_names_both_issues() {
        let [user, dev] = ["USER-A-1", "DEV-A-7"].map(|key| key.parse().unwrap());
        let lost = vec!["1 mention".to_owned(), "2 embedded files".to_owned()];
        let line = Event::NotTakenAlong { user, dev, lost }.line();
        let message =
            "The description of USER-A-1 could not take all along to DEV-A-7; lost: 1 mention, 2 embedded files";
        assert_eq!((line.level, line.event, &*line.message), (Level::Warn, Some("text.lost"), message));
    }

    #[test]
    fn a_completed_cycle_tells_its_counts() {
        let line = Event::CycleCompleted(CycleReport { issues_created: 2, ..CycleReport::default() }).line();
        assert_eq!(line.event, Some("sync.cycle.completed"));
        assert!(line.fields.contains(&("issuesCreated", Field::Number(2))));
    }
}

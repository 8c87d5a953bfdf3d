//! Every event as a line: log and history are read by programs, so a change here is one that people must hear of.

use super::*;

const LINES: &str = include_str!("lines.txt");

fn key(text: &str) -> IssueKey {
    text.parse().unwrap()
}

fn user() -> IssueKey {
    key("USER-A-1")
}

fn dev() -> IssueKey {
    key("DEV-A-7")
}

fn status(name: &str) -> StatusName {
    StatusName::new(name)
}

fn why() -> String {
    "the reason".to_owned()
}

fn again_in() -> Duration {
    Duration::from_millis(1500)
}

fn of_flows() -> Vec<Event> {
    let file = || "flows.d/a.json".to_owned();
    let problems = vec!["1:1: one".to_owned(), "2:2: two".to_owned()];
    vec![
        Event::WorkerStarted,
        Event::WorkerStopped,
        Event::WorkerFailed { why: why(), again_in: again_in() },
        Event::WorkerPanicked { why: why(), again_in: again_in() },
        Event::WorkerStalled { again_in: again_in() },
        Event::WorkerOccupied { why: why(), again_every: again_in() },
        Event::WorkerParked { why: why(), again_in: again_in() },
        Event::WorkerBusyAtStop,
        Event::NoticeRaised { kind: NoticeKind::StatusMissing, why: why() },
        Event::NoticeCleared { kind: NoticeKind::StatusMissing },
        Event::FlowDegraded { why: why() },
        Event::FlowRecovered { after: again_in() },
        Event::RequestRepeated { request: "GET /rest/api/3/myself".to_owned(), why: why(), again_in: again_in() },
        Event::FlowAccepted { file: file() },
        Event::FlowRefused { file: file(), problems: problems.clone(), runs_on: false },
        Event::FlowRefused { file: file(), problems, runs_on: true },
        Event::FlowWarning { file: file(), warning: "mind this".to_owned() },
        Event::FlowRemoved,
        Event::FlowsUnreadable { why: why() },
    ]
}

fn of_syncs() -> Vec<Event> {
    let from = Watermark("2024-01-01T00:00:00Z".parse().unwrap());
    let left = Some(Duration::from_secs(90));
    let report = CycleReport { duration: Duration::from_millis(1234), issues_created: 2, ..CycleReport::default() };
    vec![
        Event::InitialSyncStarted { resumed: false },
        Event::InitialSyncStarted { resumed: true },
        Event::TakenOver { pairs: 10, failed_creates: 2, odd: 0, from: Some(from) },
        Event::TakenOver { pairs: 10, failed_creates: 0, odd: 3, from: None },
        Event::InitialSyncProgress { done: 10, total: Some(40), per_minute: 20, left },
        Event::InitialSyncProgress { done: 10, total: None, per_minute: 20, left: None },
        Event::InitialSyncCompleted { issues: 40 },
        Event::SyncStateLost { from },
        Event::InitialSyncDisabled { from },
        Event::ProjectReplaced {
            side: Side::User,
            was: "UAB".parse().unwrap(),
            key: "URX".parse().unwrap(),
            issues: Some(130),
            whole: true,
        },
        Event::ProjectReplaced {
            side: Side::Dev,
            was: "DAB".parse().unwrap(),
            key: "DRX".parse().unwrap(),
            issues: None,
            whole: false,
        },
        Event::ProjectRead { issues: 130 },
        Event::ClockWentBack { last_sync: from, now: "2023-12-31T00:00:00Z".parse().unwrap() },
        Event::CycleCompleted(report),
        Event::PatrolCompleted { pairs: 7, broken: 1, suspended: 2 },
        Event::PairsLost,
    ]
}

fn of_issues() -> Vec<Event> {
    vec![
        Event::IssueFetched { side: Side::User, key: user() },
        Event::StatusUnchanged { side: Side::Dev, key: dev() },
        Event::StatusChanged { side: Side::User, key: user(), from: None, to: status("Open") },
        Event::StatusChanged { side: Side::User, key: user(), from: Some(status("Open")), to: status("Will Do") },
        Event::IssueProcessed { key: user() },
        Event::Skipped { key: user(), reason: SkipReason::PingPong },
        Event::IssueFailed { key: user(), why: why(), again_in: again_in() },
        Event::OrderExecuted { key: user(), order: "unpair USER-A-1".to_owned() },
    ]
}

fn of_writes() -> Vec<Event> {
    let rule = || Some("accepted".parse::<RuleId>().unwrap());
    let field = || FieldName::new("Severity").unwrap();
    let filename = || "a \"b\".txt".to_owned();
    let step = || StepKey { intent: "i-1".parse().unwrap(), step: 2 };
    let synced =
        |rule| Event::StatusSynced { side: Side::User, key: user(), to: status("Resolved"), because_of: dev(), rule };
    vec![
        Event::IssueCreated { user: user(), dev: dev(), rule: rule() },
        Event::IssueCreated { user: user(), dev: dev(), rule: None },
        synced(rule()),
        synced(None),
        Event::TransitionByName { key: user(), name: "Done".to_owned(), to: status("Closed") },
        Event::NotTakenAlong { user: user(), dev: dev(), lost: vec!["1 mention".to_owned(), "2 files".to_owned()] },
        Event::NoRoomForLink { key: user() },
        Event::LinkOwed { key: user(), status: status("Closed") },
        Event::LinkMade { user: user(), dev: dev() },
        Event::FieldLeftOut { key: user(), field: field(), why: why() },
        Event::TextAsComment { user: user(), dev: dev() },
        Event::TypeReplaced { key: user(), from: "Epic".to_owned(), to: "Bug".to_owned(), why: why() },
        Event::AttachmentCopied { user: user(), dev: dev(), filename: filename(), size: 9 },
        Event::AttachmentLeftOut { user: user(), filename: filename(), why: why() },
        Event::Replied { key: user(), field: field() },
        Event::TextRestored { key: user() },
        Event::StepRefused { key: user(), what: "link", why: why() },
        Event::Commented { key: user() },
        Event::InDoubt { key: user(), step: step(), what: "create", why: why() },
        Event::DoubtSettled { key: user(), step: step(), what: "create", happened: true },
        Event::DoubtSettled { key: user(), step: step(), what: "create", happened: false },
    ]
}

fn of_pairs() -> Vec<Event> {
    let until = "2024-01-01T01:00:00Z".parse().unwrap();
    let [status, wanted] = [status("Closed"), status("Resolved")];
    vec![
        Event::PairAdopted { user: user(), dev: dev() },
        Event::PairSuspended { user: user(), dev: dev(), why: why() },
        Event::PairBroken { user: user(), dev: dev(), why: why() },
        Event::PairHeld { user: user(), dev: dev(), writes: 6, until },
        Event::PairMended { user: user(), dev: dev() },
        Event::ConflictLost { user: user(), side: Side::Dev, status, wanted },
    ]
}

fn written(event: &Event) -> String {
    let Line { level, event, message, fields } = event.line();
    let fields: Vec<_> = fields.iter().map(|(name, field)| format!("\n    {name}: {field:?}")).collect();
    format!("{level:?} {}: {message}{}\n", event.unwrap_or("-"), fields.concat())
}

#[test]
fn every_event_reads_as_it_always_did() {
    let events = [of_flows(), of_syncs(), of_issues(), of_writes(), of_pairs()].concat();
    let found: String = events.iter().map(written).collect();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/flow/event/lines.txt"), &found).unwrap();
    }
    for (found, expected) in found.lines().zip(LINES.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), LINES.len());
}

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
fn what_others_wrote_makes_no_long_line_and_no_deceiving_one() {
    let long = format!("a\u{202e}b\u{1b}[2J{}", "x".repeat(100_000));
    let copied = Event::AttachmentCopied { user: user(), dev: dev(), filename: long.clone(), size: 9 };
    let refused = Event::FlowRefused { file: long.clone(), problems: vec![long.clone()], runs_on: false };
    for event in [copied, refused, Event::PairBroken { user: user(), dev: dev(), why: long }] {
        let told = written(&event);
        assert!(told.len() < 15_000, "{} bytes", told.len());
        assert!(!told.contains(['\u{202e}', '\u{1b}']), "{told:.300}");
    }
}

//! The log as a whole: what lines look like, and what happens when they can't be written.

use std::fs;
use std::io::Write;
use std::sync::mpsc::{self, Receiver, Sender};

use chrono::DateTime;
use parking_lot::Mutex;

use super::*;
use crate::flow::{LineCounts, Side};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

/// A log of this level and layout at midnight 1970, with room for so many bytes.
fn log_on(stream: impl Write + Send + 'static, level: tracing::Level, layout: Layout, queue: usize) -> Log {
    let settings = LogSettings { level, file: None, pretty: None, queue };
    let log = Log::unopened(&settings, layout, Clock::simulated(DateTime::UNIX_EPOCH));
    log.start(|| Ok(Sink::Stream(Box::new(stream)))).unwrap();
    log
}

/// What `tell` leaves in a log of this level and layout.
async fn logged(level: tracing::Level, layout: Layout, tell: impl FnOnce(&Log)) -> String {
    let paper = Paper::default();
    let log = log_on(paper.clone(), level, layout, 1 << 20);
    tell(&log);
    assert!(log.shared.close(PATIENCE));
    paper.text()
}

fn told(event: Event) -> impl FnOnce(&Log) {
    move |log| log.see(Some(&"sync-ab".parse().unwrap()), &event)
}

fn created() -> Event {
    let (user, dev) = ("USER-A-1".parse().unwrap(), "DEV-A-2".parse().unwrap());
    Event::IssueCreated { user, dev, rule: Some("user-will-do".parse().unwrap()) }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_one_flat_object_with_its_fields_in_order() {
    let line = logged(tracing::Level::INFO, Layout::Json, told(created())).await;
    let expected = concat!(
        r#"{"timestamp":"1970-01-01T00:00:00.000Z","level":"info","worker":"sync-ab","event":"action.createIssue","#,
        r#""message":"Created DEV-A-2 for USER-A-1","issue":"USER-A-1","target":"DEV-A-2","rule":"user-will-do"}"#,
        "\n"
    );
    assert_eq!(line, expected);
}

#[tokio::test(start_paused = true)]
async fn a_person_reads_time_level_worker_and_message_on_one_line() {
    let why = "no answer\n\u{1b}[2J\u{202e}from\u{9b} Jira".to_owned();
    let event = Event::WorkerFailed { why, again_in: Duration::from_secs(2) };
    let line = logged(tracing::Level::INFO, Layout::Text, told(event)).await;
    let expected = "1970-01-01T00:00:00.000Z warn  sync-ab: Worker failed, starting again in 2.0 s: \
                    no answer  [2J from  Jira\n";
    assert_eq!(line, expected);
}

#[tokio::test(start_paused = true)]
async fn what_a_library_says_orders_no_terminal_and_tells_no_password() {
    for layout in [Layout::Json, Layout::Text] {
        let line = logged(tracing::Level::INFO, layout, |log| {
            let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
            tracing::warn!(target: "hyper", "lost \u{9b}2J\u{202e} http://u:hunter2@proxy {}", "x".repeat(100_000));
        });
        let line = line.await;
        assert!(line.len() < 5_000 && line.contains("http://***@proxy"), "{line:.300}");
        assert!(!line.contains(['\u{9b}', '\u{202e}']), "{line:.300}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_below_the_level_is_left_out() {
    assert_eq!(logged(tracing::Level::WARN, Layout::Json, told(created())).await, "");
    let fetched = Event::IssueFetched { side: Side::User, key: "USER-A-1".parse().unwrap() };
    assert_eq!(logged(tracing::Level::INFO, Layout::Json, told(fetched.clone())).await, "");
    assert_ne!(logged(tracing::Level::DEBUG, Layout::Json, told(fetched)).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_library_within_a_workers_span_is_logged_with_that_worker() {
    let line = logged(tracing::Level::INFO, Layout::Json, |log| {
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
        let _span = tracing::info_span!("worker", worker = "sync-cd").entered();
        tracing::warn!(target: "hyper", attempt = 2_u64, level = "mine", "lost {}", "a connection");
    });
    let expected = concat!(
        r#"{"timestamp":"1970-01-01T00:00:00.000Z","level":"warn","worker":"sync-cd","#,
        r#""message":"lost a connection","attempt":2}"#,
        "\n"
    );
    assert_eq!(line.await, expected);
}

#[tokio::test(start_paused = true)]
async fn libraries_stay_quiet_about_requests_whatever_the_level() {
    let lines = logged(tracing::Level::TRACE, Layout::Json, |log| {
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
        tracing::debug!(target: "hyper::proto", "authorization: Basic xyz");
        tracing::debug!("ours");
    });
    let lines = lines.await;
    assert!(!lines.contains("xyz") && lines.contains("ours"), "{lines}");
}

/// A reader that takes a line only when it is let.
struct Stuck {
    /// Says that a write has begun.
    begun: Sender<()>,
    go_on: Receiver<()>,
    paper: Paper,
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.send(()).unwrap();
        // Let go for good when the test drops its end.
        let _ = self.go_on.recv();
        self.paper.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A log whose reader has taken nothing yet of a first line, what ends that, and what is written then.
fn stuck(queue: usize) -> (Log, Sender<()>, Paper) {
    let ((begun, has_begun), (release, go_on), paper) = (mpsc::channel(), mpsc::channel(), Paper::default());
    let log = log_on(Stuck { begun, go_on, paper: paper.clone() }, tracing::Level::INFO, Layout::Text, queue);
    say(&log, Severity::Info, "first");
    has_begun.recv_timeout(PATIENCE).unwrap();
    // The rest need not be taken.
    std::mem::forget(has_begun);
    (log, release, paper)
}

fn say(log: &Log, severity: Severity, message: &str) {
    log.write(severity, None, &Line { level: Level::Info, event: None, message: message.to_owned(), fields: vec![] });
}

/// The lines' texts without their times.
fn untimed(paper: &Paper) -> Vec<String> {
    let untimed = |line: &str| {
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(DateTime::parse_from_rfc3339(time).is_ok(), "{line}");
        rest.to_owned()
    };
    paper.text().lines().map(untimed).collect()
}

/// Waits until the thread that writes has come so far.
fn eventually(so_far: impl Fn() -> bool) {
    let clock = Clock::system();
    let deadline = clock.now() + PATIENCE;
    while !so_far() {
        assert!(clock.now() < deadline);
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_stuck_reader_delays_neither_lines_nor_the_end() {
    let (log, release, paper) = stuck(10_000);
    (0..1000).for_each(|_| say(&log, Severity::Info, "more"));
    log.complain("the end");
    assert!(!log.shared.close(Duration::from_millis(1)), "it is still stuck");
    assert_eq!(paper.text(), "");
    drop(release);
    assert!(log.shared.close(PATIENCE));
    assert_eq!(paper.text().lines().last(), Some("lockstep: the end"));
}

#[test]
fn after_dropped_lines_the_next_one_tells_how_many_of_each_level() {
    // Room for three of the lines that follow.
    let (log, release, paper) = stuck(3 * (64 + "1970-01-01T00:00:00.000Z warn  three\n".len()));
    for (severity, message) in [
        (Severity::Trace, "one"),
        (Severity::Debug, "two"),
        (Severity::Info, "three"),
        (Severity::Info, "four"),
        (Severity::Warn, "five"),
        (Severity::Error, "six"),
    ] {
        say(&log, severity, message);
    }
    let dropped = LineCounts { trace: 1, debug: 1, info: 1, ..LineCounts::default() };
    let state = log.log_state().unwrap();
    assert_eq!((state.dropped, state.queued_bytes > 0), (dropped, true));
    drop(release);
    assert!(log.shared.close(PATIENCE));
    let told = "warn  Dropped 3 lines of the log (1 info, 1 debug, 1 trace), as what reads it or its disk was too slow; \
                what was done to issues is in the flows' history all the same";
    assert_eq!(untimed(&paper), ["info  first", told, "info  four", "warn  five", "error six"]);
}

#[test]
fn dropped_lines_are_told_to_programs_by_level() {
    let log = log_on(Paper::default(), tracing::Level::INFO, Layout::Json, 1 << 20);
    let counts = LineCounts { info: 7, error: 1, ..LineCounts::default() };
    let line = writer::dropped(&log.composer, counts);
    let fields = r#","droppedError":1,"droppedWarn":0,"droppedInfo":7,"droppedDebug":0,"droppedTrace":0}"#;
    assert!(line.starts_with(r#"{"timestamp":"#) && line.contains(r#""level":"warn""#), "{line}");
    assert!(line.trim_end().ends_with(fields), "{line}");
}

/// Takes a few bytes and then, so often, none: as a disk does that has no room for a while.
struct Full {
    room: usize,
    refusals: usize,
    error: io::ErrorKind,
    paper: Paper,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 && self.refusals > 0 {
            self.refusals -= 1;
            return Err(self.error.into());
        }
        let count = if self.refusals > 0 { bytes.len().min(self.room) } else { bytes.len() };
        self.room = self.room.saturating_sub(count);
        self.paper.write(&bytes[..count])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn after_a_full_disk_or_a_short_write_the_log_goes_on_with_whole_lines() {
    for (room, refusals, error) in [
        (0, 2, io::ErrorKind::StorageFull),
        (10, 1, io::ErrorKind::StorageFull),
        (40, 3, io::ErrorKind::WouldBlock),
        (10, 1, io::ErrorKind::Interrupted),
    ] {
        let paper = Paper::default();
        let full = Full { room, refusals, error, paper: paper.clone() };
        let log = log_on(full, tracing::Level::INFO, Layout::Text, 1 << 20);
        ["one", "two", "three"].iter().for_each(|message| say(&log, Severity::Info, message));
        eventually(|| paper.text().ends_with("three\n"));
        assert_eq!(untimed(&paper), ["info  one", "info  two", "info  three"], "{error}");
        assert_eq!(log.log_state().unwrap().dropped.total(), 0);
    }
}

#[test]
fn what_can_not_be_written_is_shown_and_does_not_delay_the_end() {
    let full = Full { room: 0, refusals: usize::MAX, error: io::ErrorKind::StorageFull, paper: Paper::default() };
    let log = log_on(full, tracing::Level::INFO, Layout::Text, 1 << 20);
    say(&log, Severity::Info, "one");
    eventually(|| log.log_state().unwrap().failure.is_some());
    assert_eq!(log.log_state().unwrap().failure.as_deref(), Some("no storage space"));
    assert!(log.shared.close(PATIENCE), "it ends by itself");
}

/// A log in this file.
fn log_in(file: &Path) -> Log {
    let settings =
        LogSettings { level: tracing::Level::INFO, file: Some(file.to_owned()), pretty: Some(true), queue: 1 << 20 };
    Log::open(&settings, Clock::simulated(DateTime::UNIX_EPOCH)).unwrap()
}

#[test]
fn a_removed_log_file_is_made_again_for_the_next_line_and_one_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("log"), folder.path().join("log.1"));
    let log = log_in(&path);
    fs::remove_file(&path).unwrap();
    say(&log, Severity::Info, "one");
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    eventually(|| text(&path).contains("one"));
    fs::rename(&path, &old).unwrap();
    log.reopen();
    say(&log, Severity::Info, "two");
    assert!(log.shared.close(PATIENCE));
    assert!(!text(&old).contains("two"));
    let messages: Vec<_> = text(&path).lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!(messages, [format!("info  Opened the log file {} anew", path.display()), "info  two".into()]);
}

#[test]
fn a_log_file_that_can_not_be_opened_anew_is_an_error_in_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("log"), folder.path().join("log.1"));
    let log = log_in(&path);
    fs::rename(&path, &old).unwrap();
    fs::create_dir(&path).unwrap();
    say(&log, Severity::Info, "one");
    assert!(log.shared.close(PATIENCE));
    let text = fs::read_to_string(&old).unwrap();
    assert!(text.contains(" error Can't open the log file ") && text.ends_with(" info  one\n"), "{text}");
    assert!(log.log_state().unwrap().failure.unwrap().contains("directory"));
}

#[test]
fn a_log_file_that_can_not_be_opened_at_all_is_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        LogSettings { level: tracing::Level::INFO, file: Some(folder.path().into()), pretty: None, queue: 1 << 20 };
    let why = Log::open(&settings, Clock::simulated(DateTime::UNIX_EPOCH)).err().unwrap();
    assert!(format!("{why:#}").starts_with("LOG_FILE: can't write to "), "{why:#}");
}

#[test]
fn why_a_process_ends_is_also_in_its_log_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let log = log_in(&path);
    log.complain("the address is taken");
    drop(log.closing());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.ends_with(" error the address is taken\n"), "{text}");
}

//! The log: one flat JSON object a line, or text for people.
//!
//! What happens to flows comes as [`Event`]s, what libraries say comes through `tracing`; both end in one writer. A line
//! that can't be written is lost: the log must never stop the work that it tells of.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use chrono::SecondsFormat;
use serde::ser::{Serialize, SerializeMap, Serializer};
use tracing::field::{Field as TracingField, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;
use crate::flow::{Event, Field, FlowName, Level, Line, Observer};
use crate::foreign::{self, printable, printable_json, without_user_info};
use crate::settings::LogSettings;

/// The field by which a span names its worker.
const WORKER: &str = "worker";

/// What other crates say below this level is noise to an operator, and may show requests in full.
const LEAST_OF_LIBRARIES: tracing::Level = tracing::Level::INFO;

/// Our spans name the worker of what is said in them, and so are kept whatever `LOG_LEVEL` says.
const LEVEL_OF_SPANS: tracing::Level = tracing::Level::INFO;

/// The log of one process. Clones are one.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    clock: Clock,
    level: tracing::Level,
    layout: Layout,
    out: Mutex<Box<dyn Write + Send>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Json,
    Text,
}

impl Log {
    /// Opens the log as it was asked for: `LOG_FILE` is appended to; without one, lines go to standard error.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn open(settings: &LogSettings, clock: Clock) -> anyhow::Result<Self> {
        let (out, terminal): (Box<dyn Write + Send>, bool) = match &settings.file {
            Some(path) => (Box::new(append(path)?), false),
            None => (Box::new(io::stderr()), io::stderr().is_terminal()),
        };
        let layout = if settings.pretty.unwrap_or(terminal) { Layout::Text } else { Layout::Json };
        Ok(Self::to(out, settings.level, layout, clock))
    }

    /// Takes what libraries say, and panics, into this log as well. Once per process.
    ///
    /// # Errors
    /// When something else already takes it.
    pub fn install(&self) -> anyhow::Result<()> {
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(self.clone()))?;
        std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
        Ok(())
    }

    fn to(out: Box<dyn Write + Send>, level: tracing::Level, layout: Layout, clock: Clock) -> Self {
        Self(Arc::new(Inner { clock, level, layout, out: Mutex::new(out) }))
    }

    fn write(&self, entry: &Entry<'_>) {
        let mut text = match self.0.layout {
            // Texts, numbers and flags always serialize.
            Layout::Json => printable_json(&serde_json::to_string(entry).unwrap_or_default()),
            Layout::Text => entry.to_string(),
        };
        text.push('\n');
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        // Nowhere is left to complain to.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    fn now(&self) -> String {
        self.0.clock.wall().to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

fn append(path: &Path) -> anyhow::Result<std::fs::File> {
    let open = OpenOptions::new().create(true).append(true).open(path);
    open.with_context(|| format!("LOG_FILE: can't write to {}", path.display()))
}

impl Observer for Log {
    fn see(&self, flow: Option<&FlowName>, event: &Event) {
        let line = event.line();
        if severity(line.level) <= self.0.level {
            let worker = flow.map(FlowName::as_str);
            self.write(&Entry { timestamp: self.now(), level: severity(line.level), worker, line: &line });
        }
    }
}

/// In `tracing`, what matters more is less.
fn severity(level: Level) -> tracing::Level {
    match level {
        Level::Debug => tracing::Level::DEBUG,
        Level::Info => tracing::Level::INFO,
        Level::Warn => tracing::Level::WARN,
        Level::Error => tracing::Level::ERROR,
    }
}

fn level(severity: tracing::Level) -> Level {
    match severity {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        // `tracing` knows no level below trace.
        _ => Level::Debug,
    }
}

/// One line of the log, before its layout.
struct Entry<'a> {
    timestamp: String,
    level: tracing::Level,
    worker: Option<&'a str>,
    line: &'a Line,
}

impl Entry<'_> {
    fn level(&self) -> &'static str {
        match self.level {
            tracing::Level::ERROR => "error",
            tracing::Level::WARN => "warn",
            tracing::Level::INFO => "info",
            tracing::Level::DEBUG => "debug",
            _ => "trace",
        }
    }
}

/// One flat object; the standard names come first and in this order.
impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &self.timestamp)?;
        map.serialize_entry("level", self.level())?;
        if let Some(worker) = self.worker {
            map.serialize_entry(WORKER, worker)?;
        }
        if let Some(event) = self.line.event {
            map.serialize_entry("event", event)?;
        }
        map.serialize_entry("message", &self.line.message)?;
        for (name, field) in &self.line.fields {
            match field {
                Field::Text(text) => map.serialize_entry(name, text)?,
                Field::Number(number) => map.serialize_entry(name, number)?,
                Field::Flag(flag) => map.serialize_entry(name, flag)?,
                Field::List(texts) => map.serialize_entry(name, texts)?,
            }
        }
        map.end()
    }
}

/// Time, level, worker, message. The fields are for programs: what a person needs is in the message.
impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:5} ", self.timestamp, self.level())?;
        if let Some(worker) = self.worker {
            write!(f, "{worker}: ")?;
        }
        // Titles and statuses are other people's texts: none may move the cursor or begin a line of its own.
        f.write_str(&printable(&self.line.message))
    }
}

/// What `tracing` brings: our own crate's diagnostics and the libraries'.
impl<S> Layer<S> for Log
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.level.max(LEVEL_OF_SPANS).into())
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let (Some(span), Some(worker)) = (context.span(id), fields.worker) {
            span.extensions_mut().insert(Worker(worker));
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = Line {
            level: level(*metadata.level()),
            event: None,
            message: fields.message.unwrap_or_default(),
            fields: fields.others,
        };
        let worker = fields.worker.or_else(|| worker_of(event, &context));
        let (timestamp, level) = (self.now(), *metadata.level());
        self.write(&Entry { timestamp, level, worker: worker.as_deref(), line: &line });
    }
}

impl Log {
    fn wants(&self, metadata: &tracing::Metadata<'_>) -> bool {
        let ours = metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"));
        if metadata.is_span() {
            return ours;
        }
        let least = if ours { self.0.level } else { self.0.level.min(LEAST_OF_LIBRARIES) };
        *metadata.level() <= least
    }
}

/// The worker that a span was opened for.
struct Worker(String);

fn worker_of<S>(event: &tracing::Event<'_>, context: &Context<'_, S>) -> Option<String>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let named = |span: tracing_subscriber::registry::SpanRef<'_, S>| {
        span.extensions().get::<Worker>().map(|worker| worker.0.clone())
    };
    context.event_scope(event)?.find_map(named)
}

/// The fields of a `tracing` event or span.
#[derive(Default)]
struct Fields {
    message: Option<String>,
    worker: Option<String>,
    others: Vec<(&'static str, Field)>,
}

impl Fields {
    fn take(&mut self, name: &'static str, field: Field) {
        match (name, field) {
            ("message", Field::Text(text)) => self.message = Some(text),
            (WORKER, Field::Text(text)) => self.worker = Some(text),
            // A second key of a standard name would make the line ambiguous.
            ("timestamp" | "level" | "event" | "message" | WORKER, _) => {}
            (name, field) => self.others.push((name, field)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &TracingField, value: &dyn fmt::Debug) {
        self.take(field.name(), Field::Text(foreign::message(&without_user_info(&format!("{value:?}")))));
    }

    fn record_str(&mut self, field: &TracingField, value: &str) {
        self.take(field.name(), Field::Text(foreign::message(&without_user_info(value))));
    }

    fn record_u64(&mut self, field: &TracingField, value: u64) {
        self.take(field.name(), Field::Number(value));
    }

    fn record_bool(&mut self, field: &TracingField, value: bool) {
        self.take(field.name(), Field::Flag(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `tell` leaves in a log of this level and layout, at midnight 1970.
    async fn logged(level: tracing::Level, layout: Layout, tell: impl FnOnce(&Log)) -> String {
        let paper = Paper::default();
        let log = Log::to(Box::new(paper.clone()), level, layout, Clock::simulated(DateTime::UNIX_EPOCH));
        tell(&log);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
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
        let event = Event::WorkerFailed { why, again_in: std::time::Duration::from_secs(2) };
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
        let fetched = Event::IssueFetched { side: crate::flow::Side::User, key: "USER-A-1".parse().unwrap() };
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
}

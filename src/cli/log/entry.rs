//! One line of the log and its two layouts.

use std::fmt;

use chrono::SecondsFormat;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::clock::Clock;
use crate::flow::{Field, Level, Line};
use crate::foreign::{printable, printable_json};

/// The field that names the worker, also in spans.
pub(super) const WORKER: &str = "worker";

/// Level of a line, with the one that only libraries use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

impl From<tracing::Level> for Severity {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            tracing::Level::DEBUG => Self::Debug,
            // `tracing` knows no level below trace.
            _ => Self::Trace,
        }
    }
}

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Json,
    Text,
}

/// Makes the text of lines.
#[derive(Clone)]
pub(super) struct Composer {
    pub(super) clock: Clock,
    /// The least that is written.
    pub(super) least: Severity,
    pub(super) layout: Layout,
}

impl Composer {
    /// The whole line, with its end.
    pub(super) fn compose(&self, severity: Severity, worker: Option<&str>, line: &Line) -> String {
        let timestamp = self.clock.wall().to_rfc3339_opts(SecondsFormat::Millis, true);
        let entry = Entry { timestamp, severity, worker, line };
        let mut text = match self.layout {
            // Texts, numbers and flags always serialize.
            Layout::Json => printable_json(&serde_json::to_string(&entry).unwrap_or_default()),
            Layout::Text => entry.to_string(),
        };
        text.push('\n');
        text
    }
}

struct Entry<'a> {
    timestamp: String,
    severity: Severity,
    worker: Option<&'a str>,
    line: &'a Line,
}

/// One flat object; the standard names come first and in this order.
impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &self.timestamp)?;
        map.serialize_entry("level", self.severity.as_str())?;
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
        write!(f, "{} {:5} ", self.timestamp, self.severity.as_str())?;
        if let Some(worker) = self.worker {
            write!(f, "{worker}: ")?;
        }
        // Titles and statuses are other people's texts: none may move the cursor or begin a line of its own.
        f.write_str(&printable(&self.line.message))
    }
}

//! The log: one flat JSON object a line, or text for people.
//!
//! What happens to flows comes as [`Event`]s, what libraries say comes through `tracing`; both end in one queue, from which
//! a thread writes. The log never stops the work that it tells of: when nothing reads it, the queue drops lines and counts
//! them.

mod entry;
mod file;
mod libraries;
mod queue;
mod shared;
#[cfg(test)]
mod tests;
mod writer;

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tracing_subscriber::layer::SubscriberExt as _;

use super::{error_text, print_error_within};
use crate::clock::Clock;
use crate::flow::{Event, FlowName, Level, Line, LogState, Observer};
use crate::settings::LogSettings;
use entry::{Composer, Layout, Severity};
use file::LogFile;
use shared::Shared;
use writer::{Sink, Writer};

/// What a stop gives the writer for what is still in the queue.
const LAST_WRITES: Duration = Duration::from_secs(1);

/// The log of one process. Clones are one.
#[derive(Clone)]
pub struct Log {
    level: tracing::Level,
    composer: Composer,
    shared: Arc<Shared>,
    /// Whether lines go to a file rather than to standard error.
    has_file: bool,
}

/// Ends the log when it is dropped: what is still in the queue is written, for a second at most.
pub struct Closing(Log);

impl Log {
    /// Opens the log as it was asked for: `LOG_FILE` is appended to; without one, lines go to standard error.
    ///
    /// # Errors
    /// When the file can't be opened, or not within seconds.
    pub fn open(settings: &LogSettings, clock: Clock) -> anyhow::Result<Self> {
        let path = settings.file.clone();
        let terminal = path.is_none() && io::stderr().is_terminal();
        let layout = if settings.pretty.unwrap_or(terminal) { Layout::Text } else { Layout::Json };
        let log = Self::unopened(settings, layout, clock);
        log.start(move || sink(path.as_deref()))?;
        Ok(log)
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

    /// What ends the log when it is dropped.
    #[must_use = "the log ends when this is dropped"]
    pub fn closing(&self) -> Closing {
        Closing(self.clone())
    }

    /// Opens `LOG_FILE` anew, whatever is at its path.
    pub fn reopen(&self) {
        self.shared.change(|state| state.reopen = true);
    }

    /// Says why the process ends: on standard error as every command does, and in the log file if there is one.
    pub fn complain(&self, why: &str) {
        if self.has_file {
            let line = Line { level: Level::Error, event: None, message: why.to_owned(), fields: Vec::new() };
            self.write(Severity::Error, None, &line);
            print_error_within(LAST_WRITES, why);
        } else {
            // Not past the writer: it may hold standard error forever.
            self.shared.push(Severity::Error, error_text(why) + "\n");
        }
    }

    fn unopened(settings: &LogSettings, layout: Layout, clock: Clock) -> Self {
        Self {
            level: settings.level,
            composer: Composer { clock, least: settings.level.into(), layout },
            shared: Arc::new(Shared::new(settings.queue)),
            has_file: settings.file.is_some(),
        }
    }

    fn start(&self, open: impl FnOnce() -> anyhow::Result<Sink> + Send + 'static) -> anyhow::Result<()> {
        Writer::start(Arc::clone(&self.shared), self.composer.clone(), open)
    }

    fn write(&self, severity: Severity, worker: Option<&str>, line: &Line) {
        self.shared.push(severity, self.composer.compose(severity, worker, line));
    }
}

fn sink(path: Option<&Path>) -> anyhow::Result<Sink> {
    match path {
        Some(path) => {
            let file = LogFile::open(path);
            Ok(Sink::File(file.with_context(|| format!("LOG_FILE: can't write to {}", path.display()))?))
        }
        // Of its own, so that the thread which writes holds no lock that others wait for.
        None => {
            let stderr = io::stderr().as_fd().try_clone_to_owned().context("can't write to standard error")?;
            Ok(Sink::Stream(Box::new(File::from(stderr))))
        }
    }
}

impl Observer for Log {
    fn see(&self, flow: Option<&FlowName>, event: &Event) {
        let line = event.line();
        let severity = line.level.into();
        if severity >= self.composer.least {
            self.write(severity, flow.map(FlowName::as_str), &line);
        }
    }

    fn log_state(&self) -> Option<LogState> {
        Some(self.shared.state())
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        // What is not written by then stays unwritten: the process ends all the same.
        let _ = self.0.shared.close(LAST_WRITES);
    }
}

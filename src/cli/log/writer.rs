//! The thread that writes the log, the only one that waits for a slow or stuck reader or disk.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::Instant;

use super::entry::{Composer, Severity};
use super::file::{LogFile, Look};
use super::shared::{Shared, Stage};
use crate::flow::{Field, Level, Line, LineCounts};

/// A start waits so long for the log file: a pipe without a reader, or a network disk that is away, may block forever.
const OPENS_WITHIN: Duration = Duration::from_secs(5);

/// How often the file's path is looked at while lines come without a pause, and how often dropped lines are told of.
const EVERY: Duration = Duration::from_secs(1);

/// When a write is tried again that failed, as on a full disk.
const RETRY: Duration = Duration::from_millis(200);

/// When a write is tried again for which a pipe or terminal that doesn't block had no room.
const NO_ROOM: Duration = Duration::from_millis(10);

/// Where lines go.
pub(super) enum Sink {
    Stream(Box<dyn Write + Send>),
    File(LogFile),
}

/// Writes the queue's lines, one after the other.
pub(super) struct Writer {
    shared: Arc<Shared>,
    composer: Composer,
    sink: Sink,
    /// To be written before what is in the queue.
    notes: VecDeque<String>,
    /// When the file's path was last looked at; `None`: to be looked at before the next line.
    looked: Option<Instant>,
    /// When dropped lines were last told of.
    told: Option<Instant>,
}

enum Next {
    Write(String),
    TellDropped(LineCounts),
    Look { in_any_case: bool },
    End,
}

impl Writer {
    /// Starts the thread, and returns when it has opened where lines go.
    ///
    /// # Errors
    /// When that can't be opened, or not within seconds.
    pub(super) fn start(
        shared: Arc<Shared>,
        composer: Composer,
        open: impl FnOnce() -> anyhow::Result<Sink> + Send + 'static,
    ) -> anyhow::Result<()> {
        let (say, said) = mpsc::channel();
        let thread = move || {
            // What is said is not heard any more where opening took too long.
            match open() {
                Ok(sink) => {
                    let _ = say.send(Ok(()));
                    Self::new(shared, composer, sink).run();
                }
                Err(error) => drop(say.send(Err(error))),
            }
        };
        thread::Builder::new().name("log".into()).spawn(thread).context("can't start a thread for the log")?;
        match said.recv_timeout(OPENS_WITHIN) {
            Ok(opened) => opened,
            Err(_) => bail!("LOG_FILE: it can't be opened within {} s; a pipe needs a reader", OPENS_WITHIN.as_secs()),
        }
    }

    fn new(shared: Arc<Shared>, composer: Composer, sink: Sink) -> Self {
        Self { shared, composer, sink, notes: VecDeque::new(), looked: None, told: None }
    }

    fn run(mut self) {
        let _ended = Ended(Arc::clone(&self.shared));
        loop {
            match self.next() {
                Next::Write(text) if self.write(text.as_bytes()) => {}
                Next::TellDropped(counts) => self.notes.push_back(dropped(&self.composer, counts)),
                Next::Look { in_any_case } => self.look(in_any_case),
                Next::Write(_) | Next::End => return,
            }
        }
    }

    /// What is to be done next; waits for it. No line is made under the lock: if that panicked, the panic's own line would
    /// wait for it.
    fn next(&mut self) -> Next {
        if let Some(note) = self.notes.pop_front() {
            return Next::Write(note);
        }
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        loop {
            let now = self.composer.clock.now();
            let is_due = |last: Option<Instant>| last.is_none_or(|last| now - last >= EVERY);
            if std::mem::take(&mut state.reopen) {
                return Next::Look { in_any_case: true };
            }
            if is_due(self.looked) {
                return Next::Look { in_any_case: false };
            }
            if state.queue.has_untold() && (is_due(self.told) || state.stage != Stage::Writing) {
                self.told = Some(now);
                return Next::TellDropped(state.queue.take_untold());
            }
            if let Some(line) = state.queue.pop() {
                return Next::Write(line.into());
            }
            if state.stage != Stage::Writing {
                return Next::End;
            }
            if shared.wait(&mut state, EVERY) {
                // The file may have been renamed during the pause.
                self.looked = None;
            }
        }
    }

    /// Writes all of a line, however often that fails. Returns false when it failed and the process is about to end.
    fn write(&mut self, line: &[u8]) -> bool {
        let mut written = 0;
        while written < line.len() {
            match self.sink.write(&line[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(NO_ROOM),
                Err(error) => match self.recover(&error, written) {
                    Some(again_from) => written = again_from,
                    None => return false,
                },
            }
        }
        self.shared.lock().write_failure = None;
        true
    }

    /// Waits after a failed write. Returns where in the line to go on; `None` when the process is about to end.
    fn recover(&mut self, error: &io::Error, written: usize) -> Option<usize> {
        let stage = {
            let mut state = self.shared.lock();
            state.write_failure = Some(error.to_string());
            state.stage
        };
        if stage != Stage::Writing {
            return None;
        }
        self.sink.tear();
        self.shared.pause(RETRY);
        let in_any_case = std::mem::take(&mut self.shared.lock().reopen);
        self.look(in_any_case);
        Some(if self.sink.is_still_torn() { written } else { 0 })
    }

    /// Opens the log file anew if that was asked for, or if another one is at its path.
    fn look(&mut self, in_any_case: bool) {
        let now = self.composer.clock.now();
        self.looked = Some(now);
        let Sink::File(file) = &mut self.sink else { return };
        let path = file.path().display().to_string();
        match file.look(in_any_case, now) {
            Look::Same => {}
            Look::Reopened => {
                self.shared.lock().reopen_failure = None;
                self.note(Level::Info, format!("Opened the log file {path} anew"));
            }
            Look::Failed(why) => {
                self.shared.lock().reopen_failure = Some(why.clone());
                let goes_on = "the log goes on in the file that was open before, and this is tried again every second";
                self.note(Level::Error, format!("Can't open the log file {path} anew: {why}; {goes_on}"));
            }
        }
    }

    fn note(&mut self, level: Level, message: String) {
        if Severity::from(level) >= self.composer.least {
            let line = Line { level, event: None, message, fields: Vec::new() };
            self.notes.push_back(self.composer.compose(level.into(), None, &line));
        }
    }
}

/// The line that tells of dropped ones.
pub(super) fn dropped(composer: &Composer, counts: LineCounts) -> String {
    let LineCounts { trace, debug, info, warn, error } = counts;
    let by_level = [("error", error), ("warn", warn), ("info", info), ("debug", debug), ("trace", trace)];
    let words: Vec<_> =
        by_level.iter().filter(|(_, count)| *count > 0).map(|(level, count)| format!("{count} {level}")).collect();
    let message = format!(
        "Dropped {} lines of the log ({}), as what reads it or its disk was too slow; what was done to issues is in \
         the flows' history all the same",
        counts.total(),
        words.join(", ")
    );
    let fields = [
        ("droppedError", error),
        ("droppedWarn", warn),
        ("droppedInfo", info),
        ("droppedDebug", debug),
        ("droppedTrace", trace),
    ];
    let fields = fields.map(|(name, count)| (name, Field::Number(count))).into();
    composer.compose(Severity::Warn, None, &Line { level: Level::Warn, event: None, message, fields })
}

/// Says that the writer has ended, however it did.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.change(|state| state.stage = Stage::Ended);
    }
}

impl Sink {
    /// Writes at least one byte.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match self {
            Self::Stream(stream) => stream.write(bytes)?,
            Self::File(file) => file.write(bytes)?,
        };
        if count == 0 { Err(ErrorKind::WriteZero.into()) } else { Ok(count) }
    }

    fn tear(&mut self) {
        match self {
            Self::Stream(_) => {}
            Self::File(file) => file.tear(),
        }
    }

    /// Whether the part of a line that was written is still the end of what was written.
    fn is_still_torn(&self) -> bool {
        match self {
            Self::Stream(_) => true,
            Self::File(file) => file.is_still_torn(),
        }
    }
}

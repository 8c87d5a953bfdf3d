//! The state of the log: how much waits to be written, and what was dropped.

/// Log lines, counted by level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the levels are named as everywhere")]
pub struct LineCounts {
    pub trace: u64,
    pub debug: u64,
    pub info: u64,
    pub warn: u64,
    pub error: u64,
}

impl LineCounts {
    /// All levels together.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self { trace, debug, info, warn, error } = self;
        trace + debug + info + warn + error
    }
}

/// State of one process' log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogState {
    /// Bytes that wait to be written.
    pub queued_bytes: usize,
    /// Lines that were dropped since the process started, because the queue was full.
    pub dropped: LineCounts,
    /// Why lines can't be written now, or the log file can't be opened anew.
    pub failure: Option<String>,
}

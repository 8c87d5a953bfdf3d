//! A flow's whole state as JSON lines, for backups and on the way from one store to another (docs/sync.md, "Backup").
//!
//! The first line says what it is, the last how many there are between: a file that was cut short is not taken for a whole
//! one. Each line between is a record, as its [`Line`](super::records::Line) has it.

mod export;
mod import;
mod line;
#[cfg(test)]
mod tests;

use std::fmt;

pub use export::{Export, ExportError};
pub use import::{BadImport, Import, ImportError};

use super::records::{HandledIssue, Line as _};
use crate::flow::{Copied, Intent, Pair, Told};

/// How much there is of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines between the first and the last.
    pub lines: u64,
    /// Pairs.
    pub pairs: u64,
    /// Issues of which is known what was handled.
    pub handled: u64,
    /// Writes to Jira in hand.
    pub intents: u64,
    /// Entries of the ledger of files.
    pub files: u64,
    /// Lines of history.
    pub history: u64,
}

impl Tally {
    fn count(&mut self, kind: &str) {
        self.lines += 1;
        let counts = [
            (Pair::KIND, &mut self.pairs),
            (HandledIssue::KIND, &mut self.handled),
            (Intent::KIND, &mut self.intents),
            (Copied::KIND, &mut self.files),
            (Told::KIND, &mut self.history),
        ];
        for (counted, count) in counts {
            *count += u64::from(counted == kind);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pairs, handled, intents, files, history, .. } = self;
        write!(
            f,
            "pairs: {pairs}, issues handled: {handled}, writes in hand: {intents}, files: {files}, lines of history: \
             {history}"
        )
    }
}

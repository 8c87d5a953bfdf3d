//! A flow's whole state as JSON lines, for backups and on the way from one store to another (docs/sync.md, "Backup").
//!
//! The first line says what it is, the last how many there are between: a file that was cut short is not taken for a whole
//! one. Each line between is a record in one of the shapes of `line`.

mod export;
mod import;
mod line;
#[cfg(test)]
mod tests;

use std::fmt;

pub use export::{Export, ExportError};
pub use import::{BadImport, Import, ImportError};

use self::line::Record;

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
    fn count(&mut self, record: &Record) {
        self.lines += 1;
        match record {
            Record::Pair(_) => self.pairs += 1,
            Record::Handled(..) => self.handled += 1,
            Record::Intent(_) => self.intents += 1,
            Record::Copied(_) => self.files += 1,
            Record::Told(_) => self.history += 1,
            Record::State(_) | Record::Failure(_) | Record::Missing(_) => {}
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

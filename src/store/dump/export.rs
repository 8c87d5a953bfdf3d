//! Writing a flow's state: first how far it has come, since what happened later is looked for again, then the kinds of
//! records in the order of [`KINDS`].

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;

use super::Tally;
use super::line::{self, Header};
use crate::flow::FlowName;
use crate::store::records::{Exported, KINDS};
use crate::store::{Error, Read};

/// How much is read at once.
const PAGE: u32 = 1_000;

/// Why an export broke off. What was written until then is not whole, and no import takes it.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] Error),
    /// It can't be written.
    #[error("the export can't be written: {0}")]
    Io(#[from] io::Error),
}

/// One flow's state on its way out.
pub struct Export<'a> {
    reader: &'a dyn Read,
    out: &'a mut dyn Write,
    tally: Tally,
}

impl<'a> Export<'a> {
    /// Of what `reader` sees, to `out`.
    #[must_use]
    pub fn new(reader: &'a dyn Read, out: &'a mut dyn Write) -> Self {
        Self { reader, out, tally: Tally::default() }
    }

    /// Writes all that is kept of `flow`, page by page. `now` is by this machine's clock.
    ///
    /// # Errors
    /// When the store can't be read or `out` can't be written.
    pub async fn write(mut self, flow: &FlowName, now: DateTime<Utc>) -> Result<Tally, ExportError> {
        self.line(&line::header(&Header { flow: flow.clone(), at: now }))?;
        self.record(&self.reader.state().await?)?;
        for kind in &KINDS {
            let mut pages = (kind.all)(self.reader, PAGE);
            while let Some(page) = pages.try_next().await? {
                page.iter().try_for_each(|record| self.record(&**record))?;
            }
        }
        self.line(&line::end(self.tally.lines))?;
        self.out.flush()?;
        Ok(self.tally)
    }

    fn record(&mut self, record: &dyn Exported) -> Result<(), ExportError> {
        self.tally.count(record.kind());
        self.line(&record.json().to_string())
    }

    fn line(&mut self, line: &str) -> Result<(), ExportError> {
        Ok(writeln!(self.out, "{line}")?)
    }
}

//! Writing a flow's state.
//!
//! The flow may be served meanwhile, and then no two questions see the same moment. So whatever says that something was
//! done is read before that on which it relies: what is read later may know more, and must not know less.
//!
//! - The state comes first: what happened since is looked for again.
//! - Failures come before what was handled: an issue that failed and is in order since is looked at once more. They come
//!   again behind the intents, as an intent that is closed may leave one. The later record of an issue counts.
//! - What was handled comes before the pairs: no issue is handled as one of a pair that is not there.
//! - Missing dev issues come before pairs and intents: each is there, or what took its place is.
//! - Pairs come before intents and the ledger: what a step did is there, or the step is.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::Tally;
use super::line::{Header, Line, Record};
use crate::flow::{FlowName, HistoryQuery, Side};
use crate::store::{Error, HandledIssue, Reader};

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
    reader: &'a dyn Reader,
    out: &'a mut dyn Write,
    tally: Tally,
}

impl<'a> Export<'a> {
    /// Of what `reader` sees, to `out`.
    #[must_use]
    pub fn new(reader: &'a dyn Reader, out: &'a mut dyn Write) -> Self {
        Self { reader, out, tally: Tally::default() }
    }

    /// Writes all that is kept of `flow`, page by page. `now` is by this machine's clock.
    ///
    /// # Errors
    /// When the store can't be read or `out` can't be written.
    pub async fn write(mut self, flow: &FlowName, now: DateTime<Utc>) -> Result<Tally, ExportError> {
        self.line(&Line::Header(Header { flow: flow.clone(), at: now }))?;
        self.record(Record::State(Box::new(self.reader.state().await?)))?;
        self.failures().await?;
        for side in Side::BOTH {
            self.handled(side).await?;
        }
        self.missing().await?;
        self.pairs().await?;
        for intent in self.reader.open_intents(u32::MAX).await? {
            self.record(Record::Intent(Box::new(intent)))?;
        }
        self.failures().await?;
        self.ledger().await?;
        self.history().await?;
        self.line(&Line::End(self.tally.lines))?;
        self.out.flush()?;
        Ok(self.tally)
    }

    async fn failures(&mut self) -> Result<(), ExportError> {
        let mut after = None;
        loop {
            let page = self.reader.failures_after(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some((last.side, last.issue.id.clone()));
            page.into_iter().try_for_each(|failure| self.record(Record::Failure(failure)))?;
        }
    }

    async fn handled(&mut self, side: Side) -> Result<(), ExportError> {
        let mut after = None;
        loop {
            let page = self.reader.handled_after(side, after, PAGE).await?;
            let Some(HandledIssue { issue, .. }) = page.last() else { return Ok(()) };
            after = Some(issue.id.clone());
            page.into_iter().try_for_each(|handled| self.record(Record::Handled(side, handled)))?;
        }
    }

    async fn missing(&mut self) -> Result<(), ExportError> {
        let mut after = None;
        loop {
            let page = self.reader.missing_after(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.user.id.clone());
            page.into_iter().try_for_each(|missing| self.record(Record::Missing(missing)))?;
        }
    }

    async fn pairs(&mut self) -> Result<(), ExportError> {
        let mut after = None;
        loop {
            let page = self.reader.pairs_after(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.user.id.clone());
            page.into_iter().try_for_each(|pair| self.record(Record::Pair(pair)))?;
        }
    }

    async fn ledger(&mut self) -> Result<(), ExportError> {
        let mut after = None;
        loop {
            let page = self.reader.ledger_after(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.file.clone());
            page.into_iter().try_for_each(|copied| self.record(Record::Copied(copied)))?;
        }
    }

    /// Latest first, each line with its number.
    async fn history(&mut self) -> Result<(), ExportError> {
        let mut before = None;
        loop {
            let page = self.reader.history(HistoryQuery { issue: None, before, most: PAGE }).await?;
            let Some(last) = page.last() else { return Ok(()) };
            before = Some(last.number);
            page.into_iter().try_for_each(|told| self.record(Record::Told(told)))?;
        }
    }

    fn record(&mut self, record: Record) -> Result<(), ExportError> {
        self.tally.count(&record);
        self.line(&Line::Record(record))
    }

    fn line(&mut self, line: &Line) -> Result<(), ExportError> {
        Ok(writeln!(self.out, "{}", line.json())?)
    }
}

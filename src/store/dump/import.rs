//! Reading a flow's state into a store that has none.
//!
//! All lines are read before anything is written, so that a file that is cut short or wrong anywhere changes nothing. Then
//! they are written in batches, pairs behind their ledger and the state document last of all: a store into which an import
//! broke off has no state, and the same import may be begun again.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};

use chrono::{DateTime, Utc};

use super::Tally;
use super::line::{Header, Line};
use crate::flow::{FlowName, Intent, Pair};
use crate::store::records::{Exported, Line as _};
use crate::store::{Change, Error, Inheritance, Revision, State, Store};

/// How many records are written at once.
const BATCH: usize = 500;

/// No line is longer: an intent with thousands of files stays far below.
const LONGEST: u64 = 16 << 20;

/// Why a file is no export that can be imported. Each but the first says what an operator finds in it, and where.
#[derive(Debug, thiserror::Error)]
pub enum BadImport {
    /// It can't be read.
    #[error("the export can't be read: {0}")]
    Io(#[from] io::Error),
    /// A line is not as it should be.
    #[error("line {number} of the export: {why}")]
    Line {
        /// Its number, from 1.
        number: u64,
        /// Which field, and what is wrong with it.
        why: String,
    },
    /// Its last line is not the last line of an export.
    #[error("the export is cut short after line {lines}: its last line, which says how many there are, is missing")]
    CutShort {
        /// How many there are.
        lines: u64,
    },
}

/// Why an import came to no end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no export.
    #[error(transparent)]
    Bad(#[from] BadImport),
    /// The flow has a state of its own.
    #[error(
        "the flow has data of its own here, which is not overwritten; to begin with the export, stop its daemon and move \
         the flow's file away or drop its database"
    )]
    NotNew,
    /// The Node.js service has left its documents there.
    #[error(
        "{place} has what the Node.js service left, which is not mixed with an export; take it over with `lockstep \
         adopt`, or name another database in database.name"
    )]
    LeftBehind {
        /// Which database.
        place: String,
    },
    /// What the export has and what is there don't go together.
    #[error(
        "{what}: the store has something from elsewhere, such as another import that broke off; move the flow's file away \
         or drop its database, and import again"
    )]
    Mixed {
        /// What does not.
        what: String,
    },
    /// The store can't be read or written.
    #[error(transparent)]
    Store(#[from] Error),
}

/// An export that was read once and found whole.
pub struct Import {
    file: File,
    header: Header,
    state: State,
    tally: Tally,
}

/// What a line between the first and the last has.
enum Record {
    State(Box<State>),
    Other(Box<dyn Exported>),
}

impl Import {
    /// Reads all of `file`, from its beginning.
    ///
    /// # Errors
    /// When it can't be read, or is no whole export in a form that this version knows.
    pub fn check(mut file: File) -> Result<Self, BadImport> {
        let mut lines = Lines::of(&mut file)?;
        let header = lines.header()?;
        let (mut tally, mut state) = (Tally::default(), None);
        while let Some(record) = lines.record(tally.lines)? {
            match record {
                Record::Other(record) => tally.count(record.kind()),
                Record::State(found) => {
                    tally.count(State::KIND);
                    if state.replace(*found).is_some() {
                        return Err(lines.wrong("there are two states"));
                    }
                }
            }
        }
        let state = state.ok_or_else(|| lines.wrong("there is no state"))?;
        Ok(Self { file, header, state, tally })
    }

    /// The flow that it is of.
    #[must_use]
    pub fn flow(&self) -> &FlowName {
        &self.header.flow
    }

    /// When it was begun, by the clock of the machine that wrote it.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.header.at
    }

    /// Writes it into a store that has no state. One that broke off may be written again.
    ///
    /// # Errors
    /// When the store has other data, or can't be read or written.
    pub async fn write(mut self, store: &Store) -> Result<Tally, ImportError> {
        let here = store.state().await?;
        refuse_unless_new(store, here.revision).await?;
        for is_last in [false, true] {
            self.write_those(is_last, store).await?;
        }
        self.refuse_mixed(store).await?;
        store.write(vec![Change::PutState(State { revision: here.revision, ..self.state })]).await?;
        Ok(self.tally)
    }

    /// Writes the records that come last, or all others but the state.
    async fn write_those(&mut self, is_last: bool, store: &Store) -> Result<(), ImportError> {
        let mut lines = Lines::of(&mut self.file)?;
        lines.header()?;
        let (mut read, mut batch) = (0, Vec::new());
        while let Some(record) = lines.record(read)? {
            read += 1;
            match record {
                Record::Other(record) if record.is_last() == is_last => batch.extend(record.changes()),
                Record::Other(_) | Record::State(_) => {}
            }
            if batch.len() >= BATCH {
                written(store, std::mem::take(&mut batch)).await?;
            }
        }
        written(store, batch).await
    }

    /// What an earlier import left is there again, unless it was another one.
    async fn refuse_mixed(&self, store: &Store) -> Result<(), ImportError> {
        let (pairs, intents) = (store.count::<Pair>().await?, store.count::<Intent>().await?);
        let Tally { pairs: owed, intents: owed_intents, .. } = self.tally;
        if (pairs, intents) == (owed, owed_intents) {
            return Ok(());
        }
        let what = format!("pairs: {pairs} here, {owed} in the export; intents: {intents} here, {owed_intents} in it");
        Err(ImportError::Mixed { what })
    }
}

async fn refuse_unless_new(store: &Store, revision: Revision) -> Result<(), ImportError> {
    if revision != Revision::default() {
        return Err(ImportError::NotNew);
    }
    match store.inheritance().await? {
        Inheritance::Here(legacy) => Err(ImportError::LeftBehind { place: legacy.place }),
        // Whoever has an export need not take that over.
        Inheritance::None | Inheritance::Elsewhere(_) | Inheritance::Hidden(_) => Ok(()),
    }
}

async fn written(store: &Store, batch: Vec<Change>) -> Result<(), ImportError> {
    match store.write(batch).await {
        Err(taken @ Error::Taken { .. }) => Err(ImportError::Mixed { what: taken.to_string() }),
        end => Ok(end?),
    }
}

/// The lines of a file, in their order.
struct Lines<'a> {
    from: BufReader<&'a mut File>,
    number: u64,
}

impl<'a> Lines<'a> {
    fn of(file: &'a mut File) -> Result<Self, BadImport> {
        file.rewind()?;
        Ok(Self { from: BufReader::new(file), number: 0 })
    }

    fn header(&mut self) -> Result<Header, BadImport> {
        match self.next()? {
            Some(Line::Header(header)) => Ok(header),
            Some(Line::State(_) | Line::Record(_) | Line::End(_)) => {
                Err(self.wrong("it is not the first line of an export"))
            }
            None => Err(self.wrong("there is nothing in it")),
        }
    }

    /// The next record, of which `before` were read so far; `None` at the end of a whole export.
    fn record(&mut self, before: u64) -> Result<Option<Record>, BadImport> {
        match self.next()? {
            Some(Line::State(state)) => Ok(Some(Record::State(state))),
            Some(Line::Record(record)) => Ok(Some(Record::Other(record))),
            Some(Line::Header(_)) => Err(self.wrong("another export begins here; import one at a time")),
            Some(Line::End(records)) if records == before => self.nothing_more(),
            Some(Line::End(records)) => {
                Err(self.wrong(format!("field records: there should be {records} before it, and there are {before}")))
            }
            None => Err(BadImport::CutShort { lines: self.number }),
        }
    }

    fn nothing_more(&mut self) -> Result<Option<Record>, BadImport> {
        match self.text()? {
            None => Ok(None),
            Some(_) => Err(self.wrong("the export has ended, and there is more")),
        }
    }

    fn next(&mut self) -> Result<Option<Line>, BadImport> {
        let Some(text) = self.text()? else { return Ok(None) };
        let text = String::from_utf8(text).map_err(|_| self.wrong("it is not UTF-8"))?;
        match Line::from_json(text.trim_end()) {
            Ok(line) => Ok(Some(line)),
            // Its end is missing, and with it the end of the file.
            Err(_) if !text.ends_with('\n') && self.number > 1 => Err(BadImport::CutShort { lines: self.number - 1 }),
            Err(why) => Err(self.wrong(why)),
        }
    }

    fn text(&mut self) -> Result<Option<Vec<u8>>, BadImport> {
        let mut text = Vec::new();
        let length = self.from.by_ref().take(LONGEST).read_until(b'\n', &mut text)?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        if length as u64 == LONGEST { Err(self.wrong("it is too long for an export")) } else { Ok(Some(text)) }
    }

    fn wrong(&self, why: impl ToString) -> BadImport {
        BadImport::Line { number: self.number.max(1), why: why.to_string() }
    }
}

//! Looking into a flow's file from outside its worker.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use rusqlite::{Connection, OpenFlags};

use super::identity::{Identity, Rest};
use super::trouble::Trouble;
use super::{read, schema};
use crate::flow::{AttachmentId, Copied, FlowName, HistoryQuery, Intent, IssueId, MissingDev, Pair, Side, Told};
use crate::store::executor::Lane;
use crate::store::reader::{Reader, Room};
use crate::store::{Error, Failure, HandledIssue, State};

/// How long to wait for a writer that keeps even readers out, which is rare and short.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens the file for each question, for reading only.
pub(super) struct Look {
    flow: FlowName,
    file: PathBuf,
    room: Room,
    lane: Lane,
}

impl Look {
    pub(super) fn new(flow: FlowName, file: PathBuf, room: Room, lane: Lane) -> Self {
        Self { flow, file, room, lane }
    }

    fn ask<T, F>(&self, query: F) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        F: Fn(&Connection, &FlowName) -> Result<T, Trouble> + Send + 'static,
    {
        let (flow, file) = (self.flow.clone(), self.file.clone());
        let answer = move || {
            let query = |connection: Connection| {
                schema::refuse_unless_latest(&connection)?;
                read::refuse_foreign(&connection, &flow)?;
                query(&connection, &flow)
            };
            look(&file, query).map_err(|trouble| trouble.at(&file))
        };
        self.room.read(self.file.display().to_string(), &self.lane, answer).boxed()
    }
}

/// Asks a file at rest as it lies there, with nothing made beside it. A file that somebody works on, or came to work on
/// meanwhile, is asked together with its log.
fn look<T>(file: &Path, query: impl Fn(Connection) -> Result<T, Trouble>) -> Result<T, Trouble> {
    if let Some(rest) = Rest::at(file) {
        let answer = at_rest(file).and_then(&query);
        if Rest::at(file) == Some(rest) {
            return answer;
        }
    }
    at_work(file).and_then(query)
}

fn at_rest(file: &Path) -> Result<Connection, Trouble> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Ok(Connection::open_with_flags(unchanging(file), flags)?)
}

fn at_work(file: &Path) -> Result<Connection, Trouble> {
    if Identity::at(file).is_ok_and(|found| found.is_none()) {
        return Err(Trouble::Unusable("there is no such file; its flow makes it when it first starts".to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// The file's name in SQLite's words for one that nobody changes.
fn unchanging(file: &Path) -> PathBuf {
    let escaped = |byte: &u8| match byte {
        b'%' | b'?' | b'#' => format!("%{byte:02X}").into_bytes(),
        plain => vec![*plain],
    };
    let path = file.as_os_str().as_bytes().iter().flat_map(escaped);
    OsString::from_vec(b"file:".iter().copied().chain(path).chain(b"?immutable=1".iter().copied()).collect()).into()
}

impl Reader for Look {
    fn state(&self) -> BoxFuture<'_, Result<State, Error>> {
        self.ask(read::state)
    }

    fn open_intents(&self, most: u32) -> BoxFuture<'_, Result<Vec<Intent>, Error>> {
        self.ask(move |connection, _| read::open_intents(connection, Some(most)))
    }

    fn failures(&self, most: u32) -> BoxFuture<'_, Result<Vec<Failure>, Error>> {
        self.ask(move |connection, _| read::failures(connection, Some(most)))
    }

    fn troubled_pairs(&self, most: u32) -> BoxFuture<'_, Result<Vec<Pair>, Error>> {
        self.ask(move |connection, _| read::troubled_pairs(connection, most))
    }

    fn missing_after(&self, after: Option<IssueId>, most: u32) -> BoxFuture<'_, Result<Vec<MissingDev>, Error>> {
        self.ask(move |connection, _| read::missing_after(connection, after.as_ref(), most))
    }

    fn history(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Told>, Error>> {
        self.ask(move |connection, _| read::history(connection, &query))
    }

    fn failures_after(&self, after: Option<(Side, IssueId)>, most: u32) -> BoxFuture<'_, Result<Vec<Failure>, Error>> {
        self.ask(move |connection, _| read::failures_after(connection, after.as_ref(), most))
    }

    fn pairs_after(&self, after: Option<IssueId>, most: u32) -> BoxFuture<'_, Result<Vec<Pair>, Error>> {
        self.ask(move |connection, _| read::pairs_after(connection, after.as_ref(), most))
    }

    fn handled_after(
        &self,
        side: Side,
        after: Option<IssueId>,
        most: u32,
    ) -> BoxFuture<'_, Result<Vec<HandledIssue>, Error>> {
        self.ask(move |connection, _| read::handled_after(connection, side, after.as_ref(), most))
    }

    fn ledger_after(&self, after: Option<AttachmentId>, most: u32) -> BoxFuture<'_, Result<Vec<Copied>, Error>> {
        self.ask(move |connection, _| read::ledger_after(connection, after.as_ref(), most))
    }

    fn damaged(&self, what: String) -> Error {
        Trouble::damaged(what).at(&self.file)
    }
}

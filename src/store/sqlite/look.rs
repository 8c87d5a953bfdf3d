//! Reading a flow's file from outside its worker.

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
use crate::flow::FlowName;
use crate::store::executor::Lane;
use crate::store::read::Unusable;
use crate::store::read_limit::ReadLimit;
use crate::store::records::{Row, Select, Table};
use crate::store::{Error, Read};

/// How long to wait for a writer that keeps even readers out, which is rare and short.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens the file for each question, for reading only.
pub(super) struct Look {
    flow: FlowName,
    file: PathBuf,
    limit: ReadLimit,
    lane: Lane,
}

impl Look {
    pub(super) fn new(flow: FlowName, file: PathBuf, limit: ReadLimit, lane: Lane) -> Self {
        Self { flow, file, limit, lane }
    }

    fn ask<T, F>(&self, query: F) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, Trouble> + Send + 'static,
    {
        let (flow, file) = (self.flow.clone(), self.file.clone());
        let answer = move || {
            let query = |connection: Connection| {
                schema::refuse_unless_latest(&connection)?;
                read::refuse_foreign(&connection, &flow)?;
                query(&connection)
            };
            look(&file, query).map_err(|trouble| trouble.at(&file))
        };
        self.limit.read(self.file.display().to_string(), &self.lane, answer).boxed()
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

impl Read for Look {
    fn flow(&self) -> &FlowName {
        &self.flow
    }

    fn rows(&self, select: Select) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        self.ask(move |connection| read::rows(connection, &select))
    }

    fn count_rows(&self, table: &'static Table) -> BoxFuture<'_, Result<u64, Error>> {
        self.ask(|connection| read::count(connection, table))
    }

    fn unusable(&self, why: Unusable) -> Error {
        Trouble::from(why).at(&self.file)
    }
}

//! The embedded store: one SQLite file per flow in the data folder, which people can open with any SQLite tool.

mod connection;
mod folder;
mod identity;
mod kept;
mod look;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod trouble;
mod write;

use std::path::Path;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use rusqlite::Connection;

use self::connection::{Common, File, Missing, PATIENCE, path_of};
pub(super) use self::folder::Folder;
use self::folder::Folders;
use self::kept::Kept;
use self::look::Look;
use self::trouble::Trouble;
use super::executor::{Executor, Lane};
use super::read::Unusable;
use super::read_limit::ReadLimit;
use super::records::{Row, Select, Table};
use super::{Change, Durability, Epoch, Error, Inheritance, Read, Turn, Write};
use crate::clock::Clock;
use crate::flow::{Flow, FlowName};
use crate::lease::Lease;

/// Databases in folders. A folder is made and held against other processes from the moment a worker begins in it until
/// the last worker with a database in it has ended; one that is [held](Sqlite::hold) stays so.
pub(super) struct Sqlite {
    common: Arc<Common>,
    executor: Executor,
    clock: Clock,
    limit: ReadLimit,
    reads: Lane,
}

impl Sqlite {
    /// Touches nothing yet.
    pub(super) fn new(executor: Executor, clock: Clock, durability: Durability) -> Self {
        let common = Common { kept: Kept::of(durability), folders: Folders::default(), durability, patience: PATIENCE };
        let limit = ReadLimit::new(clock.clone());
        Self { common: Arc::new(common), executor, clock, limit, reads: executor.lane() }
    }

    /// Makes `folder` if need be and takes its lock. Blocks briefly; meant for a program's start.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process (or another `Sqlite`) holds the folder, [`Error::Unavailable`] when it
    /// can't be made or locked.
    pub(super) fn hold(&self, folder: &Path) -> Result<Arc<Folder>, Error> {
        self.common.folders.hold(folder)
    }

    /// The flow's database in `folder`. Touches nothing yet.
    pub(super) fn open(&self, folder: &Path, flow: &Flow) -> Arc<dyn Write> {
        Arc::new(self.database(folder, flow))
    }

    fn database(&self, folder: &Path, flow: &Flow) -> Database {
        Database {
            flow: flow.name.clone(),
            file: Arc::new(File::new(Arc::clone(&self.common), folder, &flow.database.name)),
            lane: self.executor.lane(),
            clock: self.clock.clone(),
        }
    }

    /// The same for reading only. Touches nothing yet.
    pub(super) fn read(&self, folder: &Path, flow: &Flow) -> Arc<dyn Read> {
        let file = path_of(folder, &flow.database.name);
        Arc::new(Look::new(flow.name.clone(), file, self.limit.clone(), self.reads.clone()))
    }
}

/// One flow's file.
struct Database {
    flow: FlowName,
    file: Arc<File>,
    lane: Lane,
    clock: Clock,
}

impl Database {
    /// Runs `work` on the file's connection, opening it if need be.
    fn run<T, F>(&self, missing: Missing, work: F) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Trouble> + Send + 'static,
    {
        let file = Arc::clone(&self.file);
        self.lane.run(move || file.with(missing, work)).boxed()
    }

    /// Runs a query. It makes no file: only [`Write::begin`] does, so that a file which vanished is noticed instead
    /// of looking like a new flow in the middle of a worker's life.
    fn query<T, F>(&self, work: F) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Trouble> + Send + 'static,
    {
        self.run(Missing::Fail, move |connection| work(connection))
    }

    fn give_back(&self, how: impl FnOnce(&File) + Send + 'static) -> BoxFuture<'_, ()> {
        let file = Arc::clone(&self.file);
        let closing = self.lane.run(move || {
            how(&file);
            Ok(())
        });
        // Closing can only fail to begin because the process ends, and that closes everything.
        closing.map(|_| ()).boxed()
    }
}

impl Read for Database {
    fn flow(&self) -> &FlowName {
        &self.flow
    }

    fn rows(&self, select: Select) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        self.query(move |connection| read::rows(connection, &select))
    }

    fn count_rows(&self, table: &'static Table) -> BoxFuture<'_, Result<u64, Error>> {
        self.query(|connection| read::count(connection, table))
    }

    fn unusable(&self, why: Unusable) -> Error {
        Trouble::from(why).at(self.file.path())
    }
}

impl Write for Database {
    /// A file is made within milliseconds.
    fn turn(&self) -> BoxFuture<'_, Turn> {
        ready(Turn::free()).boxed()
    }

    fn begin(&self) -> BoxFuture<'_, Result<Epoch, Error>> {
        let (flow, now) = (self.flow.clone(), self.clock.wall());
        self.run(Missing::Make, move |connection| write::begin(connection, &flow, now))
    }

    /// That service never used SQLite.
    fn inheritance(&self) -> BoxFuture<'_, Result<Inheritance, Error>> {
        ready(Ok(Inheritance::None)).boxed()
    }

    fn write(&self, epoch: Epoch, batch: Vec<Change>) -> BoxFuture<'_, Result<(), Error>> {
        let (flow, now) = (self.flow.clone(), self.clock.wall());
        self.run(Missing::Fail, move |connection| write::write(connection, &flow, epoch, &batch, now))
    }

    fn rest(&self) -> BoxFuture<'_, ()> {
        self.give_back(File::rest)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.give_back(File::close)
    }

    /// The folder's lock keeps other processes out for as long as this one lives.
    fn lease(&self) -> Lease {
        Lease::unlimited()
    }

    fn drained(&self) -> BoxFuture<'_, ()> {
        self.lane.drained().boxed()
    }
}

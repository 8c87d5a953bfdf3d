//! Where a process keeps its flows' data: one store by default, and those that flows name for themselves.

use std::sync::Arc;

use super::sqlite::{Folder, Sqlite};
use super::{Backend, Durability, Error, Executor, Opener, Reader};
use crate::clock::Clock;
use crate::flow::Flow;
use crate::settings::StoreUrl;

/// Opens each flow's database where its file says (`database.uri`), else in the process' own store.
pub struct Stores {
    own: StoreUrl,
    pub(super) sqlite: Sqlite,
    /// The data folder stays held as long as this lives, also while no flow has a worker.
    _held: Option<Arc<Folder>>,
}

impl Stores {
    /// Takes the lock of the data folder, if `own` is one; a server is not asked for anything yet. Blocks briefly; meant
    /// for a program's start.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process (or other `Stores`) holds the folder, [`Error::Unavailable`] when it can't
    /// be made or locked.
    pub fn new(own: StoreUrl, executor: Executor, clock: Clock, durability: Durability) -> Result<Self, Error> {
        let sqlite = Sqlite::new(executor, clock, durability);
        let held = match &own {
            StoreUrl::Sqlite(folder) => Some(sqlite.hold(folder)?),
            StoreUrl::Mongo(_) => None,
        };
        Ok(Self { own, sqlite, _held: held })
    }

    fn of<'a>(&'a self, flow: &'a Flow) -> &'a StoreUrl {
        flow.database.at.as_ref().unwrap_or(&self.own)
    }
}

impl Opener for Stores {
    fn open(&self, flow: &Flow) -> Arc<dyn Backend> {
        match self.of(flow) {
            StoreUrl::Sqlite(folder) => self.sqlite.open(folder, flow),
            StoreUrl::Mongo(_) => todo!(),
        }
    }

    fn read(&self, flow: &Flow) -> Arc<dyn Reader> {
        match self.of(flow) {
            StoreUrl::Sqlite(folder) => self.sqlite.read(folder, flow),
            StoreUrl::Mongo(_) => todo!(),
        }
    }
}

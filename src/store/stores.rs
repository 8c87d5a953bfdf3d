//! Where a process keeps its flows' data: one store by default, and those that flows name for themselves.

use std::sync::Arc;

use super::mongo::Servers;
use super::sqlite::{Folder, Sqlite};
use super::{Driver, Error, Executor, Found, Opener, Process, Read, Write};
use crate::clock::Clock;
use crate::flow::Flow;
use crate::settings::{MongoUrl, StoreUrl};

/// Opens each flow's database where its file says (`database.uri`), else in the process' own store.
pub struct Stores {
    own: StoreUrl,
    pub(super) sqlite: Sqlite,
    servers: Servers,
    /// The data folder stays held as long as this lives, also while no flow has a worker.
    held: Option<Arc<Folder>>,
}

/// What a write that was acknowledged must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power failure: production. Only the flows that used their connections to files last keep them.
    PowerFailure,
    /// The end of this process only: simulation, which is many times faster so. All connections to files are kept.
    ProcessEnd,
}

/// How databases are worked with.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Where SQLite's work runs.
    pub executor: Executor,
    /// What writes survive.
    pub durability: Durability,
    /// Where the MongoDB driver's work runs.
    pub driver: Driver,
}

impl Manner {
    /// That of a program that serves flows.
    #[must_use]
    pub fn production() -> Self {
        Self { executor: Executor::blocking(), durability: Durability::PowerFailure, driver: Driver::here() }
    }
}

impl Stores {
    /// Takes the lock of the data folder, if `own` is one; a server is not asked for anything yet. Blocks briefly; meant
    /// for a program's start.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process (or other `Stores`) holds the folder, [`Error::Unavailable`] when it can't
    /// be made or locked.
    pub fn new(own: StoreUrl, manner: Manner, process: Process, clock: Clock) -> Result<Self, Error> {
        let mut stores = Self::to_look(own, manner, process, clock);
        if let StoreUrl::Sqlite(folder) = &stores.own {
            stores.held = Some(stores.sqlite.hold(folder)?);
        }
        Ok(stores)
    }

    /// For reading only ([`Opener::read`]): takes no lock.
    #[must_use]
    pub fn to_look(own: StoreUrl, manner: Manner, process: Process, clock: Clock) -> Self {
        let Manner { executor, durability, driver } = manner;
        let sqlite = Sqlite::new(executor, clock.clone(), durability);
        Self { own, sqlite, servers: Servers::new(process, driver, durability, clock), held: None }
    }

    /// What the Node.js service left for a flow on these servers: under either name that its database may have had, or
    /// under the one that `url` names.
    ///
    /// # Errors
    /// When the servers can't be asked.
    pub async fn legacies(&self, url: &MongoUrl, flow: &Flow) -> Result<Found, Error> {
        self.servers.at(url).legacies(flow, url.database()).await
    }

    fn of<'a>(&'a self, flow: &'a Flow) -> &'a StoreUrl {
        flow.database.at.as_ref().unwrap_or(&self.own)
    }
}

impl Opener for Stores {
    fn open(&self, flow: &Flow) -> Arc<dyn Write> {
        match self.of(flow) {
            StoreUrl::Sqlite(folder) => self.sqlite.open(folder, flow),
            StoreUrl::Mongo(url) => self.servers.at(url).open(flow),
        }
    }

    fn read(&self, flow: &Flow) -> Arc<dyn Read> {
        match self.of(flow) {
            StoreUrl::Sqlite(folder) => self.sqlite.read(folder, flow),
            StoreUrl::Mongo(url) => self.servers.at(url).read(flow),
        }
    }
}

//! The store for deployments that have a MongoDB: one database per flow, in a replica set.
//!
//! A process has one client for each connection string, and a handle of its own for each flow's database. Nothing needs
//! transactions: `write` says how every crash between two writes is recovered from, `owner` how two processes are kept
//! from serving one flow, `layout` what is where.

mod address;
mod base;
mod begin;
mod bulk;
mod deeds;
mod displace;
mod document;
mod driver;
mod known;
mod layout;
mod legacy;
mod look;
mod monitor;
mod owner;
mod reach;
mod read;
mod server;
mod sightings;
#[cfg(test)]
mod tests;
mod trouble;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;
use tracing::Instrument as _;

pub use self::address::mongo_url;
pub use self::driver::Driver;
pub use self::owner::Process;

use self::base::Base;
use self::driver::Lane;
use self::look::Look;
use self::owner::Worker;
use self::server::Server;
use self::sightings::Sightings;
use self::trouble::Trouble;
use super::read::Unusable;
use super::read_limit::ReadLimit;
use super::records::{Row, Select, Table};
use super::{Change, Durability, Epoch, Error, Found, Inheritance, Opener, Read, Turn, Write};
use crate::clock::Clock;
use crate::flow::{Flow, FlowName};
use crate::lease::{Lease, Tenure};
use crate::settings::MongoUrl;

/// The longest that a question may take: once a server is looked for anew, and once it is asked.
const READING: Duration = Duration::from_secs(12);

/// The longest that a batch or a beginning may take. Below the limit of a store call, so that the error says what was in
/// the way.
const WRITING: Duration = Duration::from_secs(25);

/// The longest that giving a flow back may hold up a worker's end.
const RELEASING: Duration = Duration::from_secs(5);

/// All MongoDB servers that this process works with.
pub struct Servers {
    process: Process,
    driver: Driver,
    durability: Durability,
    clock: Clock,
    limit: ReadLimit,
    sightings: Arc<Sightings>,
    /// By the digest of their connection strings, which are secret. Held as long as somebody uses them.
    known: Mutex<BTreeMap<[u8; 32], Weak<Server>>>,
}

impl Servers {
    /// None yet. `process` tells this start of the program from all others.
    #[must_use]
    pub fn new(process: Process, driver: Driver, durability: Durability, clock: Clock) -> Self {
        let (limit, sightings) = (ReadLimit::new(clock.clone()), Arc::default());
        Self { process, driver, durability, clock, limit, sightings, known: Mutex::default() }
    }

    /// The databases behind an address. Touches nothing yet. All that name the same one share one client.
    #[must_use]
    pub fn at(&self, url: &MongoUrl) -> Mongo {
        let (server, process, driver) = (self.server(url), self.process.clone(), self.driver.clone());
        Mongo { server, process, driver, clock: self.clock.clone(), limit: self.limit.clone() }
    }

    fn server(&self, url: &MongoUrl) -> Arc<Server> {
        let mut known = self.known.lock();
        let key = Sha256::digest(url.expose()).into();
        if let Some(server) = known.get(&key).and_then(Weak::upgrade) {
            return server;
        }
        let server = Arc::new(Server::new(url.clone(), self.durability, Arc::clone(&self.sightings)));
        known.retain(|_, server| server.strong_count() > 0);
        known.insert(key, Arc::downgrade(&server));
        server
    }
}

/// Opens flows' databases behind one connection string.
pub struct Mongo {
    server: Arc<Server>,
    process: Process,
    driver: Driver,
    clock: Clock,
    limit: ReadLimit,
}

impl Mongo {
    fn database(&self, flow: &Flow) -> Database {
        Database {
            base: Base::new(Arc::clone(&self.server), flow),
            process: self.process.clone(),
            lane: self.driver.lane(),
            clock: self.clock.clone(),
            tenure: Tenure::default(),
            serving: Mutex::default(),
        }
    }
}

impl Mongo {
    /// What the Node.js service left for a flow: a database under either of the names that it may have, or under the one
    /// that the address names.
    pub async fn legacies(&self, flow: &Flow, named: Option<&str>) -> Result<Found, Error> {
        let base = Base::new(Arc::clone(&self.server), flow);
        let (asked, named) = (base.clone(), named.map(str::to_owned));
        let found = async move { legacy::find(&asked, named.as_deref()).await };
        base.told(self.driver.lane().ask(READING, found).await)
    }
}

impl Opener for Mongo {
    fn open(&self, flow: &Flow) -> Arc<dyn Write> {
        Arc::new(self.database(flow))
    }

    fn read(&self, flow: &Flow) -> Arc<dyn Read> {
        let base = Base::new(Arc::clone(&self.server), flow);
        Arc::new(Look::new(base, self.driver.lane(), self.limit.clone()))
    }
}

/// One flow's database.
struct Database {
    base: Base,
    process: Process,
    lane: Lane,
    clock: Clock,
    tenure: Tenure,
    serving: Mutex<Serving>,
}

/// What a worker has from its beginning to its end.
#[derive(Default)]
struct Serving {
    worker: Option<Worker>,
    /// Gives signs of life; stopped by dropping it.
    life: JoinSet<()>,
}

impl Database {
    async fn begin_anew(&self) -> Result<Epoch, Error> {
        let sent = self.clock.moment();
        let begun = begin::begin(self.base.clone(), self.process.clone(), self.clock.wall());
        let epoch = self.base.told(self.lane.run(WRITING, begun).await)?;
        let worker = Worker { base: self.base.clone(), process: self.process.clone(), epoch };
        let keep = owner::keep(worker.clone(), self.lane.clone(), self.clock.clone(), self.tenure.clone());
        let mut life = JoinSet::new();
        // What is logged there is about this worker.
        life.spawn(keep.in_current_span());
        *self.serving.lock() = Serving { worker: Some(worker), life };
        self.tenure.renew(sent);
        Ok(epoch)
    }

    /// Whoever comes next need not wait until this one was silent for long.
    async fn let_go(&self) {
        let Serving { worker, life } = std::mem::take(&mut *self.serving.lock());
        drop(life);
        self.tenure.end();
        if let Some(worker) = worker
            && let Err(trouble) = self.lane.run(RELEASING, worker.release()).await
        {
            let why = trouble.at(&self.base.server, &self.base.name);
            tracing::debug!("the flow could not be given back and is free after a minute: {why}");
        }
    }

    /// Asks the database. It makes nothing: only [`Write::begin`] does.
    fn query<T, A, F>(&self, ask: A) -> BoxFuture<'_, Result<T, Error>>
    where
        T: Send + 'static,
        A: FnOnce(mongodb::Database) -> F + Send + 'static,
        F: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let base = self.base.clone();
        let answer = async move { ask(base.database().await?).await };
        async move { self.base.told(self.lane.ask(READING, answer).await) }.boxed()
    }
}

impl Read for Database {
    fn flow(&self) -> &FlowName {
        &self.base.flow
    }

    fn rows(&self, select: Select) -> BoxFuture<'_, Result<Vec<Row>, Error>> {
        self.query(|database| async move { read::rows(&database, select).await })
    }

    fn count_rows(&self, table: &'static Table) -> BoxFuture<'_, Result<u64, Error>> {
        self.query(move |database| async move { read::count(&database, table).await })
    }

    fn unusable(&self, why: Unusable) -> Error {
        self.base.unusable(why)
    }
}

impl Write for Database {
    fn turn(&self) -> BoxFuture<'_, Turn> {
        let base = self.base.clone();
        let is_begun = self.query(|database| async move { read::is_begun(&base, &database).await });
        async {
            match is_begun.await {
                Ok(false) => self.base.server.beginnings().next().await,
                // Where the server can't be asked, all who begin learn that at once.
                Ok(true) | Err(_) => Turn::free(),
            }
        }
        .boxed()
    }

    fn begin(&self) -> BoxFuture<'_, Result<Epoch, Error>> {
        self.begin_anew().boxed()
    }

    fn inheritance(&self) -> BoxFuture<'_, Result<Inheritance, Error>> {
        let (base, now) = (self.base.clone(), self.clock.now());
        self.query(move |database| async move { legacy::inheritance(&base, &database, now).await })
    }

    fn write(&self, epoch: Epoch, batch: Vec<Change>) -> BoxFuture<'_, Result<(), Error>> {
        let written = write::write(self.base.clone(), epoch, batch, self.clock.wall());
        async move { self.base.told(self.lane.run(WRITING, written).await) }.boxed()
    }

    /// Connections are the client's, which all flows share; it closes those that no flow needs.
    fn rest(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.let_go().boxed()
    }

    fn lease(&self) -> Lease {
        self.tenure.lease()
    }

    fn drained(&self) -> BoxFuture<'_, ()> {
        self.lane.drained().boxed()
    }
}

//! A real MongoDB.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use mongodb::bson::{Document, doc};
use parking_lot::Mutex;
use tokio::runtime::Runtime;

use super::*;
use crate::store::mongo::{Mongo, Servers, mongo_url};

pub(in crate::store) use test_mongod::{ROOT, Replica, odd};

/// Databases of their own on the replica set that all tests share.
pub(in crate::store) struct MongoPlace {
    driver: Driver,
    /// What the names of its databases begin with.
    prefix: String,
    opener: Mongo,
    /// Databases that were opened.
    opened: Mutex<Vec<String>>,
}

impl MongoPlace {
    pub(in crate::store) fn new(driver: Driver) -> Self {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("p{}_", PLACES.fetch_add(1, Ordering::Relaxed));
        Self { opener: another_process(&driver), driver, prefix, opened: Mutex::default() }
    }

    /// For tests that live by a paused clock.
    pub(in crate::store) fn apart() -> Driver {
        static APART: LazyLock<Runtime> = LazyLock::new(|| {
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
        });
        Driver::apart(APART.handle().clone())
    }

    /// The flow with its database in this place.
    pub(in crate::store) fn placed(&self, flow: &Flow) -> Flow {
        let name: String = format!("{}{}", self.prefix, flow.database.name);
        self.opened.lock().push(name.clone());
        Flow { database: Database { name: name.parse().unwrap(), ..flow.database.clone() }, ..flow.clone() }
    }

    /// The same place as another process has it.
    pub(in crate::store) fn other(&self) -> Mongo {
        another_process(&self.driver)
    }

    /// The database as any other program has it.
    pub(in crate::store) fn plain<T: Send, F: Future<Output = T>>(
        &self,
        flow: &Flow,
        work: impl FnOnce(mongodb::Database) -> F + Send,
    ) -> T {
        Replica::shared().with(self.placed(flow).database.name.as_str(), work)
    }

    /// Whoever serves the flow was last heard of so much earlier than it was.
    pub(in crate::store) fn silence(&self, database: &str, seconds: i64) {
        let earlier = doc! { "$subtract": ["$heartbeat", seconds * 1000] };
        let change = vec![doc! { "$set": { "heartbeat": earlier } }];
        Replica::shared().with(database, |database| async move {
            database.collection::<Document>("owner").update_many(doc! {}, change).await.unwrap();
        });
    }
}

fn another_process(driver: &Driver) -> Mongo {
    let servers = Servers::new(process(), driver.clone(), Durability::ProcessEnd, Clock::simulated(start()));
    servers.at(&mongo_url(&Replica::shared().uri()).unwrap())
}

impl Place for MongoPlace {
    fn open(&self, flow: &Flow) -> Arc<dyn Write> {
        self.opener.open(&self.placed(flow))
    }

    fn read(&self, flow: &Flow) -> Arc<dyn Read> {
        self.opener.read(&self.placed(flow))
    }

    fn lose_pair(&self, flow: &Flow, user: &IssueId) {
        let user = doc! { "user_issue_id": user.as_str() };
        let lost = self.plain(flow, |database| async move {
            database.collection::<Document>("jira_mapping").delete_one(user).await.unwrap()
        });
        assert_eq!(lost.deleted_count, 1);
    }

    fn is_atomic(&self) -> bool {
        false
    }

    /// Kept waiting until the process that ended was silent for long enough.
    fn restart(&mut self) {
        for database in self.opened.lock().iter() {
            self.silence(database, 61);
        }
        self.opener = another_process(&self.driver);
    }
}

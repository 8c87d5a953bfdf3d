//! Where these houses keep their data: on the replica set that all of them share, each in databases of its own.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use lockstep::settings::StoreUrl;
use lockstep::store::{Driver, Durability, Executor, Manner, mongo_url};
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use tokio::runtime::{Builder, Runtime};

use super::mongod::Replica;

/// What these stories have time for, of what others want.
pub fn scaled(size: usize) -> usize {
    size / 10
}

/// One house's data.
pub struct Data {
    /// What its flows' names end with, and so its databases'.
    number: u32,
}

impl Data {
    pub fn new() -> Self {
        static HOUSES: AtomicU32 = AtomicU32::new(1);
        Self { number: HOUSES.fetch_add(1, Ordering::Relaxed) }
    }

    /// What the house calls a flow.
    pub fn flow_name(&self, name: &str) -> String {
        format!("{name}-{}", self.number)
    }

    pub fn url(&self) -> StoreUrl {
        StoreUrl::Mongo(mongo_url(&Replica::shared().uri()).unwrap())
    }

    /// The driver lives apart, since a paused clock would jump ahead of its sockets.
    pub fn manner(&self) -> Manner {
        static APART: LazyLock<Runtime> =
            LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());
        let driver = Driver::apart(APART.handle().clone());
        Manner { executor: Executor::inline(), durability: Durability::ProcessEnd, driver }
    }

    /// The process ended without a word, and was silent for so long that another one may follow. A sign of life of it
    /// that is still on its way finds nothing.
    pub fn crashed(&self) {
        let silent = doc! { "$subtract": ["$heartbeat", 61_000] };
        let change = vec![doc! { "$set": { "process": "one that is gone", "heartbeat": silent } }];
        self.in_each(|database| {
            let change = change.clone();
            async move {
                database.collection::<Document>("owner").update_many(doc! {}, change).await.unwrap();
            }
        });
    }

    /// All of it is lost.
    pub fn lose(&self) {
        self.in_each(|database| async move { database.drop().await.unwrap() });
    }

    /// The state document is lost.
    pub fn lose_state(&self) {
        self.remove("sync_state");
    }

    /// All pairs are lost.
    pub fn lose_pairs(&self) {
        self.remove("jira_mapping");
    }

    /// The watermark is lost.
    pub fn lose_last_sync(&self) {
        self.set_state("last_sync", Bson::Null);
    }

    /// The state says that the initial sync was not completed.
    pub fn unset_flag(&self) {
        self.set_state("initial_sync_completed", false.into());
    }

    fn remove(&self, collection: &'static str) {
        self.own(|database| async move {
            let removed = database.collection::<Document>(collection).delete_many(doc! {}).await.unwrap();
            assert!(removed.deleted_count > 0, "{collection}");
        });
    }

    fn set_state(&self, field: &'static str, value: Bson) {
        self.own(|database| async move {
            let states = database.collection::<Document>("sync_state");
            let set = states.update_many(doc! {}, doc! { "$set": { field: value } }).await.unwrap();
            assert_eq!(set.modified_count, 1, "{field}");
        });
    }

    /// Does something to the database of the flow of most stories.
    pub fn own<T: Send, F: Future<Output = T>>(&self, work: impl FnOnce(Database) -> F + Send) -> T {
        Replica::shared().with(&self.flow_name("sync-ab").replace('-', "_"), work)
    }

    /// Does something to each database of this house.
    fn in_each<F: Future<Output = ()>>(&self, work: impl Fn(Database) -> F + Send) {
        let mine = ["-", "_"].map(|dash| format!("{dash}{}", self.number));
        Replica::shared().with("admin", |admin| async move {
            let names = admin.client().list_database_names().await.unwrap();
            for name in names.iter().filter(|name| mine.iter().any(|end| name.ends_with(end))) {
                work(admin.client().database(name)).await;
            }
        });
    }
}

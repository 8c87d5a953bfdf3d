//! Where a house keeps its data: in SQLite files in a folder of its own, or in databases of its own on the replica set that
//! all tests of a process share.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use lockstep::settings::StoreUrl;
use lockstep::store::{Driver, Durability, Executor, Manner, mongo_url};
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use tempfile::TempDir;
use test_mongod::Replica;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static ON_MONGO: Cell<bool> = const { Cell::new(false) };
}

/// Tells a story whose houses keep their data in MongoDB. A story is told on one thread.
pub fn on_mongo<T>(story: impl FnOnce() -> T) -> T {
    ON_MONGO.set(true);
    let told = story();
    ON_MONGO.set(false);
    told
}

/// `size` as it is on SQLite; MongoDB answers more slowly, and has less to do.
pub fn scaled(size: usize) -> usize {
    if ON_MONGO.get() { size / 10 } else { size }
}

/// One house's data.
pub enum Data {
    Sqlite(TempDir),
    /// The number that its flows' names end with, and so its databases'.
    Mongo(u32),
}

impl Data {
    /// In SQLite, unless the story is told [`on_mongo`].
    pub fn new() -> Self {
        static HOUSES: AtomicU32 = AtomicU32::new(1);
        match ON_MONGO.get() {
            false => Self::Sqlite(tempfile::tempdir().unwrap()),
            true => Self::Mongo(HOUSES.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// What the house calls a flow.
    pub fn flow_name(&self, name: &str) -> String {
        match self {
            Self::Sqlite(_) => name.to_owned(),
            Self::Mongo(number) => format!("{name}-{number}"),
        }
    }

    pub fn url(&self) -> StoreUrl {
        match self {
            Self::Sqlite(folder) => StoreUrl::Sqlite(folder.path().to_owned()),
            Self::Mongo(_) => StoreUrl::Mongo(mongo_url(&Replica::shared().uri()).unwrap()),
        }
    }

    /// SQLite inline, because only that replays; MongoDB's driver on a runtime apart, since a paused clock would jump
    /// ahead of its sockets.
    pub fn manner(&self) -> Manner {
        static APART: LazyLock<Runtime> =
            LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());
        let driver = match self {
            Self::Sqlite(_) => Driver::here(),
            Self::Mongo(_) => Driver::apart(APART.handle().clone()),
        };
        Manner { executor: Executor::inline(), durability: Durability::ProcessEnd, driver }
    }

    /// The folder of a house on SQLite.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Sqlite(folder) => folder.path(),
            Self::Mongo(_) => panic!("this house keeps its data in MongoDB"),
        }
    }

    /// The file of the flow of most stories, on SQLite.
    pub fn file(&self) -> PathBuf {
        self.folder().join("sync_ab.sqlite")
    }

    /// That file's database.
    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }

    /// The process ended without a word. SQLite's lock ended with it; in MongoDB it was silent for so long that another
    /// one may follow, and a sign of life of it that is still on its way finds nothing.
    pub fn crashed(&self) {
        let Self::Mongo(number) = self else { return };
        let silent = doc! { "$subtract": ["$heartbeat", 61_000] };
        let change = vec![doc! { "$set": { "process": "one that is gone", "heartbeat": silent } }];
        in_each(*number, |database| {
            let change = change.clone();
            async move {
                database.collection::<Document>("owner").update_many(doc! {}, change).await.unwrap();
            }
        });
    }

    /// All of it is lost.
    pub fn lose(&self) {
        match self {
            Self::Sqlite(folder) => {
                for entry in std::fs::read_dir(folder.path()).unwrap() {
                    std::fs::remove_file(entry.unwrap().path()).unwrap();
                }
            }
            Self::Mongo(number) => in_each(*number, |database| async move { database.drop().await.unwrap() }),
        }
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
        self.set_state("last_sync", "NULL", Bson::Null);
    }

    /// The state says that the initial sync was not completed.
    pub fn unset_flag(&self) {
        self.set_state("initial_sync_completed", "0", false.into());
    }

    /// Until when Jira asked to wait, as it is stored in SQLite.
    pub fn held_until(&self) -> Option<String> {
        self.database().query_row("SELECT held_until FROM sync_state", [], |row| row.get(0)).unwrap()
    }

    /// Stores until when Jira asked to wait, in SQLite.
    pub fn hold_until(&self, until: &str) {
        self.execute(&format!("UPDATE sync_state SET held_until = '{until}'"));
    }

    /// Does something to the MongoDB database of the flow of most stories.
    pub fn own<T: Send, F: Future<Output = T>>(&self, work: impl FnOnce(Database) -> F + Send) -> T {
        Replica::shared().with(&self.flow_name("sync-ab").replace('-', "_"), work)
    }

    fn execute(&self, sql: &str) {
        assert!(self.database().execute(sql, []).unwrap() > 0, "{sql}");
    }

    fn remove(&self, table: &'static str) {
        match self {
            Self::Sqlite(_) => self.execute(&format!("DELETE FROM {table}")),
            Self::Mongo(_) => self.own(|database| async move {
                let removed = database.collection::<Document>(table).delete_many(doc! {}).await.unwrap();
                assert!(removed.deleted_count > 0, "{table}");
            }),
        }
    }

    fn set_state(&self, field: &'static str, sql: &str, value: Bson) {
        match self {
            Self::Sqlite(_) => self.execute(&format!("UPDATE sync_state SET {field} = {sql}")),
            Self::Mongo(_) => self.own(|database| async move {
                let states = database.collection::<Document>("sync_state");
                let set = states.update_many(doc! {}, doc! { "$set": { field: value } }).await.unwrap();
                assert_eq!(set.modified_count, 1, "{field}");
            }),
        }
    }
}

/// Does something to each database of this house.
fn in_each<F: Future<Output = ()>>(house: u32, work: impl Fn(Database) -> F + Send) {
    let own = ["-", "_"].map(|dash| format!("{dash}{house}"));
    Replica::shared().with("admin", |admin| async move {
        let names = admin.client().list_database_names().await.unwrap();
        for name in names.iter().filter(|name| own.iter().any(|end| name.ends_with(end))) {
            work(admin.client().database(name)).await;
        }
    });
}

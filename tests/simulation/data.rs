//! Where these houses keep their data: in SQLite files, in a folder of each house's own.

use std::path::{Path, PathBuf};

use lockstep::settings::StoreUrl;
use lockstep::store::{Driver, Durability, Executor, Manner};

/// What these stories have time for, of what others want.
pub fn scaled(size: usize) -> usize {
    size
}

/// One house's data.
pub struct Data(tempfile::TempDir);

impl Data {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// What the house calls a flow.
    pub fn flow_name(&self, name: &str) -> String {
        name.to_owned()
    }

    pub fn url(&self) -> StoreUrl {
        StoreUrl::Sqlite(self.folder().to_owned())
    }

    /// Inline, because only that replays.
    pub fn manner(&self) -> Manner {
        Manner { executor: Executor::inline(), durability: Durability::ProcessEnd, driver: Driver::here() }
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// The file of the flow of most stories.
    pub fn file(&self) -> PathBuf {
        self.folder().join("sync_ab.sqlite")
    }

    /// The process ended without a word. Its lock ended with it.
    pub fn crashed(&self) {}

    /// All of it is lost.
    pub fn lose(&self) {
        for entry in std::fs::read_dir(self.folder()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }

    /// The state document is lost.
    pub fn lose_state(&self) {
        self.execute("DELETE FROM sync_state");
    }

    /// All pairs are lost.
    pub fn lose_pairs(&self) {
        self.execute("DELETE FROM jira_mapping");
    }

    /// The watermark is lost.
    pub fn lose_last_sync(&self) {
        self.execute("UPDATE sync_state SET last_sync = NULL");
    }

    /// The state says that the initial sync was not completed.
    pub fn unset_flag(&self) {
        self.execute("UPDATE sync_state SET initial_sync_completed = 0");
    }

    /// Until when Jira asked to wait, as it is stored.
    pub fn held_until(&self) -> Option<String> {
        let database = rusqlite::Connection::open(self.file()).unwrap();
        database.query_row("SELECT held_until FROM sync_state", [], |row| row.get(0)).unwrap()
    }

    pub fn hold_until(&self, until: &str) {
        self.execute(&format!("UPDATE sync_state SET held_until = '{until}'"));
    }

    fn execute(&self, sql: &str) {
        let database = rusqlite::Connection::open(self.file()).unwrap();
        assert!(database.execute(sql, []).unwrap() > 0, "{sql}");
    }
}

//! What is SQLite's own; what every store promises is in the contract.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};

use super::*;
use crate::flow::{HistoryQuery, MissingDev, Pair, Side};
use crate::settings::StoreUrl;
use crate::store::contract::{flow, handled_of, id, on, pair, process, reading};
use crate::store::{Manner, Opener, State, Stores};

mod folders;
mod layouts;
mod troubles;

#[tokio::test]
async fn a_second_opener_of_a_folder_is_refused_until_the_last_database_of_the_first_is_gone() {
    let folder = tempdir().unwrap();
    let first = open(folder.path()).unwrap();
    let database = first.open(&flow("sync-ab"));
    database.begin().await.unwrap();
    drop(first);
    let refused = open(folder.path()).err().unwrap();
    assert!(matches!(refused, Error::InUse { .. }));
    assert!(refused.to_string().contains(folder.path().to_str().unwrap()), "{refused}");
    drop(database);
    assert!(open(folder.path()).is_ok());
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("data");
    fs::write(&file, "no folder").unwrap();
    let error = open(&file).err().unwrap();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_file_opens_in_any_sqlite_tool_and_has_the_documented_tables() {
    let data = Data::new();
    let (backend, epoch) = data.begin("sync-ab").await.unwrap();
    backend.write(epoch, vec![Change::PutPair(pair(1, 21))]).await.unwrap();
    backend.rest().await;

    assert_eq!(fs::metadata(data.beside("sync-ab", "-wal")).unwrap().len(), 0, "at rest the file has everything");
    backend.close().await;
    assert_eq!(data.files(), [".lock", "sync_ab.sqlite"], "nothing is left beside the file of a worker that ended");
    let plain = data.plain("sync-ab");
    let tables: Vec<String> = column(&plain, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    let documented = [
        "attachments",
        "dev_project_issue_state",
        "failures",
        "history",
        "intents",
        "jira_mapping",
        "missing_dev_issues",
        "sync_state",
        "user_project_issue_state",
    ];
    assert_eq!(tables, documented);
    let keys: Vec<String> = column(&plain, "SELECT user_issue_key || ' ' || origin || ' ' || state FROM jira_mapping");
    assert_eq!(keys, ["USER-A-1 created active"]);
    let mode: Vec<String> = column(&plain, "PRAGMA journal_mode");
    assert_eq!(mode, ["wal"]);
}

#[tokio::test]
async fn a_batch_that_is_refused_in_its_middle_leaves_nothing() {
    let data = Data::new();
    let (backend, epoch) = data.begin("sync-ab").await.unwrap();
    let batch = [pair(1, 21), pair(1, 22), pair(3, 23)].map(Change::PutPair);
    assert!(matches!(backend.write(epoch, batch.into()).await, Err(Error::Taken { .. })));
    assert_eq!(reading(&*backend).get::<Pair>(on(Side::User, vec![id(1), id(3)])).await.unwrap(), []);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_may_work_later() {
    let data = Data::new();
    fs::create_dir(data.file("sync-ab")).unwrap();
    let backend = data.stores.open(&flow("sync-ab"));
    let error = backend.begin().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert!(error.to_string().contains("in a folder in which this process may write"), "{error}");

    fs::remove_dir(data.file("sync-ab")).unwrap();
    assert!(backend.begin().await.is_ok());
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_with_its_file() {
    for (spoil, named) in [
        ("UPDATE intents SET document = '{\"version\":\"2\"}'", "intent i-1: unknown variant `2`"),
        ("UPDATE sync_state SET last_sync = 'yesterday'", "field last_sync: \"yesterday\": not a time"),
        ("UPDATE sync_state SET cursor = '[]'", "cursor of the full sync"),
        ("UPDATE jira_mapping SET state = 'asleep'", "state of a pair: unknown word \"asleep\""),
        ("UPDATE failures SET attempts = 'often'", "attempts"),
        ("DROP TABLE failures", "no such table: failures"),
    ] {
        let data = Data::new();
        let backend = data.begin("sync-ab").await.unwrap().0;
        let plain = data.plain("sync-ab");
        plain.execute_batch(ROWS).unwrap();
        plain.execute_batch(spoil).unwrap();
        let error = first_error(&*backend).await;
        assert!(matches!(error, Error::Unreadable { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
        assert!(error.to_string().contains("sync_ab.sqlite"), "{error}");
    }
}

/// One row in each table that has something to spoil.
const ROWS: &str = "
    INSERT INTO intents VALUES (1, 'i-1', 'user', '1', 'create', '', '', '');
    INSERT INTO jira_mapping VALUES ('1', '21', 'USER-A-1', 'DEV-A-21', 'created', 'active', '');
    INSERT INTO failures VALUES ('user', '1', 'USER-A-1', 1, '2024-01-01T00:00:00.000Z', '', '', '', NULL, NULL);";

async fn first_error(backend: &dyn Write) -> Error {
    let state = reading(backend).state().await.err();
    let pairs = reading(backend).get::<Pair>(on(Side::User, vec![id(1)])).await.err();
    let failures = reading(backend).failures(u32::MAX).await.err();
    // ROWS has an empty document, so this one comes last.
    let intents = reading(backend).open_intents(u32::MAX).await.err();
    state.or(pairs).or(failures).or(intents).unwrap()
}

/// A data folder in use.
struct Data {
    folder: TempDir,
    stores: Stores,
}

impl Data {
    fn new() -> Self {
        let folder = tempdir().unwrap();
        let stores = open(folder.path()).unwrap();
        Self { folder, stores }
    }

    async fn begin(&self, name: &str) -> Result<(Arc<dyn Write>, Epoch), Error> {
        let backend = self.stores.open(&flow(name));
        let epoch = backend.begin().await?;
        Ok((backend, epoch))
    }

    async fn refusal(&self, name: &str) -> Error {
        let error = self.begin(name).await.err().unwrap();
        assert!(error.to_string().contains(self.file(name).to_str().unwrap()), "{error}");
        error
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{}.sqlite", name.replace('-', "_")))
    }

    /// The file as any other program opens it.
    fn plain(&self, name: &str) -> Connection {
        Connection::open(self.file(name)).unwrap()
    }

    /// A file that SQLite keeps beside it.
    fn beside(&self, name: &str, suffix: &str) -> PathBuf {
        let mut path = self.file(name).into_os_string();
        path.push(suffix);
        path.into()
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn open(folder: &Path) -> Result<Stores, Error> {
    Stores::new(StoreUrl::Sqlite(folder.to_owned()), Manner::production(), process(), Clock::system())
}

fn column<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> Vec<T> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

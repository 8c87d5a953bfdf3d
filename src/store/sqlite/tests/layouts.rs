//! Files of other layouts.

use rusqlite::TransactionBehavior;

use super::*;
use crate::store::{Change, Revision};

/// The layout that this version writes; a new one is a new file in `schema/`.
const LATEST: i32 = 7;

/// A complete file of the first layout.
const LAYOUT_1: &str = include_str!("layout_1.sql");

#[tokio::test]
async fn a_file_of_an_older_layout_is_brought_up_to_date_with_all_that_is_in_it() {
    let data = older();
    let rows = rows(&data);
    let (backend, epoch) = data.begin("sync-ab").await.unwrap();
    assert_eq!(epoch, Epoch(8));
    assert_eq!(column::<i32>(&data.plain("sync-ab"), "PRAGMA user_version"), [LATEST]);

    let state = reading(&*backend).state().await.unwrap();
    assert_eq!((state.revision, state.all_read, state.initial_sync_completed), (Revision(41), true, Some(true)));
    assert!(state.last_sync.is_some() && !state.pairs_lost);
    let found = reading(&*backend).get::<Pair>(on(Side::User, vec![id(9999), id(10001)])).await.unwrap();
    assert_eq!(found.iter().map(|pair| pair.dev.key.as_str()).collect::<Vec<_>>(), ["DEV-A-0", "DEV-A-7"]);
    let intents = reading(&*backend).open_intents(u32::MAX).await.unwrap();
    assert_eq!((intents.len(), intents[0].id.as_str(), intents[0].state.cursor()), (1, "i-1", 1));
    assert_eq!(reading(&*backend).failures(u32::MAX).await.unwrap()[0].attempts, 2);
    assert_eq!(handled_of(&*backend, Side::User, vec![id(10001)]).await.unwrap().len(), 1);
    assert_eq!(handled_of(&*backend, Side::Dev, vec![id(20001)]).await.unwrap().len(), 1);
    assert_eq!(self::rows(&data), rows, "nothing else has changed");
    assert_eq!(reading(&*backend).page::<MissingDev>(None, 9).await.unwrap(), []);

    // Whether pairs get lost is known from the first moment on.
    data.plain("sync-ab").execute_batch("DELETE FROM jira_mapping WHERE user_issue_id = '9999'").unwrap();
    assert!(reading(&*backend).state().await.unwrap().pairs_lost);
}

#[tokio::test]
async fn a_file_of_the_layout_before_the_latest_keeps_all_that_is_in_it() {
    let data = older();
    let layout_2 = concat!(include_str!("../schema/2.sql"), "PRAGMA user_version = 2;");
    data.plain("sync-ab").execute_batch(layout_2).unwrap();
    let history = "INSERT INTO history (at, issue_id, issue_key, level, message, fields)
                   VALUES ('2024-05-01T10:00:00.000Z', '10001', 'USER-A-7', 'info', 'Done', '{}')";
    data.plain("sync-ab").execute_batch(history).unwrap();
    let rows = rows(&data);
    let (backend, epoch) = data.begin("sync-ab").await.unwrap();
    assert_eq!(column::<i32>(&data.plain("sync-ab"), "PRAGMA user_version"), [LATEST]);
    assert_eq!(self::rows(&data), rows);
    let told = reading(&*backend).history(HistoryQuery { issue: None, before: None, most: 9 }).await.unwrap();
    assert_eq!(told.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), ["Done"]);
    let missing = MissingDev { user: told[0].issue.clone(), dev: "DEV-A-7".parse().unwrap() };
    backend.write(epoch, vec![Change::PutMissing(missing.clone())]).await.unwrap();
    assert_eq!(reading(&*backend).page::<MissingDev>(None, 9).await.unwrap(), [missing]);
}

#[tokio::test]
async fn a_crash_half_way_leaves_the_older_layout_and_the_next_start_does_it_all() {
    let data = older();
    let rows = rows(&data);
    let mut crashing = data.plain("sync-ab");
    let transaction = crashing.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    schema::migrate(&transaction).unwrap();
    // What a kill leaves on the disk at this moment, in another folder.
    let after = Data::new();
    for suffix in ["", "-wal", "-shm"] {
        fs::copy(data.beside("sync-ab", suffix), after.beside("sync-ab", suffix)).unwrap();
    }
    assert_eq!(column::<i32>(&after.plain("sync-ab"), "PRAGMA user_version"), [1]);
    assert_eq!(self::rows(&after), rows);
    assert!(after.begin("sync-ab").await.is_ok());
    assert_eq!(column::<i32>(&after.plain("sync-ab"), "PRAGMA user_version"), [LATEST]);
    assert_eq!(self::rows(&after), rows);
}

#[tokio::test]
async fn a_file_that_cannot_be_brought_up_to_date_stays_as_it_was() {
    let data = older();
    data.plain("sync-ab").execute_batch("CREATE TABLE history (mine TEXT)").unwrap();
    let error = data.refusal("sync-ab").await;
    assert!(error.to_string().contains("table history already exists"), "{error}");
    let plain = data.plain("sync-ab");
    assert_eq!(column::<i32>(&plain, "PRAGMA user_version"), [1]);
    assert!(plain.prepare("SELECT patrol_begun FROM sync_state").is_err());

    plain.execute_batch("DROP TABLE history").unwrap();
    assert!(data.begin("sync-ab").await.is_ok());
}

#[tokio::test]
async fn whoever_looks_into_an_older_file_is_told_to_wait_and_changes_nothing() {
    let data = older();
    let error = data.stores.read(&flow("sync-ab")).state().await.unwrap_err();
    assert!(error.to_string().contains(&format!("still number 1 and not {LATEST}, which changes")), "{error}");
    assert_eq!(column::<i32>(&data.plain("sync-ab"), "PRAGMA user_version"), [1]);
}

#[tokio::test]
async fn a_layout_of_a_later_version_is_refused_and_left_alone() {
    let data = Data::new();
    data.plain("sync-ab").pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(data.file("sync-ab")).unwrap();
    let error = data.refusal("sync-ab").await;
    assert!(matches!(error, Error::Unreadable { .. }));
    assert!(
        error.to_string().contains(&format!("its layout is number 99, this version knows up to {LATEST}")),
        "{error}"
    );
    let looking = data.stores.read(&flow("sync-ab")).state().await.unwrap_err();
    assert!(looking.to_string().contains("its layout is number 99"), "{looking}");
    assert_eq!(fs::read(data.file("sync-ab")).unwrap(), before);
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_alone() {
    let data = Data::new();
    data.plain("sync-ab").execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    let before = fs::read(data.file("sync-ab")).unwrap();
    let error = data.refusal("sync-ab").await;
    assert!(error.to_string().contains("it is the database of another program"), "{error}");
    assert_eq!(fs::read(data.file("sync-ab")).unwrap(), before);
}

/// A data folder in which an earlier version has worked.
fn older() -> Data {
    let data = Data::new();
    data.plain("sync-ab").execute_batch(LAYOUT_1).unwrap();
    data
}

/// All rows of the first layout's tables, by its columns, but for what a new epoch changes.
fn rows(data: &Data) -> Vec<String> {
    let plain = data.plain("sync-ab");
    let first = Connection::open_in_memory().unwrap();
    first.execute_batch(LAYOUT_1).unwrap();
    let tables: Vec<String> = column(&first, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    let rows_of = |table: &String| {
        let columns: Vec<String> =
            column(&first, &format!("SELECT name FROM pragma_table_info('{table}') WHERE name <> 'epoch'"));
        let row = columns.iter().map(|column| format!("quote({column})")).collect::<Vec<_>>().join(" || ',' || ");
        column::<String>(&plain, &format!("SELECT {row} FROM {table} ORDER BY 1"))
    };
    let rows: Vec<String> = tables.iter().flat_map(rows_of).collect();
    assert_eq!(rows.len(), 7, "one row in each table, and two pairs");
    rows
}

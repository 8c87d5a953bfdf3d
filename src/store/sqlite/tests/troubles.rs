//! What disks, people and other programs do to a file. Whatever it is: nothing is lost that was there, and the flow goes on
//! by itself once the cause is gone.

use std::time::Duration;

use futures::{FutureExt, poll};

use super::*;
use crate::flow::{Entry, Level, Line};
use crate::pulse::Pulse;
use crate::store::contract::{handled, missing};
use crate::store::{Export, ExportError, NEWEST, Store};

#[tokio::test]
async fn what_is_no_database_is_refused_and_left_alone() {
    let data = Data::new();
    let garbage = "not a database at all ".repeat(100);
    fs::write(data.file("sync-ab"), &garbage).unwrap();
    let error = data.refusal("sync-ab").await;
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    assert_eq!(fs::read_to_string(data.file("sync-ab")).unwrap(), garbage);
}

#[tokio::test]
async fn a_damaged_database_is_refused_left_alone_and_goes_on_when_it_was_restored() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 4] = [
        ("all but the first page", |bytes| bytes[4096..].fill(0xff)),
        ("a few bytes within a page", |bytes| {
            // A leaf's list of cells: each two bytes say where one begins.
            let page = leaf_of_pairs(bytes);
            bytes[page + 8..page + 16].fill(0x7f);
        }),
        ("half of it is gone", |bytes| bytes.truncate(bytes.len() / 2 / 4096 * 4096)),
        ("all but a few bytes are gone", |bytes| bytes.truncate(1000)),
    ];
    for (what, damage) in damages {
        let data = Data::new();
        let sound = filled(&data).await;
        let mut damaged = sound.clone();
        damage(&mut damaged);
        assert_ne!(damaged, sound, "{what}");
        fs::write(data.file("sync-ab"), &damaged).unwrap();
        let error = data.refusal("sync-ab").await;
        assert!(matches!(error, Error::Unreadable { .. }), "{what}: {error}");
        assert!(error.to_string().ends_with("restore it from a backup, or move it away to begin anew"), "{error}");
        assert_eq!(fs::read(data.file("sync-ab")).unwrap(), damaged, "{what}");
        let looking = data.stores.read(&flow("sync-ab")).troubled_pairs(9).await;
        assert!(!matches!(looking, Err(Error::Unavailable { .. })), "{what}: it may see what is sound: {looking:?}");

        fs::write(data.file("sync-ab"), &sound).unwrap();
        assert_eq!(pairs(&*data.begin("sync-ab").await.unwrap().0).await, 200, "{what}");
    }
}

#[tokio::test]
async fn a_walk_along_a_damaged_index_ends_with_the_name_of_its_table() {
    for (index, table) in [
        ("jira_mapping_newest_user", "jira_mapping"),
        ("missing_dev_issues_by_number", "missing_dev_issues"),
        ("user_project_issue_state_newest", "user_project_issue_state"),
    ] {
        let data = Data::new();
        drop(filled(&data).await);
        data.damage(index);
        let (backend, _) = data.begin("sync-ab").await.unwrap();
        let store = Store::open(backend, Pulse::new("sync-ab", Clock::system(), None)).await.unwrap();
        if let Err(error) = walked(&store).await {
            assert_names(&error, table);
        } else {
            assert_eq!(table, "user_project_issue_state", "a worker does not walk along it");
        }
        let reader = data.stores.read(&flow("sync-ab"));
        let exported = Export::new(&*reader, &mut Full { left: 1 << 20 }).write(&name(), Clock::system().wall()).await;
        let Err(ExportError::Store(error)) = exported else { panic!("{table}: {exported:?}") };
        assert_names(&error, table);
    }
}

/// All pairs and missing dev issues, page by page; gives up after more pages than there are rows.
async fn walked(store: &Store) -> Result<(), Error> {
    let mut after = None;
    for _ in 0..=ROWS {
        let Some(last) = store.page::<Pair>(after, 50).await?.pop() else { break };
        after = Some(last.user.id);
    }
    let mut after = None;
    for _ in 0..=ROWS {
        let Some(last) = store.page::<MissingDev>(after, 50).await?.pop() else { return Ok(()) };
        after = Some(last.user.id);
    }
    panic!("it does not come to an end")
}

fn assert_names(error: &Error, table: &str) {
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains(&format!("it is damaged (its table {table} answers ")), "{error}");
    assert!(error.to_string().ends_with("restore it from a backup, or move it away to begin anew"), "{error}");
}

/// A disk with room for so many bytes.
struct Full {
    left: usize,
}

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_file_that_was_not_closed_in_order_has_its_indexes_checked() {
    for index in ["jira_mapping_newest_user", "jira_mapping_newest_dev", "user_project_issue_state_newest"] {
        let data = Data::new();
        drop(filled(&data).await);
        data.damage(index);
        let (backend, _) = data.begin("sync-ab").await.unwrap();
        backend.close().await;
        // As a kill leaves it.
        fs::write(data.beside("sync-ab", "-wal"), "").unwrap();
        let error = data.refusal("sync-ab").await;
        assert!(matches!(error, Error::Unreadable { .. }), "{error}");
        assert!(error.to_string().contains(index), "{error}");
        assert!(error.to_string().ends_with("restore it from a backup, or move it away to begin anew"), "{error}");
    }
}

#[tokio::test]
async fn an_empty_file_holds_nothing_and_is_begun_anew() {
    let data = Data::new();
    fs::write(data.file("sync-ab"), "").unwrap();
    let looking = data.stores.read(&flow("sync-ab")).state().await.unwrap_err();
    assert!(looking.to_string().contains("it is empty, which changes when its flow starts"), "{looking}");
    assert_eq!(reading(&*data.begin("sync-ab").await.unwrap().0).state().await.unwrap(), State::default());
}

#[tokio::test]
async fn a_file_that_is_emptied_while_its_flow_runs_is_not_taken_for_a_new_flow() {
    for idle in [false, true] {
        let data = Data::new();
        let (backend, epoch) = data.begin("sync-ab").await.unwrap();
        backend.write(epoch, vec![Change::PutPair(pair(1, 21))]).await.unwrap();
        if idle {
            backend.close().await;
        }
        fs::write(data.file("sync-ab"), "").unwrap();
        for _ in 0..2 {
            let error = reading(&*backend).state().await.unwrap_err();
            assert!(error.to_string().contains("it was emptied while its flow was running"), "{error}");
            assert!(backend.write(epoch, vec![Change::PutPair(pair(2, 22))]).await.is_err());
        }
    }
}

#[tokio::test]
async fn a_file_that_is_removed_or_replaced_while_its_flow_runs_ends_the_worker_visibly() {
    let removed: fn(&Data) = |data| fs::remove_file(data.file("sync-ab")).unwrap();
    let replaced: fn(&Data) = |data| {
        let copy = data.folder.path().join("copy");
        fs::copy(data.file("sync-ab"), &copy).unwrap();
        fs::rename(copy, data.file("sync-ab")).unwrap();
    };
    for (what, how, words) in [
        ("removed", removed, "it was removed while its flow was running"),
        ("replaced", replaced, "another file was put in its place while its flow was running"),
    ] {
        for idle in [false, true] {
            let data = Data::new();
            let (backend, epoch) = data.begin("sync-ab").await.unwrap();
            backend.write(epoch, vec![Change::PutPair(pair(1, 21))]).await.unwrap();
            backend.rest().await;
            if idle {
                backend.close().await;
            }
            how(&data);
            // And not only the first call: others of the same cycle may follow.
            for _ in 0..2 {
                let error = reading(&*backend).state().await.unwrap_err();
                assert!(error.to_string().contains(words), "{error}");
                let written = backend.write(epoch, vec![Change::PutPair(pair(2, 22))]).await;
                assert!(matches!(written, Err(Error::Unavailable { .. })));
            }
            assert_eq!(data.file("sync-ab").exists(), what == "replaced");

            let (next, _) = data.begin("sync-ab").await.unwrap();
            assert_eq!(pairs(&*next).await, usize::from(what == "replaced"), "{what}");
            let again = backend.begin().await.unwrap();
            backend.write(again, vec![Change::PutPair(pair(3, 23))]).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_write_waits_for_another_programs_to_end() {
    let data = Data::new();
    let (backend, epoch) = data.begin("sync-ab").await.unwrap();
    let other = data.plain("sync-ab");
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut write = backend.write(epoch, vec![Change::PutPair(pair(1, 21))]);
    assert!(poll!(&mut write).is_pending());
    other.execute_batch("COMMIT").unwrap();
    write.await.unwrap();
}

#[tokio::test]
async fn a_program_that_keeps_the_file_locked_is_named_as_the_cause_and_stops_only_who_writes() {
    let data = Data::impatient();
    let (backend, epoch) = data.begin("sync-ab").await.unwrap();
    backend.write(epoch, vec![Change::PutPair(pair(1, 21))]).await.unwrap();
    let other = data.plain("sync-ab");
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = backend.write(epoch, vec![Change::PutPair(pair(2, 22))]).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert!(error.to_string().ends_with("close the program that has it open for writing"), "{error}");
    assert_eq!(pairs(&*backend).await, 1);
    assert!(data.stores.read(&flow("sync-ab")).state().await.is_ok());

    other.execute_batch("ROLLBACK").unwrap();
    backend.write(epoch, vec![Change::PutPair(pair(2, 22))]).await.unwrap();
    assert_eq!(pairs(&*backend).await, 2);
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_the_next_write_after_room_was_made_works() {
    let data = Data::new();
    let database = data.stores.sqlite.database(data.folder.path(), &flow("sync-ab"));
    let epoch = database.begin().await.unwrap();
    let batch = |from: u64| (from..from + 400).flat_map(|n| [Change::PutPair(pair(n, n)), told(n)]).collect::<Vec<_>>();
    database.write(epoch, vec![Change::PutPair(pair(1, 1))]).await.unwrap();
    // SQLite says so itself, where the disk would: a connection may have no more pages.
    let limited = database.run(Missing::Fail, |connection| {
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        connection.pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(()))?;
        Ok(())
    });
    limited.await.unwrap();
    let error = database.write(epoch, batch(100)).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert!(error.to_string().contains("disk is full; make room on its disk"), "{error}");
    assert_eq!(pairs(&database).await, 1, "nothing half-written");
    assert_eq!(reading(&database).history(HistoryQuery { most: 9, ..HistoryQuery::default() }).await.unwrap(), []);

    // The next connection has no such limit.
    database.write(epoch, batch(100)).await.unwrap();
    assert_eq!(pairs(&database).await, 401);
}

#[tokio::test]
async fn what_a_kill_left_in_the_log_beside_the_file_is_read_by_the_next_worker_and_by_others_before_it() {
    let (data, after) = (Data::new(), Data::new());
    let (backend, epoch) = data.begin("sync-ab").await.unwrap();
    backend.write(epoch, vec![Change::PutPair(pair(1, 21)), told(1)]).await.unwrap();
    for suffix in ["", "-wal"] {
        fs::copy(data.beside("sync-ab", suffix), after.beside("sync-ab", suffix)).unwrap();
    }
    assert!(fs::metadata(after.beside("sync-ab", "-wal")).unwrap().len() > 0);
    let told =
        after.stores.read(&flow("sync-ab")).history(HistoryQuery { most: 9, ..HistoryQuery::default() }).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(pairs(&*after.begin("sync-ab").await.unwrap().0).await, 1);
}

#[tokio::test]
async fn idle_flows_keep_no_more_than_a_bounded_number_of_files_open() {
    const FLOWS: usize = 70;
    let data = Data::new();
    let mut workers = Vec::new();
    for n in 0..FLOWS {
        let (backend, epoch) = data.begin(&format!("flow-{n}")).await.unwrap();
        backend.write(epoch, vec![Change::PutPair(pair(1, 21))]).await.unwrap();
        backend.rest().await;
        workers.push((backend, epoch));
    }
    // SQLite keeps a file beside each that is open.
    let open = || data.files().iter().filter(|file| file.ends_with("-wal")).count();
    assert_eq!(open(), 64);
    assert!(!data.beside("flow-0", "-wal").exists() && data.beside("flow-69", "-wal").exists());
    for (backend, epoch) in &workers {
        backend.write(*epoch, vec![Change::PutPair(pair(2, 22))]).await.unwrap();
        backend.rest().await;
        assert_eq!(pairs(&**backend).await, 2);
        backend.rest().await;
    }
    assert_eq!(open(), 64);
    drop(workers);
    assert_eq!(open(), 0, "a worker that ended keeps nothing");
}

#[tokio::test]
async fn whoever_looks_at_a_file_at_rest_leaves_nothing_behind_whatever_its_folder_is_called() {
    for name in ["data", "100 % #1? a&b"] {
        let folder = tempdir().unwrap();
        let inner = folder.path().join(name);
        let stores = super::open(&inner).unwrap();
        let data = Data { folder, stores };
        let backend = data.stores.open(&flow("sync-ab"));
        let epoch = backend.begin().await.unwrap();
        backend.write(epoch, vec![Change::PutPair(pair(1, 21)), told(1)]).await.unwrap();
        backend.close().await;
        let reader = data.stores.read(&flow("sync-ab"));
        assert_eq!(reader.history(HistoryQuery { most: 9, ..HistoryQuery::default() }).await.unwrap().len(), 1);
        let mut left: Vec<_> = fs::read_dir(&inner).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".lock", "sync_ab.sqlite"]);
    }
}

#[tokio::test]
async fn a_reader_neither_waits_for_the_worker_nor_keeps_it_waiting() {
    let data = Data::impatient();
    let (backend, epoch) = data.begin("sync-ab").await.unwrap();
    let reader = data.stores.read(&flow("sync-ab"));
    let other = data.plain("sync-ab");
    other.execute_batch("BEGIN; SELECT * FROM sync_state").unwrap();
    backend.write(epoch, vec![Change::PutPair(pair(1, 21))]).await.unwrap();
    backend.rest().await;
    assert!(reader.state().await.is_ok());
    backend.write(epoch, vec![Change::PutPair(pair(2, 22))]).await.unwrap();
    assert_eq!(pairs(&*backend).await, 2);
    assert_eq!(backend.drained().now_or_never(), Some(()));
}

/// How many rows of a kind [`filled`] leaves.
const ROWS: u64 = 200;

/// A worker that recorded two hundred rows of several kinds and ended; answers its file.
async fn filled(data: &Data) -> Vec<u8> {
    let (backend, epoch) = data.begin("sync-ab").await.unwrap();
    let rows = |n| {
        let handled = Change::PutHandled(Side::User, pair(n, n).user, handled("Open"));
        [Change::PutPair(pair(n, n)), handled, Change::PutMissing(missing(n, "DEV-A-1"))]
    };
    backend.write(epoch, (1..=ROWS).flat_map(rows).collect()).await.unwrap();
    backend.close().await;
    fs::read(data.file("sync-ab")).unwrap()
}

/// Where the fullest page of rows (kind 13) begins: pairs, which nobody looks at when a worker begins.
fn leaf_of_pairs(bytes: &[u8]) -> usize {
    let leaves = (4096..bytes.len()).step_by(4096).filter(|page| bytes[*page] == 13);
    leaves.max_by_key(|page| (bytes[page + 3], bytes[page + 4])).expect("a file of rows has such a page")
}

async fn pairs(backend: &dyn Write) -> usize {
    reading(backend).page::<Pair>(None, 10_000).await.unwrap().len()
}

fn told(number: u64) -> Change {
    let line = Line { level: Level::Info, event: None, message: "told ".repeat(NEWEST as usize), fields: vec![] };
    Change::Tell(Entry { at: Clock::system().wall(), issue: pair(number, number).user, line })
}

fn name() -> FlowName {
    "sync-ab".parse().unwrap()
}

impl Data {
    /// Lets an index hold that every id is longer by one than its table says: it leads back from ids of two digits to those
    /// of one.
    fn damage(&self, index: &str) {
        let plain = self.plain("sync-ab");
        let told: String = column(&plain, &format!("SELECT sql FROM sqlite_schema WHERE name = '{index}'")).remove(0);
        let (begin, key) = told.split_once("), ").unwrap();
        plain
            .execute_batch(&format!("DROP INDEX {index}; {begin} || '0'), {key}; PRAGMA writable_schema = ON"))
            .unwrap();
        let changed = plain.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", [told.as_str(), index]).unwrap();
        assert_eq!(changed, 1);
    }

    /// With a store that does not wait long for other programs.
    fn impatient() -> Self {
        let mut data = Self::new();
        Arc::get_mut(&mut data.stores.sqlite.common).unwrap().patience = Duration::from_millis(50);
        data
    }
}

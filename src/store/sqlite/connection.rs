//! The connection to one flow's file: opened when needed, and between two uses kept among others' or closed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use super::folder::{Folder, Folders};
use super::identity::{Identity, is_left_open};
use super::kept::{Kept, Key};
use super::schema::{self, Check};
use super::trouble::Trouble;
use crate::files;
use crate::flow::DatabaseName;
use crate::store::{Durability, Error};

/// How long to wait for a writer that is not ours, such as a person's SQLite tool or a predecessor's last write. Well
/// below the limit of a store call, so that the error says what was in the way.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// All our statements, so that each is prepared once in a connection's life; SQLite's default of 16 would evict some.
const STATEMENTS: usize = 48;

/// What all files of a process have in common.
pub(super) struct Common {
    /// Declared first, so that connections are closed before folders are unlocked.
    pub(super) kept: Kept,
    pub(super) folders: Folders,
    pub(super) durability: Durability,
    pub(super) patience: Duration,
}

/// One flow's file.
pub(super) struct File {
    common: Arc<Common>,
    key: Key,
    folder: PathBuf,
    path: PathBuf,
    /// A panic in the middle of work closes the connection, which rolls its transaction back.
    held: Mutex<Held>,
}

/// What is held of a file, also while its connection is in use.
#[derive(Default)]
struct Held {
    /// Which file it is that this flow works with, from its first opening until the flow begins anew.
    identity: Option<Identity>,
    folder: Option<Arc<Folder>>,
}

/// What to do when there is no file, an older one, or another one than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Make one, bring it up to date, or take it.
    Make,
    /// Say so.
    Fail,
}

impl File {
    /// Touches nothing yet.
    pub(super) fn new(common: Arc<Common>, folder: &Path, name: &DatabaseName) -> Self {
        let (key, path) = (common.kept.key(), path_of(folder, name));
        Self { common, key, folder: folder.to_owned(), path, held: Mutex::default() }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` on the connection. After trouble with the file itself the next call gets a fresh one.
    pub(super) fn with<T>(
        &self,
        missing: Missing,
        work: impl FnOnce(&mut Connection) -> Result<T, Trouble>,
    ) -> Result<T, Error> {
        let mut held = self.held.lock();
        let used = self.connected(&mut held, missing).and_then(|connection| self.used(connection, work));
        used.map_err(|trouble| trouble.at(&self.path))
    }

    /// A flow that waits for Jira needs no connection: others may need it more, if there are many.
    fn used<T>(
        &self,
        mut connection: Connection,
        work: impl FnOnce(&mut Connection) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let result = work(&mut connection);
        if !result.as_ref().is_err_and(Trouble::is_of_the_file) {
            self.common.kept.put(self.key, connection);
        }
        result
    }

    /// The flow is idle: what its connection can have again is given back.
    pub(super) fn rest(&self) {
        match self.common.durability {
            Durability::PowerFailure => {
                let _held = self.held.lock();
                let connection = self.common.kept.take(self.key);
                if let Some(connection) = connection.and_then(|connection| rested(connection, self.common.patience)) {
                    self.common.kept.put(self.key, connection);
                }
            }
            Durability::ProcessEnd => {}
        }
    }

    /// Gives everything back. The next call has it again.
    pub(super) fn close(&self) {
        let mut held = self.held.lock();
        // First the connection: a folder stays locked until it is closed.
        drop(self.common.kept.take(self.key));
        held.folder = None;
    }

    fn connected(&self, held: &mut Held, missing: Missing) -> Result<Connection, Trouble> {
        let connection = self.common.kept.take(self.key);
        let present = Identity::at(&self.path).map_err(|why| Trouble::Unusable(why.to_string()))?;
        let connection = match (held.identity, missing) {
            (Some(known), _) if present == Some(known) => connection,
            (None, _) => None,
            // A connection to what is no longer there is closed.
            (Some(_), Missing::Make) => None,
            (Some(_), Missing::Fail) => return Err(Trouble::Unusable(gone(present))),
        };
        connection.map_or_else(|| self.connect(held, missing), Ok)
    }

    fn connect(&self, held: &mut Held, missing: Missing) -> Result<Connection, Trouble> {
        if held.folder.is_none() && missing == Missing::Make {
            held.folder = Some(self.common.folders.hold(&self.folder)?);
        }
        let connection = open(&self.path, missing, &self.common)?;
        held.identity = Identity::at(&self.path).map_err(|why| Trouble::Unusable(why.to_string()))?;
        Ok(connection)
    }
}

/// The file of a database in a folder.
pub(super) fn path_of(folder: &Path, name: &DatabaseName) -> PathBuf {
    folder.join(format!("{name}.sqlite"))
}

/// Nothing is left open for a flow that nobody serves any more.
impl Drop for File {
    fn drop(&mut self) {
        self.close();
    }
}

fn gone(present: Option<Identity>) -> String {
    let what = match present {
        None => "it was removed while its flow was running",
        Some(Identity { empty: true, .. }) => "it was emptied while its flow was running",
        Some(_) => "another file was put in its place while its flow was running",
    };
    format!("{what}; the flow starts again with what is there then")
}

/// What can be had again is given back, and everything that was written goes into the file itself: whoever copies or
/// replaces it while the flow is idle finds nothing beside it that belongs to it. A connection that can't do that is
/// closed.
fn rested(connection: Connection, patience: Duration) -> Option<Connection> {
    let empty_log = || {
        // Who is reading need not be waited for; it goes in next time.
        connection.busy_timeout(Duration::ZERO)?;
        connection.execute_batch("PRAGMA main.wal_checkpoint(TRUNCATE); PRAGMA main.shrink_memory")?;
        connection.busy_timeout(patience)
    };
    empty_log().ok().map(|()| connection)
}

fn open(path: &Path, missing: Missing, common: &Common) -> Result<Connection, Trouble> {
    // Looked at first, since opening the file makes such files beside it.
    let check = if is_left_open(path) { Check::Indexes } else { Check::Pages };
    // One thread at a time uses a connection (the mutex), so SQLite needs none of its own.
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, missing == Missing::Make);
    if missing == Missing::Make && !path.exists() {
        // SQLite would let others read it; the files beside it get its mode.
        files::make(path).map_err(|why| Trouble::Unusable(why.to_string()))?;
    }
    let mut connection = Connection::open_with_flags(path, flags)?;
    // Before SQLite makes files beside it, which would be just as read-only and stay so when this one is not any more.
    if connection.is_readonly(MAIN_DB)? {
        return Err(Trouble::Unusable("it may not be written; let this process write to it and its folder".to_owned()));
    }
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(common.patience)?;
    connection.pragma_update(None, "synchronous", synchronous(common.durability))?;
    match missing {
        Missing::Make => {
            schema::refuse_damaged(&connection, check, path)?;
            schema::bring_up_to_date(&mut connection, path)?;
        }
        Missing::Fail => schema::refuse_unless_latest(&connection)?,
    }
    // Only now, so that a file which was refused is left as it was. The answer is the mode in force: on a file system
    // that can't do WAL the old one stays, slower but as safe.
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    Ok(connection)
}

fn synchronous(durability: Durability) -> &'static str {
    match durability {
        Durability::PowerFailure => "full",
        Durability::ProcessEnd => "off",
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn trouble_with_the_file_gets_a_fresh_connection_and_a_refusal_does_not() {
        for (trouble, fresh) in [(Trouble::Unfit("odd".to_owned()), true), (Trouble::Refused(Error::Outdated), false)] {
            let folder = tempfile::tempdir().unwrap();
            let [file] = files(folder.path(), 1, ["sync_ab"]);
            mark(&file);
            let failed: Result<(), Error> = file.with(Missing::Fail, |_| Err(trouble));
            assert!(failed.is_err());
            assert_eq!(is_marked(&file), !fresh);
        }
    }

    #[test]
    fn a_flow_that_rested_finds_its_connection_again_until_it_gives_back_everything() {
        let folder = tempfile::tempdir().unwrap();
        let [file] = files(folder.path(), 1, ["sync_ab"]);
        mark(&file);
        file.rest();
        assert!(is_marked(&file));
        file.close();
        assert!(!is_marked(&file));
    }

    #[test]
    fn flows_that_are_busy_have_no_more_connections_than_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path(), 2, ["first", "second", "third"]);
        files.iter().for_each(mark);
        // From the last: each look is a use.
        let [first, second, third] = files;
        assert_eq!([third, second, first].map(|file| is_marked(&file)), [true, true, false]);
    }

    #[test]
    fn a_panic_in_the_middle_of_work_undoes_it_and_harms_no_later_work() {
        let folder = tempfile::tempdir().unwrap();
        let [file] = files(folder.path(), 1, ["sync_ab"]);
        mark(&file);
        let work = |connection: &mut Connection| -> Result<(), Trouble> {
            connection.execute_batch("BEGIN; CREATE TABLE half (x)")?;
            panic!("a bug");
        };
        assert!(catch_unwind(AssertUnwindSafe(|| file.with(Missing::Fail, work))).is_err());
        let half = "SELECT count(*) FROM sqlite_schema WHERE name = 'half'";
        let found =
            file.with(Missing::Fail, |connection| Ok(connection.query_row(half, [], |row| row.get::<_, u32>(0))?));
        assert_eq!(found.unwrap(), 0);
    }

    fn files<const N: usize>(folder: &Path, most: usize, names: [&str; N]) -> [File; N] {
        let (kept, folders) = (Kept::at_most(most), Folders::default());
        let common = Arc::new(Common { kept, folders, durability: Durability::PowerFailure, patience: PATIENCE });
        names.map(|name| File::new(Arc::clone(&common), folder, &name.parse().unwrap()))
    }

    /// A temporary table lives as long as its connection.
    fn mark(file: &File) {
        let marked = file.with(Missing::Make, |connection| Ok(connection.execute_batch("CREATE TEMP TABLE mark (x)")?));
        assert!(marked.is_ok());
    }

    fn is_marked(file: &File) -> bool {
        file.with(Missing::Fail, |connection| Ok(connection.execute_batch("SELECT * FROM mark")?)).is_ok()
    }
}

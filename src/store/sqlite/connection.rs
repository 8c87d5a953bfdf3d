//! The connection to one flow's file: opened when needed, and while the flow is idle kept among others' or given back.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, MAIN_DB, OpenFlags};

use super::folder::{Folder, Folders};
use super::identity::Identity;
use super::kept::{Kept, Key};
use super::schema;
use super::trouble::Trouble;
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
    held: Mutex<Held>,
}

/// What is held of a file. In the order in which it is given back: a folder stays locked until the connection is closed.
#[derive(Default)]
struct Held {
    connection: Option<Connection>,
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

    /// Runs `work` on the connection. After trouble with the file itself the next call gets a fresh one.
    pub(super) fn with<T>(
        &self,
        missing: Missing,
        work: impl FnOnce(&mut Connection) -> Result<T, Trouble>,
    ) -> Result<T, Error> {
        let mut held = self.held();
        let result = self.connected(&mut held, missing).and_then(work);
        if result.as_ref().is_err_and(Trouble::is_of_the_file) {
            held.connection = None;
        }
        result.map_err(|trouble| trouble.at(&self.path))
    }

    /// The flow is idle: others may need what it has more.
    pub(super) fn rest(&self) {
        match self.common.durability {
            Durability::PowerFailure => {
                let connection = self.held().connection.take();
                if let Some(connection) = connection.and_then(|connection| rested(connection, self.common.patience)) {
                    self.common.kept.put(self.key, connection);
                }
            }
            Durability::ProcessEnd => {}
        }
    }

    /// Gives everything back. The next call has it again.
    pub(super) fn close(&self) {
        let mut held = self.held();
        drop(self.common.kept.take(self.key));
        held.connection = None;
        held.folder = None;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // A panic in the middle of work rolled its transaction back: the connection is as sound as before.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connected<'a>(&self, held: &'a mut Held, missing: Missing) -> Result<&'a mut Connection, Trouble> {
        let connection = held.connection.take().or_else(|| self.common.kept.take(self.key));
        let present = Identity::at(&self.path).map_err(|why| Trouble::Unusable(why.to_string()))?;
        let connection = match (held.identity, missing) {
            (Some(known), _) if present == Some(known) => connection,
            (None, _) => None,
            // A connection to what is no longer there is closed.
            (Some(_), Missing::Make) => None,
            (Some(_), Missing::Fail) => return Err(Trouble::Unusable(gone(present))),
        };
        let connection = match connection {
            Some(connection) => connection,
            None => self.connect(held, missing)?,
        };
        Ok(held.connection.insert(connection))
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
    // One thread at a time uses a connection (the mutex), so SQLite needs none of its own.
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, missing == Missing::Make);
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
            schema::refuse_damaged(&connection)?;
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
    use super::*;

    #[test]
    fn trouble_with_the_file_gets_a_fresh_connection_and_a_refusal_does_not() {
        for (trouble, fresh) in [(Trouble::Unfit("odd".to_owned()), true), (Trouble::Refused(Error::Outdated), false)] {
            let folder = tempfile::tempdir().unwrap();
            let file = file(folder.path(), Kept::default());
            mark(&file);
            let failed: Result<(), Error> = file.with(Missing::Fail, |_| Err(trouble));
            assert!(failed.is_err());
            assert_eq!(is_marked(&file), !fresh);
        }
    }

    #[test]
    fn a_flow_that_rested_finds_its_connection_again_unless_too_many_rested_since() {
        for (most, kept) in [(1, true), (0, false)] {
            let folder = tempfile::tempdir().unwrap();
            let file = file(folder.path(), Kept::at_most(most));
            mark(&file);
            file.rest();
            assert_eq!(is_marked(&file), kept, "{most}");
            file.close();
            assert!(!is_marked(&file));
        }
    }

    fn file(folder: &Path, kept: Kept) -> File {
        let common =
            Common { kept, folders: Folders::default(), durability: Durability::PowerFailure, patience: PATIENCE };
        File::new(Arc::new(common), folder, &"sync_ab".parse().unwrap())
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

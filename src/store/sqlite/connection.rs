//! The connection to one flow's file: opened when needed, given back while the flow is idle.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::Durability;
use super::folder::Folder;
use super::schema;
use super::trouble::Trouble;
use crate::flow::FlowName;
use crate::store::Error;

/// How long to wait for a writer that is not ours, such as a person's SQLite tool or a predecessor's last write. Well
/// below the limit of a store call, so that the error says what was in the way.
const PATIENCE: Duration = Duration::from_secs(10);

/// All our statements, so that each is prepared once in a connection's life; SQLite's default of 16 would evict some.
const STATEMENTS: usize = 32;

/// One flow's file and, unless the flow is idle, a connection to it.
pub(super) struct File {
    path: PathBuf,
    durability: Durability,
    connection: Mutex<Option<Connection>>,
    /// Declared last, so that the lock is let go only after the connection is closed.
    _folder: Arc<Folder>,
}

/// What to do when there is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Make one.
    Make,
    /// Say so.
    Fail,
}

impl File {
    /// Touches nothing yet.
    pub(super) fn new(folder: Arc<Folder>, flow: &FlowName, durability: Durability) -> Self {
        Self { path: folder.file_of(flow), durability, connection: Mutex::new(None), _folder: folder }
    }

    /// Runs `work` on the connection. After trouble with the file itself the next call gets a fresh one.
    pub(super) fn with<T>(
        &self,
        missing: Missing,
        work: impl FnOnce(&mut Connection) -> Result<T, Trouble>,
    ) -> Result<T, Error> {
        let mut slot = self.slot();
        let result = self.connected(&mut slot, missing).and_then(work);
        if result.as_ref().is_err_and(Trouble::is_of_the_file) {
            *slot = None;
        }
        result.map_err(|trouble| trouble.at(&self.path))
    }

    /// Closes the connection, if it is not to be kept.
    pub(super) fn rest(&self) {
        match self.durability {
            Durability::PowerFailure => *self.slot() = None,
            Durability::ProcessEnd => {}
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<Connection>> {
        // A panic in the middle of work rolled its transaction back: the connection is as sound as before.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connected<'a>(&self, slot: &'a mut Option<Connection>, missing: Missing) -> Result<&'a mut Connection, Trouble> {
        match slot {
            Some(connection) => Ok(connection),
            None => Ok(slot.insert(self.connect(missing)?)),
        }
    }

    fn connect(&self, missing: Missing) -> Result<Connection, Trouble> {
        // One thread at a time uses a connection (the mutex), so SQLite needs none of its own.
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, missing == Missing::Make);
        let mut connection = Connection::open_with_flags(&self.path, flags)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "synchronous", synchronous(self.durability))?;
        schema::bring_up_to_date(&mut connection)?;
        // Only now, so that a file which was refused is left as it was. The answer is the mode in force: on a file
        // system that can't do WAL the old one stays, slower but as safe.
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        Ok(connection)
    }
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
            let folder_lock = Arc::new(Folder::lock(folder.path().to_owned()).unwrap());
            let file = File::new(folder_lock, &"sync-ab".parse().unwrap(), Durability::ProcessEnd);
            // A temporary table lives as long as its connection.
            let marked =
                file.with(Missing::Make, |connection| Ok(connection.execute_batch("CREATE TEMP TABLE mark (x)")?));
            assert!(marked.is_ok());
            let failed: Result<(), Error> = file.with(Missing::Fail, |_| Err(trouble));
            assert!(failed.is_err());
            let mark = file.with(Missing::Fail, |connection| Ok(connection.execute_batch("SELECT * FROM mark")?));
            assert_eq!(mark.is_err(), fresh);
        }
    }
}

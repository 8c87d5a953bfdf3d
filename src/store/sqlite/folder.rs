//! The data folder and its lock.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::super::Error;
use crate::flow::FlowName;

/// A data folder that no other process uses as long as this value lives.
pub(super) struct Folder {
    path: PathBuf,
    /// The operating system lets go of the lock when this is closed, even by `kill -9`.
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be and takes its lock.
    pub(super) fn lock(path: PathBuf) -> Result<Self, Error> {
        let file = make(&path).map_err(|why| {
            unavailable(&path, format!("{why}; see that it is a folder in which this process may write"))
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, _lock: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse { place: place(&path) }),
            Err(TryLockError::Error(why)) => {
                Err(unavailable(&path, format!("it can't be locked ({why}); choose a folder on a local disk")))
            }
        }
    }

    /// Where a flow's data are.
    pub(super) fn file_of(&self, flow: &FlowName) -> PathBuf {
        self.path.join(format!("{}.sqlite", flow.database()))
    }
}

/// The folder and the file in it that carries the lock. That file stays: were it removed, one process could lock the
/// old one and another the new one.
fn make(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    File::options().create(true).truncate(false).write(true).open(folder.join(".lock"))
}

fn unavailable(folder: &Path, why: String) -> Error {
    Error::Unavailable { place: place(folder), why }
}

fn place(folder: &Path) -> String {
    format!("the data folder {}", folder.display())
}

//! Data folders and their locks.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::super::Error;
use crate::flow;

/// The folders of one process: the one that it keeps its data in, and those that flows name for themselves.
pub(super) struct Folders {
    own: Arc<Folder>,
    /// By their true paths. Held as long as somebody uses them.
    further: Mutex<BTreeMap<PathBuf, Weak<Folder>>>,
}

impl Folders {
    /// Makes the process' own folder if need be and takes its lock.
    pub(super) fn new(own: PathBuf) -> Result<Self, Error> {
        Ok(Self { own: Arc::new(Folder::lock(own)?), further: Mutex::default() })
    }

    /// The file of a flow's database. Touches nothing.
    pub(super) fn file_of(&self, database: &flow::Database) -> PathBuf {
        let folder = database.folder.as_ref().unwrap_or(&self.own.path);
        folder.join(format!("{}.sqlite", database.name))
    }

    /// The folder of a flow's database, made and locked if need be.
    pub(super) fn of(&self, database: &flow::Database) -> Result<Arc<Folder>, Error> {
        match &database.folder {
            None => Ok(Arc::clone(&self.own)),
            Some(folder) => self.further(folder),
        }
    }

    /// One lock however a folder is written: by another path, or through a link, it is still the same.
    fn further(&self, path: &Path) -> Result<Arc<Folder>, Error> {
        let mut further = self.further.lock().unwrap_or_else(PoisonError::into_inner);
        let true_path =
            fs::create_dir_all(path).and_then(|()| path.canonicalize()).map_err(|why| no_folder(path, &why))?;
        if true_path == self.own.true_path {
            return Ok(Arc::clone(&self.own));
        }
        if let Some(folder) = further.get(&true_path).and_then(Weak::upgrade) {
            return Ok(folder);
        }
        let folder = Arc::new(Folder::lock(path.to_owned())?);
        further.retain(|_, folder| folder.strong_count() > 0);
        further.insert(true_path, Arc::downgrade(&folder));
        Ok(folder)
    }
}

/// A data folder that no other process uses as long as this value lives.
pub(super) struct Folder {
    path: PathBuf,
    true_path: PathBuf,
    /// The operating system lets go of the lock when this is closed, even by `kill -9`.
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be and takes its lock.
    fn lock(path: PathBuf) -> Result<Self, Error> {
        let (true_path, file) = make(&path).map_err(|why| no_folder(&path, &why))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, true_path, _lock: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::InUse { place: place(&path), by: "another process".to_owned() })
            }
            Err(TryLockError::Error(why)) => {
                Err(unavailable(&path, format!("it can't be locked ({why}); choose a folder on a local disk")))
            }
        }
    }
}

/// The folder and the file in it that carries the lock. That file stays: were it removed, one process could lock the
/// old one and another the new one.
fn make(folder: &Path) -> io::Result<(PathBuf, File)> {
    fs::create_dir_all(folder)?;
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join(".lock"))?;
    Ok((folder.canonicalize()?, lock))
}

fn no_folder(folder: &Path, why: &io::Error) -> Error {
    unavailable(folder, format!("{why}; see that it is a folder in which this process may write"))
}

fn unavailable(folder: &Path, why: String) -> Error {
    Error::Unavailable { place: place(folder), why }
}

fn place(folder: &Path) -> String {
    format!("the data folder {}", folder.display())
}

//! Data folders and their locks.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::super::Error;
use crate::descriptors;

/// The folders that one process uses, by their true paths. Each is held as long as somebody uses it.
#[derive(Default)]
pub(super) struct Folders(Mutex<BTreeMap<PathBuf, Weak<Folder>>>);

impl Folders {
    /// The folder, made and locked if need be. One lock however it is written: by another path, or through a link, it is
    /// still the same.
    pub(super) fn hold(&self, path: &Path) -> Result<Arc<Folder>, Error> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let true_path =
            fs::create_dir_all(path).and_then(|()| path.canonicalize()).map_err(|why| no_folder(path, &why))?;
        if let Some(folder) = held.get(&true_path).and_then(Weak::upgrade) {
            return Ok(folder);
        }
        let folder = Arc::new(Folder::lock(path)?);
        held.retain(|_, folder| folder.strong_count() > 0);
        held.insert(true_path, Arc::downgrade(&folder));
        Ok(folder)
    }
}

/// A data folder that no other process uses as long as this value lives.
pub(in crate::store) struct Folder {
    /// The operating system lets go of the lock when this is closed, even by `kill -9`.
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be and takes its lock.
    fn lock(path: &Path) -> Result<Self, Error> {
        let file = make(path).map_err(|why| no_folder(path, &why))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _lock: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse { place: place(path), by: "another process".to_owned() }),
            Err(TryLockError::Error(why)) => {
                Err(unavailable(path, format!("it can't be locked ({why}); choose a folder on a local disk")))
            }
        }
    }
}

/// The file in the folder that carries the lock. It stays: were it removed, one process could lock the old one and another
/// the new one.
fn make(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    File::options().create(true).truncate(false).write(true).open(folder.join(".lock"))
}

fn no_folder(folder: &Path, why: &io::Error) -> Error {
    match descriptors::shortage(why) {
        Some(_) => unavailable(folder, descriptors::explained(why)),
        None => unavailable(folder, format!("{why}; see that it is a folder in which this process may write")),
    }
}

fn unavailable(folder: &Path, why: String) -> Error {
    Error::Unavailable { place: place(folder), why }
}

fn place(folder: &Path) -> String {
    format!("the data folder {}", folder.display())
}

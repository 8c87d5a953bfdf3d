//! Data folders and their locks.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::super::Error;
use crate::descriptors;
use crate::files;

/// The folders that one process uses, by their true paths.
#[derive(Default)]
pub(super) struct Folders(Mutex<BTreeMap<PathBuf, Known>>);

/// A folder that this process uses or used.
#[derive(Default)]
struct Known {
    /// Held as long as somebody uses it.
    folder: Weak<Folder>,
    /// Whether it was told that every user has access to it.
    is_told: bool,
}

impl Folders {
    /// The folder, made and locked if need be. One lock however it is written: by another path, or through a link, it is
    /// still the same.
    pub(super) fn hold(&self, path: &Path) -> Result<Arc<Folder>, Error> {
        let mut all = self.0.lock();
        let true_path =
            files::make_folder(path).and_then(|()| path.canonicalize()).map_err(|why| no_folder(path, &why))?;
        let known = all.entry(true_path).or_default();
        if let Some(folder) = known.folder.upgrade() {
            return Ok(folder);
        }
        let folder = Arc::new(Folder::lock(path)?);
        known.folder = Arc::downgrade(&folder);
        if let Some(warning) = warning(path).filter(|_| !std::mem::replace(&mut known.is_told, true)) {
            tracing::warn!("{warning}");
        }
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
    files::make_folder(folder)?;
    files::open_or_make(&folder.join(".lock"), File::options().write(true))
}

/// What is told of a folder with the flows' data to which every user has access.
fn warning(folder: &Path) -> Option<String> {
    let mode = fs::metadata(folder).ok().as_ref().and_then(files::open_to_others)?;
    Some(format!("{}: {}", place(folder), files::others_have_access(mode)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_for_which_no_descriptor_is_left_is_told_so() {
        let told = |errno| no_folder(Path::new("data"), &io::Error::from_raw_os_error(errno)).to_string();
        assert!(told(24).contains("ulimit -n") && !told(24).contains("may write"), "{}", told(24));
        assert!(told(13).ends_with("see that it is a folder in which this process may write"), "{}", told(13));
    }
}

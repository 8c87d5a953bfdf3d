//! Which file it is that bears a name, and whether somebody is at work on it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What stays the same while a file is written to, and differs from that of every other file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    /// The number of a removed file is given to another one; `None` where the file system does not keep it.
    born: Option<SystemTime>,
    /// Whether there is nothing in it, which is never so of a file that somebody works with.
    pub(super) empty: bool,
}

impl Identity {
    /// Of the file at `path`; `None` when there is none.
    pub(super) fn at(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(found) => {
                let (born, empty) = (found.created().ok(), found.len() == 0);
                Ok(Some(Self { device: found.dev(), inode: found.ino(), born, empty }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What a file at rest looks like: SQLite keeps a log or journal beside one that is open for writing, or was when its
/// process was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    identity: Identity,
    length: u64,
    modified: SystemTime,
}

impl Rest {
    /// Of the file at `path`; `None` when it is not at rest, or can't be told.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let identity = Identity::at(path).ok()??;
        let found = fs::metadata(path).ok()?;
        let alone = LOGS.iter().all(|suffix| matches!(beside(path, suffix).try_exists(), Ok(false)));
        Some(Self { identity, length: found.len(), modified: found.modified().ok()? }).filter(|_| alone)
    }
}

/// Whether the file's last user ended without closing it, or has it open now.
pub(super) fn is_left_open(path: &Path) -> bool {
    LOGS.iter().any(|suffix| matches!(beside(path, suffix).try_exists(), Ok(true)))
}

/// What SQLite keeps beside a file that is open for writing.
const LOGS: [&str; 2] = ["-wal", "-journal"];

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = OsString::from(path);
    beside.push(suffix);
    beside.into()
}

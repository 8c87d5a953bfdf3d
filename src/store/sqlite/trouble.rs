//! What SQLite says, in our words and with what to do about it.

use std::fmt::Display;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::descriptors::{self, Shortage};
use crate::store::Error;
use crate::store::read::Unusable;
use crate::store::records::Unfit;

/// Why work on a file failed, before the file is named.
#[derive(Debug)]
pub(super) enum Trouble {
    /// SQLite said so, or a column did not hold what its type demands.
    Sqlite(rusqlite::Error),
    /// The file holds what this version can't read.
    Unfit(String),
    /// The file is another flow's.
    Foreign(String),
    /// There is no file to work with: it is gone, another one, or not ready.
    Unusable(String),
    /// A condition of the caller's did not hold; the file is fine.
    Refused(Error),
}

/// The file itself is not what it should be; trying again changes nothing. (`Unknown` is SQLite's name for a statement
/// that does not fit the tables: someone has altered them.)
const UNREADABLE: [ErrorCode; 5] = [
    ErrorCode::NotADatabase,
    ErrorCode::DatabaseCorrupt,
    ErrorCode::Unknown,
    ErrorCode::TypeMismatch,
    ErrorCode::ConstraintViolation,
];

/// What a person can do about what a disk or another program does to us.
const REMEDIES: [(ErrorCode, &str); 7] = [
    (ErrorCode::CannotOpen, "see that it is a file, in a folder in which this process may write"),
    (ErrorCode::PermissionDenied, "let this process read and write it"),
    (ErrorCode::ReadOnly, "let this process write to it and its folder"),
    (ErrorCode::DiskFull, "make room on its disk"),
    (ErrorCode::SystemIoFailure, "see what the system's log says of its disk"),
    (ErrorCode::DatabaseBusy, "close the program that has it open for writing"),
    (ErrorCode::DatabaseLocked, "close the program that has it open for writing"),
];

/// The flow can go on without the file: pairs are found again by their marks and links (docs/sync.md, "Pairs").
pub(super) const REPLACE: &str = "restore it from a backup, or move it away to begin anew";

impl Trouble {
    /// The file does not hold together: what it says can't be built upon.
    pub(super) fn damaged(what: impl Display) -> Self {
        Self::Unfit(format!("it is damaged ({what}); {REPLACE}"))
    }

    /// Whether a fresh connection might help.
    pub(super) fn is_of_the_file(&self) -> bool {
        match self {
            Self::Sqlite(_) | Self::Unfit(_) | Self::Unusable(_) => true,
            Self::Foreign(_) | Self::Refused(_) => false,
        }
    }

    /// As the caller is told, naming the file.
    pub(super) fn at(self, file: &Path) -> Error {
        let place = file.display().to_string();
        match self {
            Self::Sqlite(error) => from_sqlite(place, &error),
            Self::Unfit(why) => Error::Unreadable { place, why },
            Self::Foreign(why) | Self::Unusable(why) => Error::Unavailable { place, why },
            Self::Refused(error) => error,
        }
    }
}

/// Errors without a code are columns that did not hold what they should.
fn from_sqlite(place: String, error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(code) if !UNREADABLE.contains(&code) => {
            let why = with_remedy(error, code, descriptors::shortage_now());
            Error::Unavailable { place, why }
        }
        Some(_) | None => Error::Unreadable { place, why: format!("{error}; {REPLACE}") },
    }
}

/// SQLite hands no cause on: whether there are descriptors is asked anew.
fn with_remedy(error: &rusqlite::Error, code: ErrorCode, shortage: Option<Shortage>) -> String {
    if let (ErrorCode::CannotOpen | ErrorCode::SystemIoFailure, Some(shortage)) = (code, shortage) {
        return format!("{error}: {shortage}");
    }
    match REMEDIES.iter().find(|(known, _)| *known == code) {
        Some((_, remedy)) => format!("{error}; {remedy}"),
        None => error.to_string(),
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Unfit> for Trouble {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(format!("{unfit}; run the version that wrote it, or {REPLACE}"))
    }
}

impl From<Unusable> for Trouble {
    fn from(why: Unusable) -> Self {
        match why {
            Unusable::Damaged(what) => Self::damaged(what),
            Unusable::Unfit(unfit) => unfit.into(),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn what_a_disk_or_another_program_does_may_pass_and_says_what_to_do() {
        for (code, remedy) in [
            (ffi::SQLITE_FULL, "make room on its disk"),
            (ffi::SQLITE_READONLY, "let this process write to it and its folder"),
            (ffi::SQLITE_BUSY, "close the program that has it open for writing"),
            (ffi::SQLITE_IOERR_WRITE, "see what the system's log says of its disk"),
        ] {
            let error = told(code);
            assert!(matches!(error, Error::Unavailable { .. }), "{error}");
            assert_eq!(error.to_string(), format!("data/sync_ab.sqlite is not available: sqlite says so; {remedy}"));
        }
    }

    #[test]
    fn a_file_that_is_damaged_or_altered_is_unreadable() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_ERROR] {
            let error = told(code);
            assert!(matches!(error, Error::Unreadable { .. }), "{error}");
            assert!(error.to_string().ends_with("or move it away to begin anew"), "{error}");
        }
    }

    #[test]
    fn a_file_that_can_not_be_opened_for_want_of_descriptors_is_told_so() {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CANTOPEN), None);
        let told = with_remedy(&error, ErrorCode::CannotOpen, Some(Shortage::Process));
        assert!(told.contains("ulimit -n") && !told.contains("may write"), "{told}");
        let full = with_remedy(&error, ErrorCode::DiskFull, Some(Shortage::Process));
        assert!(full.contains("make room on its disk"), "{full}");
    }

    fn told(code: i32) -> Error {
        let said = Some("sqlite says so".to_owned());
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), said);
        Trouble::from(error).at(Path::new("data/sync_ab.sqlite"))
    }
}

//! The limit on file descriptors: raised at start, and named as the cause where it makes something fail.
//!
//! Each open socket, file and folder takes one. When none is left, the errors of whatever is opened next don't say what
//! to do; the functions here add that.

use std::fs::File;
use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The most that macOS allows a process, whatever its hard limit says.
const OPEN_MAX: u64 = 10_240;

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shortage {
    /// The limit of this process.
    #[error(
        "this process has no file descriptors left; raise its limit (ulimit -n, systemd's LimitNOFILE=, a container's \
         --ulimit nofile), or have it serve fewer flows"
    )]
    Process,
    /// The limit of the whole machine.
    #[error("this machine has no file descriptors left; raise its limit (sysctl fs.file-max), or end other programs")]
    Machine,
}

/// The soft limit before and after it was raised; `None` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The limit at the start of the process.
    pub from: Option<u64>,
    /// The limit now.
    pub to: Option<u64>,
}

/// Raises the soft limit to the hard limit, as far as the system allows.
#[must_use]
pub fn raise_limit() -> Raised {
    let from = getrlimit(Resource::Nofile);
    for current in [from.maximum, from.maximum.map_or(Some(OPEN_MAX), |hard| Some(hard.min(OPEN_MAX)))] {
        if is_more(current, from.current)
            && setrlimit(Resource::Nofile, Rlimit { current, maximum: from.maximum }).is_ok()
        {
            break;
        }
    }
    Raised { from: from.current, to: getrlimit(Resource::Nofile).current }
}

fn is_more(one: Option<u64>, other: Option<u64>) -> bool {
    other.is_some_and(|other| one.is_none_or(|one| one > other))
}

/// Which limit a system error reports as reached, if any.
#[must_use]
pub fn shortage(error: &io::Error) -> Option<Shortage> {
    let said = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
    [(Errno::MFILE, Shortage::Process), (Errno::NFILE, Shortage::Machine)]
        .into_iter()
        .find_map(|(errno, shortage)| said(errno).then_some(shortage))
}

/// Twice as many as opening a database takes, since some may have been closed after it failed.
const SPARE: usize = 8;

/// Which limit is (nearly) reached at this moment, if any. For failures of libraries that don't tell their cause.
#[must_use]
pub fn shortage_now() -> Option<Shortage> {
    let opened: io::Result<Vec<File>> = (0..SPARE).map(|_| File::open("/dev/null")).collect();
    opened.err().as_ref().and_then(shortage)
}

/// The text of an error; if a limit is reached, with what to do about it.
#[must_use]
pub fn explained(error: &io::Error) -> String {
    explained_text(error.to_string())
}

/// The same for an error that a library has turned into a text.
#[must_use]
pub fn explained_text(said: String) -> String {
    let told = |errno: Errno| said.contains(&format!("(os error {})", errno.raw_os_error()));
    match (told(Errno::MFILE), told(Errno::NFILE)) {
        (true, _) => format!("{said}: {}", Shortage::Process),
        (false, true) => format!("{said}: {}", Shortage::Machine),
        (false, false) => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_open_files_is_told_with_what_to_do() {
        for (errno, limit) in [(Errno::MFILE, "ulimit -n"), (Errno::NFILE, "fs.file-max")] {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            assert!(explained(&error).contains(limit), "{}", explained(&error));
            assert!(explained_text(format!("client error (Connect): {error}")).contains(limit));
            assert!(shortage(&error).is_some());
        }
    }

    #[test]
    fn other_errors_are_told_as_they_are() {
        let error = io::Error::from_raw_os_error(Errno::NOENT.raw_os_error());
        assert_eq!((explained(&error), shortage(&error)), (error.to_string(), None));
    }

    #[test]
    fn a_limit_is_raised_only_to_a_higher_one() {
        for (one, other, more) in [
            (Some(2), Some(1), true),
            (None, Some(1), true),
            (Some(1), Some(1), false),
            (Some(1), None, false),
            (None, None, false),
        ] {
            assert_eq!(is_more(one, other), more, "{one:?} {other:?}");
        }
    }
}

//! The file of `LOG_FILE`: appended to, and opened anew when it was renamed or removed.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

/// What is created is for this user alone, as the log tells of people's issues.
const MODE: u32 = 0o600;

/// How long a file that was renamed may be missing before another is made in its place: logrotate creates one itself, and
/// a daemon that is quicker than it is in its way.
const MISSING_FOR: Duration = Duration::from_secs(1);

/// An open log file.
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    missing_since: Option<Instant>,
    /// Why it can't be opened anew, as it was last told.
    complaint: Option<String>,
    /// How long the file was when only part of a line could be written to it.
    torn_at: Option<u64>,
    /// Whether its last line is another writer's and has no end: a crash or a full disk cut it off.
    is_cut_off: bool,
}

/// What a look at the path led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The same file is there; or the trouble with it was told before.
    Same,
    /// Another file is open from now on.
    Reopened,
    /// Another one can't be opened, for this reason; the old one stays in use.
    Failed(String),
}

impl LogFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = append(path, MODE)?;
        let is_cut_off = ends_mid_line(path);
        Ok(Self { path: path.to_owned(), file, missing_since: None, complaint: None, torn_at: None, is_cut_off })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes some of these bytes, on a line of their own.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_cut_off {
            self.file.write_all(b"\n")?;
            self.is_cut_off = false;
        }
        let count = self.file.write(bytes)?;
        self.torn_at = None;
        Ok(count)
    }

    /// Remembers that only part of a line could be written.
    pub(super) fn tear(&mut self) {
        self.torn_at = self.file.metadata().ok().map(|metadata| metadata.len());
    }

    /// Whether the file still ends with the part of a line that was written to it: else the whole line is due, as the file
    /// is another one, or was emptied (logrotate's `copytruncate`).
    pub(super) fn is_still_torn(&self) -> bool {
        let len = self.file.metadata().map_or(0, |metadata| metadata.len());
        self.torn_at.is_some_and(|torn| len >= torn)
    }

    /// Opens the file at the path anew if it is another one than the open one, or in any case.
    pub(super) fn look(&mut self, in_any_case: bool, now: Instant) -> Look {
        if !in_any_case && !self.is_due(now) {
            return Look::Same;
        }
        match self.reopen() {
            Ok(()) => Look::Reopened,
            Err(error) => self.complain(&error, in_any_case),
        }
    }

    fn is_due(&mut self, now: Instant) -> bool {
        match fs::metadata(&self.path) {
            Ok(there) if self.is_open(&there) => {
                (self.missing_since, self.complaint) = (None, None);
                false
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.exists() => {
                now - *self.missing_since.get_or_insert(now) >= MISSING_FOR
            }
            // Another file, one that is gone for good, or a path that can't be followed: opening it tells more.
            Ok(_) | Err(_) => true,
        }
    }

    fn is_open(&self, there: &Metadata) -> bool {
        self.file.metadata().is_ok_and(|open| (open.dev(), open.ino()) == (there.dev(), there.ino()))
    }

    /// Whether the open file has a name somewhere.
    fn exists(&self) -> bool {
        self.file.metadata().is_ok_and(|open| open.nlink() > 0)
    }

    fn reopen(&mut self) -> io::Result<()> {
        let mode = self.file.metadata().map_or(MODE, |metadata| metadata.permissions().mode());
        let file = append(&self.path, mode)?;
        if !self.is_open(&file.metadata()?) {
            self.torn_at = None;
            self.is_cut_off = ends_mid_line(&self.path);
        }
        self.file = file;
        (self.missing_since, self.complaint) = (None, None);
        Ok(())
    }

    fn complain(&mut self, error: &io::Error, in_any_case: bool) -> Look {
        let why = error.to_string();
        let told = self.complaint.replace(why.clone()).as_ref() == Some(&why);
        if told && !in_any_case { Look::Same } else { Look::Failed(why) }
    }
}

/// Whether the file's last line has no end.
fn ends_mid_line(path: &Path) -> bool {
    let last_byte = || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        io::Result::Ok(last[0])
    };
    // What is no regular file has no end; what is empty or may not be read begins with a new line.
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) && last_byte().is_ok_and(|last| last != b'\n')
}

/// Opens a file to append to; one that is made for it gets this mode, whatever the umask.
fn append(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true);
    match options.clone().create_new(true).mode(mode).open(path) {
        Ok(made) => made.set_permissions(Permissions::from_mode(mode)).map(|()| made),
        // Or a link that leads nowhere.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.create(true).mode(mode).open(path),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const S: Duration = Duration::from_secs(1);

    struct Folder {
        dir: tempfile::TempDir,
        now: Instant,
    }

    impl Folder {
        fn new() -> (Self, LogFile) {
            let folder = Self { dir: tempfile::tempdir().unwrap(), now: Clock::system().now() };
            let file = LogFile::open(&folder.at("log")).unwrap();
            (folder, file)
        }

        fn at(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        fn rename(&self, from: &str, to: &str) {
            fs::rename(self.at(from), self.at(to)).unwrap();
        }

        fn text(&self, name: &str) -> String {
            fs::read_to_string(self.at(name)).unwrap()
        }

        fn mode(&self, name: &str) -> u32 {
            fs::metadata(self.at(name)).unwrap().permissions().mode() & 0o7777
        }
    }

    fn write(file: &mut LogFile, text: &str) {
        assert_eq!(file.write(text.as_bytes()).unwrap(), text.len());
    }

    #[test]
    fn the_same_file_stays_open_unless_it_is_opened_anew_in_any_case() {
        let (folder, mut file) = Folder::new();
        write(&mut file, "1\n");
        assert_eq!(file.look(false, folder.now), Look::Same);
        assert_eq!(file.look(true, folder.now), Look::Reopened);
        write(&mut file, "2\n");
        assert_eq!(folder.text("log"), "1\n2\n");
    }

    #[test]
    fn a_file_that_took_its_place_is_opened_at_once() {
        let (folder, mut file) = Folder::new();
        folder.rename("log", "log.1");
        fs::write(folder.at("log"), "").unwrap();
        assert_eq!(file.look(false, folder.now), Look::Reopened);
        write(&mut file, "2\n");
        assert_eq!((folder.text("log.1"), folder.text("log")), (String::new(), "2\n".into()));
    }

    #[test]
    fn a_renamed_file_stays_in_use_for_a_second_in_which_another_may_be_made() {
        let (folder, mut file) = Folder::new();
        fs::set_permissions(folder.at("log"), Permissions::from_mode(0o640)).unwrap();
        folder.rename("log", "log.1");
        assert_eq!(file.look(false, folder.now), Look::Same);
        assert_eq!(file.look(false, folder.now + S / 2), Look::Same);
        assert!(!folder.at("log").exists());
        assert_eq!(file.look(false, folder.now + S), Look::Reopened);
        assert_eq!(folder.mode("log"), 0o640, "as the one before");
    }

    #[test]
    fn a_removed_file_is_made_again_at_once_and_for_this_user_alone() {
        let (folder, mut file) = Folder::new();
        assert_eq!(folder.mode("log"), 0o600);
        fs::remove_file(folder.at("log")).unwrap();
        assert_eq!(file.look(false, folder.now), Look::Reopened);
        assert_eq!(folder.mode("log"), 0o600);
    }

    #[test]
    fn a_file_that_cannot_be_opened_anew_is_told_once_and_the_old_one_stays() {
        let (folder, mut file) = Folder::new();
        folder.rename("log", "log.1");
        fs::create_dir(folder.at("log")).unwrap();
        let failed = file.look(false, folder.now);
        assert!(matches!(&failed, Look::Failed(why) if why.contains("directory")), "{failed:?}");
        assert_eq!(file.look(false, folder.now), Look::Same);
        assert_eq!(file.look(true, folder.now), failed, "who asks for it is told again");
        write(&mut file, "1\n");
        assert_eq!(folder.text("log.1"), "1\n");
        fs::remove_dir(folder.at("log")).unwrap();
        folder.rename("log.1", "log");
        assert_eq!(file.look(false, folder.now), Look::Same);
        fs::remove_file(folder.at("log")).unwrap();
        assert_eq!(file.look(false, folder.now), Look::Reopened);
    }

    #[test]
    fn after_a_line_that_a_crash_cut_off_a_new_one_is_begun() {
        for (before, after) in [("", "2\n"), ("1\n", "1\n2\n"), ("1\n{\"time", "1\n{\"time\n2\n")] {
            let (folder, mut file) = Folder::new();
            fs::write(folder.at("log"), before).unwrap();
            let mut file_of_next_life = LogFile::open(&folder.at("log")).unwrap();
            write(&mut file_of_next_life, "2\n");
            assert_eq!(folder.text("log"), after);

            fs::write(folder.at("new"), before).unwrap();
            folder.rename("new", "log");
            assert_eq!(file.look(false, folder.now), Look::Reopened);
            write(&mut file, "2\n");
            assert_eq!(folder.text("log"), after);
        }
    }

    #[test]
    fn a_torn_line_is_finished_unless_the_file_was_emptied_or_is_another_one() {
        let (folder, mut file) = Folder::new();
        write(&mut file, "1\nto");
        file.tear();
        assert!(file.is_still_torn());
        assert_eq!(file.look(true, folder.now), Look::Reopened);
        assert!(file.is_still_torn(), "it is the same file");
        fs::write(folder.at("log"), "").unwrap();
        assert!(!file.is_still_torn());

        write(&mut file, "to");
        assert!(!file.is_still_torn(), "it went on");
        file.tear();
        folder.rename("log", "log.1");
        fs::write(folder.at("log"), "1\n2\n3\n").unwrap();
        assert_eq!(file.look(false, folder.now), Look::Reopened);
        assert!(!file.is_still_torn());
    }
}

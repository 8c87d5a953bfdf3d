//! Creates files and folders that only this process' user can access, and reads secrets from files.
//!
//! New folders have mode 0700 and new files 0600, whatever the umask. Existing ones keep their mode and owner: other
//! users may be meant to have access, and volumes that belong to a group often have another owner.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// The permissions in a mode.
const PERMISSIONS: u32 = 0o777;

/// Creates a folder and its parents where they are missing.
///
/// # Errors
/// When it can't be created, or something else is in its place.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    folder.parent().map_or(Ok(()), make_folder)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => match corrected(&fs::symlink_metadata(folder)?, 0o700) {
            Some(right) => fs::set_permissions(folder, right),
            None => Ok(()),
        },
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens a file with `options`; creates it if it is missing.
///
/// # Errors
/// When it can't be opened or created.
pub fn open_or_make(file: &Path, options: &OpenOptions) -> io::Result<File> {
    match options.clone().create_new(true).mode(0o600).open(file) {
        Ok(made) => allow_only(&made, 0o600).map(|()| made),
        // It may also be a symbolic link to a file that does not exist yet.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.clone().create(true).mode(0o600).open(file),
        Err(error) => Err(error),
    }
}

/// Creates an empty file if there is none. An existing one is not even opened: closing it would release SQLite's locks
/// on it.
///
/// # Errors
/// When it can't be created.
pub fn make(file: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(made) => allow_only(&made, 0o600),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn allow_only(made: &File, mode: u32) -> io::Result<()> {
    corrected(&made.metadata()?, mode).map_or(Ok(()), |right| made.set_permissions(right))
}

/// The permissions that give back what a umask took away and keep what the parent folder passed on (set-group-ID).
/// `None` if nothing needs to change.
fn corrected(made: &Metadata, mode: u32) -> Option<Permissions> {
    let right = made.mode() & 0o7777 & !PERMISSIONS | mode;
    (made.mode() & 0o7777 != right).then(|| Permissions::from_mode(right))
}

/// The mode of a file or folder to which users have access that are neither its owner nor in its group; else `None`.
#[must_use]
pub fn open_to_others(found: &Metadata) -> Option<u32> {
    let mode = found.mode() & PERMISSIONS;
    (mode & 0o007 != 0).then_some(mode)
}

/// The message about something [open to others](open_to_others), to be put after its name.
#[must_use]
pub fn others_have_access(mode: u32) -> String {
    format!("every user of this machine has access to it (its mode is {mode:04o}); take that away with `chmod o-rwx`")
}

/// A secret read from a file that holds it on one line.
pub struct SecretLine {
    /// The line, without white space and byte order mark.
    pub text: String,
    /// The file's mode, if every user of this machine has access to it.
    pub open_to_others: Option<u32>,
}

/// Most bytes of a secret, or of an address with a password.
const LONGEST: u64 = 64 * 1024;

/// Reads a secret (a token, or an address with a password) from a file. Symbolic links are followed.
///
/// # Errors
/// Why the file can't be used, to be put after its name: "cannot be read: …".
pub fn secret_line(file: &Path) -> Result<SecretLine, String> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    // Opening a pipe would wait for its writer.
    let found = fs::metadata(file).map_err(unreadable)?;
    if !found.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(file).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text; save it as UTF-8".to_owned())?;
    let text = trimmed(&text);
    match text.len() as u64 > LONGEST || text.contains(['\n', '\r']) {
        true => Err("must hold one line only".to_owned()),
        false if text.is_empty() => Err("is empty".to_owned()),
        false => Ok(SecretLine { text: text.to_owned(), open_to_others: open_to_others(&found) }),
    }
}

/// The text without surrounding white space and byte order mark, which some editors put at a file's beginning.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn what_is_made_is_its_users_alone_and_what_is_there_stays_as_it_is() {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("a/b");
        make_folder(&folder).unwrap();
        let appending = OpenOptions::new().append(true).to_owned();
        let [log, made] = ["log", "made"].map(|name| folder.join(name));
        open_or_make(&log, &appending).unwrap();
        make(&made).unwrap();
        let modes = [&top.path().join("a"), &folder, &log, &made].map(|path| mode(path));
        assert_eq!(modes, [0o700, 0o700, 0o600, 0o600]);

        for path in [&folder, &log, &made] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        make_folder(&folder).unwrap();
        open_or_make(&log, &appending).unwrap();
        make(&made).unwrap();
        assert_eq!([&folder, &log, &made].map(|path| mode(path)), [0o755; 3]);
    }

    #[test]
    fn what_a_umask_took_away_is_given_back_and_a_folders_group_stays() {
        let top = tempfile::tempdir().unwrap();
        let file = File::create(top.path().join("file")).unwrap();
        file.set_permissions(Permissions::from_mode(0o2000)).unwrap();
        allow_only(&file, 0o600).unwrap();
        assert_eq!(mode(&top.path().join("file")), 0o2600);
    }

    #[test]
    fn only_access_for_others_is_told_and_links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["token", "link"].map(|name| folder.path().join(name));
        fs::write(&file, "\u{feff}hunter2\r\n").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for (mode, told) in [(0o600, None), (0o660, None), (0o440, None), (0o644, Some(0o644)), (0o601, Some(0o601))] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let read = secret_line(&link).unwrap();
            assert_eq!((&*read.text, read.open_to_others), ("hunter2", told), "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_secret_on_one_line_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        assert!(secret_line(&file).is_err());
        assert!(secret_line(folder.path()).is_err());
        for text in [&b""[..], b"\xef\xbb\xbf\n", b"a\nb", b"\xff\xfea\0"] {
            fs::write(&file, text).unwrap();
            assert!(secret_line(&file).is_err(), "{text:?}");
        }
    }
}

//! Lists the flow files of a folder, and reads them one by one: all together may be larger than the memory.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::descriptors;
use crate::files::open_to_others;

/// A flow file in a folder, not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowFile {
    path: PathBuf,
    /// Its path, as problems name it.
    pub file: String,
}

/// A flow file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFlowFile {
    /// Its path, as problems name it.
    pub file: String,
    /// Its content, or why this file can't be read.
    pub content: Result<Content, Problem>,
}

/// The content of a flow file. Its text may hold a secret and is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// The text.
    pub text: String,
    /// The hash of the text's bytes.
    pub hash: Hash,
    /// The file's mode, if every user of this machine has access to it.
    pub open_to_others: Option<u32>,
}

/// A file that a flow file names. Its text may be a secret and is not printed.
pub struct NamedFile {
    /// The text.
    pub text: String,
    /// The file's mode, if every user of this machine has access to it.
    pub open_to_others: Option<u32>,
}

impl From<&str> for NamedFile {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), open_to_others: None }
    }
}

/// The SHA-256 of a file's content; displayed in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

/// Why a folder's flow files are unknown, which is never the same as an empty folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFolder {
    /// There is no such folder.
    #[error("the flows folder {} does not exist; create it or name another one", .0.display())]
    Missing(PathBuf),
    /// The folder can't be listed.
    #[error("the flows folder {} cannot be read: {why}", folder.display())]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// The system's error.
        why: String,
    },
}

/// Lists the flow files in `folder` by name; there may be none. Reads the disk and may block.
///
/// # Errors
/// When the folder is missing or can't be listed.
pub fn scan(folder: &Path) -> Result<Vec<FlowFile>, NoFolder> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names: Vec<_> = entries.map_err(|error| no_folder(folder, &error))?;
    names.retain(|name| is_flow_file(&name.to_string_lossy()));
    names.sort();
    Ok(names.iter().map(|name| FlowFile::at(folder.join(name))).collect())
}

/// Reads flow files, each when the iterator reaches it. One that was deleted since it was listed is left out. Reads the
/// disk and may block.
pub fn read_each(files: &[FlowFile]) -> impl Iterator<Item = ReadFlowFile> {
    files.iter().filter(|file| file.is_there()).map(FlowFile::read)
}

impl FlowFile {
    /// The file at this path, whatever its name.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        let file = match (path.parent(), path.file_name()) {
            // Escaped, so that it can be found and two such names differ.
            (Some(folder), Some(name)) if name.to_str().is_none() => folder.join(escaped(name)).display().to_string(),
            (Some(_) | None, Some(_) | None) => path.display().to_string(),
        };
        Self { path, file }
    }

    /// Reads the file. Reads the disk and may block.
    #[must_use]
    pub fn read(&self) -> ReadFlowFile {
        let content = self.place().and_then(text);
        let content = content.map(|(text, open_to_others)| Content { open_to_others, ..Content::new(text) });
        ReadFlowFile { file: self.file.clone(), content: content.map_err(|why| Problem::of_file(&self.file, why)) }
    }

    /// Hashes the file without holding it in memory. Reads the disk and may block.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn hash(&self) -> Result<Hash, String> {
        hash_of(opened(self.place()?)?.0)
    }

    /// Whether something exists at its path.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !matches!(fs::symlink_metadata(&self.path), Err(error) if error.kind() == ErrorKind::NotFound)
    }

    fn place(&self) -> Result<&Path, String> {
        match self.path.file_name().map(OsStr::to_str) {
            Some(None) => Err("has a name that is not UTF-8; rename it".to_owned()),
            Some(Some(_)) | None => Ok(&self.path),
        }
    }
}

/// Reads a file that a flow file names: a token or certificates. Reads the disk and may block.
///
/// # Errors
/// Why it can't be used, as in "cannot be read: …"; without its path, which may be a secret in the wrong place.
pub fn read_named_file(path: &Path) -> Result<NamedFile, String> {
    let (text, open_to_others) = text(path)?;
    // Some editors put a byte order mark at the beginning of a file; it is not part of the token.
    Ok(NamedFile { text: text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned(), open_to_others })
}

/// Most bytes that are read of a file. A flow file has a few kilobytes, and a folder of large files must not fill the
/// memory.
const MOST_BYTES: u64 = 1024 * 1024;

/// Bytes of a file that are hashed at a time.
const PIECE: usize = 64 * 1024;

/// Whether a name is that of a flow file, and not of a hidden file, an example, or a copy that an editor left
/// (`#x.json`, `~x.json`).
fn is_flow_file(name: &str) -> bool {
    name.ends_with(".json") && !name.ends_with(".example.json") && !name.starts_with(['.', '#', '~'])
}

/// A file name with bytes that are not text written as `\xFF`.
fn escaped(name: &OsStr) -> String {
    name.as_encoded_bytes().escape_ascii().to_string()
}

/// A file's text, and its mode if every user has access to it. Symbolic links are followed.
fn text(path: &Path) -> Result<(String, Option<u32>), String> {
    let (file, found) = opened(path)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(too_large());
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text; save it as UTF-8".to_owned())?;
    Ok((text, open_to_others(&found)))
}

fn hash_of(mut file: File) -> Result<Hash, String> {
    let (mut digest, mut piece, mut seen) = (Sha256::new(), vec![0; PIECE], 0);
    loop {
        let read = file.read(&mut piece).map_err(unreadable)?;
        seen += read as u64;
        if seen > MOST_BYTES {
            return Err(too_large());
        }
        if read == 0 {
            return Ok(Hash(digest.finalize().into()));
        }
        digest.update(&piece[..read]);
    }
}

/// Opens a file if it is a regular one. It does not block if the file is replaced meanwhile, as opening a pipe would.
fn opened(path: &Path) -> Result<(File, fs::Metadata), String> {
    let regular = |found: fs::Metadata| if found.is_file() { Ok(found) } else { Err(NO_FILE.to_owned()) };
    // Merely opening a device may have an effect.
    regular(fs::metadata(path).map_err(unreadable)?)?;
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path);
    let file = file.map_err(unreadable)?;
    let found = regular(file.metadata().map_err(unreadable)?)?;
    Ok((file, found))
}

const NO_FILE: &str = "is not a regular file; put one in its place";

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn unreadable(error: io::Error) -> String {
    format!("cannot be read: {}", descriptors::explained(&error))
}

fn too_large() -> String {
    "is larger than 1 MiB, the most that is read".to_owned()
}

fn no_folder(folder: &Path, error: &io::Error) -> NoFolder {
    let folder = folder.to_owned();
    if error.kind() == ErrorKind::NotFound {
        NoFolder::Missing(folder)
    } else {
        NoFolder::Unreadable { folder, why: descriptors::explained(error) }
    }
}

impl Content {
    /// The content with this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        let hash = Hash::of(&text);
        Self { text, hash, open_to_others: None }
    }
}

impl Hash {
    /// The hash of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({})", self.hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_that_can_not_be_read_for_want_of_descriptors_is_told_so() {
        let told = no_folder(Path::new("flows.d"), &io::Error::from_raw_os_error(24)).to_string();
        assert!(told.contains("flows.d cannot be read") && told.contains("ulimit -n"), "{told}");
    }

    /// The files that a scan finds in a folder with these, by name.
    fn scanned(files: &[(&str, &[u8])]) -> Vec<(String, Result<Content, Problem>)> {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let name = |file: &str| Path::new(file).file_name().unwrap().to_string_lossy().into_owned();
        read_each(&scan(folder.path()).unwrap()).map(|found| (name(&found.file), found.content)).collect()
    }

    fn names(files: &[&str]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|name| (*name, &b"{}"[..])).collect();
        scanned(&files).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn only_flow_files_are_found_in_the_order_of_their_names() {
        let there = ["b.json", "a.json", ".c.json", "d.example.json", "e.json~", "#f.json#", ".#g.json", "h.json.swp"];
        assert_eq!(names(&there), ["a.json", "b.json"]);
        assert_eq!(names(&["~i.json", "#j.json", "4913", "README.md"]), [""; 0]);
    }

    #[test]
    fn a_hash_tells_contents_apart_and_equal_ones_together() {
        let found = scanned(&[("a.json", b"1"), ("b.json", b"2"), ("c.json", b"1")]);
        let [a, b, c] = [0, 1, 2].map(|n: usize| found[n].1.clone().unwrap());
        assert_eq!(a.hash, c.hash);
        assert_ne!(a.hash, b.hash);
        assert!(a.hash.to_string().starts_with("6b86b273ff34fce1"), "the SHA-256 of \"1\"");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_problem_of_that_file_only() {
        let large = vec![b' '; 1024 * 1024 + 1];
        let found = scanned(&[("a.json", b"\xff"), ("b.json", b"{}"), ("c.json", &large), ("d.json", &large[1..])]);
        let messages: Vec<_> = found.iter().map(|(_, c)| c.as_ref().err().map(|p| p.message.as_str())).collect();
        let (utf8, size) = ("is not UTF-8 text; save it as UTF-8", "is larger than 1 MiB, the most that is read");
        assert_eq!(messages, [Some(utf8), None, Some(size), None]);
    }

    #[test]
    fn a_named_file_is_read_through_links_without_its_byte_order_mark_and_with_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["token", "link"].map(|name| folder.path().join(name));
        fs::write(&file, "\u{feff}hunter2\n").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for (mode, open) in [(0o640, None), (0o644, Some(0o644))] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let named = read_named_file(&link).unwrap();
            assert_eq!((&*named.text, named.open_to_others), ("hunter2\n", open));
            assert_eq!(FlowFile::at(link.clone()).read().content.unwrap().open_to_others, open);
        }
    }

    #[test]
    fn folders_and_dangling_links_in_place_of_files_are_problems_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a.json")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("b.json")).unwrap();
        let found: Vec<_> = read_each(&scan(folder.path()).unwrap()).collect();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|found| found.content.is_err()), "{found:?}");
    }

    /// A named pipe without a writer, and what opening it says.
    fn pipe(folder: &Path, name: &str) -> FlowFile {
        let path = folder.join(name);
        let pipe = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, pipe, rustix::fs::Mode::RUSR, 0).unwrap();
        FlowFile::at(path)
    }

    #[test]
    fn a_pipe_in_place_of_a_file_is_a_problem_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = pipe(folder.path(), "a.json");
        assert_eq!(pipe.read().content.unwrap_err().message, NO_FILE);
        assert_eq!(pipe.hash().unwrap_err(), NO_FILE);
        assert_eq!(read_named_file(&folder.path().join("a.json")).err().as_deref(), Some(NO_FILE));
    }

    #[test]
    fn a_file_whose_name_is_not_utf_8_is_a_problem_with_a_name_that_can_be_found() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        for name in [&b"caf\xe9.json"[..], b"caf\xe8.json", b"caf\xe9.txt"] {
            fs::write(folder.path().join(OsStr::from_bytes(name)), "{}").unwrap();
        }
        let found: Vec<_> = read_each(&scan(folder.path()).unwrap()).collect();
        let said: Vec<_> = found.iter().map(|found| found.content.as_ref().unwrap_err().to_string()).collect();
        let dir = folder.path().display();
        let problem = |name: &str| format!("{dir}/{name}: has a name that is not UTF-8; rename it");
        assert_eq!(said, [problem(r"caf\xe8.json"), problem(r"caf\xe9.json")]);
    }

    #[test]
    fn a_file_is_hashed_without_being_held_as_it_would_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for length in [0, 1, PIECE, 3 * PIECE + 1, 1024 * 1024] {
            fs::write(&path, "x".repeat(length)).unwrap();
            let file = FlowFile::at(path.clone());
            assert_eq!(file.hash(), Ok(file.read().content.unwrap().hash), "{length} bytes");
        }
        fs::write(&path, "x".repeat(1024 * 1024 + 1)).unwrap();
        assert_eq!(FlowFile::at(path).hash(), Err(too_large()));
    }

    #[test]
    fn a_missing_folder_an_unreadable_one_and_an_empty_one_are_three_things() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(scan(folder.path()), Ok(Vec::new()));
        let missing = folder.path().join("missing");
        assert_eq!(scan(&missing), Err(NoFolder::Missing(missing)));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(scan(&file), Err(NoFolder::Unreadable { .. })));
    }

    #[test]
    fn what_was_found_prints_without_its_text() {
        let found = scanned(&[("a.json", b"hunter2")]);
        assert!(!format!("{found:?}").contains("hunter2"));
    }
}

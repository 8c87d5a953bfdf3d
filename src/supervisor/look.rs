//! A look at the flows folder: all that is read of it, in one piece that may block.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Env;
use super::catalog::Good;
use crate::config::{self, CheckInputs, FlowFile, Hash, NamedFile, NoFolder, Running, Verdict};
use crate::settings::ReadMongo;

/// A look to be made, with all that it needs.
pub(super) struct Look {
    pub dir: PathBuf,
    pub default_interval: Duration,
    pub env: Env,
    pub read_mongo: ReadMongo,
    /// What the last judgement was about.
    pub judged: Arc<Seen>,
    /// The flows that were good so far.
    pub good: Arc<Good>,
}

/// What a look showed.
pub(super) enum Looked {
    /// The folder can't be read.
    NoFolder(NoFolder),
    /// There is no flow file any more.
    Emptied,
    /// All is as it was judged last.
    Unchanged,
    /// All files were judged.
    Judged { seen: Seen, verdicts: Vec<Verdict> },
}

/// What was seen of files. Only hashes: texts are large, and may hold secrets.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Each flow file.
    files: Vec<(String, Hashed)>,
    /// The files that flow files named, such as one with a token: another content is another flow.
    named: BTreeMap<PathBuf, Hashed>,
}

/// What changes with the content of a file, or why it can't be read.
type Hashed = Result<Hash, String>;

impl Look {
    /// Looks. Reads the disk and so may block. Files are hashed first, so that no text is held of those that are as they
    /// were; else they are read one by one.
    pub(super) fn now(self) -> Looked {
        match config::scan(&self.dir) {
            Err(why) => Looked::NoFolder(why),
            Ok(files) if files.is_empty() && !self.good.is_empty() => Looked::Emptied,
            Ok(files) => self.at(&files),
        }
    }

    fn at(&self, files: &[FlowFile]) -> Looked {
        // Before they are read to be judged: what changes in between is seen by the next look.
        let hashes = files.iter().filter(|file| file.is_there()).map(|file| (file.file.clone(), file.hash()));
        let hashes: Vec<_> = hashes.collect();
        if self.judged.files == hashes && self.judged.named.iter().all(|(path, read)| hash_beside(path) == *read) {
            return Looked::Unchanged;
        }
        let (verdicts, named) = self.verdicts(files);
        Looked::Judged { seen: Seen { files: hashes, named }, verdicts }
    }

    /// Also what was in the files that were named.
    fn verdicts(&self, files: &[FlowFile]) -> (Vec<Verdict>, BTreeMap<PathBuf, Hashed>) {
        let running: Vec<_> = self.good.iter().map(|(file, flow)| Running { file, flow }).collect();
        let named = RefCell::new(BTreeMap::new());
        let file = |path: &Path| {
            let read = config::read_named_file(path);
            named.borrow_mut().insert(path.to_owned(), hashed(&read));
            read
        };
        let inputs = CheckInputs {
            env: &*self.env,
            file: &file,
            mongo: self.read_mongo,
            default_interval: self.default_interval,
        };
        let verdicts = config::set(config::read_each(files), &running, &inputs);
        (verdicts, named.into_inner())
    }
}

fn hash_beside(path: &Path) -> Hashed {
    hashed(&config::read_named_file(path))
}

fn hashed(file: &Result<NamedFile, String>) -> Hashed {
    file.as_ref().map(|file| Hash::of(&file.text)).map_err(Clone::clone)
}

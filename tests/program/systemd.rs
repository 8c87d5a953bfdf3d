//! The files for systemd and logrotate, checked by Debian's own programs.
//!
//! Ignored by `cargo test`: needs the packages systemd, procps and logrotate. `.ci/run` always runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const FOLDER: &str = "deploy/systemd";

/// A service is said to be safe below it.
const HIGHEST_EXPOSURE: f64 = 2.0;

#[test]
#[ignore = "needs packages of Debian: `.ci/run` runs it"]
fn systemd_understands_every_line_of_the_unit() {
    let unit = Unit::with(|text| text);
    assert_eq!(unit.verified(), "");
}

#[test]
#[ignore = "needs packages of Debian: `.ci/run` runs it"]
fn systemd_understands_the_variant_that_logs_to_a_file() {
    let unit = Unit::with(|text| text);
    unit.add_drop_in(|text| text);
    assert_eq!(unit.verified(), "");
}

#[test]
#[ignore = "needs packages of Debian: `.ci/run` runs it"]
fn a_line_that_systemd_does_not_know_is_found() {
    let unit = Unit::with(|text| text.replace("WatchdogSec=", "WatchdogSecs="));
    assert!(unit.verified().contains("WatchdogSecs"), "{}", unit.verified());
    let unit = Unit::with(|text| text);
    unit.add_drop_in(|text| text.replace("LogsDirectory=", "LogDirectory="));
    assert!(unit.verified().contains("LogDirectory"), "{}", unit.verified());
}

#[test]
#[ignore = "needs packages of Debian: `.ci/run` runs it"]
fn the_unit_exposes_little_to_what_may_go_wrong_in_it() {
    let unit = Unit::with(|text| text);
    assert!(unit.exposure() < HIGHEST_EXPOSURE, "{}", unit.exposure());
    let open =
        Unit::with(|text| text.lines().filter(|line| !line.starts_with("Protect")).collect::<Vec<_>>().join("\n"));
    assert!(open.exposure() > HIGHEST_EXPOSURE, "{}", open.exposure());
}

#[test]
#[ignore = "needs packages of Debian: `.ci/run` runs it"]
fn systemd_makes_the_group_and_no_user() {
    let conf = fs::canonicalize(format!("{FOLDER}/lockstep.sysusers.conf")).unwrap();
    let root = tempfile::tempdir().unwrap();
    let root = format!("--root={}", root.path().display());
    let said = text(&output("systemd-sysusers", &["--dry-run", &root, conf.to_str().unwrap()]));
    assert!(said.contains("group 'lockstep'") && !said.contains("user 'lockstep'"), "{said}");
}

#[test]
#[ignore = "needs packages of Debian: `.ci/run` runs it"]
fn logrotate_understands_the_example() {
    let example = rotation(|text| text);
    assert!(example.status.success() && !text(&example).contains("error"), "{}", text(&example));
    let wrong = rotation(|text| text.replace("weekly", "weekely"));
    assert!(text(&wrong).contains("weekely"), "{}", text(&wrong));
}

/// A copy of the unit that starts the program as it was built.
struct Unit(TempDir);

impl Unit {
    fn with(change: impl FnOnce(String) -> String) -> Self {
        let text = fs::read_to_string(format!("{FOLDER}/lockstep.service")).unwrap();
        assert!(text.contains("ExecStart=/usr/local/bin/lockstep run\n"));
        let unit = Self(tempfile::tempdir().unwrap());
        let text = change(text.replace("/usr/local/bin/lockstep", env!("CARGO_BIN_EXE_lockstep")));
        fs::write(unit.file(), text).unwrap();
        unit
    }

    fn add_drop_in(&self, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(format!("{FOLDER}/lockstep.service.d/log-file.conf")).unwrap();
        let folder = self.0.path().join("lockstep.service.d");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("log-file.conf"), change(text)).unwrap();
    }

    /// What systemd complains of: its exit code is 0 also where it skips a line.
    fn verified(&self) -> String {
        let done = output("systemd-analyze", &["verify", "--man=no", &self.file()]);
        // Of this unit only: a machine's own units may have faults.
        let about = |line: &&str| line.contains("lockstep");
        let said = text(&done).lines().filter(about).collect::<Vec<_>>().join("\n");
        assert!(done.status.success() || !said.is_empty(), "{}", text(&done));
        said
    }

    fn exposure(&self) -> f64 {
        let said = text(&output("systemd-analyze", &["security", "--offline=true", "--no-pager", &self.file()]));
        let line =
            said.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_else(|| panic!("{said}"));
        let level = line.rsplit(": ").next().unwrap().split_whitespace().next().unwrap();
        level.parse().unwrap()
    }

    fn file(&self) -> String {
        self.0.path().join("lockstep.service").to_str().unwrap().to_owned()
    }
}

/// What logrotate would do with the example, on a log of its own.
fn rotation(change: impl FnOnce(String) -> String) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let example = fs::read_to_string(format!("{FOLDER}/lockstep.logrotate")).unwrap();
    assert!(example.contains("/var/log/lockstep/*.log {"));
    fs::write(path("lockstep.log"), "a line\n").unwrap();
    fs::write(path("conf"), change(example.replace("/var/log/lockstep", folder.path().to_str().unwrap()))).unwrap();
    output("logrotate", &["--debug", "--state", &path("state"), &path("conf")])
}

fn output(program: &str, args: &[&str]) -> Output {
    let package = if program == "logrotate" { "logrotate" } else { "systemd" };
    let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(program)).find(|file| file.exists());
    let program = found.unwrap_or_else(|| panic!("{program} is missing: install Debian's package {package}"));
    Command::new(program).args(args).output().unwrap()
}

fn text(done: &Output) -> String {
    String::from_utf8_lossy(&[done.stdout.as_slice(), done.stderr.as_slice()].concat()).into_owned()
}

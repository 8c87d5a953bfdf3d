//! The files in `deploy/`, checked by the tools of their fields and against what the program does.
//!
//! Needs Python 3 with pip. What only a Debian package can check is in `systemd.rs`.

mod facts;
mod started;
mod tools;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tools::{Verdict, run, tool};

const WRONG: &str = "tests/program/deploy/wrong";

#[test]
fn the_containerfile_follows_the_practice_that_hadolint_knows() {
    accepted(&hadolint("deploy/container/Containerfile"));
}

#[test]
fn hadolint_refuses_a_containerfile_without_versions() {
    refused(&hadolint(&format!("{WRONG}/Containerfile")), "DL3006");
}

#[test]
fn the_compose_files_are_what_compose_specifies() {
    accepted(&compose(&files("deploy/container", "yaml")));
}

#[test]
fn an_unknown_key_of_a_compose_file_is_refused() {
    refused(&compose(&[format!("{WRONG}/compose.yaml")]), "stop_grace_periode");
}

#[test]
fn the_kubernetes_base_is_valid_as_it_is_written() {
    let files = facts::KUBERNETES_FILES.map(|file| format!("deploy/kubernetes/{file}"));
    accepted(&kubernetes(&files));
}

#[test]
fn the_kubernetes_overlays_are_valid_as_kubectl_builds_them() {
    let built: Vec<_> = ["base", "overlays/sqlite", "overlays/mongodb"].into_iter().filter_map(facts::built).collect();
    if !built.is_empty() {
        let files: Vec<_> = built.iter().map(|file| text(file.path().to_owned())).collect();
        accepted(&kubernetes(&files));
    }
}

#[test]
fn an_unknown_field_or_kind_of_kubernetes_is_refused() {
    refused(&kubernetes(&[format!("{WRONG}/deployment.yaml")]), "livenessProb");
    refused(&kubernetes(&[format!("{WRONG}/kind.yaml")]), "Deploymnet");
}

#[test]
fn the_shell_scripts_are_sound() {
    let scripts: Vec<_> = [".ci", "deploy"].into_iter().flat_map(scripts_below).collect();
    assert!(scripts.len() >= 6, "{scripts:?}");
    accepted(&tool("shellcheck", &scripts));
}

#[test]
fn shellcheck_refuses_a_script_without_quotes() {
    refused(&tool("shellcheck", &[format!("{WRONG}/script")]), "SC2086");
}

#[test]
fn the_example_flows_of_kubernetes_pass_the_check() {
    for overlay in ["sqlite", "mongodb"] {
        let flow = fs::read_to_string(format!("deploy/kubernetes/overlays/{overlay}/flows/sync-ab.json")).unwrap();
        // In the pod, the Secret's files are there.
        let flow = flow.replace("/etc/lockstep/secrets/jira-ab-token", "../secrets/jira-ab-token.example");
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("secrets")).unwrap();
        fs::create_dir_all(folder.path().join("flows")).unwrap();
        fs::write(folder.path().join("secrets/jira-ab-token.example"), "a-token-of-jira\n").unwrap();
        let file = folder.path().join("flows/sync-ab.json");
        fs::write(&file, flow).unwrap();
        accepted(&run(Command::new(env!("CARGO_BIN_EXE_lockstep")).arg("check").arg(&file).env_clear()));
    }
}

#[test]
fn the_image_is_built_from_all_that_cargo_wants() {
    let context = tempfile::tempdir().unwrap();
    let allowed = fs::read_to_string(".dockerignore").unwrap();
    let copied: Vec<_> = allowed.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let copy = run(Command::new("cp").arg("-R").args(&copied).arg(context.path()));
    assert!(copy.is_good, "{}", copy.said);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(context.path());
    accepted(&run(&mut cargo));
    for source in scripts_or_sources("src") {
        for included in included_by(&source) {
            assert!(copied.iter().any(|it| included.starts_with(it)), "{source} includes {included}");
        }
    }
}

fn hadolint(file: &str) -> Verdict {
    tool("hadolint", &["--failure-threshold", "style", file].map(str::to_owned))
}

fn compose(files: &[String]) -> Verdict {
    let how = ["--builtin-schema", "vendor.compose-spec"].map(str::to_owned);
    tool("check-jsonschema", &[&how, files].concat())
}

/// Of a kind without a schema the tool only warns.
fn kubernetes(files: &[String]) -> Verdict {
    let Verdict { is_good, said } = tool("kubernetes-validate", &[&["--strict".to_owned()], files].concat());
    Verdict { is_good: is_good && !said.contains("WARN"), said }
}

#[track_caller]
fn accepted(verdict: &Verdict) {
    assert!(verdict.is_good, "{}", verdict.said);
}

#[track_caller]
fn refused(verdict: &Verdict, what: &str) {
    assert!(!verdict.is_good && verdict.said.contains(what), "{verdict:?}");
}

fn files(folder: &str, extension: &str) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|it| it == extension)).map(text).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

/// What a shell runs, by its first line.
fn scripts_below(folder: &str) -> Vec<String> {
    let is_script = |file: &String| {
        let text = fs::read(file).unwrap();
        let first = String::from_utf8_lossy(text.split(|byte| *byte == b'\n').next().unwrap_or_default()).into_owned();
        first.starts_with("#!") && first.ends_with("sh")
    };
    scripts_or_sources(folder).into_iter().filter(is_script).collect()
}

fn scripts_or_sources(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders.into_iter().flat_map(|folder| scripts_or_sources(&text(folder)));
    files.into_iter().map(text).chain(below).collect()
}

/// The files that are compiled into what is no test, from the repository's root.
fn included_by(source: &str) -> Vec<String> {
    let is_test = source.contains("/tests") || source.ends_with("/fuzz.rs");
    let code = fs::read_to_string(source).unwrap_or_default();
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let named = code.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let beside = Path::new(source).parent().unwrap();
    named.filter(|_| !is_test).map(|name| plain(&beside.join(name))).collect()
}

/// Without `..`.
fn plain(path: &Path) -> String {
    let root = fs::canonicalize(".").unwrap();
    text(fs::canonicalize(path).unwrap().strip_prefix(root).unwrap().to_owned())
}

fn text(path: PathBuf) -> String {
    path.to_str().unwrap().to_owned()
}

/// To the terminal, although the test passes: what is printed as usual is shown of failed tests only.
fn remark(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

//! Flow files come, change, break and go while the program runs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use testing::daemon::{Daemon, lockstep};
use testing::story::{InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town, flow_text};
use testing::wait::eventually;

const STARTED: &str = "Worker started";

#[test]
fn an_added_file_starts_its_flow_and_a_ticket_crosses_both_ways() {
    let town = Town::new();
    let daemon = town.start();
    eventually("the daemon is ready", || (daemon.get("/health").status == 200).then_some(()));
    town.put("sync-ab.json", &flow_text("sync-ab.json"));
    daemon.wait_told("sync-ab", "Initial sync completed", 1);

    let ticket = town.accepted_ticket(USER_PROJECT);
    let work = town.dev_issue_of(&ticket);
    town.moves(PERSON, &work, "Closed");
    town.wait_for_status(&ticket, "Resolved");
    daemon.wait_cycles("sync-ab", 2);
    assert_eq!(town.comment_texts(&ticket), [format!("Dev issue: {work}"), format!("Fixed in {work}")]);
    assert_eq!(town.disagreements(), [""; 0]);
}

#[test]
fn a_file_that_comes_breaks_is_mended_and_goes_concerns_its_own_flow_only() {
    let town = Town::with_flow("sync-ab.json");
    let daemon = town.start();
    daemon.wait_told("sync-ab", STARTED, 1);

    let good = flow_text("sync-cd.json");
    town.put("sync-cd.json", &good);
    daemon.wait_told("sync-cd", "Initial sync completed", 1);

    // Broken: the flow runs on, and its state says why.
    let (broken, place) = misspelt(&good);
    town.put("sync-cd.json", &broken);
    let refusal = daemon.wait_for("the file is refused", |line| line["level"] == "error");
    assert_refusal(&refusal, &place);
    assert_eq!(health(&daemon, ""), (200, "degraded".into(), vec!["sync-ab".into(), "sync-cd".into()]));
    assert_eq!(health(&daemon, "?strict").0, 503);
    town.dev_issue_of(&town.accepted_ticket("USER-C"));
    assert_eq!(daemon.told("sync-cd", STARTED), 1);

    // Mended with another meaning: it starts again, by the new rules.
    town.put("sync-cd.json", &good.replace("Dev issue: ${targetKey}", "We work on it in ${targetKey}"));
    daemon.wait_told("sync-cd", STARTED, 2);
    assert_eq!(health(&daemon, "?strict").0, 200);
    let ticket = town.accepted_ticket("USER-C");
    let work = town.dev_issue_of(&ticket);
    assert_eq!(town.comment_texts(&ticket), [format!("We work on it in {work}")]);

    town.remove("sync-cd.json");
    daemon.wait_told("sync-cd", "Flow removed", 1);
    assert_eq!(health(&daemon, "?strict"), (200, "healthy".into(), vec!["sync-ab".into()]));
    daemon.wait_cycles("sync-ab", 2);
    assert_eq!(daemon.told("sync-ab", STARTED), 1, "the neighbour was left alone");
    assert_eq!(daemon.told("sync-cd", STARTED), 2);
}

/// The text with a misspelt field, and where that is: `LINE:COLUMN: PATH`.
fn misspelt(text: &str) -> (String, String) {
    let broken = text.replacen("\"enabled\"", "\"enable\"", 1);
    let before = &broken[..broken.find("\"enable\"").unwrap()];
    let (line, column) = (before.lines().count(), before.lines().last().unwrap().len() + 1);
    (broken, format!("{line}:{column}: rules[0].enable: "))
}

fn assert_refusal(line: &Value, place: &str) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (file, message) = (text(&line["file"]), text(&line["message"]));
    assert!(file.ends_with("/sync-cd.json"), "{line}");
    assert!(
        message.starts_with(&format!("Flow file {file} refused; its last valid version keeps running: {place}")),
        "{line}"
    );
    assert!(message.contains("enabled"), "what was meant, in {line}");
    assert!(text(&line["problems"][0]).starts_with(place), "{line}");
    assert_eq!(line["worker"], "sync-cd");
}

/// Status code, status, and the workers that are known.
fn health(daemon: &Daemon, question: &str) -> (u16, String, Vec<String>) {
    let answer = daemon.get(&format!("/health{question}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let workers = answer.body["workers"].as_array().unwrap().iter().map(|worker| text(&worker["name"])).collect();
    (answer.status, text(&answer.body["status"]), workers)
}

/// The same command under this umask.
fn under_umask(umask: &str, command: &Command) -> Command {
    let mut under = Command::new("sh");
    under
        .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
        .arg(command.get_program())
        .args(command.get_args());
    under.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    under
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_made_is_for_its_user_alone_whatever_the_umask() {
    let town = Town::with_flow("sync-ab.json");
    let top = tempfile::tempdir().unwrap();
    let [data, log] = ["state/data", "log"].map(|name| top.path().join(name));
    let mut command = town.command(&data);
    let daemon = Daemon::of(under_umask("000", command.env("LOG_FILE", &log)));
    let files = ["sync_ab.sqlite", "sync_ab.sqlite-wal", "sync_ab.sqlite-shm", "api-token", ".lock"];
    eventually("all files are there", || files.iter().all(|name| data.join(name).exists()).then_some(()));
    assert_eq!([&data, data.parent().unwrap()].map(mode), [0o700; 2]);
    assert_eq!(files.map(|name| mode(&data.join(name))), [0o600; 5]);
    assert_eq!(mode(&log), 0o600);

    let export = top.path().join("export");
    let flows = town.flows().display().to_string();
    let (store, out) = (format!("sqlite:{}", data.display()), export.display().to_string());
    let args = ["export", "sync-ab", "--flows", &flows, "--store", &store, "--out", &out];
    let export_again = || assert!(under_umask("777", &lockstep(&args, &town.env())).status().unwrap().success());
    export_again();
    assert_eq!(mode(&export), 0o600);
    fs::set_permissions(&export, Permissions::from_mode(0o640)).unwrap();
    export_again();
    assert_eq!(mode(&export), 0o640, "what is there keeps its mode");
    drop(daemon);
}

#[test]
fn secrets_come_from_files_and_open_ones_are_warned_of_once() {
    let town = Town::with_flow("sync-ab.json");
    let top = tempfile::tempdir().unwrap();
    let [data, store, token] = ["data", "store", "token"].map(|name| top.path().join(name));
    fs::create_dir(&data).unwrap();
    fs::write(&store, format!("sqlite:{}\n", data.display())).unwrap();
    fs::write(&token, "\u{feff}open-sesame\n").unwrap();
    for (path, mode) in [(&data, 0o755), (&store, 0o640), (&token, 0o644)] {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    let named = [("DATABASE_URL_FILE", &store), ("LOCKSTEP_API_TOKEN_FILE", &token)];
    let named = named.map(|(name, path)| (name.to_owned(), path.display().to_string()));
    let env: Vec<_> = town.env().into_iter().chain(named).collect();
    let flows = town.flows().display().to_string();
    let daemon = Daemon::of(lockstep(&["run", "--flows", &flows, "--listen", "127.0.0.1:0"], &env));
    let api = daemon.address();
    daemon.wait_cycles("sync-ab", 1);
    let status = lockstep(&["status", "--api", &api], &env).output().unwrap();
    assert!(status.status.success(), "{status:?}");
    let warned = |path: &Path| {
        let of = |line: &&Value| line["message"].as_str().unwrap().contains(&*path.display().to_string());
        let warnings: Vec<_> = daemon.lines().into_iter().filter(|line| line["level"] == "warn").collect();
        warnings.iter().filter(of).count()
    };
    assert_eq!([&data, &store, &token].map(|path| warned(path)), [1, 0, 1], "{:?}", daemon.lines());
    assert!(daemon.log().iter().all(|line| !line.contains("open-sesame")));
}

//! The disk refuses, and then no longer does: the flow says so, loses nothing, and goes on by itself.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use testing::daemon::{Daemon, lockstep};
use testing::story::{InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town, flow_text};

/// The user that tests started as root become, since root ignores file permissions; nearly everywhere it is `nobody`.
const NOBODY: u32 = 65_534;

#[test]
fn a_full_disk_stops_the_flow_visibly_until_there_is_room() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        println!("skipped: there is no prlimit (of util-linux) on this machine, by which to let writes fail");
        return;
    }
    let town = Town::with_flow("sync-ab.json");
    let daemon = Daemon::of(surviving_refused_writes(&town.command(town.data())));
    daemon.wait_told("sync-ab", "Initial sync completed", 1);
    let before = town.accepted_ticket(USER_PROJECT);
    town.dev_issue_of(&before);

    largest_file(&daemon, "1");
    let ticket = town.accepted_ticket(USER_PROJECT);
    wait_for_trouble(&daemon, "disk I/O error");
    assert_eq!(town.linked_dev_issue(&ticket), None, "nothing is written to Jira that was not noted before");
    largest_file(&daemon, "unlimited");

    let work = town.dev_issue_of(&ticket);
    town.moves(PERSON, &work, "Closed");
    town.wait_for_status(&ticket, "Resolved");
    daemon.wait_cycles("sync-ab", 2);
    assert_eq!(town.dev_count(), 2);
    assert_eq!(town.comment_texts(&ticket), [format!("Dev issue: {work}"), format!("Fixed in {work}")]);
    assert_eq!(daemon.told("sync-ab", "Running initial full sync"), 1, "what it knew before it knows still");
    assert_eq!(town.disagreements(), [""; 0]);
}

#[test]
fn an_unwritable_folder_or_file_stops_the_flow_visibly_until_writable() {
    let town = Town::with_flow("sync-ab.json");
    let Some(start) = as_somebody_whom_permissions_concern(&town) else { return };
    let mut daemon = start();
    daemon.wait_told("sync-ab", "Initial sync completed", 1);
    daemon.terminate();
    daemon.ended();

    let file = town.data().join("sync_ab.sqlite");
    for (place, closed, open, words) in [
        (town.data(), 0o555, 0o755, "let this process write to it and its folder"),
        (file.as_path(), 0o444, 0o644, "it may not be written; let this process write to it and its folder"),
        (file.as_path(), 0o000, 0o644, "see that it is a file, in a folder in which this process may write"),
    ] {
        permit(place, closed);
        let mut daemon = start();
        let ticket = town.accepted_ticket(USER_PROJECT);
        wait_for_trouble(&daemon, words);
        assert_eq!(town.linked_dev_issue(&ticket), None);
        permit(place, open);
        town.dev_issue_of(&ticket);
        daemon.wait_cycles("sync-ab", 1);
        assert_eq!(daemon.told("sync-ab", "Running initial full sync"), 0, "what it knew before it knows still");
        daemon.terminate();
        daemon.ended();
    }
    assert_eq!(town.dev_count(), 3);
    assert_eq!(town.disagreements(), [""; 0]);

    fs::remove_file(town.data().join(".lock")).unwrap();
    permit(town.data(), 0o555);
    let mut refused = start();
    assert_eq!(refused.ended().code(), Some(1));
    let said = refused.log().join("\n");
    assert!(said.contains("see that it is a folder in which this process may write"), "{said}");
    permit(town.data(), 0o755);
}

#[test]
fn a_flow_keeps_its_data_in_the_named_folder_locked_to_one_process() {
    let town = Town::new();
    town.put(
        "sync-ab.json",
        &flow_text("sync-ab.json").replacen('{', r#"{ "database": { "uri": "sqlite:its/own" },"#, 1),
    );
    let mut first = town.start();
    first.wait_told("sync-ab", "Initial sync completed", 1);
    assert!(town.flows().join("its/own/sync_ab.sqlite").is_file());
    assert!(!town.data().join("sync_ab.sqlite").exists());

    // Its own data folder is free, so that it starts; the flow's is not.
    let other = tempfile::tempdir().unwrap();
    let second = Daemon::of(town.command(other.path()));
    wait_for_trouble(&second, "is in use by another process");
    first.wait_cycles("sync-ab", 1);
    assert_eq!(second.told("sync-ab", "Sync cycle completed"), 0);

    first.terminate();
    first.ended();
    second.wait_cycles("sync-ab", 1);
    assert_eq!(second.told("sync-ab", "Running initial full sync"), 0, "it goes on where the first left off");
}

/// Waits until the flow's worker failed for this reason.
fn wait_for_trouble(daemon: &Daemon, words: &str) {
    let fits = |line: &serde_json::Value| {
        line["worker"] == "sync-ab" && line["message"].as_str().is_some_and(|message| message.contains(words))
    };
    daemon.wait_for(&format!("sync-ab says: {words}"), fits);
}

/// The command, run so that a write beyond the permitted size of a file is refused rather than deadly.
fn surviving_refused_writes(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

/// What no file of the process may outgrow from now on, in bytes. What it may ask for itself stays as it is.
fn largest_file(daemon: &Daemon, size: &str) {
    let limit = Command::new("prlimit").args(["--pid", &daemon.id().to_string(), &format!("--fsize={size}:")]).status();
    assert!(limit.unwrap().success());
}

/// How to start the program as a user without all permissions; `None`, and a line that says why, where that is impossible.
fn as_somebody_whom_permissions_concern(town: &Town) -> Option<impl Fn() -> Daemon> {
    let root = permissions_are_ignored(town.data());
    let become_nobody = move |mut command: Command| {
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    };
    if root {
        chown(town.data(), Some(NOBODY), Some(NOBODY)).unwrap();
        permit(town.flows(), 0o755);
        let can_run = become_nobody(lockstep(&["--version"], &[])).output().is_ok_and(|output| output.status.success());
        if !can_run {
            println!("skipped: this test runs as root, and no other user may run the program where it stands");
            return None;
        }
    }
    let command = || town.command(town.data());
    Some(move || Daemon::of(become_nobody(command())))
}

fn permissions_are_ignored(folder: &Path) -> bool {
    let probe = folder.join("probe");
    fs::write(&probe, "").unwrap();
    permit(&probe, 0o444);
    let ignored = fs::File::options().write(true).open(&probe).is_ok();
    fs::remove_file(probe).unwrap();
    ignored
}

fn permit(place: &Path, mode: u32) {
    fs::set_permissions(place, Permissions::from_mode(mode)).unwrap();
}

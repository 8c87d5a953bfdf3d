//! `lockstep export` and `lockstep import`: a backup, and a new beginning from it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::telling::secrets;
use testing::daemon::{Daemon, lockstep};
use testing::story::{InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town, flow_text};

/// A command about the flows of this town, with their data in this folder.
fn about(town: &Town, data: &Path, args: &[&str]) -> Command {
    let (flows, store) = (town.flows().display().to_string(), format!("sqlite:{}", data.display()));
    let args: Vec<_> = args.iter().copied().chain(["--flows", &flows, "--store", &store]).collect();
    lockstep(&args, &town.env())
}

/// Exit code, standard output and standard error.
fn ended(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn said(town: &Town, data: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    ended(about(town, data, args).stdin(Stdio::null()).output().unwrap())
}

/// Imports what comes through a pipe.
fn piped(town: &Town, data: &Path, args: &[&str], text: &str) -> (Option<i32>, String, String) {
    let mut import = about(town, data, args);
    let mut import = import.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    import.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    ended(import.wait_with_output().unwrap())
}

/// A town with a pair, whose daemon is running.
fn served() -> (Town, Daemon, String, String) {
    let town = Town::with_flow("sync-ab.json");
    let daemon = town.start();
    let ticket = town.accepted_ticket(USER_PROJECT);
    let dev = town.dev_issue_of(&ticket);
    daemon.wait_cycles("sync-ab", 2);
    (town, daemon, ticket, dev)
}

#[test]
fn a_backup_of_a_running_flow_is_a_new_beginning_elsewhere() {
    let (town, mut daemon, ticket, dev) = served();
    let backup = town.data().join("backup.jsonl");
    let (code, out, told) = said(&town, town.data(), &["export", "sync-ab", "--out", backup.to_str().unwrap()]);
    assert_eq!((code, &*out), (Some(0), ""));
    assert!(told.starts_with("exported sync-ab: pairs: 1, issues handled: 2, "), "{told}");
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&backup).unwrap();
    assert!(secrets(&town).iter().all(|secret| !text.contains(secret)), "{text}");
    daemon.terminate();
    daemon.ended();

    let other = town.data().join("other");
    let (code, _, told) = said(&town, &other, &["import", "sync-ab", "--in", backup.to_str().unwrap()]);
    assert!(code == Some(0) && told.starts_with("imported sync-ab as it was at "), "{told}");
    let (code, again, _) = said(&town, &other, &["export", "sync-ab"]);
    assert_eq!(code, Some(0));
    assert_eq!(again.lines().skip(1).collect::<Vec<_>>(), text.lines().skip(1).collect::<Vec<_>>());

    let daemon = Daemon::start(town.flows(), &other, &town.env());
    town.moves(PERSON, &dev, "Closed");
    town.wait_for_status(&ticket, "Resolved");
    daemon.wait_cycles("sync-ab", 2);
    assert_eq!(daemon.told("sync-ab", "Running initial full sync"), 0);
    assert_eq!(town.dev_count(), 1);
}

#[test]
fn an_import_that_makes_no_sense_is_refused_in_words_and_changes_nothing() {
    let (town, mut daemon, ..) = served();
    let (_, text, _) = said(&town, town.data(), &["export", "sync-ab"]);
    let (code, _, complaint) = piped(&town, town.data(), &["import", "sync-ab"], &text);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("in use by another process"), "{complaint}");
    daemon.terminate();
    daemon.ended();
    let (code, _, complaint) = piped(&town, town.data(), &["import", "sync-ab"], &text);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("the flow has data of its own here, which is not overwritten"), "{complaint}");

    let other = town.data().join("other");
    let cut: Vec<_> = text.lines().collect();
    let cut = cut[..cut.len() - 1].join("\n") + "\n";
    let (code, _, complaint) = piped(&town, &other, &["import", "sync-ab"], &cut);
    assert_eq!(code, Some(1));
    assert!(complaint.starts_with("lockstep: the export is cut short after line "), "{complaint}");
    let wrong = text.replacen("\"last_sync\":", "\"last_sink\":", 1);
    let (code, _, complaint) = piped(&town, &other, &["import", "sync-ab"], &wrong);
    assert_eq!((code, &*complaint), (Some(1), "lockstep: line 2 of the export: field last_sync: it is missing\n"));
    let (code, _, complaint) = piped(&town, &other, &["import", "sync-zz"], &text);
    assert_eq!(code, Some(1));
    assert!(
        complaint.contains("there is no flow sync-zz in ") && complaint.contains("; there is sync-ab"),
        "{complaint}"
    );
    assert!(!other.exists());

    town.remove("sync-ab.json");
    town.put("new.json", &flow_text("sync-ab.json").replacen("sync-ab", "sync-new", 1));
    let (code, _, complaint) = piped(&town, &other, &["import", "sync-new"], &text);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("of the flow sync-ab") && complaint.contains("say `--of sync-ab`"), "{complaint}");
    assert_eq!(piped(&town, &other, &["import", "sync-new", "--of", "sync-ab"], &text).0, Some(0));
}

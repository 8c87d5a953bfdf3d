//! Operators decide about pairs: over HTTP, and with the commands that ask a running daemon.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use serde_json::{Value, json};

use testing::asking::ask;
use testing::daemon::{Daemon, lockstep};
use testing::story::{DEV_PROJECT, FIRE, InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town};
use testing::wait::eventually;

/// A command of the program beside the daemon of this town; answers exit code, standard output and standard error.
pub fn command(town: &Town, address: &str, args: &[&str]) -> (Option<i32>, String, String) {
    let store = format!("sqlite:{}", town.data().display());
    let args: Vec<_> = args.iter().copied().chain(["--api", address, "--store", &store]).collect();
    let Output { status, stdout, stderr } = lockstep(&args, &[]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// A report, and a dev issue that people made for it.
fn strangers(town: &Town) -> (String, String) {
    let make = |project: &str| town.creates(PERSON, project, FIRE, "Again.");
    (make(USER_PROJECT), make(DEV_PROJECT))
}

fn served(town: &Town) -> Daemon {
    let daemon = town.start();
    daemon.wait_told("sync-ab", "Initial sync completed", 1);
    daemon
}

#[test]
fn an_operator_pairs_unpairs_and_recreates_from_the_command_line() {
    let town = Town::with_flow("sync-ab.json");
    let daemon = served(&town);
    let (user, dev) = strangers(&town);
    let api = daemon.address();
    let order = |args: &[&str]| command(&town, &api, args);

    let (code, said, _) = order(&["pair", "sync-ab", &user.to_lowercase(), &dev]);
    assert_eq!((code, &*said), (Some(0), "USER-A-1 and DEV-A-1 are a pair now\n"));
    town.moves(PERSON, &dev, "Closed");
    town.wait_for_status(&user, "Resolved");

    let (code, said, complaint) = order(&["recreate", "sync-ab", &user]);
    assert_eq!((code, &*said), (Some(1), ""));
    assert!(complaint.starts_with("lockstep: USER-A-1 and DEV-A-1 are a pair, and both can be read"), "{complaint}");

    let (code, said, _) = order(&["unpair", "sync-ab", &dev]);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("USER-A-1 and DEV-A-1 are no pair any more"), "{said}");
    let (code, said, _) = order(&["recreate", "sync-ab", &user, "--json"]);
    let answer: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, answer), (Some(0), json!({"done": "DEV-A-2 was created for USER-A-1"})));

    let (code, said, _) = order(&["status"]);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("sync-ab: ") && said.contains(" since "), "{said}");
    let (code, _, complaint) = order(&["status", "sync-cd"]);
    assert_eq!((code, &*complaint), (Some(1), "lockstep: there is no flow \"sync-cd\"\n"));
    assert_eq!(order(&["pair", "sync-ab", &user]).0, Some(2), "wrong usage");
    assert_eq!(order(&["unpair", "sync-ab", "no key"]).0, Some(2), "wrong usage");
}

#[test]
fn the_api_asks_for_the_token_that_the_daemon_keeps_and_never_tells() {
    let town = Town::with_flow("sync-ab.json");
    let daemon = served(&town);
    let kept = town.data().join("api-token");
    let token = fs::read_to_string(&kept).unwrap().trim().to_owned();
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);

    let api = daemon.address();
    let open = format!("Authorization: Bearer {token}\r\n");
    let order = |headers: &str| {
        ask(&api, "POST", "/api/v1/flows/sync-ab/unpair", headers, &json!({"issue": "USER-A-9"})).status
    };
    assert_eq!(order(&open), 409);
    assert_eq!(order(""), 401);
    assert_eq!(order("Authorization: Bearer wrong\r\n"), 401);
    assert_eq!(order(&format!("{open}Origin: https://evil.example.net\r\n")), 403);
    assert_eq!(daemon.get("/api/v1/flows").status, 401);
    assert_eq!(ask(&api, "GET", "/api/v1/flows", &open, &Value::Null).body["flows"][0]["name"], "sync-ab");
    assert!(daemon.log().iter().all(|line| !line.contains(&token)));
}

#[test]
fn a_token_that_is_given_is_the_only_one() {
    let town = Town::with_flow("sync-ab.json");
    let daemon = town.start_with(&[("LOCKSTEP_API_TOKEN", "hunter2")]);
    daemon.wait_told("sync-ab", "Initial sync completed", 1);
    assert!(!town.data().join("api-token").exists());
    let api = daemon.address();
    let open = "Authorization: Bearer hunter2\r\n";
    eventually("the flow is served", || {
        (ask(&api, "GET", "/api/v1/flows", open, &Value::Null).status == 200).then_some(())
    });
    let (code, _, complaint) = command(&town, &api, &["status"]);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("LOCKSTEP_API_TOKEN"), "{complaint}");
    assert!(daemon.log().iter().all(|line| !line.contains("hunter2")));
}

#[test]
fn a_daemon_that_does_not_answer_is_named() {
    let town = Town::with_flow("sync-ab.json");
    fs::write(town.data().join("api-token"), "hunter2").unwrap();
    let (code, _, complaint) = command(&town, "http://127.0.0.1:1", &["status"]);
    assert_eq!(code, Some(1));
    assert!(
        complaint.starts_with("lockstep: no answer from http://127.0.0.1:1; is the daemon running there?"),
        "{complaint}"
    );
}

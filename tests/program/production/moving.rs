//! A flow moves from one store to another, by `lockstep export` and `lockstep import`.

use std::process::{Command, Output};

use test_mongod::Replica;
use testing::daemon::{Daemon, lockstep};
use testing::story::{InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town};

fn ended(mut command: Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    let complaint = String::from_utf8(stderr).unwrap();
    println!("--- {:?}\n{complaint}", status.code());
    (status.code(), complaint)
}

fn moving(town: &Town, what: &[&str], store: &str) -> Command {
    let flows = town.flows().display().to_string();
    let args: Vec<_> = what.iter().copied().chain(["--flows", &flows, "--store", store]).collect();
    lockstep(&args, &town.env())
}

#[test]
fn a_flow_moves_to_mongodb_and_back_to_sqlite_unharmed() {
    let town = Town::with_flow("sync-ab.json");
    let daemon = town.start();
    let ticket = town.accepted_ticket(USER_PROJECT);
    let dev = town.dev_issue_of(&ticket);
    daemon.wait_cycles("sync-ab", 2);
    daemon.terminate();
    drop(daemon);

    let (first, second) = (town.data().join("first.jsonl"), town.data().join("second.jsonl"));
    let paths = [first.to_str().unwrap(), second.to_str().unwrap()];
    let own = format!("sqlite:{}", town.data().display());
    let mongo = Replica::shared().uri();
    let back = format!("sqlite:{}", town.data().join("back").display());
    assert_eq!(ended(moving(&town, &["export", "sync-ab", "--out", paths[0]], &own)).0, Some(0));
    let (code, said) = ended(moving(&town, &["import", "sync-ab", "--in", paths[0]], &mongo));
    assert!(code == Some(0) && said.contains("imported sync-ab as it was at ") && said.contains("pairs: 1,"), "{said}");

    let env: Vec<_> = town.env().into_iter().chain([("LOCKSTEP_API_TOKEN".to_owned(), "t".to_owned())]).collect();
    let flows = town.flows().display().to_string();
    let args = ["run", "--flows", &flows, "--store", &mongo, "--listen", "127.0.0.1:0"];
    let daemon = Daemon::of(lockstep(&args, &env));
    town.moves(PERSON, &dev, "Closed");
    town.wait_for_status(&ticket, "Resolved");
    daemon.wait_cycles("sync-ab", 2);

    // While it is served: looking takes nothing away.
    assert_eq!(ended(moving(&town, &["export", "sync-ab", "--out", paths[1]], &mongo)).0, Some(0));
    let (code, complaint) = ended(moving(&town, &["import", "sync-ab", "--in", paths[0]], &mongo));
    assert!(code == Some(1) && complaint.contains("is in use by"), "{complaint}");
    daemon.terminate();
    drop(daemon);
    assert_eq!(ended(moving(&town, &["import", "sync-ab", "--in", paths[1]], &back)).0, Some(0));
    assert_eq!(town.dev_count(), 1);
    assert_eq!(town.comment_texts(&ticket).len(), 2, "one for the create, one for the end");
}

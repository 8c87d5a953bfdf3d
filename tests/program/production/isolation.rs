//! No flow comes near another one's data: as the server saw it, and with users who may do no more.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::doc;
use serde_json::Value;

use super::house::{TOKEN, status, trouble, with_database};
use test_mongod::Replica;
use testing::story::USER_PROJECT;
use testing::town::Town;
use testing::wait::eventually;

/// The flows, their databases, and where their customers report.
const FLOWS: [(&str, &str, &str); 3] =
    [("sync-ab", "sync_ab", USER_PROJECT), ("sync-cd", "sync_cd", "USER-C"), ("sync-xy", "sync_xy", "USER-X")];

/// Where drivers introduce themselves, and where the server itself notes which writes were sent twice; no flow has data
/// there.
const NOBODYS: [&str; 2] = ["admin", "config"];

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Does {
    Read,
    More,
}

#[test]
fn a_worker_uses_and_its_user_needs_only_its_own_database() {
    let replica = guarded();
    replica.with("admin", |admin| async move {
        let all = doc! { "setParameter": 1, "logComponentVerbosity": { "command": { "verbosity": 2 } } };
        admin.run_command(all).await.unwrap();
    });
    let town = town(&replica, "hunter2");
    let mut daemon = town.start_with(&[TOKEN]);
    a_ticket_of_each_flow_is_served(&town);
    for (flow, ..) in FLOWS {
        daemon.wait_cycles(flow, 1);
    }
    // A flow whose database is empty looks whether the Node.js service left something under its own name for it.
    for (flow, foreign) in foreign(&replica, 0) {
        assert_eq!(foreign, [(Does::Read, flow)].into());
    }

    daemon.terminate();
    daemon.ended();
    let so_far = replica.log(0).len();
    let daemon = town.start_with(&[TOKEN]);
    a_ticket_of_each_flow_is_served(&town);
    for (flow, ..) in FLOWS {
        daemon.wait_cycles(flow, 1);
    }
    for (flow, foreign) in foreign(&replica, so_far) {
        assert_eq!(foreign, [].into(), "{flow}");
    }
}

#[test]
fn a_wrong_password_concerns_its_own_flow_only() {
    let replica = guarded();
    let town = town(&replica, "hunter3");
    let daemon = town.start_with(&[TOKEN]);
    for (flow, _, project) in &FLOWS[1..] {
        daemon.wait_told(flow, "Initial sync completed", 1);
        town.dev_issue_of(&town.accepted_ticket(project));
    }
    trouble(&daemon, &["sync_ab", "correct user, password or authSource in its address"]);
    status(&daemon, &["sync-ab: backing_off", "sync-cd: ", "sync-xy: "]);
    assert_eq!(daemon.told("sync-cd", "Worker started") + daemon.told("sync-xy", "Worker started"), 2);

    let ticket = town.accepted_ticket(USER_PROJECT);
    town.put("sync-ab.json", &flow_file(&replica, 0, "hunter2"));
    town.dev_issue_of(&ticket);
    assert_eq!(town.disagreements(), [""; 0]);
}

/// With a user for each flow, who may read and write its database; the flow's file says that this one is meant.
fn guarded() -> Replica {
    let replica = Replica::guarded();
    for (flow, database, _) in FLOWS {
        replica.admit((flow, "hunter2"), doc! { "role": "readWrite", "db": database });
    }
    replica
}

/// With all flows, of which the first says this password.
fn town(replica: &Replica, password: &str) -> Town {
    let town = Town::new();
    for (place, (flow, ..)) in FLOWS.iter().enumerate() {
        let password = if place == 0 { password } else { "hunter2" };
        town.put(&format!("{flow}.json"), &flow_file(replica, place, password));
    }
    town
}

fn flow_file(replica: &Replica, place: usize, password: &str) -> String {
    let (flow, database, _) = FLOWS[place];
    let uri = format!("{}&appName={flow}", replica.uri_of((flow, password)));
    with_database(&format!("{flow}.json"), &format!("\"name\": \"{database}\", \"uri\": \"{uri}\""))
}

fn a_ticket_of_each_flow_is_served(town: &Town) {
    let tickets = FLOWS.map(|(.., project)| town.accepted_ticket(project));
    for ticket in &tickets {
        town.dev_issue_of(ticket);
    }
    eventually("all agree", || town.disagreements().is_empty().then_some(()));
}

/// The commands of each flow, and their databases, that were none of its own, in what the server logged from this place on.
fn foreign(replica: &Replica, from: usize) -> BTreeMap<String, BTreeSet<(Does, String)>> {
    let log = replica.log(0);
    let (clients, commands) = (clients(&log), commands(&log[from..]));
    let of = |flow: &str, own: &str| {
        let its = commands.iter().filter(|(client, ..)| clients.get(client).is_some_and(|name| name == flow));
        let (foreign, its): (Vec<_>, Vec<_>) =
            its.partition(|(.., database)| !NOBODYS.contains(&&**database) && database != own);
        assert!(its.len() > 10, "its own are seen");
        foreign.into_iter().map(|(_, does, database)| (*does, database.clone())).collect()
    };
    FLOWS.map(|(flow, own, _)| (flow.to_owned(), of(flow, own))).into()
}

/// The name that each connection told of itself.
fn clients(log: &str) -> BTreeMap<String, String> {
    let greetings = lines(log, "client metadata");
    greetings.map(|said| (text(&said["remote"]), text(&said["doc"]["application"]["name"]))).collect()
}

/// Each command's connection, whether it only reads, and its database.
fn commands(log: &str) -> Vec<(String, Does, String)> {
    let does = |command: &Value| if command["find"].is_string() { Does::Read } else { Does::More };
    let commands = lines(log, "About to run the command");
    commands.map(|said| (text(&said["client"]), does(&said["commandArgs"]), text(&said["db"]))).collect()
}

/// What the server logged under this heading.
fn lines<'a>(log: &'a str, heading: &'a str) -> impl Iterator<Item = Value> + 'a {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(move |line| line["msg"] == heading).map(|mut line| line["attr"].take())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

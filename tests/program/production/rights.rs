//! Users with few rights, and what the Node.js service may have left where they can't look.

use std::process::Output;

use mongodb::bson::{Document, doc};

use super::house::{TOKEN, with_database};
use test_mongod::Replica;
use testing::daemon::{Daemon, lockstep, run_on};
use testing::story::{InJira as _, USER_PROJECT};
use testing::town::{Town, flow_text};
use testing::wait::eventually;

const BOT: (&str, &str) = ("bot", "hunter2");

/// Has that service's documents of one pair.
fn leave(replica: &Replica, database: &str) {
    let day = mongodb::bson::DateTime::from_millis(1_700_000_000_000);
    let pair = doc! { "user_issue_key": "USER-A-1", "dev_issue_key": "DEV-A-1", "created_at": day, "__v": 0 };
    replica.with(database, |database| async move {
        database.collection::<Document>("jira_mapping").insert_one(pair).await.unwrap();
    });
}

fn start(town: &Town, store: &str) -> Daemon {
    let mut command = run_on(town.flows(), store, &town.env());
    command.env(TOKEN.0, TOKEN.1);
    Daemon::of(command)
}

fn run(town: &Town, store: &str, args: &[&str]) -> String {
    let env = town.env().into_iter().chain([("DATABASE_URL".to_owned(), store.to_owned())]);
    let flows = town.flows().display().to_string();
    let args: Vec<_> = args.iter().copied().chain(["--flows", &flows]).collect();
    let Output { stdout, stderr, .. } = lockstep(&args, &env.collect::<Vec<_>>()).output().unwrap();
    let said = [stdout, stderr].map(|said| String::from_utf8(said).unwrap()).concat();
    assert!(!said.contains(BOT.1), "{said}");
    said
}

#[test]
fn missing_rights_park_a_new_flow_and_least_rights_suffice_for_another() {
    let replica = Replica::guarded();
    leave(&replica, "sync-ab");
    replica.admit(BOT, doc! { "role": "readWrite", "db": "sync_ab" });
    let roles = ["readWrite", "read"].into_iter().zip(["sync_cd", "sync-cd"]);
    let roles: Vec<_> = roles.map(|(role, database)| doc! { "role": role, "db": database }).collect();
    let grant = doc! { "grantRolesToUser": BOT.0, "roles": roles };
    replica.with("admin", |admin| async move { admin.run_command(grant).await.unwrap() });
    let (town, store) = (Town::new(), format!("{}&socketTimeoutMS=45000", replica.uri_of(BOT)));
    for file in ["sync-ab.json", "sync-cd.json"] {
        town.put(file, &flow_text(file));
    }
    let (ours, theirs) = (town.accepted_ticket(USER_PROJECT), town.accepted_ticket("USER-C"));

    let daemon = start(&town, &store);
    daemon.wait_for("an option without effect is named", |line| {
        line["message"].as_str().is_some_and(|it| it.contains("the MongoDB option socketTimeoutMS has no effect here"))
    });
    let parked = daemon.wait_for("sync-ab parks", |line| {
        line["worker"] == "sync-ab" && line["message"].as_str().is_some_and(|it| it.contains("has no right to see"))
    });
    let why = parked["message"].as_str().unwrap();
    let helps =
        "grant it the role read on the database sync-ab, or write \"database\": { \"name\": \"sync_ab\" } into the";
    assert!(why.contains(&format!("data of this flow in {}/sync-ab", replica.place())) && why.contains(helps), "{why}");
    town.dev_issue_of(&theirs);
    assert_eq!(town.dev_count(), 0, "nothing is begun anew");

    let said = run(&town, &store, &["check"]);
    assert!(
        said.contains("the role readWrite on the database sync_ab and, as long as that is empty, read on"),
        "{said}"
    );
    let adopt = ["adopt", "sync-ab", "--dry-run", "--from", &store];
    let said = run(&town, &store, &adopt);
    assert!(said.contains("can't be told: the user in --from has no right to read the database sync-ab"), "{said}");

    town.put("sync-ab.json", &with_database("sync-ab.json", "\"name\": \"sync_ab\""));
    town.dev_issue_of(&ours);
    eventually("it is the only one", || (town.dev_count() == 1).then_some(()));
    assert!(!daemon.log().join("\n").contains(BOT.1), "a password is in the log");
}

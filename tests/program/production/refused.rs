//! The server is there and refuses: it does not know us, we may not write, its disk is full, or what it holds is in the way.

use mongodb::bson::{Document, doc};

use super::house::{House, status, trouble};
use test_mongod::Replica;
use testing::story::InJira as _;

#[test]
fn a_refused_mongodb_user_is_told_what_to_do_and_continues_once_allowed() {
    let replica = Replica::guarded();
    let house = House::on(&replica.uri_of(("bot", "hunter2")));
    let tickets = house.tickets(2);
    let place = format!("{}/{} is not available: ", replica.place(), house.database);
    let daemon = house.start();
    let unknown = trouble(&daemon, &[&place, "uthentication failed"]);
    assert!(unknown.contains("correct user, password or authSource in its address"), "{unknown}");
    status(&daemon, &["sync-ab: backing_off", "correct user, password or authSource"]);

    replica.admit(("bot", "hunter2"), doc! { "role": "read", "db": &house.database });
    let denied = trouble(&daemon, &[&place, "not authorized"]);
    assert!(denied.contains("give its user the role readWrite on this database"), "{denied}");
    status(&daemon, &["sync-ab: backing_off", "readWrite"]);
    assert_eq!(house.town.dev_count(), 0);

    let grant = doc! { "grantRolesToUser": "bot", "roles": [{ "role": "readWrite", "db": &house.database }] };
    replica.with("admin", |admin| async move { admin.run_command(grant).await.unwrap() });
    house.wait_until_paired(&daemon, &tickets);
}

#[test]
fn documents_that_prevent_an_index_are_named_until_they_are_gone() {
    let house = House::on(&Replica::shared().uri());
    let tickets = house.tickets(1);
    let twice = |dev: &str| doc! { "user_issue_key": "USER-A-77", "dev_issue_key": dev };
    in_database(&house, |database| async move {
        database.collection("jira_mapping").insert_many([twice("DEV-A-1"), twice("DEV-A-2")]).await.unwrap();
    });
    let daemon = house.start();
    let said = trouble(&daemon, &[&house.database, "several documents of jira_mapping have"]);
    assert!(said.contains("USER-A-77") && said.contains("remove the others"), "{said}");
    status(&daemon, &["backing_off", "USER-A-77", "remove the others"]);
    in_database(&house, |database| async move {
        database.collection::<Document>("jira_mapping").delete_many(doc! {}).await.unwrap();
    });
    house.wait_until_paired(&daemon, &tickets);
}

#[test]
fn an_intent_of_a_later_version_is_named_until_it_is_mended() {
    let house = House::on(&Replica::shared().uri());
    let first = house.tickets(1);
    let mut daemon = house.start();
    house.wait_until_paired(&daemon, &first);
    daemon.terminate();
    daemon.ended();

    let later = doc! { "_id": "i-1", "source_side": "user", "source_issue_id": "1", "kind": "create", "document": { "version": 99 } };
    in_database(&house, |database| async move { database.collection("intents").insert_one(later).await.unwrap() });
    let daemon = house.start();
    let said = trouble(&daemon, &[&house.database, "what this version of Lockstep cannot read", "intents"]);
    assert!(said.contains("run the version that wrote it, or restore it from a backup"), "{said}");
    status(&daemon, &["backing_off", "cannot read"]);
    in_database(&house, |database| async move {
        database.collection::<Document>("intents").delete_many(doc! {}).await.unwrap();
    });
    let second: Vec<_> = first.into_iter().chain(house.tickets(1)).collect();
    house.wait_until_paired(&daemon, &second);
}

#[test]
fn a_full_disk_stops_the_flow_visibly_and_it_goes_on_when_there_is_room() {
    let house = House::on(&format!("{}&appName=full", Replica::shared().uri()));
    let first = house.tickets(1);
    let daemon = house.start();
    house.wait_until_paired(&daemon, &first);

    let writes = ["insert", "update", "delete", "findAndModify"];
    let full = doc! { "failCommands": writes.as_slice(), "appName": "full", "errorCode": 14031, "errorLabels": [] };
    fail(&doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": full });
    let second: Vec<_> = first.iter().cloned().chain(house.tickets(1)).collect();
    let said = trouble(&daemon, &[&house.database, "make room on the server's disk"]);
    assert!(said.contains(&Replica::shared().place()), "{said}");
    status(&daemon, &["backing_off", "make room"]);
    assert_eq!(house.town.dev_count(), 1, "nothing is written to Jira that was not noted before");
    fail(&doc! { "configureFailPoint": "failCommand", "mode": "off" });
    house.wait_until_paired(&daemon, &second);
    assert_eq!(daemon.told("sync-ab", "Running initial full sync"), 1);
}

fn fail(how: &Document) {
    let how = how.clone();
    Replica::shared().with("admin", |admin| async move { admin.run_command(how).await.unwrap() });
}

fn in_database<F: Future<Output: Send>>(house: &House, work: impl FnOnce(mongodb::Database) -> F + Send) {
    Replica::shared().with(&house.database, work);
}

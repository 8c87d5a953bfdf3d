//! What people are told of servers, and what they are not.

use super::*;
use crate::store::Durability;
use crate::store::contract::Replica;

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let said = refused("mongodb://bot:hunter2@127.0.0.1:1/?serverSelectionTimeoutMS=300").await;
    assert!(said.starts_with("mongodb://127.0.0.1:1/sync_ab is not available: no server can be used: "), "{said}");
    assert!(said.contains("Connection refused"), "{said}");
    assert!(said.ends_with("see that the server is up and can be reached from here"), "{said}");
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let uri = Replica::shared().uri().replace("mongodb://", "mongodb://bot:hunter2@");
    let said = refused(&uri).await;
    assert!(said.starts_with(&format!("{}/sync_ab is not available: ", Replica::shared().place())), "{said}");
    assert!(said.contains("uthentication failed"), "{said}");
    assert!(said.ends_with("correct user, password or authSource in its address"), "{said}");
}

#[test]
fn one_client_serves_all_that_name_the_same_address_for_as_long_as_somebody_does() {
    let servers = servers();
    let at = |uri: &str| servers.at(&mongo_url(uri).unwrap()).server;
    let (one, same, other) = (at("mongodb://db1"), at("mongodb://db1"), at("mongodb://db2"));
    assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
    drop((one, same, other));
    let _next = at("mongodb://db3");
    assert_eq!(servers.known.lock().len(), 1);
}

#[tokio::test]
async fn a_connection_that_is_lost_once_is_made_up_for_and_a_full_disk_is_told() {
    let house = House::new();
    let uri = format!("{}&appName=losing", Replica::shared().uri());
    let worker = servers().at(&mongo_url(&uri).unwrap()).database(&house.flow);
    let epoch = worker.begin().await.unwrap();
    let batch =
        |n| vec![Change::PutHandled(Side::User, user(n), handled("Open")), Change::ClearFailure(Side::User, id(n))];
    for command in ["update", "delete", "findAndModify"] {
        fail(doc! { "failCommands": [command], "appName": "losing", "closeConnection": true });
        worker.write(epoch, batch(1)).await.unwrap();
    }
    let full = doc! { "code": 14031, "errmsg": "available disk space is below the required minimum" };
    fail(doc! { "failCommands": ["update"], "appName": "losing", "writeConcernError": full });
    let said = worker.write(epoch, batch(2)).await.unwrap_err().to_string();
    assert!(said.ends_with("is below the required minimum; make room on the server's disk"), "{said}");
    assert!(worker.write(epoch, batch(2)).await.is_ok());
}

/// What the server does at the next command that this is about.
fn fail(how: Document) {
    let point = doc! { "configureFailPoint": "failCommand", "mode": { "times": 1 }, "data": how };
    Replica::shared().with("admin", |admin| async move { admin.run_command(point).await.unwrap() });
}

pub(super) async fn refused(uri: &str) -> String {
    let database = servers().at(&mongo_url(uri).unwrap()).database(&flow("sync-ab"));
    let error = database.begin().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    error.to_string()
}

pub(super) fn servers() -> Servers {
    let process = Process { id: uuid::Uuid::nil(), host: "a-test".to_owned(), pid: 4711 };
    Servers::new(process, Driver::here(), Durability::PowerFailure, Clock::system())
}

//! Folders that flows name for themselves, and whose file is whose.

use std::os::unix::fs::symlink;

use super::*;
use crate::flow::Database as Place;

#[tokio::test]
async fn a_flow_may_name_its_file_and_its_folder() {
    let data = Data::new();
    let named = in_folder("sync-ab", "Archive-1", None);
    let elsewhere = data.folder.path().join("a/b");
    let moved = in_folder("sync-cd", "sync_cd", Some(&elsewhere));
    let backends = [&named, &moved].map(|flow| data.stores.open(flow));
    for backend in &backends {
        assert!(matches!(reading(&**backend).state().await, Err(Error::Unavailable { .. })));
    }
    assert!(!elsewhere.exists(), "only a worker makes anything");
    for backend in &backends {
        let epoch = backend.begin().await.unwrap();
        backend.write(epoch, vec![Change::PutPair(pair(1, 21))]).await.unwrap();
        backend.close().await;
    }
    assert_eq!(data.files(), [".lock", "Archive-1.sqlite", "a"]);
    assert!(elsewhere.join("sync_cd.sqlite").is_file());
    for flow in [named, moved] {
        assert!(data.stores.read(&flow).troubled_pairs(9).await.is_ok());
    }
}

#[tokio::test]
async fn a_further_folder_is_locked_as_long_as_a_worker_has_a_database_in_it() {
    let (data, further) = (Data::new(), tempdir().unwrap());
    let [one, other] =
        ["sync-ab", "sync-cd"].map(|name| data.stores.open(&in_folder(name, name, Some(further.path()))));
    assert!(open(further.path()).is_ok(), "opening touches nothing");
    one.begin().await.unwrap();
    other.begin().await.unwrap();
    one.rest().await;
    one.close().await;
    drop(one);
    assert!(matches!(open(further.path()).err(), Some(Error::InUse { .. })));
    other.rest().await;
    assert!(matches!(open(further.path()).err(), Some(Error::InUse { .. })), "an idle flow is a running one");
    other.close().await;
    assert!(open(further.path()).is_ok());

    // Another process was there first: this flow waits until it has gone, and goes on by itself.
    let first = open(further.path()).unwrap();
    let refused = other.begin().await.unwrap_err();
    assert!(matches!(refused, Error::InUse { .. }));
    assert!(refused.to_string().contains(further.path().to_str().unwrap()), "{refused}");
    drop(first);
    other.begin().await.unwrap();
}

#[tokio::test]
async fn one_folder_by_several_names_is_one() {
    let (data, further) = (Data::new(), tempdir().unwrap());
    let link = further.path().join("link");
    symlink(data.folder.path(), &link).unwrap();
    let detour = data.folder.path().join("../").join(data.folder.path().file_name().unwrap());
    data.begin("sync-ab").await.unwrap();
    for folder in [link, detour, data.folder.path().to_owned()] {
        let flow = in_folder("sync-cd", "sync_ab", Some(&folder));
        let error = data.stores.open(&flow).begin().await.unwrap_err();
        assert!(error.to_string().contains("it belongs to the flow sync-ab, not to sync-cd"), "{error}");
        assert!(data.stores.open(&in_folder("sync-xy", "sync_xy", Some(&folder))).begin().await.is_ok());
    }
}

#[tokio::test]
async fn a_folder_that_is_a_file_is_refused_until_it_is_a_folder() {
    let (data, further) = (Data::new(), tempdir().unwrap());
    let folder = further.path().join("data");
    fs::write(&folder, "no folder").unwrap();
    let backend = data.stores.open(&in_folder("sync-ab", "sync_ab", Some(&folder)));
    let error = backend.begin().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert!(error.to_string().contains(folder.to_str().unwrap()), "{error}");
    assert_eq!(fs::read_to_string(&folder).unwrap(), "no folder");
    fs::remove_file(&folder).unwrap();
    assert!(backend.begin().await.is_ok());
}

#[tokio::test]
async fn the_file_of_a_renamed_flow_is_still_the_old_ones() {
    let data = Data::new();
    let (backend, epoch) = data.begin("sync-ab").await.unwrap();
    backend.write(epoch, vec![Change::PutPair(pair(1, 21))]).await.unwrap();
    let renamed = in_folder("support", "sync_ab", None);
    let remedies = "it belongs to the flow sync-ab, not to support: give it its old name back if it was renamed";
    let error = data.stores.open(&renamed).begin().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert!(error.to_string().contains(remedies), "{error}");
    let looking =
        data.stores.read(&renamed).history(HistoryQuery { most: 9, ..HistoryQuery::default() }).await.unwrap_err();
    assert!(looking.to_string().contains(remedies), "{looking}");
    assert!(data.refusal("sync_ab").await.to_string().contains("not to sync_ab"), "a-b and a_b have one file");
    let backend = data.begin("sync-ab").await.unwrap().0;
    assert_eq!(reading(&*backend).get::<Pair>(on(Side::User, vec![id(1)])).await.unwrap(), [pair(1, 21)]);
}

fn in_folder(name: &str, database: &str, folder: Option<&Path>) -> Flow {
    let at = folder.map(|folder| StoreUrl::Sqlite(folder.to_owned()));
    Flow { database: Place { name: database.parse().unwrap(), is_named: true, at }, ..flow(name) }
}

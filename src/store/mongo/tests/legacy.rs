//! What the Node.js service left, as it left it.

use mongodb::bson::DateTime;

use super::causes::GUARDED;
use super::messages::servers;
use super::*;
use crate::store::contract::Replica;
use crate::store::{Hidden, Inheritance, Legacy, Predecessor};

/// That service wrote its documents at this time, but for one.
const DAY: DateTime = DateTime::from_millis(1_700_000_000_000);
const LATER: DateTime = DateTime::from_millis(1_700_000_060_000);

fn left_behind(flow: &str) -> Vec<(&'static str, Vec<Document>)> {
    let state = |name: &str, last_sync: DateTime| {
        doc! { "name": name, "last_sync": last_sync, "initial_sync_completed": false, "createdAt": DAY, "updatedAt": LATER, "__v": 0 }
    };
    let pair = |user: &str, dev: &str| {
        doc! { "user_issue_key": user, "dev_issue_key": dev, "user_issue_url": "u", "dev_issue_url": "d", "created_at": DAY, "__v": 0 }
    };
    let status = |key: &str, status: &str| doc! { "issue_key": key, "status": status, "updated_at": DAY, "__v": 0 };
    vec![
        ("sync_state", vec![state("jira-status-sync", DAY), state(flow, LATER)]),
        ("jira_mapping", vec![pair("USER-A-7", "DEV-A-27"), pair("USER-A-2", "DEV-A-22"), pair("no key", "DEV-A-23")]),
        ("user_project_issue_state", vec![status("USER-A-2", "Resolved"), status("USER-A-9", "Will Do")]),
        ("dev_project_issue_state", vec![status("DEV-A-22", "Closed"), doc! { "issue_key": "DEV-A-27", "status": 7 }]),
    ]
}

fn leave_behind(database: &str, flow: &str) {
    for (collection, documents) in left_behind(flow) {
        Replica::shared().with(database, |database| async move {
            database.collection(collection).insert_many(documents).await.unwrap();
        });
    }
}

/// As that service left it, whatever it is called.
fn check(legacy: &Legacy) {
    let pairs: Vec<_> = legacy.pairs.iter().map(|pair| format!("{} {}", pair.user, pair.dev)).collect();
    assert_eq!(pairs, ["USER-A-2 DEV-A-22", "USER-A-7 DEV-A-27"]);
    assert_eq!(legacy.last_sync, Some(Watermark(at("2023-11-14T22:14:20Z"))), "the one under the flow's own name");
    assert_eq!(legacy.last_written, Some("2023-11-14T22:14:20Z".parse().unwrap()));
    let statuses = |side| legacy.statuses(side).iter().map(|(key, is)| format!("{key} {is}")).collect::<Vec<_>>();
    assert_eq!(statuses(Side::User), ["USER-A-2 Resolved", "USER-A-9 Will Do"]);
    assert_eq!(statuses(Side::Dev), ["DEV-A-22 Closed"]);
    assert_eq!(legacy.unfit.len(), 2, "{:?}", legacy.unfit);
    assert!(legacy.unfit[0].contains("user_issue_key") && legacy.unfit[1].contains("status"), "{:?}", legacy.unfit);
}

#[tokio::test]
async fn what_the_nodejs_service_left_in_a_flows_database_is_owed_until_the_first_commit() {
    let house = House::new();
    leave_behind(house.flow.database.name.as_str(), "sync-ab");
    let worker = house.process();
    let epoch = worker.begin().await.unwrap();
    let Inheritance::Here(legacy) = worker.inheritance().await.unwrap() else { panic!("nothing was found") };
    check(&legacy);
    assert!(legacy.place.ends_with(house.flow.database.name.as_str()), "{}", legacy.place);

    // Half-way through, the rest of it is still owed.
    let moved = Pair { dev: IssueRef { key: "OTHER-1".parse().unwrap(), ..dev(22) }, ..pair(2, 22) };
    worker.write(epoch, vec![Change::PutPair(moved.clone())]).await.unwrap();
    assert_eq!(reading(&worker).get::<Pair>(on(Side::User, vec![id(2)])).await.unwrap(), [moved]);
    let Inheritance::Here(rest) = worker.inheritance().await.unwrap() else { panic!("nothing is left") };
    assert_eq!(rest.pairs.len(), 1);
    let state = reading(&worker).state().await.unwrap();
    worker.write(epoch, vec![Change::PutState(state)]).await.unwrap();
    assert_eq!(worker.inheritance().await.unwrap(), Inheritance::None);
    assert_eq!(house.documents("jira_mapping").len(), 3, "the pair has the document that it had");
}

#[tokio::test]
async fn an_empty_database_beside_one_of_the_nodejs_service_is_told_of() {
    let house = House::named("left-alone");
    leave_behind("left-alone", "left-alone");
    let worker = house.process();
    worker.begin().await.unwrap();
    let told = async || {
        let Inheritance::Elsewhere(Predecessor { place, pairs, still_written }) = worker.inheritance().await.unwrap()
        else {
            panic!("it was passed over");
        };
        assert_eq!((place, pairs), (format!("{}/left-alone", Replica::shared().place()), 2));
        still_written
    };
    assert!(!told().await, "nobody knows at first sight");
    assert!(!told().await);
    Replica::shared().with("left-alone", |database| async move {
        let newer = doc! { "$set": { "updatedAt": DateTime::from_millis(1_700_000_120_000) } };
        database.collection::<Document>("sync_state").update_many(doc! {}, newer).await.unwrap();
    });
    assert!(told().await);
}

#[tokio::test]
async fn either_name_is_found_and_a_named_one_alone_if_there_is_anything_in_it() {
    let house = House::named("either-name");
    let found = async |named: Option<&str>| {
        let found = house.place.other().legacies(&house.flow, named).await.unwrap().legacies;
        found.iter().for_each(check);
        found.iter().map(|legacy| legacy.place.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(None).await, [""; 0]);
    leave_behind("either-name", "either-name");
    assert_eq!(found(None).await, ["either-name"]);
    leave_behind("either_name", "either-name");
    assert_eq!(found(Some("nothing-here")).await, ["either-name", "either_name"]);
    assert_eq!(found(Some("either_name")).await, ["either_name"]);
}

/// What a worker is told whose user may work with its own database only, on a server with its address.
struct Narrow {
    uri: String,
    flow: Flow,
}

impl Narrow {
    /// A flow, and a user of the same name.
    fn new(name: &str) -> Self {
        let flow = flow(name);
        GUARDED.admit((name, "hunter2"), vec![doc! { "role": "readWrite", "db": flow.database.name.as_str() }]);
        let uri = format!("mongodb://{name}:hunter2@{}/?authSource=admin&directConnection=true", GUARDED.address());
        Self { uri, flow }
    }

    fn mongo(&self) -> Mongo {
        servers().at(&mongo_url(&self.uri).unwrap())
    }

    async fn told(&self, changes: Vec<Change>) -> Inheritance {
        let worker = self.mongo().database(&self.flow);
        let epoch = worker.begin().await.unwrap();
        worker.write(epoch, changes).await.unwrap();
        let told = worker.inheritance().await.unwrap();
        worker.close().await;
        told
    }
}

#[tokio::test]
async fn a_database_that_may_not_be_read_is_told_of_while_the_own_is_empty() {
    let mut narrow = Narrow::new("narrow-right");
    let place = |database: &str| format!("mongodb://{}/{database}", GUARDED.address());
    let (own, database) = (place("narrow_right"), "narrow-right".to_owned());
    let hidden = Inheritance::Hidden(Hidden { own, place: place("narrow-right"), database });
    assert_eq!(narrow.told(vec![]).await, hidden);
    assert_eq!(narrow.told(vec![]).await, hidden, "what a beginning makes is nothing");
    let found = narrow.mongo().legacies(&narrow.flow, None).await.unwrap();
    assert_eq!((found.legacies, &*found.hidden), (vec![], &["narrow-right".to_owned()][..]));

    narrow.flow.database.is_named = true;
    assert_eq!(narrow.told(vec![]).await, Inheritance::None, "this one is meant");
    narrow.flow.database.is_named = false;
    assert_eq!(narrow.told(vec![Change::PutPair(pair(1, 21))]).await, Inheritance::None, "it is not empty");
}

#[tokio::test]
async fn a_flow_that_has_state_is_told_nothing_of_what_it_may_not_read() {
    let narrow = Narrow::new("narrow-state");
    let (worker, state) = (narrow.mongo().database(&narrow.flow), crate::store::State::default());
    let epoch = worker.begin().await.unwrap();
    worker.write(epoch, vec![Change::PutState(state)]).await.unwrap();
    worker.close().await;
    assert_eq!(narrow.told(vec![]).await, Inheritance::None);
}

#[tokio::test]
async fn a_user_with_the_right_to_read_is_told_what_was_left() {
    let narrow = Narrow::new("wider-right");
    GUARDED.with("wider-right", |database| async move {
        for (collection, documents) in left_behind("wider-right") {
            database.collection(collection).insert_many(documents).await.unwrap();
        }
    });
    assert!(matches!(narrow.told(vec![]).await, Inheritance::Hidden(_)));
    let read = doc! { "role": "read", "db": "wider-right" };
    let grant = doc! { "grantRolesToUser": "wider-right", "roles": [read] };
    GUARDED.with("admin", |admin| async move { admin.run_command(grant).await.unwrap() });
    let told = narrow.told(vec![]).await;
    assert!(matches!(&told, Inheritance::Elsewhere(found) if found.pairs == 2), "{told:?}");
}

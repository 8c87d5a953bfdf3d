//! Databases that somebody else has used.

use mongodb::bson::DateTime;

use super::*;

#[tokio::test]
async fn documents_of_the_nodejs_service_are_read_around_and_left_as_they_are() {
    let house = House::new();
    let day = DateTime::from_millis(1_700_000_000_000);
    house.insert("sync_state", vec![
        doc! { "name": "sync-ab", "last_sync": day, "initial_sync_completed": false, "createdAt": day, "updatedAt": day, "__v": 0 },
        doc! { "name": "jira-status-sync", "last_sync": day, "createdAt": day, "updatedAt": day, "__v": 0 },
    ]);
    let mapping = doc! { "user_issue_key": "USER-A-7", "dev_issue_key": "DEV-A-27", "user_issue_url": "u", "dev_issue_url": "d", "created_at": day, "__v": 0 };
    house.insert("jira_mapping", vec![mapping.clone()]);
    let seen = doc! { "issue_key": "USER-A-7", "status": "Will Do", "updated_at": day, "__v": 0 };
    house.insert("user_project_issue_state", vec![seen.clone()]);
    let others = [house.documents("jira_mapping"), house.documents("user_project_issue_state")];

    let worker = house.process();
    let epoch = worker.begin().await.unwrap();
    let state = reading(&worker).state().await.unwrap();
    assert_eq!(state.last_sync, Some(Watermark(at("2023-11-14T22:13:20Z"))));
    assert_eq!((state.initial_sync_completed, state.pairs_lost), (Some(false), false));
    assert_eq!(reading(&worker).page::<Pair>(None, 9).await.unwrap(), []);
    assert_eq!(reading(&worker).newest_issues(Side::User).await.unwrap(), []);
    worker.write(epoch, vec![Change::PutPair(pair(1, 21)), Change::PutState(state)]).await.unwrap();
    assert!(!reading(&worker).state().await.unwrap().pairs_lost);
    assert_eq!(house.documents("jira_mapping")[0], others[0][0]);
    assert_eq!(house.documents("user_project_issue_state"), others[1]);
    assert_eq!(house.documents("sync_state")[1].get_str("name").unwrap(), "jira-status-sync");

    // Once its ids are known, such a document is ours, and keeps what it had.
    let handled_now = Change::PutHandled(Side::User, user(7), handled("Open"));
    worker.write(epoch, vec![Change::PutPair(pair(7, 27)), handled_now]).await.unwrap();
    assert_eq!(reading(&worker).get::<Pair>(on(Side::Dev, vec![id(27)])).await.unwrap(), [pair(7, 27)]);
    let taken = &house.documents("jira_mapping")[0];
    assert_eq!((taken.get("_id"), taken.get_i32("__v").unwrap()), (others[0][0].get("_id"), 0));
    assert_eq!(taken.get_str("user_issue_url").unwrap(), "https://a.example.net/browse/USER-A-7");
    assert_eq!(house.documents("user_project_issue_state").len(), 1);
    assert_eq!(handled_of(&worker, Side::User, vec![id(7)]).await.unwrap()[&id(7)], handled("Open"));
}

/// Should the process end behind that, everybody can read what is there.
#[tokio::test]
async fn documents_with_a_key_only_become_their_issues_own_in_one_write_each() {
    let house = House::new();
    let seen = |n: u64| doc! { "issue_key": format!("USER-A-{n}"), "status": "Will Do", "__v": 0 };
    house.insert("user_project_issue_state", (1..=3).map(seen).collect());
    let worker = house.process();
    let epoch = worker.begin().await.unwrap();
    let database = worker.base.database().await.unwrap();
    let batch = [1, 3, 9].map(|n| Change::PutHandled(Side::User, user(n), handled("Open"))).to_vec();
    let deeds = write::understood(&worker.base, &database, epoch, batch, start()).await.unwrap();
    let puts: Vec<_> = deeds.iter().filter_map(deeds::Deed::as_put).collect();
    displace::claim(&database, &puts).await.unwrap();

    let known = handled_of(&worker, Side::User, (1..=9).map(id).collect()).await.unwrap();
    assert_eq!(known, [1, 3].map(|n| (id(n), handled("Open"))).into(), "what has no document yet gets none here");
    assert_eq!(house.documents("user_project_issue_state").len(), 3);
}

#[tokio::test]
async fn a_pair_takes_the_document_that_has_one_of_its_keys_and_no_ids() {
    let bare = |user: &str, dev: &str| doc! { "user_issue_key": user, "dev_issue_key": dev };
    for (documents, takes) in [
        (vec![bare("USER-A-1", "DEV-A-99")], true),
        (vec![bare("USER-A-99", "DEV-A-21")], true),
        (vec![bare("USER-A-1", "DEV-A-99"), bare("USER-A-99", "DEV-A-21")], false),
    ] {
        let (house, count) = (House::new(), documents.len());
        house.insert("jira_mapping", documents);
        let worker = house.process();
        let epoch = worker.begin().await.unwrap();
        let written = worker.write(epoch, vec![Change::PutPair(pair(1, 21))]).await;
        assert_eq!(written.is_ok(), takes, "{written:?}");
        assert!(takes || matches!(written, Err(Error::Taken { .. })), "which of the two is it?");
        assert_eq!(house.documents("jira_mapping").len(), count);
    }
}

#[tokio::test]
async fn an_issue_takes_its_key_over_from_one_that_had_it_before() {
    let house = House::new();
    let worker = house.process();
    let epoch = worker.begin().await.unwrap();
    let put = |number, key| {
        let issue = IssueRef { id: id(number), key: user(key).key };
        vec![Change::PutHandled(Side::User, issue, handled("Open"))]
    };
    worker.write(epoch, put(1, 1)).await.unwrap();
    worker.write(epoch, put(2, 1)).await.unwrap();
    assert_eq!(handled_of(&worker, Side::User, vec![id(1), id(2)]).await.unwrap().len(), 2);
    assert_eq!(reading(&worker).newest_issues(Side::User).await.unwrap().len(), 1);
    worker.write(epoch, put(1, 5)).await.unwrap();
    assert_eq!(reading(&worker).newest_issues(Side::User).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_database_of_another_flow_is_refused() {
    let house = House::new();
    house.process().begin().await.unwrap();
    let other = Flow { name: "sync-cd".parse().unwrap(), ..house.flow.clone() };
    let process = house.place.other();
    let refused = process.database(&other).begin().await.unwrap_err();
    assert!(refused.to_string().contains("it belongs to the flow sync-ab, not to sync-cd"), "{refused}");
    let looked = process.read(&other).state().await.unwrap_err();
    assert!(looked.to_string().contains("it belongs to the flow sync-ab"), "{looked}");
}

#[tokio::test]
async fn duplicates_that_prevent_an_index_are_named() {
    let house = House::new();
    let twice = |dev: &str| doc! { "user_issue_key": "USER-A-7", "dev_issue_key": dev };
    house.insert("jira_mapping", vec![twice("DEV-A-1"), twice("DEV-A-2")]);
    let refused = house.process().begin().await.unwrap_err();
    assert!(matches!(refused, Error::Unreadable { .. }), "{refused}");
    for named in
        [house.flow.database.name.as_str(), "jira_mapping", "user_issue_key: \"USER-A-7\"", "remove the others"]
    {
        assert!(refused.to_string().contains(named), "{refused}");
    }
}

#[tokio::test]
async fn an_index_that_is_in_the_way_is_named() {
    let house = House::new();
    house.insert("attachments", vec![doc! { "user_issue_id": "1" }]);
    house.plain(|database| async move {
        let index = doc! { "name": "user_issue_id_1", "key": { "user_issue_id": 1 }, "unique": true };
        database.run_command(doc! { "createIndexes": "attachments", "indexes": [index] }).await.unwrap();
    });
    let refused = house.process().begin().await.unwrap_err();
    assert!(refused.to_string().contains("user_issue_id_1"), "{refused}");
    assert!(refused.to_string().ends_with("drop that index"), "{refused}");
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_named_with_its_database() {
    for (collection, spoil, named) in [
        (
            "intents",
            doc! { "document.version": "2" },
            "intents, document \"i-1\", field document: intent i-1: unknown variant `2`",
        ),
        ("sync_state", doc! { "last_sync": "yesterday" }, "field last_sync: \"yesterday\": not a time"),
        ("sync_state", doc! { "revision": -1 }, "field revision: it is no whole number"),
        ("jira_mapping", doc! { "state": "asleep" }, "field state: state of a pair: unknown word \"asleep\""),
        ("failures", doc! { "attempts": "often" }, "failures, document \"user/1\", field attempts"),
        ("history", doc! { "message": 7 }, "field message: 7 is no text"),
    ] {
        let house = House::new();
        let worker = house.process();
        let epoch = worker.begin().await.unwrap();
        let one_each = vec![
            Change::AddIntent(intent("i-1", IntentKind::Create, 1)),
            Change::PutPair(pair(1, 21)),
            Change::PutFailure(failure(Side::User, 1, 1, "2024-01-01T00:00:00Z")),
            Change::Tell(entry(1, "2024-05-01T10:00:00Z", "told")),
        ];
        worker.write(epoch, one_each).await.unwrap();
        house.plain(|database| async move {
            database.collection::<Document>(collection).update_many(doc! {}, doc! { "$set": spoil }).await.unwrap();
        });
        let error = first_error(&worker).await;
        assert!(matches!(error, Error::Unreadable { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
        assert!(error.to_string().contains(house.flow.database.name.as_str()), "{error}");
    }
}

async fn first_error(worker: &Database) -> Error {
    let state = reading(worker).state().await.err();
    let pairs = reading(worker).get::<Pair>(on(Side::User, vec![id(1)])).await.err();
    let failures = reading(worker).failures(u32::MAX).await.err();
    let intents = reading(worker).open_intents(u32::MAX).await.err();
    let history = reading(worker).history(query(None, None, 9)).await.err();
    state.or(pairs).or(failures).or(intents).or(history).unwrap()
}

#[tokio::test]
async fn a_database_that_was_dropped_is_not_taken_for_a_new_flow() {
    let house = House::new();
    let process = house.place.other();
    let worker = process.database(&house.flow);
    let epoch = worker.begin().await.unwrap();
    house.plain(|database| async move { database.drop().await.unwrap() });
    assert!(matches!(reading(&worker).state().await, Err(Error::Unavailable { .. })));
    let late = worker.write(epoch, vec![Change::PutPair(pair(1, 21))]).await;
    assert!(matches!(late, Err(Error::Unavailable { .. })), "{late:?}");
    // Whoever begins anew has all indexes again.
    let worker = process.database(&house.flow);
    worker.begin().await.unwrap();
    let indexes = house.plain(|database| async move {
        database.collection::<Document>("jira_mapping").list_index_names().await.unwrap()
    });
    assert_eq!(indexes.len(), 7);
}

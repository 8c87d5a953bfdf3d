//! What a client could get away with if the site were more patient than Jira.

use serde_json::{Value, json};

use super::stage::{DEV, Stage, USER, adf, new_issue, wait};
use crate::{Flavour, Setup, Transition, Workflow};

fn data_center(setup: &mut Setup) {
    setup.flavour = Flavour::DataCenter;
}

#[tokio::test(start_paused = true)]
async fn a_search_of_another_type_is_refused() {
    let (cloud, centre) = (Stage::new(), Stage::with(data_center));
    for (stage, member, value) in [
        (&cloud, "jql", json!(7)),
        (&cloud, "fields", json!("summary")),
        (&cloud, "fields", json!([1])),
        (&cloud, "expand", json!(["names"])),
        (&cloud, "fieldsByKeys", json!("yes")),
        (&cloud, "maxResults", json!(0)),
        (&cloud, "maxResults", json!(5001)),
        (&cloud, "maxResults", Value::Null),
        (&cloud, "maxResults", json!(-1)),
        (&cloud, "maxResults", json!(1.5)),
        (&cloud, "nextPageToken", json!(1)),
        (&cloud, "properties", json!(["a", "b", "c", "d", "e", "f"])),
        (&cloud, "reconcileIssues", json!(10_001)),
        (&cloud, "reconcileIssues", json!(["USER-A-1"])),
        (&cloud, "reconcileIssues", json!((1..=51).collect::<Vec<_>>())),
        (&cloud, "reconcileIssues", json!(vec![1; 51])),
        (&cloud, "startAt", json!(0)),
        (&centre, "startAt", json!(-1)),
        (&centre, "maxResults", json!("fifty")),
        (&centre, "validateQuery", json!("strict")),
        (&centre, "fields", json!("summary")),
    ] {
        let path = if stage.root.ends_with('3') { "search/jql" } else { "search" };
        let mut body = json!({"jql": "project = USER-A"});
        assert_eq!(stage.post(path, body.clone()).await.status, 200);
        body[member] = value;
        assert_eq!(stage.post(path, body.clone()).await.status, 400, "{body}");
    }
    assert_eq!(cloud.get("search/jql?jql=project=USER-A&maxResults=-1").await.status, 400);
    assert_eq!(cloud.get("search/jql?jql=project=USER-A&maxResults=5001").await.status, 400);
    assert_eq!(cloud.get("search/jql?jql=project=USER-A&maxResults=5000").await.status, 200);
    let beyond = centre.get("search?jql=project=USER-A&startAt=7").await.json();
    assert_eq!((&beyond["issues"], &beyond["startAt"], &beyond["total"]), (&json!([]), &json!(7), &json!(0)));
}

#[tokio::test(start_paused = true)]
async fn a_page_token_works_only_for_the_same_account_and_site() {
    let seeded = |seed| {
        Stage::with(|setup| {
            setup.page_cap = 1;
            setup.seed = seed;
        })
    };
    let (mut stage, elsewhere) = (seeded(1), seeded(2));
    for stage in [&stage, &elsewhere] {
        (1..=3).for_each(|_| drop(stage.ann_reports("Same")));
    }
    wait(3).await;
    let first = stage.post("search/jql", json!({"jql": "project = USER-A"})).await.json();
    let ask = json!({"jql": "project = USER-A", "nextPageToken": first["nextPageToken"]});
    assert_eq!(elsewhere.post("search/jql", ask.clone()).await.status, 400);
    assert_eq!(stage.post("search/jql", ask.clone()).await.status, 200);
    stage.log_in("ann@x.example:ann-token");
    assert_eq!(stage.post("search/jql", ask).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_create_may_take_a_transition_along_and_an_edit_ignores_it() {
    for change in [|_: &mut Setup| {}, data_center] {
        let stage = Stage::with(change);
        let with = |id: &str| {
            let mut body = new_issue(USER, "New");
            body["transition"] = json!({"id": id});
            body
        };
        let offered = stage.ann_reports("Old");
        let offered = stage.get(&format!("issue/{offered}/transitions")).await.json();
        let accept = offered["transitions"].as_array().unwrap().iter().find(|it| it["name"] == "Accept").unwrap();
        let accept = accept["id"].as_str().unwrap();
        let made = stage.post("issue", with(accept)).await;
        assert_eq!((made.status, made.json()["key"].as_str()), (201, Some("USER-A-2")), "{}", made.text);
        assert_eq!(stage.site.issue("USER-A-2").unwrap().status, "Will Do");
        let made = stage.post("issue/bulk", json!({"issueUpdates": [with(accept), with("9999")]})).await.json();
        assert_eq!(
            (&made["issues"][0]["key"], &made["errors"][0]["failedElementNumber"]),
            (&json!("USER-A-3"), &json!(1))
        );
        assert_eq!(stage.site.issue("USER-A-3").unwrap().status, "Will Do");
        for (wrong, status) in [(json!({"id": "9999"}), 400), (json!({"name": "Accept"}), 400), (json!("11"), 400)] {
            let mut body = new_issue(USER, "New");
            body["transition"] = wrong;
            assert_eq!(stage.post("issue", body).await.status, status);
        }
        assert_eq!(stage.create(USER, "Next").await, "USER-A-4", "what is refused takes no number");
        let edit = json!({"fields": {"summary": "Renamed"}, "transition": {"id": accept}});
        assert_eq!(stage.put("issue/USER-A-4", edit).await.status, 204);
        let issue = stage.site.issue("USER-A-4").unwrap();
        assert_eq!((issue.summary.as_str(), issue.status.as_str()), ("Renamed", "Open"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_cannot_take_a_transition_along_that_its_caller_is_not_offered() {
    let stage = Stage::with(|setup| {
        let workflow = Workflow::customer();
        let will_do = Transition::to("Promise", "Will Do").from(&["Open"]).only_for(&["ann"]);
        setup.projects[0].workflow = workflow.with(will_do);
    });
    let mut body = new_issue(USER, "New");
    body["transition"] = json!({"id": "71"});
    assert_eq!(stage.post("issue", body).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn properties_are_as_long_as_documented_and_no_longer() {
    let stage = Stage::new();
    let key = stage.create(USER, "One").await;
    // Two of the characters of the value are its quotation marks.
    let (longest, long) = (json!("x".repeat(32_766)), json!("x".repeat(32_767)));
    let (name, long_name) = ("k".repeat(255), "k".repeat(256));
    for (property, taken) in [
        (json!({"key": name, "value": longest}), true),
        (json!({"key": "k", "value": long}), false),
        (json!({"key": long_name, "value": 1}), false),
        (json!({"key": "", "value": 1}), false),
        (json!({"key": "k"}), false),
        (json!({"value": 1}), false),
        (json!({"key": "k", "value": 1, "scope": "site"}), false),
        (json!("k"), false),
    ] {
        let mut create = new_issue(USER, "New");
        create["properties"] = json!([property]);
        let status = stage.post("issue", create).await.status;
        assert_eq!(
            status,
            if taken { 201 } else { 400 },
            "{}",
            &property.to_string()[..30.min(property.to_string().len())]
        );
        let edit = json!({"properties": [property]});
        assert_eq!(stage.put(&format!("issue/{key}"), edit).await.status, if taken { 204 } else { 400 });
        let said =
            stage.post(&format!("issue/{key}/comment"), json!({"body": adf("x"), "properties": [property]})).await;
        assert_eq!(said.status, if taken { 201 } else { 400 });
    }
    assert_eq!(stage.put(&format!("issue/{key}/properties/k"), long).await.status, 400);
    assert_eq!(stage.put(&format!("issue/{key}/properties/{long_name}"), json!(1)).await.status, 400);
    assert_eq!(stage.put(&format!("issue/{key}/properties/k"), longest).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_remote_link_of_another_type_is_refused() {
    let stage = Stage::new();
    let key = stage.create(DEV, "One").await;
    for (pointer, value) in [
        ("globalId", json!(7)),
        ("relationship", json!(["blocks"])),
        ("application", json!("Lockstep")),
        ("object", json!("https://x.example")),
    ] {
        let mut link = json!({"globalId": "g", "object": {"title": "T", "url": "https://x.example"}});
        link[pointer] = value;
        let reply = stage.post(&format!("issue/{key}/remotelink"), link.clone()).await;
        assert_eq!((reply.status, reply.json()["errors"].is_object()), (400, true), "{link}: {}", reply.text);
    }
    assert!(stage.site.issue(&key).unwrap().remote_links.is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_json_is_taken_for_json() {
    let stage = Stage::new();
    for (content_type, status) in [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("application/json-patch+json", 415),
        ("application/jsonp", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ] {
        let reply = stage.send_as(content_type, "POST", "issue", Some(new_issue(USER, "One"))).await;
        assert_eq!(reply.status, status, "{content_type}");
    }
}

#[tokio::test(start_paused = true)]
async fn odd_methods_are_counted_together() {
    let stage = Stage::new();
    for n in 0..50 {
        assert_eq!(stage.send(&format!("ODD{n}"), "myself", None).await.status, 405);
    }
    assert_eq!(stage.site.counters().len(), 1);
}

//! Search that goes on showing what was, beyond its usual lag.

use chrono::Duration;
use serde_json::{Value, json};

use super::stage::{DEV, Stage, USER, wait};
use crate::{Action, Flavour, Refusal, Rows};

fn freeze(stage: &Stage, rows: &Rows, secs: i64) {
    stage.site.freeze_index(rows, stage.site.now() + Duration::seconds(secs)).unwrap();
}

/// What a search of the user project shows: key, status and the property `mark`.
async fn shown(stage: &Stage) -> Vec<(String, String, Value)> {
    let ask = json!({"jql": "project = USER-A ORDER BY key", "fields": ["status"], "properties": ["mark"]});
    let found = stage.post("search/jql", ask).await.json();
    let row = |it: &Value| {
        let status = &it["fields"]["status"]["name"];
        (it["key"].as_str().unwrap().into(), status.as_str().unwrap().into(), it["properties"]["mark"].clone())
    };
    found["issues"].as_array().unwrap().iter().map(row).collect()
}

fn row(key: &str, status: &str, mark: Value) -> (String, String, Value) {
    (key.into(), status.into(), mark)
}

/// Two issues that search knows as they are.
async fn two_known() -> Stage {
    let stage = Stage::new();
    stage.ann_reports("One");
    stage.ann_reports("Two");
    wait(5).await;
    stage
}

#[tokio::test(start_paused = true)]
async fn a_frozen_row_shows_what_it_showed_and_a_fresh_read_the_truth() {
    let stage = two_known().await;
    freeze(&stage, &Rows::Of("USER-A-1".into()), 600);
    for issue in ["USER-A-1", "USER-A-2"] {
        stage.ann_moves(issue, "Will Do");
        stage.ann(Action::SetProperty { issue: issue.into(), key: "mark".into(), value: json!(1) });
    }
    wait(590).await;
    let before = [row("USER-A-1", "Open", Value::Null), row("USER-A-2", "Will Do", json!(1))];
    assert_eq!(shown(&stage).await, before);
    assert_eq!(stage.search("status = Open").await.listed("key"), ["USER-A-1"]);
    let id: u64 = stage.site.issue("USER-A-1").unwrap().id.parse().unwrap();
    let fresh = stage.get("issue/USER-A-1?fields=status&properties=mark").await.json();
    assert_eq!((&fresh["fields"]["status"]["name"], &fresh["properties"]["mark"]), (&json!("Will Do"), &json!(1)));
    let ask = json!({"jql": "status = 'Will Do' ORDER BY key", "fields": ["status"], "reconcileIssues": [id]});
    assert_eq!(stage.post("search/jql", ask).await.listed("key"), ["USER-A-1", "USER-A-2"]);
    wait(10).await;
    assert_eq!(shown(&stage).await[0], row("USER-A-1", "Will Do", json!(1)));
}

#[tokio::test(start_paused = true)]
async fn while_all_is_frozen_nothing_new_is_found_and_nothing_gone_is_missed() {
    let stage = two_known().await;
    freeze(&stage, &Rows::All, 600);
    stage.ann_reports("Three");
    stage.ann(Action::Delete { issue: "USER-A-1".into() });
    stage.ann(Action::MoveToProject { issue: "USER-A-2".into(), project: DEV.into() });
    wait(599).await;
    assert_eq!(stage.search("project = USER-A ORDER BY key").await.listed("key"), ["USER-A-1", "USER-A-2"]);
    let count = stage.post("search/approximate-count", json!({"jql": "project = USER-A"})).await;
    assert_eq!(count.json(), json!({"count": 2}));
    assert_eq!(stage.get("issue/USER-A-3").await.status, 200);
    assert_eq!(stage.get("issue/USER-A-1").await.status, 404);
    wait(1).await;
    assert_eq!(stage.search("project = USER-A").await.listed("key"), ["USER-A-3"]);
    assert_eq!(stage.search("project = DEV-A").await.listed("key"), ["DEV-A-1"]);
}

#[tokio::test(start_paused = true)]
async fn what_search_had_not_learnt_when_it_froze_waits_too() {
    let stage = two_known().await;
    stage.ann_moves("USER-A-1", "Will Do");
    freeze(&stage, &Rows::All, 60);
    wait(30).await;
    assert_eq!(shown(&stage).await[0].1, "Open");
}

#[tokio::test(start_paused = true)]
async fn a_time_that_is_past_thaws_at_once_and_leaves_other_frost_alone() {
    let stage = two_known().await;
    freeze(&stage, &Rows::All, 600);
    freeze(&stage, &Rows::Of("USER-A-2".into()), 1200);
    stage.ann_moves("USER-A-1", "Will Do");
    stage.ann_moves("USER-A-2", "Will Do");
    wait(100).await;
    freeze(&stage, &Rows::All, 0);
    let statuses: Vec<String> = shown(&stage).await.into_iter().map(|(_, status, _)| status).collect();
    assert_eq!(statuses, ["Will Do", "Open"]);
    let nobody = stage.site.freeze_index(&Rows::Of("USER-A-9".into()), stage.site.now());
    assert_eq!(nobody, Err(Refusal::NoIssue("USER-A-9".into())));
}

#[tokio::test(start_paused = true)]
async fn data_center_freezes_as_well() {
    let stage = Stage::with(|setup| setup.flavour = Flavour::DataCenter);
    stage.ann_reports("One");
    wait(5).await;
    freeze(&stage, &Rows::All, 60);
    stage.create(USER, "Two").await;
    stage.ann_moves("USER-A-1", "Will Do");
    wait(30).await;
    let found = stage.get("search?jql=project%20%3D%20USER-A").await.json();
    assert_eq!((&found["total"], &found["issues"][0]["fields"]["status"]["name"]), (&json!(1), &json!("Open")));
}

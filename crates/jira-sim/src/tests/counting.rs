//! How many issues there are, as far as search knows and the caller may know.

use serde_json::{Value, json};

use super::stage::{BOT, Stage, USER, wait};
use crate::{Action, Flavour, Permission, Permissions};

/// A stage of each kind with three issues, one of them hidden from the bot.
async fn stages() -> [Stage; 2] {
    let stages = [Flavour::Cloud, Flavour::DataCenter].map(|flavour| Stage::with(|setup| setup.flavour = flavour));
    for stage in &stages {
        for summary in ["One", "Two", "Three"] {
            stage.ann_reports(summary);
        }
        stage.ann(Action::Restrict { issue: "USER-A-2".into(), viewers: Some(vec!["ann".into()]) });
    }
    wait(5).await;
    stages
}

/// What each kind of Jira counts: Cloud, and Data Center by address and by body.
async fn counts([cloud, centre]: &[Stage; 2], jql: &str) -> [Value; 3] {
    let count = cloud.post("search/approximate-count", json!({"jql": jql})).await.json()["count"].clone();
    let address = format!("search?jql={}&maxResults=0", jql.replace(' ', "%20").replace('=', "%3D"));
    let pages = [centre.get(&address).await, centre.post("search", json!({"jql": jql, "maxResults": 0})).await];
    let [by_address, by_body] = pages.map(|page| {
        let page = page.json();
        assert_eq!((&page["issues"], &page["maxResults"], &page["startAt"]), (&json!([]), &json!(0), &json!(0)));
        page["total"].clone()
    });
    [count, by_address, by_body]
}

#[tokio::test(start_paused = true)]
async fn a_count_leaves_out_what_the_caller_may_not_see() {
    let stages = stages().await;
    assert_eq!(counts(&stages, "project = USER-A").await, [2, 2, 2].map(Value::from));
    assert_eq!(counts(&stages, "project = USER-A AND status = Closed").await, [0, 0, 0].map(Value::from));
}

#[tokio::test(start_paused = true)]
async fn a_count_lags_behind_as_search_does() {
    let stages = stages().await;
    for stage in &stages {
        stage.ann_reports("Four");
    }
    assert_eq!(counts(&stages, "project = USER-A").await, [2, 2, 2].map(Value::from));
    wait(2).await;
    assert_eq!(counts(&stages, "project = USER-A").await, [3, 3, 3].map(Value::from));
}

#[tokio::test(start_paused = true)]
async fn a_project_that_may_not_be_browsed_is_not_counted_but_unknown() {
    let [cloud, centre] = stages().await;
    for stage in [&cloud, &centre] {
        stage.site.set_permissions(Permissions::all().deny(BOT, USER, &[Permission::BrowseProjects]));
    }
    let ask = json!({"jql": "project = USER-A", "maxResults": 0});
    let replies = [
        cloud.post("search/approximate-count", json!({"jql": "project = USER-A"})).await,
        centre.post("search", ask).await,
    ];
    for reply in replies {
        assert_eq!((reply.status, reply.text.contains("'USER-A' does not exist")), (400, true), "{}", reply.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_count_of_everything_is_refused_on_cloud() {
    let [cloud, _] = stages().await;
    for ask in [json!({"jql": ""}), json!({}), json!({"jql": "project = USER-A", "maxResults": 1})] {
        assert_eq!(cloud.post("search/approximate-count", ask.clone()).await.status, 400, "{ask}");
    }
}

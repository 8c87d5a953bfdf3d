//! Search: what it answers, by which pages, and how late it learns.

use std::time::Duration;

use serde_json::json;

use super::stage::{DEV, Stage, USER, new_issue, wait};
use crate::{Action, Flavour};

#[tokio::test(start_paused = true)]
async fn search_answers_ids_only_unless_fields_are_asked_for() {
    let stage = Stage::new();
    stage.create(USER, "One").await;
    wait(3).await;
    let reply = stage.get("search/jql?jql=project%20%3D%20USER-A").await.json();
    let id = stage.site.issue("USER-A-1").unwrap().id;
    assert_eq!(reply, json!({"issues": [{"id": id}], "isLast": true}));
    let reply = stage.get("search/jql?jql=key%3DUSER-A-1&fields=summary,status&fields=updated").await.json();
    let fields = reply["issues"][0]["fields"].as_object().unwrap();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["status", "summary", "updated"]);
}

#[tokio::test(start_paused = true)]
async fn search_learns_of_a_write_only_after_a_lag() {
    let stage = Stage::new();
    let key = stage.ann_reports("One");
    assert_eq!(stage.search("project = USER-A").await.listed("key"), [] as [&str; 0]);
    wait(10).await;
    stage.ann_moves(&key, "Will Do");
    wait(1).await;
    let row = stage.search("status = Open").await.json()["issues"][0].clone();
    assert_eq!((&row["key"], &row["fields"]["status"]["name"]), (&json!(key), &json!("Open")));
    let now = stage.get(&format!("issue/{key}?fields=status")).await.json();
    assert_eq!(now["fields"]["status"]["name"], "Will Do");
    wait(1).await;
    assert_eq!(stage.search("status = 'Will Do'").await.listed("key"), [key]);
}

#[tokio::test(start_paused = true)]
async fn reconciled_issues_are_shown_as_they_are() {
    let stage = Stage::new();
    let key = stage.ann_reports("One");
    let id: u64 = stage.site.issue(&key).unwrap().id.parse().unwrap();
    let reply = stage.post("search/jql", json!({"jql": "status = Open", "reconcileIssues": [id]})).await;
    assert_eq!(reply.listed("id"), [id.to_string()]);
}

#[tokio::test(start_paused = true)]
async fn an_issue_that_flickers_vanishes_and_comes_back() {
    let stage = Stage::with(|setup| setup.flicker = 1.0);
    stage.ann_reports("One");
    wait(2).await;
    assert_eq!(stage.search("project = USER-A").await.listed("key"), [] as [&str; 0]);
    wait(3).await;
    assert_eq!(stage.search("project = USER-A").await.listed("key"), ["USER-A-1"]);
    stage.ann_moves("USER-A-1", "Will Do");
    wait(2).await;
    assert_eq!(stage.search("project = USER-A").await.listed("key"), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_issue_leaves_the_index_late_and_for_good() {
    let stage = Stage::with(|setup| setup.index_lag = Duration::ZERO..=Duration::from_secs(8));
    let key = stage.ann_reports("One");
    wait(9).await;
    stage.ann_moves(&key, "Will Do");
    stage.ann(Action::Delete { issue: key });
    wait(9).await;
    assert_eq!(stage.search("project = USER-A").await.listed("key"), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_by_tokens_without_gap_or_repetition() {
    let stage = Stage::with(|setup| setup.page_cap = 3);
    let updates: Vec<_> = (1..=8).map(|n| new_issue(DEV, &format!("Issue {n}"))).collect();
    stage.post("issue/bulk", json!({"issueUpdates": updates})).await;
    wait(3).await;
    let mut ask =
        json!({"jql": "project = DEV-A order by updated asc, key asc", "fields": ["summary"], "maxResults": 50});
    let mut seen = Vec::new();
    for page in 1..=3 {
        let reply = stage.post("search/jql", ask.clone()).await;
        seen.extend(reply.listed("key"));
        // A row already seen moves to the end meanwhile; that must hide no other.
        stage.ann(Action::Rename { issue: format!("DEV-A-{page}"), summary: "Renamed".into() });
        assert_eq!(reply.json()["isLast"], page == 3);
        ask["nextPageToken"] = reply.json()["nextPageToken"].clone();
    }
    assert_eq!(seen, (1..=8).map(|n| format!("DEV-A-{n}")).collect::<Vec<_>>());
    assert!(ask["nextPageToken"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_token_serves_one_query_for_a_week() {
    let stage = Stage::with(|setup| setup.page_cap = 1);
    (1..=3).for_each(|_| drop(stage.ann_reports("Same")));
    wait(3).await;
    let ask = |jql: &str, token: &str| json!({"jql": jql, "nextPageToken": token});
    let jql = "project = USER-A";
    let first = stage.post("search/jql", json!({"jql": jql})).await.json();
    let token = first["nextPageToken"].as_str().unwrap();
    assert_eq!(stage.post("search/jql", ask(jql, token)).await.status, 200);
    assert_eq!(stage.post("search/jql", ask("project = DEV-A", token)).await.status, 400);
    assert_eq!(stage.post("search/jql", ask(jql, "made-up")).await.status, 400);
    wait(8 * 24 * 3600).await;
    assert_eq!(stage.post("search/jql", ask(jql, token)).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn quoted_dates_are_in_the_zone_of_the_account_that_asks() {
    let mut stage = Stage::new();
    stage.ann_reports("At noon in Greenwich, seven in the evening in Saigon");
    wait(5).await;
    assert_eq!(stage.search("created >= '2026-03-02 19:00'").await.listed("key").len(), 1);
    assert_eq!(stage.search("created >= '2026-03-02 19:01'").await.listed("key").len(), 0);
    stage.log_in("ann@x.example:ann-token");
    assert_eq!(stage.search("created >= '2026-03-02 12:00'").await.listed("key").len(), 1);
    assert_eq!(stage.search("created >= '2026-03-02 12:01'").await.listed("key").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_query_that_jira_would_not_take_is_refused() {
    let stage = Stage::new();
    for jql in ["", "order by key", "project = NOPE", "key = USER-A-1", "colour = red"] {
        let reply = stage.post("search/jql", json!({"jql": jql})).await;
        assert_eq!(reply.status, 400, "{jql}");
        assert!(reply.json()["errorMessages"][0].is_string(), "{jql}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_count_is_what_the_index_knows() {
    let stage = Stage::new();
    stage.ann_reports("One");
    let count = async |jql: &str| stage.post("search/approximate-count", json!({"jql": jql})).await;
    assert_eq!(count("project = USER-A").await.json(), json!({"count": 0}));
    wait(5).await;
    assert_eq!(count("project = USER-A").await.json(), json!({"count": 1}));
    assert_eq!(count("order by key").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn orders_of_every_kind_survive_the_turning_of_pages() {
    let stage = Stage::with(|setup| setup.page_cap = 1);
    for summary in ["b", "C", "a"] {
        stage.ann_reports(summary);
    }
    wait(5).await;
    let mut ask = json!({"jql": "project = USER-A order by status, summary, created", "fields": ["summary"]});
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let page = stage.post("search/jql", ask.clone()).await.json();
        seen.push(page["issues"][0]["fields"]["summary"].as_str().unwrap().to_owned());
        ask["nextPageToken"] = page["nextPageToken"].clone();
    }
    assert_eq!(seen, ["a", "b", "C"]);
}

fn centre() -> Stage {
    Stage::with(|setup| setup.flavour = Flavour::DataCenter)
}

#[tokio::test(start_paused = true)]
async fn data_center_answers_navigable_fields_and_a_total_by_offset() {
    let stage = centre();
    for n in 1..=5 {
        stage.ann_reports(&format!("Issue {n}"));
    }
    wait(5).await;
    let jql = "project = USER-A order by key";
    let page = stage.post("search", json!({"jql": jql, "startAt": 3, "maxResults": 2, "fields": ["summary"]})).await;
    assert_eq!(page.listed("key"), ["USER-A-4", "USER-A-5"]);
    let page = page.json();
    assert_eq!((&page["startAt"], &page["maxResults"], &page["total"]), (&json!(3), &json!(2), &json!(5)));
    assert_eq!(page["issues"][0]["fields"], json!({"summary": "Issue 4"}));
    let page = stage.get("search?jql=project%3DUSER-A&maxResults=1").await.json();
    assert_eq!(page["issues"][0]["fields"]["status"]["name"], "Open");
    assert!(page["issues"][0]["fields"]["comment"].is_null());
    assert_eq!(stage.get("search?jql=&maxResults=0").await.json()["total"], 5);
}

#[tokio::test(start_paused = true)]
async fn data_center_caps_a_page_in_silence_and_breaks_down_behind_its_limit() {
    let stage = Stage::with(|setup| {
        setup.flavour = Flavour::DataCenter;
        setup.page_cap = usize::MAX;
        setup.offset_limit = 2000;
    });
    let page = stage.get("search?jql=project=USER-A&maxResults=9999").await.json();
    assert_eq!(page["maxResults"], 1000);
    for (start, status) in [(1000, 200), (1001, 500)] {
        let reply = stage.get(&format!("search?jql=project=USER-A&startAt={start}&maxResults=1000")).await;
        assert_eq!(reply.status, status, "{start}");
    }
}

#[tokio::test(start_paused = true)]
async fn turning_pages_by_offset_skips_an_issue_when_another_changes_meanwhile() {
    let stage = centre();
    let keys: Vec<_> = (1..=4).map(|n| stage.ann_reports(&format!("Issue {n}"))).collect();
    wait(5).await;
    let page = async |start: u64| {
        let ask = json!({"jql": "project = USER-A order by updated asc, key asc", "startAt": start, "maxResults": 2});
        stage.post("search", ask).await.listed("key")
    };
    assert_eq!(page(0).await, keys[..2]);
    stage.ann(Action::Rename { issue: keys[0].clone(), summary: "Renamed".into() });
    wait(5).await;
    assert_eq!(page(2).await, [keys[3].clone(), keys[0].clone()], "the third is never seen");
}

#[tokio::test(start_paused = true)]
async fn data_center_refuses_unknown_keys_in_the_body_and_in_lists_of_issues() {
    let stage = centre();
    stage.ann_reports("One");
    wait(5).await;
    for body in [
        json!({"jql": "project = USER-A", "nextPageToken": "x"}),
        json!({"jql": "project = USER-A", "properties": ["x"]}),
        json!({"jql": "project = USER-A", "expand": "names"}),
        json!({"jql": "key in (USER-A-1, USER-A-9)"}),
    ] {
        assert_eq!(stage.post("search", body.clone()).await.status, 400, "{body}");
    }
    let lenient = json!({"jql": "key in (USER-A-1, USER-A-9)", "validateQuery": false});
    let reply = stage.post("search", lenient).await;
    assert_eq!((reply.listed("key"), reply.json()["warningMessages"][0].is_string()), (vec!["USER-A-1".into()], true));
}

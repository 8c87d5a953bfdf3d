//! What is read for many fails for one.

use serde_json::{Value, json};

use super::super::testing::{Exchange, Script, on};
use super::super::{By, Fault, Scan};
use super::{id, issue, keys};
use crate::flow::{Deployment, IssueId};

const BULK: &str = "POST /rest/api/3/issue/bulkfetch";
const HISTORIES: &str = "POST /rest/api/3/changelog/bulkfetch";
const MYSELF: &str = "GET /rest/api/3/myself";

fn me() -> Exchange {
    on(MYSELF).answers(json!({"accountId": "5b10a2844c20165700ede21g"}))
}

fn batch(ids: &[&str]) -> Exchange {
    let mut body = json!({"issueIdsOrKeys": ids, "expand": ["changelog"], "properties": ["lockstep"]});
    body["fields"] = json!(super::FRESH);
    on(BULK).saying(body)
}

fn broken(exchange: impl Fn() -> Exchange, times: usize) -> Vec<Exchange> {
    (0..times).map(|_| exchange().ends(500, json!({"errorMessages": ["Internal server error"]}))).collect()
}

fn issues(ids: &[&str]) -> Value {
    let all: Vec<_> = ids.iter().map(|id| issue(id, &format!("ED-{id}"), "3")).collect();
    json!({"issues": all, "issueErrors": []})
}

fn ids(texts: &[&str]) -> Vec<IssueId> {
    texts.iter().map(|text| id(text)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_is_halved_down_to_the_issue_to_blame_which_is_then_asked_for_alone() {
    let (all, first, second) = (["10", "11", "12", "13"], ["10", "11"], ["12", "13"]);
    let mut exchanges = broken(|| batch(&all), 4);
    exchanges.push(me());
    exchanges.push(batch(&first).answers(issues(&first)));
    exchanges.extend(broken(|| batch(&second), 2));
    exchanges.push(batch(&["12"]).answers(issues(&["12"])));
    exchanges.extend(broken(|| batch(&["13"]), 2));
    // The next time it spoils no other.
    exchanges.push(batch(&["10", "11", "12"]).answers(issues(&["10", "11", "12"])));
    exchanges.extend(broken(|| batch(&["13"]), 2));
    exchanges.push(me());
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    for _ in 0..2 {
        let read = client.fetch(&ids(&all).iter().collect::<Vec<_>>()).await.unwrap();
        assert_eq!(keys(&read.issues), ["ED-10", "ED-11", "ED-12"]);
        let blamed: Vec<_> = read.unread.iter().map(|(id, error)| (id.as_str(), error.is_local())).collect();
        assert_eq!(blamed, [("13", true)]);
        assert!(client.could_not_read("13") && !client.could_not_read("12"));
    }
    script.done();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_halved_where_jira_does_not_know_us_or_is_down() {
    let mut exchanges = broken(|| batch(&["10", "11"]), 4);
    exchanges.extend(broken(|| on(MYSELF), 4));
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    let end = client.fetch(&[&id("10"), &id("11")]).await.unwrap_err();
    assert!(end.request.contains("myself") && matches!(end.what, Fault::Unanswered(_)), "{end}");
    script.done();
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_can_not_be_read_costs_its_issue_only_whether_or_not_it_tells_which() {
    let mut named = issues(&["10", "11", "12"]);
    named["issues"][1]["fields"]["created"] = json!("yesterday");
    let mut nameless = issues(&["10", "11", "12"]);
    nameless["issues"][1] = json!({"fields": 7});
    let alone = |answer: &Value| batch(&["11"]).answers(json!({"issues": [answer["issues"][1]]}));
    let twelve = || batch(&["12"]).answers(issues(&["12"]));
    for exchanges in [
        vec![batch(&["10", "11", "12"]).answers(named.clone())],
        vec![batch(&["10", "11", "12"]).answers(nameless.clone())],
        // Another one is missing, so that it may be either.
        vec![
            batch(&["10", "11", "12"]).answers(json!({"issues": [named["issues"][0], nameless["issues"][1]]})),
            alone(&nameless),
            twelve(),
        ],
    ] {
        let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
        let read = client.fetch(&ids(&["10", "11", "12"]).iter().collect::<Vec<_>>()).await.unwrap();
        assert_eq!(keys(&read.issues), ["ED-10", "ED-12"]);
        assert_eq!(read.unread.keys().collect::<Vec<_>>(), [&id("11")]);
        script.done();
    }
}

#[tokio::test(start_paused = true)]
async fn on_data_center_one_that_fails_leaves_the_others_alone() {
    let read = |id: &str| {
        let fields = super::FRESH.join(",");
        on(&format!("GET /rest/api/2/issue/{id}?fields={fields}&expand=changelog,transitions&properties=lockstep"))
    };
    let mut exchanges = broken(|| read("11"), 4);
    exchanges.push(read("10").answers(issue("10", "ED-10", "3")));
    exchanges.push(on("GET /rest/api/2/myself").answers(json!({"key": "JIRAUSER10100"})));
    let (client, script) = Script::client(Deployment::DataCenter, exchanges).await;
    let end = client.fetch(&[&id("10"), &id("11")]).await.unwrap();
    assert_eq!((keys(&end.issues), end.unread.len()), (vec!["ED-10"], 1));
    script.done();
}

#[tokio::test(start_paused = true)]
async fn changelogs_that_can_not_be_read_together_are_read_apart_and_in_smaller_pages() {
    let long = |id: &str| {
        let mut long = issue(id, &format!("ED-{id}"), "3");
        let entry = json!({"id": "1", "created": "2024-11-29T10:44:51.887-0800", "items": []});
        long["changelog"] = json!({"total": 40, "histories": vec![entry; 40]});
        long
    };
    let page = |ids: &[&str], most: usize| {
        on(HISTORIES).saying(json!({"issueIdsOrKeys": ids, "fieldIds": ["status"], "maxResults": most}))
    };
    let nothing = json!({"issueChangeLogs": []});
    let mut exchanges = vec![batch(&["10", "11"]).answers(json!({"issues": [long("10"), long("11")]}))];
    exchanges.extend(broken(|| page(&["10", "11"], 1000), 4));
    exchanges.push(me());
    exchanges.push(page(&["11"], 1000).answers(nothing.clone()));
    exchanges.extend(broken(|| page(&["10"], 1000), 2));
    exchanges.push(page(&["10"], 100).answers(nothing));
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    let read = client.fetch(&[&id("10"), &id("11")]).await.unwrap();
    assert_eq!((read.issues.len(), read.unread.len()), (2, 0));
    script.done();
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_search_that_can_not_be_read_is_asked_for_with_fewer_rows() {
    let jql = r#"project in (10000) ORDER BY updated ASC, key ASC"#;
    let search = |rows: usize| {
        let body = json!({"jql": jql, "maxResults": rows, "fields": ["project", "status", "created", "updated"]});
        on("POST /rest/api/3/search/jql").saying(body)
    };
    let mut exchanges = broken(|| search(100), 4);
    exchanges.push(me());
    exchanges.extend(broken(|| search(50), 2));
    exchanges.push(search(25).answers(json!({"issues": [issue("10", "ED-1", "3")], "isLast": true})));
    let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
    let page = Scan::new(vec!["10000".parse().unwrap()], By::Updated, None, &[]).next(&client).await.unwrap().unwrap();
    assert_eq!(page.rows.len(), 1);
    script.done();
}

#[tokio::test(start_paused = true)]
async fn a_row_that_can_not_be_read_tells_what_it_can_and_hides_no_other() {
    let mut rows = vec![issue("10", "ED-1", "3"), issue("11", "ED-2", "3"), json!({"id": 7}), json!("gone")];
    rows[1]["fields"]["updated"] = json!("yesterday");
    rows.push(issue("12", "ED-3", "3"));
    let (client, _) = Script::client(
        Deployment::Cloud,
        vec![on("POST /rest/api/3/search/jql").answers(json!({"issues": rows, "isLast": true}))],
    )
    .await;
    let page = Scan::new(vec!["10000".parse().unwrap()], By::Updated, None, &[]).next(&client).await.unwrap().unwrap();
    assert_eq!(page.rows.iter().map(|row| row.at.key.as_str()).collect::<Vec<_>>(), ["ED-1", "ED-3"]);
    let odd: Vec<_> = page.odd.iter().map(|row| row.id.as_ref().map(IssueId::as_str)).collect();
    assert_eq!(odd, [Some("11"), None, None]);
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_that_repeats_our_token_is_told_without_it() {
    let mut echo = issues(&["10"]);
    echo["issues"][0]["fields"]["created"] = json!("Bearer s3cret");
    let alone = || batch(&["10"]).answers(echo.clone());
    let search = "GET /rest/api/3/project/ED";
    let project = on(search).answers(json!({"id": "Bearer s3cret", "key": "ED"}));
    let (client, _script) = Script::client(Deployment::Cloud, vec![alone(), alone(), me(), project]).await;
    let read = client.fetch(&[&id("10")]).await.unwrap();
    let refused = client.project_called(&"ED".parse().unwrap()).await.unwrap_err();
    for told in [read.unread[&id("10")].to_string(), refused.to_string()] {
        assert!(told.contains("Bearer ***") && !told.contains("s3cret"), "{told}");
    }
}

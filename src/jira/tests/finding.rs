//! Searches and fresh reads.

use serde_json::{Value, json};

use super::super::testing::{Script, on};
use super::super::{By, Client, Effect, Error, Fault, Scan};
use super::{FRESH, created_mark, id, issue, keys, mark_value};
use crate::flow::{Deployment, JiraTime, Row};

const READ_FROM_DATA_CENTER: &str = "expand=changelog,transitions&properties=lockstep";

fn walk(from: Option<&str>) -> Scan {
    let from = from.map(|at| at.parse::<JiraTime>().unwrap());
    Scan::new(vec!["10000".parse().unwrap()], By::Updated, from, &[])
}

/// All that a walk brings, page by page.
async fn walked(mut scan: Scan, client: &Client) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    while let Some(page) = scan.next(client).await? {
        rows.extend(page.rows);
    }
    Ok(rows)
}

fn cloud_search(jql: &str, rest: Value) -> Value {
    let mut body = json!({"jql": jql, "maxResults": 100, "fields": ["project", "status", "created", "updated"]});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    body
}

fn data_center_search(jql: &str, start: u64) -> Value {
    cloud_search(jql, json!({"startAt": start}))
}

#[tokio::test(start_paused = true)]
async fn cloud_is_searched_by_token_and_tells_marks_when_asked_to() {
    let everything = r#"project in (10000) ORDER BY updated ASC, key ASC"#;
    let mut marked = issue("10002", "ED-2", "3");
    marked["properties"] = json!({"lockstep": mark_value("i-1")});
    let (client, script) = Script::client(
        Deployment::Cloud,
        vec![
            on("POST /rest/api/3/search/jql")
                .saying(cloud_search(everything, json!({"properties": ["lockstep"]})))
                .answers(json!({"isLast": true, "issues": [marked]})),
        ],
    )
    .await;
    let rows = walked(walk(None).with_marks(), &client).await.unwrap();
    assert_eq!(rows[0].mark, Some(created_mark("i-1")));
    script.done();
}

#[tokio::test(start_paused = true)]
async fn data_center_is_searched_by_row_and_each_unknown_mark_is_read_once() {
    let everything = r#"project in (10000) ORDER BY updated ASC, key ASC"#;
    let page = json!({"startAt": 0, "maxResults": 100, "total": 1, "issues": [issue("10002", "ED-2", "3")]});
    let search = || on("POST /rest/api/2/search").saying(data_center_search(everything, 0)).answers(page.clone());
    let mut marked = issue("10002", "ED-2", "3");
    marked["properties"] = json!({"lockstep": mark_value("i-1")});
    let read = on("GET /rest/api/2/issue/10002?fields=status&properties=lockstep").answers(marked);
    let (client, script) = Script::client(Deployment::DataCenter, vec![search(), read, search(), search()]).await;
    for _ in 0..2 {
        let rows = walked(walk(None).with_marks(), &client).await.unwrap();
        assert_eq!(rows[0].mark, Some(created_mark("i-1")));
    }
    assert_eq!(walked(walk(None), &client).await.unwrap()[0].mark, None, "nobody asked for it");
    script.done();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_no_numbers_for_dates_is_asked_in_our_own_time_from_then_on() {
    let numbers = r#"project in (10000) AND updated >= 1732905891887 ORDER BY updated ASC, key ASC"#;
    let quoted = r#"project in (10000) AND updated >= "2024-11-29 10:44" ORDER BY updated ASC, key ASC"#;
    let nothing = json!({"startAt": 0, "total": 0, "issues": []});
    let refusal =
        json!({"errorMessages": ["Date value '1732905891887' for field 'updated' is invalid."], "errors": {}});
    let search = |jql| on("POST /rest/api/2/search").saying(data_center_search(jql, 0));
    let (client, script) = Script::client(
        Deployment::DataCenter,
        vec![
            search(numbers).ends(400, refusal),
            search(quoted).answers(nothing.clone()),
            search(quoted).answers(nothing),
        ],
    )
    .await;
    for _ in 0..2 {
        walked(walk(Some("2024-11-29T18:44:51.887Z")), &client).await.unwrap();
    }
    script.done();
}

#[tokio::test(start_paused = true)]
async fn a_search_that_is_wrong_in_any_dates_says_what_was_wrong_first() {
    let refused =
        |why: &str| on("POST /rest/api/3/search/jql").ends(400, json!({"errorMessages": [why], "errors": {}}));
    let (client, script) =
        Script::client(Deployment::Cloud, vec![refused("no project ED"), refused("a date is wrong")]).await;
    let end = walked(walk(Some("2024-11-29T18:44:51.887Z")), &client).await.unwrap_err();
    assert!(matches!(&end.what, Fault::Invalid(why) if why.contains("no project ED")), "{end}");
    script.done();
}

#[tokio::test(start_paused = true)]
async fn cloud_reads_issues_in_one_request_and_completes_long_changelogs_in_another() {
    let status = |id: usize, from: &str, to: &str, at: Value| {
        json!({"id": id.to_string(), "created": at, "author": {"accountId": "5b10"},
            "items": [{"field": "status", "from": from, "to": to, "toString": "In Progress"}]})
    };
    let mut long = issue("10000", "ED-1", "3");
    let newest = (0..40).map(|n| status(100 - n, "2", "3", json!("2024-11-29T10:44:51.887-0800")));
    long["changelog"] = json!({"total": 40, "maxResults": 40, "histories": newest.collect::<Vec<_>>()});
    let rest = json!({"issueChangeLogs": [{"issueId": "10000", "changeHistories": [
        status(7, "1", "2", json!(1_492_070_429)), status(100, "2", "3", json!(1_732_905_891_887_i64))]}]});
    let (client, script) = Script::client(
        Deployment::Cloud,
        vec![
            on("POST /rest/api/3/issue/bulkfetch")
                .saying(json!({"issueIdsOrKeys": ["10000", "10001"], "expand": ["changelog"],
                    "fields": FRESH,
                    "properties": ["lockstep"]}))
                .answers(json!({"issues": [long, issue("10001", "ED-2", "1")], "issueErrors": []})),
            on("POST /rest/api/3/changelog/bulkfetch")
                .saying(json!({"issueIdsOrKeys": ["10000"], "fieldIds": ["status"], "maxResults": 1000}))
                .answers(rest),
        ],
    )
    .await;
    let issues = client.fetch(&[&id("10000"), &id("10001")]).await.unwrap().issues;
    assert_eq!(keys(&issues), ["ED-1", "ED-2"]);
    assert_eq!(issues[0].changes.len(), 41, "the entry that both answers hold counts once");
    assert_eq!(issues[0].first_status().as_str(), "1");
    script.done();
}

#[tokio::test(start_paused = true)]
async fn data_center_reads_issues_one_by_one_and_what_is_gone_is_absent() {
    let read = |id: &str| on(&format!("GET /rest/api/2/issue/{id}?fields={}&{READ_FROM_DATA_CENTER}", FRESH.join(",")));
    let gone = json!({"errorMessages": ["Issue Does Not Exist"], "errors": {}});
    let mut moved = issue("10000", "NEW-7", "3");
    moved["fields"]["description"] = json!("h1. wiki");
    moved["changelog"]["histories"] = json!([{"id": "1", "created": "2024-11-29T10:44:51.887-0800",
        "author": {"key": "JIRAUSER10100", "name": "bot"},
        "items": [{"field": "status", "from": "1", "to": "3", "toString": "Done"}]}]);
    let (client, script) = Script::client(
        Deployment::DataCenter,
        vec![
            read("10000").answers(moved),
            read("10001").ends(404, gone),
            read("10002").answers(issue("10002", "ED-3", "1")),
        ],
    )
    .await;
    let issues = client.fetch(&[&id("10000"), &id("10001"), &id("10002")]).await.unwrap().issues;
    assert_eq!(keys(&issues), ["NEW-7", "ED-3"], "a moved issue comes with its new key");
    assert_eq!(issues[0].changes[0].by.as_ref(), Some(client.account()));
    assert_eq!(issues[0].description, Some(crate::flow::Body::Wiki("h1. wiki".to_owned())));
    script.done();
}

#[tokio::test(start_paused = true)]
async fn that_nothing_at_all_is_shown_is_believed_only_if_we_are_still_ourselves() {
    let nothing = || on("POST /rest/api/3/issue/bulkfetch").answers(json!({"issues": [], "issueErrors": []}));
    let me = |account: &str| on("GET /rest/api/3/myself").answers(json!({"accountId": account}));
    let (client, script) = Script::client(
        Deployment::Cloud,
        vec![nothing(), me("5b10a2844c20165700ede21g"), nothing(), me("somebody-else")],
    )
    .await;
    assert_eq!(client.fetch_one(&id("10000")).await, Ok(None));
    let end = client.fetch_one(&id("10000")).await.unwrap_err();
    assert!(matches!(end.what, Fault::Refused(_)) && end.effect() == Effect::Never, "{end}");
    script.done();
}

#[tokio::test(start_paused = true)]
async fn issues_are_found_under_their_former_keys_too() {
    let moved = issue("10002", "NEW-7", "3");
    let (client, script) = Script::client(
        Deployment::Cloud,
        vec![
            on("POST /rest/api/3/issue/bulkfetch")
                .saying(json!({"issueIdsOrKeys": ["ED-3", "ED-2", "ED-1"], "expand": ["changelog"],
                    "fields": FRESH, "properties": ["lockstep"]}))
                .answers(json!({"issues": [issue("10001", "ED-1", "1"), moved.clone()], "issueErrors": []})),
            on("GET /rest/api/3/issue/ED-2?fields=status").answers(moved),
            on("GET /rest/api/3/issue/ED-3?fields=status")
                .ends(404, json!({"errorMessages": ["Issue does not exist"], "errors": {}})),
        ],
    )
    .await;
    let asked = ["ED-3", "ED-2", "ED-1"].map(|key| key.parse().unwrap());
    let found = client.fetch_by_key(&asked.each_ref()).await.unwrap();
    let told: Vec<_> = found.issues.iter().map(|(key, issue)| (key.as_str(), issue.at.key.as_str())).collect();
    assert_eq!(told, [("ED-1", "ED-1"), ("ED-2", "NEW-7")]);
    script.done();
}

#[tokio::test(start_paused = true)]
async fn issues_are_counted_where_the_site_counts_and_nothing_else_fails_for_it() {
    let projects = ["10000".parse().unwrap()];
    let jql = r#"project in (10000)"#;
    let cloud = || on("POST /rest/api/3/search/approximate-count").saying(json!({"jql": jql}));
    let data_center = || on("POST /rest/api/2/search").saying(json!({"jql": jql, "maxResults": 0}));
    let found = json!({"startAt": 0, "maxResults": 0, "total": 153, "issues": []});
    let no = || json!({"errorMessages": ["no"], "errors": {}});
    let cases = [
        (Deployment::Cloud, cloud().answers(json!({"count": 153})), Ok(Some(153))),
        (Deployment::DataCenter, data_center().answers(found), Ok(Some(153))),
        (Deployment::Cloud, cloud().ends(404, no()), Ok(None)),
        (Deployment::Cloud, cloud().ends(410, no()), Ok(None)),
        (Deployment::DataCenter, data_center().ends(400, no()), Ok(None)),
        (Deployment::Cloud, cloud().ends(401, no()), Err(Effect::Never)),
    ];
    for (deployment, exchange, expected) in cases {
        let refused = expected.is_err().then(|| on("GET /rest/api/2/myself").ends(401, no()));
        let (client, script) = Script::client(deployment, std::iter::once(exchange).chain(refused).collect()).await;
        assert_eq!(client.count(&projects).await.map_err(|error| error.effect()), expected);
        script.done();
    }
}

#[tokio::test(start_paused = true)]
async fn files_and_links_come_with_a_fresh_read_and_what_is_odd_hides_nothing() {
    let mut bean = issue("10000", "ED-1", "1");
    bean["fields"]["attachment"] = json!([
        {"id": "2", "filename": "b.txt", "size": 2, "created": "2024-11-29T10:44:51.887-0800"},
        {"id": "3", "size": "large"},
        {"id": 1, "filename": "a.txt", "size": 1, "created": "2024-11-29T10:44:52.887-0800"}]);
    bean["fields"]["issuelinks"] = json!([
        {"id": "1", "type": {"name": "Relates"}, "outwardIssue": {"id": "10004", "key": "PR-2"}},
        {"id": "2", "type": {"name": "Relates"}},
        {"id": "3", "type": {"name": "Blocks"}, "inwardIssue": {"id": "10005", "key": "PR-3"}}]);
    let read = on("POST /rest/api/3/issue/bulkfetch").answers(json!({"issues": [bean]}));
    let (client, script) = Script::client(Deployment::Cloud, vec![read]).await;
    let issue = client.fetch_one(&id("10000")).await.unwrap().unwrap();
    let files: Vec<_> = issue.attachments.iter().map(|file| file.filename.as_str()).collect();
    let linked: Vec<_> = issue.linked.iter().map(|other| other.key.as_str()).collect();
    assert_eq!((&files[..], &linked[..]), (&["b.txt", "a.txt"][..], &["PR-2", "PR-3"][..]));
    script.done();
}

/// A change of the description, as a changelog has it, minutes before our own.
fn text_change(id: u32, who: &str, minutes: u32, from: &str, to: &str) -> Value {
    json!({"id": id.to_string(), "author": {"accountId": who, "key": who},
        "created": format!("2024-11-29T10:{:02}:00.000-0800", 40 - minutes),
        "items": [{"field": "description", "from": null, "fromString": from, "to": null, "toString": to}]})
}

#[tokio::test(start_paused = true)]
async fn a_text_that_our_edit_replaced_unread_comes_with_a_fresh_read() {
    let changes = |us: &str| {
        let ours =
            text_change(3, us, 0, "It burns badly.", "It burns.\n\nDev Link: https://a.example.net/browse/DEV-1");
        [ours, text_change(2, "mia", 1, "It burns.", "It burns badly.")]
    };
    let mut on_cloud = issue("10000", "ED-1", "1");
    on_cloud["changelog"] = json!({"total": 2, "histories": changes("5b10a2844c20165700ede21g")});
    let mut on_data_center = on_cloud.clone();
    let [newest, oldest] = changes("JIRAUSER10100");
    on_data_center["changelog"] = json!({"total": 2, "histories": [oldest, newest]});
    let mut in_part = on_data_center.clone();
    in_part["changelog"]["total"] = json!(3);
    let data_center = format!("GET /rest/api/2/issue/10000?fields={}&{READ_FROM_DATA_CENTER}", FRESH.join(","));
    let cases = [
        (Deployment::Cloud, "POST /rest/api/3/issue/bulkfetch", json!({"issues": [on_cloud]}), true),
        (Deployment::DataCenter, &data_center, on_data_center, true),
        (Deployment::DataCenter, &data_center, in_part, false),
    ];
    for (deployment, request, answer, is_found) in cases {
        let (client, script) = Script::client(deployment, vec![on(request).answers(answer)]).await;
        let issue = client.fetch_one(&id("10000")).await.unwrap().unwrap();
        let expected = is_found.then(|| crate::flow::Body::Wiki("It burns badly.".to_owned()));
        assert_eq!(issue.overwritten, expected, "{deployment:?}");
        script.done();
    }
}

#[tokio::test(start_paused = true)]
async fn texts_of_a_long_changelog_are_asked_for_only_where_they_tell_what_was_overwritten() {
    let us = "5b10a2844c20165700ede21g";
    let linked = "It burns.\n\nDev Link: https://a.example.net/browse/DEV-1";
    let other = |n: u32| {
        json!({"id": (100 - n).to_string(), "created": "2024-11-29T10:40:00.000-0800", "author": {"accountId": "a"},
            "items": [{"field": "labels", "from": null, "to": null, "toString": "x"}]})
    };
    let log = |ours: Value| {
        let mut bean = issue("10000", "ED-1", "1");
        let histories: Vec<_> = (0..39).map(other).chain([ours]).collect();
        bean["changelog"] = json!({"total": 40, "histories": histories});
        bean
    };
    let older = text_change(2, "mia", 1, "It burns.", "It burns badly.");
    let cases = [
        (text_change(3, us, 0, "It burns badly.", linked), json!(["status", "description"]), Some("It burns badly.")),
        (text_change(3, us, 0, "It burns.", linked), json!(["status"]), None),
        (text_change(3, "mia", 0, "It burns badly.", "Help"), json!(["status"]), None),
    ];
    for (newest, asked, expected) in cases {
        let exchanges = vec![
            on("POST /rest/api/3/issue/bulkfetch").answers(json!({"issues": [log(newest)]})),
            on("POST /rest/api/3/changelog/bulkfetch")
                .saying(json!({"issueIdsOrKeys": ["10000"], "fieldIds": asked, "maxResults": 1000}))
                .answers(json!({"issueChangeLogs": [{"issueId": "10000", "changeHistories": [older]}]})),
        ];
        let (client, script) = Script::client(Deployment::Cloud, exchanges).await;
        let issue = client.fetch_one(&id("10000")).await.unwrap().unwrap();
        assert_eq!(issue.overwritten, expected.map(|text| crate::flow::Body::Wiki(text.to_owned())), "{asked}");
        script.done();
    }
}

//! Shapes and refusals of the endpoints.

use serde_json::{Value, json};

use super::stage::{BOT, DEV, Stage, USER, adf, new_issue, wait};
use crate::Action;

#[tokio::test(start_paused = true)]
async fn an_issue_is_created_with_its_properties_in_one_request() {
    let stage = Stage::new();
    let mut body = new_issue("DEV-A", "Fix it");
    body["fields"]["description"] = adf("Why");
    body["properties"] = json!([{"key": "lockstep", "value": {"userIssue": "10001"}}]);
    let reply = stage.post("issue", body).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.json()["key"], "DEV-A-1");
    let issue = stage.site.issue("DEV-A-1").unwrap();
    assert_eq!((issue.summary.as_str(), issue.description.as_str(), issue.status.as_str()), ("Fix it", "Why", "To Do"));
    assert_eq!(issue.properties["lockstep"], json!({"userIssue": "10001"}));
    assert_eq!(issue.created_by, BOT);
    let shown = stage.get(&format!("issue/{}?fields=summary&properties=lockstep", issue.id)).await.json();
    assert_eq!(shown["fields"], json!({"summary": "Fix it"}));
    assert_eq!(shown["properties"]["lockstep"]["userIssue"], "10001");
}

#[tokio::test(start_paused = true)]
async fn a_create_that_lacks_something_is_told_what() {
    let stage = Stage::new();
    let long = "x".repeat(256);
    for (path, value, field, complaint) in [
        ("/fields/summary", json!(""), "summary", "You must specify a summary of the issue."),
        ("/fields/summary", json!("a\nb"), "summary", "newline"),
        ("/fields/summary", json!(long), "summary", "255"),
        ("/fields/issuetype", json!({}), "issuetype", "Specify an issue type"),
        ("/fields/issuetype", json!({"name": "Epic"}), "issuetype", "Specify a valid issue type"),
        ("/fields/project", json!({"key": "NOPE"}), "project", "Specify a valid project ID or key"),
        ("/fields/description", json!("plain"), "description", "must be an Atlassian Document"),
        ("/fields/description", adf(&"y".repeat(32_768)), "description", "too long"),
        ("/fields/customfield_1", json!(1), "customfield_1", "Field 'customfield_1' cannot be set."),
    ] {
        let mut body = new_issue("USER-A", "Fine");
        body["fields"][path.rsplit('/').next().unwrap()] = value;
        let reply = stage.post("issue", body).await;
        assert_eq!(reply.status, 400, "{path}");
        let message = reply.json()["errors"][field].to_string();
        assert!(message.contains(complaint), "{path}: {message}");
    }
    assert_eq!(stage.create(USER, "Fine").await, "USER-A-1", "refused requests take no numbers");
}

#[tokio::test(start_paused = true)]
async fn a_bulk_create_makes_what_is_valid_and_names_the_rest_by_place() {
    let stage = Stage::new();
    let updates = [new_issue(DEV, "One"), new_issue(DEV, ""), new_issue(DEV, "Three")];
    let reply = stage.post("issue/bulk", json!({"issueUpdates": updates})).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.listed("key"), ["DEV-A-1", "DEV-A-2"]);
    assert_eq!(reply.json()["errors"][0]["failedElementNumber"], 1);
    assert_eq!(stage.site.issues(DEV).len(), 2);
    let reply = stage.post("issue/bulk", json!({"issueUpdates": [new_issue(DEV, "")]})).await;
    assert_eq!((reply.status, reply.json()["issues"].clone()), (400, json!([])));
    let reply = stage.post("issue/bulk", json!({"issueUpdates": vec![new_issue(DEV, "x"); 51]})).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test(start_paused = true)]
async fn one_edit_sets_fields_comment_and_property_together() {
    let stage = Stage::new();
    let key = stage.ann_reports("Broken");
    wait(60).await;
    let edit = json!({
        "fields": {"description": adf("It hurts. Dev Link: x")},
        "update": {"comment": [{"add": {"body": adf("Dev issue: DEV-A-1"), "properties": [{"key": "k", "value": 1}]}}]},
        "properties": [{"key": "lockstep", "value": {"devIssue": "1"}}],
    });
    let reply = stage.put(&format!("issue/{key}"), edit).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let issue = stage.site.issue(&key).unwrap();
    assert_eq!(issue.description, "It hurts. Dev Link: x");
    assert_eq!((issue.comments[0].author.as_str(), issue.comments[0].text.as_str()), (BOT, "Dev issue: DEV-A-1"));
    assert_eq!(issue.history.len(), 1, "comments and properties leave no trace in the changelog");
    assert_eq!((issue.updated - issue.created).num_seconds(), 60);
    let comments = stage.get(&format!("issue/{key}/comment?expand=properties")).await.json();
    assert_eq!(comments["comments"][0]["properties"], json!([{"key": "k", "value": 1}]));
    assert_eq!(comments["total"], 1);
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_is_wrong_in_one_part_changes_nothing() {
    let stage = Stage::new();
    let key = stage.ann_reports("Broken");
    let before = stage.site.issue(&key);
    for (edit, complaint) in [
        (json!({"fields": {"summary": "New", "colour": 1}}), "Field 'colour' cannot be set."),
        (json!({"fields": {"summary": "New"}, "update": {"summary": [{"set": "x"}]}}), "cannot appear in both"),
        (json!({"fields": {"summary": "New"}, "update": {"comment": [{"add": {"body": "plain"}}]}}), "not valid!"),
        (json!({"fields": {"summary": "New"}, "propertys": []}), "Unrecognized field"),
        (json!({"fields": {"project": {"key": "DEV-A"}}}), "Field 'project' cannot be set."),
    ] {
        let reply = stage.put(&format!("issue/{key}"), edit).await;
        assert_eq!(reply.status, 400);
        assert!(reply.text.contains(complaint), "{}", reply.text);
    }
    assert_eq!(stage.site.issue(&key), before);
}

#[tokio::test(start_paused = true)]
async fn comment_bodies_are_documents_and_pages_can_be_turned() {
    let stage = Stage::new();
    let key = stage.ann_reports("Broken");
    let path = format!("issue/{key}/comment");
    let reply = stage.post(&path, json!({"body": "plain"})).await;
    assert_eq!((reply.status, reply.json()["errors"]["comment"].clone()), (400, json!("Comment body is not valid!")));
    for text in ["one", "two", "three"] {
        assert_eq!(stage.post(&path, json!({"body": adf(text)})).await.status, 201);
    }
    let page = stage.get(&format!("{path}?startAt=1&maxResults=1&orderBy=-created")).await.json();
    assert_eq!((page["total"].clone(), page["comments"][0]["body"].clone()), (json!(3), adf("two")));
}

#[tokio::test(start_paused = true)]
async fn transitions_are_offered_by_status_and_others_refused() {
    let stage = Stage::new();
    let key = stage.ann_reports("Broken");
    let path = format!("issue/{key}/transitions");
    let offered = stage.get(&format!("{path}?expand=transitions.fields")).await.json();
    let names: Vec<&str> =
        offered["transitions"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Accept", "Start progress", "Resolve", "Decline"]);
    let accept = &offered["transitions"][0];
    assert_eq!(
        (&accept["to"]["name"], &accept["to"]["statusCategory"]["key"]),
        (&json!("Will Do"), &json!("indeterminate"))
    );
    assert_eq!((&accept["hasScreen"], &accept["fields"]), (&json!(false), &json!({})));

    let confirm = stage.post(&path, json!({"transition": {"id": "41"}})).await;
    assert_eq!((confirm.status, confirm.text.contains("Transition id '41' is not valid")), (400, true));
    let resolution = json!({"transition": {"id": "31"}, "fields": {"resolution": {"name": "Done"}}});
    let reply = stage.post(&path, resolution).await;
    assert_eq!((reply.status, reply.text.contains("Field 'resolution' cannot be set.")), (400, true));
    assert_eq!(stage.post(&path, json!({"transition": {"id": "11"}})).await.status, 204);
    assert_eq!(stage.site.issue(&key).unwrap().status, "Will Do");
}

#[tokio::test(start_paused = true)]
async fn changelogs_expand_newest_first_and_page_oldest_first() {
    let stage = Stage::new();
    let key = stage.ann_reports("Broken");
    for n in 0..50 {
        wait(1).await;
        stage.ann(Action::Rename { issue: key.clone(), summary: format!("Broken {n}") });
    }
    stage.ann_moves(&key, "Will Do");
    let expanded = stage.get(&format!("issue/{key}?expand=changelog")).await.json()["changelog"].clone();
    assert_eq!((&expanded["total"], expanded["histories"].as_array().unwrap().len()), (&json!(51), 40));
    let newest = &expanded["histories"][0];
    assert_eq!(newest["author"]["accountId"], "ann");
    assert_eq!(
        newest["items"][0],
        json!({
            "field": "status", "fieldId": "status", "fieldtype": "jira",
            "from": "1", "fromString": "Open", "to": "10003", "toString": "Will Do",
        })
    );
    let page = stage.get(&format!("issue/{key}/changelog?startAt=49&maxResults=1")).await.json();
    assert_eq!((&page["isLast"], &page["values"][0]["items"][0]["toString"]), (&json!(false), &json!("Broken 49")));
}

#[tokio::test(start_paused = true)]
async fn changelogs_of_many_issues_come_in_order_of_time_by_pages() {
    let stage = Stage::new();
    let (one, two) = (stage.ann_reports("One"), stage.ann_reports("Two"));
    for issue in [&two, &one] {
        wait(1).await;
        stage.ann_moves(issue, "Will Do");
        stage.ann(Action::Rename { issue: issue.clone(), summary: "Other".into() });
    }
    let mut ask = json!({"issueIdsOrKeys": [one, two, "NOPE-1"], "fieldIds": ["status"], "maxResults": 1});
    let first = stage.post("changelog/bulkfetch", ask.clone()).await.json();
    assert_eq!(first["issueChangeLogs"][0]["issueId"], stage.site.issue(&two).unwrap().id.as_str());
    ask["nextPageToken"] = first["nextPageToken"].clone();
    let second = stage.post("changelog/bulkfetch", ask).await.json();
    assert_eq!(second["issueChangeLogs"][0]["issueId"], stage.site.issue(&one).unwrap().id.as_str());
    assert_eq!(second["nextPageToken"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn bulkfetch_is_current_and_leaves_out_what_is_missing() {
    let stage = Stage::new();
    let (one, two) = (stage.ann_reports("One"), stage.ann_reports("Two"));
    let ask = json!({"issueIdsOrKeys": [two, "NOPE-9", one], "fields": ["status"], "expand": ["transitions"], "properties": []});
    let reply = stage.post("issue/bulkfetch", ask).await;
    assert_eq!(reply.listed("key"), [one, two]);
    let first = &reply.json()["issues"][0];
    assert_eq!(
        (&first["fields"]["status"]["name"], first["transitions"][0]["id"].as_str()),
        (&json!("Open"), Some("11"))
    );
    let many = json!({"issueIdsOrKeys": vec!["1"; 101]});
    assert_eq!(stage.post("issue/bulkfetch", many).await.status, 400);
    let six = json!({"issueIdsOrKeys": ["1"], "properties": ["a", "b", "c", "d", "e", "f"]});
    assert_eq!(stage.post("issue/bulkfetch", six).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_property_is_201_when_new_and_200_when_known() {
    let stage = Stage::new();
    let key = stage.ann_reports("Broken");
    let path = format!("issue/{key}/properties/lockstep");
    assert_eq!(stage.get(&path).await.status, 404);
    assert_eq!(stage.put(&path, json!({"a": 1})).await.status, 201);
    assert_eq!(stage.put(&path, json!({"a": 2})).await.status, 200);
    assert_eq!(stage.get(&path).await.json(), json!({"key": "lockstep", "value": {"a": 2}}));
    assert_eq!(stage.put(&path, json!("x".repeat(32_768))).await.status, 400, "the quotes count too");
}

#[tokio::test(start_paused = true)]
async fn projects_tell_their_types_and_statuses() {
    let stage = Stage::new();
    assert_eq!(stage.get("project/dev-a").await.json()["key"], "DEV-A");
    let statuses = stage.get("project/USER-A/statuses").await.json();
    assert_eq!((&statuses[0]["name"], &statuses[1]["statuses"][1]["name"]), (&json!("Bug"), &json!("Will Do")));
    let told: Vec<_> = statuses[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(told, ["id", "name", "self", "statuses", "subtask"], "less than elsewhere is told of a type");
    let types = stage.get("issue/createmeta/DEV-A/issuetypes").await.json();
    assert_eq!((&types["total"], &types["issueTypes"][1]["name"]), (&json!(2), &json!("Task")));
    let reply = stage.get("project/NOPE").await;
    assert_eq!((reply.status, reply.text.contains("No project could be found with key 'NOPE'.")), (404, true));
}

#[tokio::test(start_paused = true)]
async fn time_is_told_in_the_callers_zone_and_in_the_date_header() {
    let stage = Stage::new();
    wait(61).await;
    let reply = stage.get("serverInfo").await;
    assert_eq!(reply.json()["deploymentType"], "Cloud");
    assert_eq!(reply.json()["serverTime"], "2026-03-02T19:01:01.000+0700");
    assert_eq!(reply.header("Date"), "Mon, 02 Mar 2026 12:01:01 GMT");
    assert_eq!(stage.get("myself").await.json()["timeZone"], "Asia/Ho_Chi_Minh");
}

#[tokio::test(start_paused = true)]
async fn a_bad_token_is_a_401_only_to_what_is_no_strangers_to_ask() {
    let mut stage = Stage::new();
    let key = stage.ann_reports("Broken");
    wait(5).await;
    stage.log_in("bot@x.example:expired");
    assert_eq!(stage.get("myself").await.status, 401);
    let search = stage.search("project = USER-A").await;
    assert_eq!(search.json(), json!({"issues": [], "isLast": true}));
    let issue = stage.get(&format!("issue/{key}")).await;
    let about = stage.get("serverInfo").await;
    let projects = stage.get("project/search").await;
    assert_eq!(projects.json()["values"], json!([]));
    assert_eq!((search.status, issue.status, about.status, projects.status), (200, 404, 200, 200));
    for reply in [search, issue, about, projects] {
        assert_eq!(reply.header("X-Seraph-LoginReason"), "AUTHENTICATED_FAILED");
    }
    stage.log_in("");
    assert_eq!(stage.search("project = NOPE").await.header("X-Seraph-LoginReason"), "");
    assert_eq!(stage.get("serverInfo").await.status, 200);

    let mut loud = Stage::with(|setup| setup.silent_auth_failure = false);
    loud.log_in("bot@x.example:expired");
    assert_eq!(loud.post("search/jql", json!({"jql": "project = USER-A"})).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_endpoint_answers_a_problem() {
    let stage = Stage::new();
    let body = Some(json!({}));
    for (reply, status) in [
        (stage.get("nowhere").await, 404),
        (stage.send("PATCH", "issue/1", None).await, 405),
        (stage.send_as("text/plain", "POST", "issue", body).await, 415),
    ] {
        assert_eq!((reply.status, reply.header("Content-Type")), (status, "application/problem+json"));
        assert_eq!(reply.json()["status"], status);
    }
    assert_eq!(stage.send("PATCH", "issue/1", None).await.header("Allow"), "GET, PUT, DELETE");
}

#[tokio::test(start_paused = true)]
async fn the_old_search_is_gone() {
    let reply = Stage::new().get("search?jql=project=USER-A").await;
    assert_eq!(reply.status, 410);
    assert!(reply.text.contains("Please migrate to the /rest/api/3/search/jql API."));
}

#[tokio::test(start_paused = true)]
async fn a_missing_issue_says_no_more_than_that() {
    let reply = Stage::new().get("issue/USER-A-9").await;
    let message = "Issue does not exist or you do not have permission to see it.";
    assert_eq!((reply.status, reply.json()), (404, json!({"errorMessages": [message], "errors": {}})));
}

#[tokio::test(start_paused = true)]
async fn malformed_json_is_refused() {
    let stage = Stage::new();
    assert_eq!(stage.send("POST", "issue", None).await.status, 400);
    let reply = stage.post("search/jql", json!({"jql": "project = USER-A", "startAt": 0})).await;
    assert_eq!((reply.status, reply.text.contains("startAt")), (400, true));
}

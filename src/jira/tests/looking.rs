//! What a project has and allows, and what hangs on an issue.

use serde_json::json;

use super::super::testing::{Script, on};
use super::super::{Direction, Permission};
use super::id;
use crate::flow::{Deployment, FieldName};

#[tokio::test(start_paused = true)]
async fn a_site_is_what_it_says_and_the_account_is_known_by_either_name() {
    for (deployment, kind, account) in [
        (Deployment::Cloud, "Jira Cloud", "5b10a2844c20165700ede21g"),
        (Deployment::DataCenter, "Jira Data Center", "JIRAUSER10100"),
    ] {
        let about = on("GET /rest/api/2/serverInfo")
            .answers(json!({"version": "10.3.24", "serverTime": "2024-11-29T10:44:51.887-0800"}));
        let (client, script) = Script::client(deployment, vec![about]).await;
        let told = client.site_info().await.unwrap();
        assert_eq!((told.kind, client.account().as_str()), (kind, account));
        assert_eq!(told.time.unwrap().to_string(), "2024-11-29T18:44:51.887Z");
        script.done();
    }
}

#[tokio::test(start_paused = true)]
async fn permissions_that_are_lacking_are_named_and_silence_is_no_lack() {
    use Permission::{AddComments, CreateIssues, EditIssues};
    let told = json!({"permissions": {
        "EDIT_ISSUES": {"key": "EDIT_ISSUES", "name": "Edit Issues", "havePermission": true},
        "CREATE_ISSUES": {"key": "CREATE_ISSUES", "name": "Create Issues", "havePermission": false},
        "ADD_COMMENTS": {"key": "ADD_COMMENTS", "name": "Add Comments"}}});
    let cases = [
        (
            Deployment::Cloud,
            "GET /rest/api/3/mypermissions?projectKey=ED&permissions=EDIT_ISSUES,CREATE_ISSUES,ADD_COMMENTS",
        ),
        (Deployment::DataCenter, "GET /rest/api/2/mypermissions?projectKey=ED"),
    ];
    for (deployment, request) in cases {
        let (client, script) = Script::client(deployment, vec![on(request).answers(told.clone())]).await;
        let lacking = client.lacking(&"ED".parse().unwrap(), &[EditIssues, CreateIssues, AddComments]).await.unwrap();
        assert_eq!(lacking, [CreateIssues]);
        assert_eq!(lacking[0].to_string(), "Create Issues");
        script.done();
    }
}

#[tokio::test(start_paused = true)]
async fn issue_types_and_fields_are_read_to_their_last_page_in_either_shape() {
    for (deployment, api, types, fields) in
        [(Deployment::Cloud, 3, "issueTypes", "fields"), (Deployment::DataCenter, 2, "values", "values")]
    {
        let path = |kind: &str, start| {
            on(&format!("GET /rest/api/{api}/issue/createmeta/10000/issuetypes{kind}?startAt={start}&maxResults=200"))
        };
        let (client, script) = Script::client(
            deployment,
            vec![
                path("", 0).answers(json!({types: [{"id": "1", "name": "Bug", "subtask": false}], "total": 2})),
                path("", 1).answers(json!({types: [{"id": "5", "name": "Sub-task", "subtask": true}], "total": 2})),
                path("/1", 0).answers(json!({fields: [{"fieldId": "assignee", "hasDefaultValue": false,
                    "key": "assignee", "name": "Assignee", "operations": ["set"], "required": true}], "total": 1})),
            ],
        )
        .await;
        let project = "10000".parse().unwrap();
        let kinds = client.issue_types(&project).await.unwrap();
        assert_eq!(kinds.iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>(), ["Bug"], "no sub-tasks");
        let fields = client.create_fields(&project, &kinds[0]).await.unwrap();
        assert_eq!((fields[0].id.as_str(), fields[0].must_be_set, &fields[0].allowed), ("assignee", true, &None));
        script.done();
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_comes_under_both_names_is_read() {
    let bug = json!({"id": "1", "name": "Bug", "subtask": false});
    for (deployment, api) in [(Deployment::Cloud, 3), (Deployment::DataCenter, 2)] {
        for (types, values) in [(json!([bug]), json!([bug])), (json!([]), json!([bug])), (json!([bug]), json!([]))] {
            let request = format!("GET /rest/api/{api}/issue/createmeta/10000/issuetypes?startAt=0&maxResults=200");
            let page = json!({"issueTypes": types, "values": values, "total": 1, "isLast": true});
            let (client, script) = Script::client(deployment, vec![on(&request).answers(page)]).await;
            let kinds = client.issue_types(&"10000".parse().unwrap()).await.unwrap();
            assert_eq!(kinds.iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>(), ["Bug"]);
            script.done();
        }
    }
}

/// The names that pages of types bring; each page is where it begins, its ids and the total.
async fn types_of(pages: &[(u64, &[u64], u64)]) -> Result<Vec<String>, crate::jira::Error> {
    let page = |(start, ids, total): &(u64, &[u64], u64)| {
        let types: Vec<_> = ids.iter().map(|id| json!({"id": id.to_string(), "name": format!("Type {id}")})).collect();
        on(&format!("GET /rest/api/3/issue/createmeta/10000/issuetypes?startAt={start}&maxResults=200"))
            .answers(json!({"issueTypes": types, "total": total}))
    };
    let (client, script) = Script::client(Deployment::Cloud, pages.iter().map(page).collect()).await;
    let kinds = client.issue_types(&"10000".parse().unwrap()).await;
    script.done();
    kinds.map(|kinds| kinds.into_iter().map(|kind| kind.name).collect())
}

#[tokio::test(start_paused = true)]
async fn lists_come_to_an_end_whatever_they_count() {
    assert_eq!(types_of(&[(0, &[1, 2], 3), (2, &[3], 3)]).await.unwrap().len(), 3);
    let counted = types_of(&[(0, &[1, 2], 5), (2, &[], 5), (2, &[], 5)]).await.unwrap();
    assert_eq!(counted, ["Type 1", "Type 2"], "asked for once more, then done without");
    let error = types_of(&[(0, &[1, 2], 5), (2, &[1, 2], 5)]).await.unwrap_err();
    assert!(error.to_string().contains("it repeats its pages"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn fields_that_a_flow_names_are_asked_for_once() {
    let fields = json!([{"id": "customfield_1", "name": "Severity", "custom": true},
        {"id": "customfield_2", "name": "Replied", "custom": true}]);
    let (client, script) = Script::client(Deployment::Cloud, vec![on("GET /rest/api/3/field").answers(fields)]).await;
    let [severity, replied]: [FieldName; 2] = ["Severity", "Replied"].map(|name| FieldName::new(name).unwrap());
    client.expect_fields(vec![severity.clone(), replied.clone()]);
    assert_eq!(client.field_id(&replied, &id("1")).await.unwrap().as_deref(), Some("customfield_2"));
    assert_eq!(client.field_id(&severity, &id("1")).await.unwrap().as_deref(), Some("customfield_1"));
    script.done();
}

#[tokio::test(start_paused = true)]
async fn a_status_that_several_types_share_is_listed_once() {
    let status = |id: &str| json!({"id": id, "name": format!("Status {id}")});
    let told = json!([{"id": "3", "name": "Task", "statuses": [status("10000"), status("5")]},
        {"id": "1", "name": "Bug", "statuses": [status("5")]}]);
    let (client, script) =
        Script::client(Deployment::Cloud, vec![on("GET /rest/api/3/project/10000/statuses").answers(told)]).await;
    let statuses = client.statuses(&"10000".parse().unwrap()).await.unwrap();
    assert_eq!(statuses.iter().map(|status| status.id.as_str()).collect::<Vec<_>>(), ["10000", "5"]);
    script.done();
}

#[tokio::test(start_paused = true)]
async fn what_hangs_on_an_issue_is_listed() {
    let with = |fields| json!({"id": "10002", "key": "ED-1", "fields": fields});
    let file = json!({"id": 10001, "filename": "debuglog.txt", "size": 2460, "mimeType": "text/plain",
        "author": {"accountId": "5b10"}, "created": "2023-06-24T19:24:50.000+0000",
        "content": "https://your-domain.atlassian.net/jira/rest/api/3/attachment/content/10001"});
    let link = json!({"id": "10000", "type": {"id": "10000", "name": "Dependent"},
        "inwardIssue": {"id": "10004", "key": "PR-3"}});
    let remote = json!([{"id": 10000, "globalId": "lockstep=1", "object": {"title": "T", "url": "https://x/1"}},
        {"id": 10001, "object": {"title": "by hand", "url": "https://x/2"}}]);
    let (client, script) = Script::client(
        Deployment::Cloud,
        vec![
            on("GET /rest/api/3/issue/10002?fields=attachment").answers(with(json!({"attachment": [file]}))),
            on("GET /rest/api/3/issue/10002?fields=issuelinks").answers(with(json!({"issuelinks": [link]}))),
            on("GET /rest/api/3/issue/10002/remotelink").answers(remote),
            on("GET /rest/api/3/issue/10002?fields=customfield_10010")
                .answers(with(json!({"customfield_10010": null}))),
            on("GET /rest/api/3/issue/10003?fields=attachment")
                .ends(404, json!({"errorMessages": ["no"], "errors": {}})),
        ],
    )
    .await;
    let files = client.attachments(&id("10002")).await.unwrap().unwrap();
    assert_eq!((files[0].id.as_str(), files[0].size, files[0].filename.as_str()), ("10001", 2460, "debuglog.txt"));
    let links = client.links(&id("10002")).await.unwrap().unwrap();
    assert_eq!((links[0].direction, links[0].other.key.as_str()), (Direction::Inward, "PR-3"));
    let remote = client.remote_links(&id("10002")).await.unwrap();
    assert_eq!(remote.iter().map(|link| link.global_id.as_str()).collect::<Vec<_>>(), ["lockstep=1"]);
    let fields = client.fields_of(&id("10002"), &["customfield_10010"]).await.unwrap().unwrap();
    assert!(fields["customfield_10010"].is_empty());
    assert_eq!(client.attachments(&id("10003")).await, Ok(None));
    script.done();
}

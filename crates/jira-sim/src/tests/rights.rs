//! What accounts may see and do.

use serde_json::{Value, json};

use super::stage::{BOT, DEV, Stage, USER, adf, new_issue, wait};
use crate::{Action, Flavour, Permission, Permissions};

const GONE: &str = "Issue does not exist or you do not have permission to see it.";

fn without(permissions: &[Permission]) -> Permissions {
    Permissions::all().deny(BOT, USER, permissions)
}

#[tokio::test(start_paused = true)]
async fn a_project_that_may_not_be_browsed_does_not_exist() {
    let stage = Stage::new();
    let key = stage.ann_reports("Secret");
    stage.create(DEV, "Open").await;
    wait(5).await;
    stage.site.set_permissions(without(&[Permission::BrowseProjects]));
    for path in ["", "/comment", "/transitions", "/editmeta", "/changelog", "/properties/x"] {
        let reply = stage.get(&format!("issue/{key}{path}")).await;
        assert_eq!((reply.status, &reply.json()["errorMessages"][0]), (404, &json!(GONE)), "{path}");
    }
    assert_eq!(stage.put(&format!("issue/{key}"), json!({"fields": {"summary": "x"}})).await.status, 404);
    for path in ["project/USER-A", "project/USER-A/statuses", "issue/createmeta/USER-A/issuetypes"] {
        assert_eq!(stage.get(path).await.status, 404, "{path}");
    }
    let reply = stage.post("search/jql", json!({"jql": "project in (\"USER-A\", \"DEV-A\")"})).await;
    let words = "The value 'USER-A' does not exist for the field 'project'.";
    assert_eq!((reply.status, &reply.json()["errorMessages"][0]), (400, &json!(words)));
    assert_eq!(stage.search("created > -1d").await.listed("key"), ["DEV-A-1"]);
    let reply = stage.post("issue", new_issue(USER, "New")).await;
    assert_eq!((reply.status, &reply.json()["errors"]["project"]), (400, &json!("Specify a valid project ID or key")));
    let statuses = stage.get("status").await.json();
    assert!(statuses.as_array().unwrap().iter().all(|it| it["name"] != "Declined"), "only this project has it");
}

#[tokio::test(start_paused = true)]
async fn a_hidden_issue_is_missing_everywhere_for_those_who_may_not_see_it() {
    let mut stage = Stage::new();
    let (hidden, seen) = (stage.ann_reports("Secret"), stage.ann_reports("Open"));
    wait(5).await;
    stage.ann(Action::Restrict { issue: hidden.clone(), viewers: Some(vec!["ann".into()]) });
    let fetch = json!({"issueIdsOrKeys": [hidden, seen], "fields": ["summary"]});
    let key_in = format!("key in ({hidden}, {seen})");
    assert_eq!(stage.get(&format!("issue/{hidden}")).await.json()["errorMessages"][0], GONE);
    assert_eq!(stage.post("issue/bulkfetch", fetch.clone()).await.listed("key"), std::slice::from_ref(&seen));
    assert_eq!(
        stage.search(&key_in).await.listed("key"),
        std::slice::from_ref(&seen),
        "at once, whatever the index knows"
    );
    let only = stage.post("search/jql", json!({"jql": format!("key = {hidden}")})).await;
    assert_eq!(only.status, 400);
    let id: u64 = stage.site.issue(&hidden).unwrap().id.parse().unwrap();
    let reconciled = json!({"jql": "project = USER-A", "reconcileIssues": [id], "fields": ["summary"]});
    assert_eq!(stage.post("search/jql", reconciled).await.listed("key"), std::slice::from_ref(&seen));
    let changes = stage.post("changelog/bulkfetch", json!({"issueIdsOrKeys": [hidden]})).await.json();
    assert_eq!(changes["issueChangeLogs"], json!([]));
    stage.log_in("ann@x.example:ann-token");
    assert_eq!(stage.post("issue/bulkfetch", fetch).await.listed("key"), [hidden.clone(), seen]);
    assert_eq!(stage.get(&format!("issue/{hidden}")).await.status, 200);
    stage.ann(Action::Restrict { issue: hidden.clone(), viewers: None });
    stage.log_in("bot@x.example:bot-token");
    assert_eq!(stage.get(&format!("issue/{hidden}")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn each_missing_permission_is_refused_as_its_endpoint_does() {
    let edit = || json!({"fields": {"summary": "New"}});
    let comment = || json!({"update": {"comment": [{"add": {"body": adf("x")}}]}});
    let create = "issue";
    for (permission, method, path, body, status, words) in [
        (Permission::EditIssues, "PUT", "issue/USER-A-1", edit(), 400, "permission to edit issues in this project."),
        (Permission::EditIssues, "PUT", "issue/USER-A-1/properties/x", json!(1), 403, "permission to edit issues"),
        (Permission::AddComments, "PUT", "issue/USER-A-1", comment(), 400, "the permission to comment on this issue."),
        (
            Permission::AddComments,
            "POST",
            "issue/USER-A-1/comment",
            json!({"body": adf("x")}),
            400,
            "to comment on this",
        ),
        (Permission::CreateIssues, "POST", create, new_issue(USER, "x"), 400, "permission to create issues in this"),
        (
            Permission::AssignIssues,
            "PUT",
            "issue/USER-A-1",
            json!({"fields": {"assignee": null}}),
            400,
            "Field 'assignee' cannot be set.",
        ),
    ] {
        let stage = Stage::new();
        stage.ann_reports("Broken");
        assert!(
            stage.send(method, path, Some(body.clone())).await.status < 300,
            "{permission:?} {path}: allowed before"
        );
        let before = stage.site.issues(USER);
        stage.site.set_permissions(without(&[permission]));
        let reply = stage.send(method, path, Some(body)).await;
        assert!(reply.status == status && reply.text.contains(words), "{permission:?} {path}: {}", reply.text);
        assert_eq!(stage.site.issues(USER), before);
    }
}

#[tokio::test(start_paused = true)]
async fn only_administrators_may_edit_without_mails() {
    let stage = Stage::new();
    let path = format!("issue/{}?notifyUsers=false", stage.ann_reports("Broken"));
    let edit = json!({"fields": {"summary": "New"}});
    assert_eq!(stage.put(&path, edit.clone()).await.status, 204);
    stage.site.set_permissions(without(&[Permission::Administer]));
    assert_eq!(stage.put(&path, edit.clone()).await.status, 204, "the project's administrator may");
    stage.site.set_permissions(without(&[Permission::Administer, Permission::AdministerProjects]));
    let reply = stage.put(&path, edit.clone()).await;
    let words = "To discard the user notification either admin or project admin permissions are required.";
    assert_eq!((reply.status, &reply.json()["errorMessages"][0]), (403, &json!(words)));
    assert_eq!(stage.put(path.trim_end_matches("?notifyUsers=false"), edit).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn an_account_can_ask_what_it_may_do() {
    let denied = without(&[Permission::EditIssues, Permission::AddComments]);
    let stage = Stage::with(|setup| setup.permissions = denied.clone());
    stage.ann_reports("Broken");
    let held = |reply: &Value, key: &str| reply["permissions"][key]["havePermission"].clone();
    for (context, edits) in [
        ("projectKey=USER-A", false),
        ("issueKey=USER-A-1", false),
        ("projectKey=DEV-A", true),
        ("projectId=10001&projectKey=USER-A", true),
        ("", true),
    ] {
        let query = format!("mypermissions?{context}&permissions=EDIT_ISSUES,BROWSE_PROJECTS");
        let reply = stage.get(&query).await.json();
        assert_eq!(held(&reply, "EDIT_ISSUES"), edits, "{context}");
        assert_eq!(held(&reply, "BROWSE_PROJECTS"), true);
        assert_eq!(reply["permissions"].as_object().unwrap().len(), 2);
    }
    assert_eq!(stage.get("mypermissions?projectKey=USER-A").await.status, 400, "Cloud wants to know which");
    assert_eq!(stage.get("mypermissions?permissions=FLY").await.status, 400);
    assert_eq!(stage.get("mypermissions?projectKey=NOPE&permissions=EDIT_ISSUES").await.status, 404);

    let centre = Stage::with(|setup| (setup.flavour, setup.permissions) = (Flavour::DataCenter, denied));
    let reply = centre.get("mypermissions?projectKey=USER-A").await.json();
    assert_eq!((held(&reply, "EDIT_ISSUES"), held(&reply, "DELETE_ISSUES")), (json!(false), json!(true)));
}

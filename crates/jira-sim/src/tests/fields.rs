//! What can be put into fields, and how the site tells what can be.

use serde_json::{Value, json};

use super::stage::{BOT, DEV, Stage, USER, new_issue, wait};
use crate::fields::FieldKind;
use crate::{Action, CustomField, Flavour, Permission, Permissions, Screens, Setup};

const TEAM: &str = "customfield_10010";
const POINTS: &str = "customfield_10011";
const DUE: &str = "customfield_10012";
const FLAGS: &str = "customfield_10013";
const NOTE: &str = "customfield_10014";

fn furnished(setup: &mut Setup) {
    setup.custom_fields = vec![
        CustomField::select(10010, "Team", &["Red", "Blue"]),
        CustomField::new(10011, "Points", FieldKind::Number),
        CustomField::new(10012, "Due", FieldKind::Date),
        CustomField::checkboxes(10013, "Flagged", &["Impediment", "Urgent"]),
        CustomField::new(10014, "Note", FieldKind::Text),
    ];
    setup.screens.insert(USER.into(), Screens::default().with(&[TEAM, POINTS, DUE, FLAGS, NOTE]));
    setup.subtask_types = vec!["Task".into()];
}

fn stage() -> Stage {
    Stage::with(furnished)
}

#[tokio::test(start_paused = true)]
async fn fields_of_all_kinds_are_set_shown_and_chronicled() {
    let stage = stage();
    let key = stage.ann_reports("Broken");
    for (field, set, shown, told) in [
        (TEAM, json!({"value": "Red"}), json!("Red"), "Red"),
        (POINTS, json!(2.5), json!(2.5), "2.5"),
        (DUE, json!("2026-04-01"), json!("2026-04-01"), "2026-04-01"),
        (FLAGS, json!([{"id": "1001300"}, {"value": "Urgent"}]), json!("Urgent"), "Impediment,Urgent"),
        (NOTE, json!("soon"), json!("soon"), "soon"),
        ("labels", json!(["one", "two"]), json!(["one", "two"]), "one two"),
        ("priority", json!({"name": "high"}), json!("High"), "High"),
        ("assignee", json!({"accountId": "ann"}), json!("Ann"), "Ann"),
    ] {
        let reply = stage.put(&format!("issue/{key}"), json!({"fields": {field: set}})).await;
        assert_eq!(reply.status, 204, "{field}: {}", reply.text);
        let read = stage.get(&format!("issue/{key}?fields={field}&expand=changelog")).await.json();
        let value = &read["fields"][field];
        let face = [&value["value"], &value["name"], &value["displayName"], &value[1]["value"], value];
        assert_eq!(face.iter().find(|it| !it.is_null()), Some(&&shown), "{field}: {value}");
        let item = &read["changelog"]["histories"][0]["items"][0];
        assert_eq!((&item["fieldId"], &item["toString"]), (&json!(field), &json!(told)));
        let kind = if field.starts_with("custom") { "custom" } else { "jira" };
        assert_eq!(item["fieldtype"], kind);
    }
    let reply = stage.put(&format!("issue/{key}"), json!({"fields": {TEAM: null, "labels": [], POINTS: null}})).await;
    assert_eq!(reply.status, 204);
    let left: Vec<String> = stage.site.issue(&key).unwrap().fields.into_keys().collect();
    assert_eq!(left, ["assignee", DUE, FLAGS, NOTE, "priority"]);
}

#[tokio::test(start_paused = true)]
async fn values_that_do_not_fit_are_refused_in_jiras_words() {
    let stage = stage();
    let key = stage.ann_reports("Broken");
    let before = stage.site.issue(&key);
    let long = "x".repeat(256);
    for (part, field, operation, complaint) in [
        ("fields", "labels", json!(["a b"]), "The label 'a b' contains spaces which is invalid."),
        ("fields", "labels", json!([long]), "255 characters"),
        ("fields", "labels", json!("one"), "data was not an array"),
        ("fields", "priority", json!({"name": "Urgent"}), "The priority selected is invalid."),
        ("fields", "priority", json!("High"), "data was not an object"),
        ("fields", "priority", json!({"id": 2}), "expected 'id' property to be a string"),
        ("fields", "assignee", json!({"accountId": "nobody"}), "User 'nobody' does not exist."),
        ("fields", TEAM, json!({"id": "1"}), "Option id '1' is not valid"),
        ("fields", TEAM, json!("Red"), "Could not find valid 'id' or 'value'"),
        ("fields", POINTS, json!("3"), "Operation value must be a number"),
        ("fields", DUE, json!("tomorrow"), "Error parsing date string: tomorrow"),
        ("fields", NOTE, json!(7), "Operation value must be a string"),
        ("fields", NOTE, json!(long), "255 characters"),
        ("fields", "customfield_99999", json!(1), "Field 'customfield_99999' cannot be set."),
        ("update", "priority", json!([{"add": {"name": "High"}}]), "does not support operation 'add'"),
        ("update", TEAM, json!([{"remove": {"value": "Red"}}]), "does not support operation 'remove'"),
        ("update", "resolution", json!([{"set": {"name": "Done"}}]), "Field 'resolution' cannot be set."),
        ("fields", "summary", Value::Null, "You must specify a summary of the issue."),
    ] {
        let reply = stage.put(&format!("issue/{key}"), json!({part: {field: operation}})).await;
        let told = reply.json()["errors"][field].as_str().unwrap_or_default().to_owned();
        assert!(reply.status == 400 && told.contains(complaint), "{field} {operation}: {}", reply.text);
    }
    assert_eq!(stage.site.issue(&key), before);
}

#[tokio::test(start_paused = true)]
async fn lists_are_added_to_and_removed_from_one_by_one() {
    let stage = stage();
    let key = stage.ann_reports("Broken");
    stage.ann(Action::Label { issue: key.clone(), labels: vec!["old".into(), "kept".into()] });
    let labels = json!([{"add": "new"}, {"remove": "old"}, {"add": "kept"}]);
    let flags = json!([{"add": {"value": "Urgent"}}]);
    let reply = stage.put(&format!("issue/{key}"), json!({"update": {"labels": labels, FLAGS: flags}})).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    let fields = stage.site.issue(&key).unwrap().fields;
    assert_eq!((fields["labels"].as_str(), fields[FLAGS].as_str()), ("kept new", "Urgent"));
}

#[tokio::test(start_paused = true)]
async fn search_knows_whose_issue_it_is() {
    let stage = stage();
    let (hers, nobodys) = (stage.ann_reports("One"), stage.ann_reports("Two"));
    stage.put(&format!("issue/{hers}"), json!({"fields": {"assignee": {"accountId": "ann"}}})).await;
    wait(5).await;
    assert_eq!(stage.search("assignee = ann").await.listed("key"), [hers]);
    assert_eq!(stage.search("assignee is EMPTY AND project = USER-A").await.listed("key"), [nobodys]);
}

#[tokio::test(start_paused = true)]
async fn a_create_sets_what_the_screen_shows_and_must_set_what_it_requires() {
    let stage = Stage::with(|setup| {
        furnished(setup);
        let screens = setup.screens.get_mut(USER).unwrap();
        screens.create = screens.create.clone().with(&["customfield_10010!"]).without("labels");
    });
    for (fields, field, complaint) in [
        (json!({}), TEAM, "Team is required."),
        (json!({TEAM: null}), TEAM, "Team is required."),
        (json!({"labels": ["x"]}), "labels", "Field 'labels' cannot be set."),
        (json!({"issuetype": {"name": "Task"}}), "issuetype", "Issue type is a sub-task but parent"),
    ] {
        let mut body = new_issue(USER, "New");
        fields.as_object().unwrap().iter().for_each(|(id, value)| body["fields"][id] = value.clone());
        let reply = stage.post("issue", body).await;
        assert_eq!(reply.status, 400);
        assert!(reply.json()["errors"][field].to_string().contains(complaint), "{fields}: {}", reply.text);
    }
    let mut body = new_issue(USER, "New");
    body["fields"][TEAM] = json!({"value": "Red"});
    assert_eq!(stage.post("issue", body).await.status, 201);
    let fields = stage.site.issue("USER-A-1").unwrap().fields;
    assert_eq!((fields[TEAM].as_str(), fields["priority"].as_str()), ("Red", "Medium"));
    assert_eq!(
        stage.post("issue", new_issue(DEV, "Elsewhere")).await.status,
        201,
        "the other project asks for nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn an_issue_type_of_another_project_is_told_from_an_unknown_one() {
    let stage = Stage::with(|setup| setup.projects[1].issue_types.push("Epic".into()));
    for (name, complaint) in [("Epic", "The issue type selected is invalid."), ("Saga", "Specify a valid issue type")] {
        let mut body = new_issue(USER, "New");
        body["fields"]["issuetype"] = json!({"name": name});
        assert_eq!(stage.post("issue", body).await.json()["errors"]["issuetype"], complaint);
    }
}

#[tokio::test(start_paused = true)]
async fn creation_screens_are_told_in_each_flavours_page() {
    for (flavour, types, fields, key) in [
        (Flavour::Cloud, "issueTypes", "fields", json!("project")),
        (Flavour::DataCenter, "values", "values", Value::Null),
    ] {
        let stage = Stage::with(|setup| {
            furnished(setup);
            setup.flavour = flavour;
        });
        let path = "issue/createmeta/USER-A/issuetypes";
        let page = stage.get(&format!("{path}?maxResults=1&startAt=1")).await.json();
        assert_eq!((&page["total"], &page[types][0]["name"]), (&json!(2), &json!("Task")));
        assert_eq!(page[types][0]["subtask"], true);
        let id = page[types][0]["id"].as_str().unwrap();
        let page = stage.get(&format!("{path}/{id}")).await.json();
        assert_eq!((&page["total"], &page[fields][0]["fieldId"]), (&json!(12), &json!("project")));
        assert_eq!(page[fields][0]["key"], key);
        let team = page[fields].as_array().unwrap().iter().find(|it| it["fieldId"] == TEAM).unwrap();
        assert_eq!((&team["required"], &team["schema"]["customId"]), (&json!(false), &json!(10010)));
        assert_eq!(stage.get(&format!("{path}/7")).await.status, 400);
    }
    let reply = stage().get("issue/createmeta/USER-A/issuetypes?maxResults=201").await;
    assert_eq!(reply.json()["errorMessages"][0], "Parameter 'maxResults' must not exceed the limit '200'");
}

#[tokio::test(start_paused = true)]
async fn a_field_repeats_its_id_as_key_on_cloud_as_field_id_on_data_center() {
    for (flavour, told) in [(Flavour::Cloud, ["key"]), (Flavour::DataCenter, ["fieldId"])] {
        let stage = Stage::with(|setup| setup.flavour = flavour);
        let key = stage.ann_reports("Broken");
        let shown = stage.get(&format!("issue/{key}/editmeta")).await.json();
        let summary = shown["fields"]["summary"].as_object().unwrap();
        let names: Vec<_> = ["key", "fieldId"].into_iter().filter(|name| summary.contains_key(*name)).collect();
        assert_eq!(names, told, "{flavour:?}");
        assert_eq!(summary[told[0]], "summary");
    }
}

#[tokio::test(start_paused = true)]
async fn the_edit_screen_is_empty_for_who_may_not_edit() {
    let stage = stage();
    let key = stage.ann_reports("Broken");
    let path = format!("issue/{key}/editmeta");
    let shown = stage.get(&path).await.json();
    assert_eq!(
        (&shown["fields"]["summary"]["required"], shown["fields"].as_object().unwrap().len()),
        (&json!(true), 10)
    );
    stage.site.set_permissions(Permissions::all().deny(BOT, USER, &[Permission::EditIssues]));
    assert_eq!(stage.get(&path).await.json()["fields"], json!({}));
}

#[tokio::test(start_paused = true)]
async fn the_site_lists_its_fields_priorities_resolutions_and_statuses() {
    let stage = stage();
    for (path, id, name) in [
        ("field", "labels", "Labels"),
        ("field", TEAM, "Team"),
        ("priority", "3", "Medium"),
        ("resolution", "10001", "Won't Do"),
        ("status", "10003", "Will Do"),
    ] {
        let list = stage.get(path).await.json();
        let entry = list.as_array().unwrap().iter().find(|it| it["id"] == id);
        assert_eq!(entry.map(|it| &it["name"]), Some(&json!(name)), "{path}");
    }
    let fields = stage.get("field").await.json();
    let team = fields.as_array().unwrap().iter().find(|it| it["id"] == TEAM).unwrap();
    assert_eq!((&team["custom"], &team["clauseNames"]), (&json!(true), &json!(["cf[10010]", "Team"])));
    let statuses = stage.get("project/USER-A/statuses").await.json();
    assert_eq!((&statuses[1]["subtask"], &statuses[1]["statuses"][0]["name"]), (&json!(true), &json!("Open")));
}

/// Cloud only: a name that a team-managed project has too names no type, not even where only one of them could be meant.
#[tokio::test(start_paused = true)]
async fn a_type_whose_name_several_have_is_known_by_its_id_only() {
    let stage = Stage::with(|setup| setup.team_managed = vec![DEV.into()]);
    let create = async |project: &str, kind: Value| {
        let mut body = new_issue(project, "New");
        body["fields"]["issuetype"] = kind;
        stage.post("issue", body).await
    };
    let mut ids = Vec::new();
    for project in [USER, DEV] {
        let types = stage.get(&format!("issue/createmeta/{project}/issuetypes")).await.json();
        let id = types["issueTypes"][0]["id"].clone();
        let refused = create(project, json!({"name": "Bug"})).await.json();
        assert_eq!(refused["errors"]["issuetype"], "The issue type selected is invalid.", "{project}");
        let made = create(project, json!({"id": id})).await;
        assert_eq!(made.status, 201, "{project}");
        let shown = stage.get(&format!("issue/{}", made.json()["key"].as_str().unwrap())).await.json();
        assert_eq!((&shown["fields"]["issuetype"]["id"], &shown["fields"]["issuetype"]["name"]), (&id, &json!("Bug")));
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(create(USER, json!({"id": ids[1]})).await.status, 400, "the other project's");
    assert_eq!(create(USER, json!({"id": "Bug"})).await.status, 400, "a name is no id");
}

#[tokio::test(start_paused = true)]
async fn a_type_can_have_a_create_screen_of_its_own() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let stage = Stage::with(|setup| {
            setup.flavour = flavour;
            setup.custom_fields = vec![CustomField::new(10011, "Epic Name", FieldKind::Text)];
            let screen = Screens::default().create.without("description").with(&[format!("{POINTS}!").as_str()]);
            setup.type_screens.insert((USER.into(), "Task".into()), screen);
        });
        let mut task = new_issue(USER, "New");
        task["fields"]["issuetype"] = json!({"name": "Task"});
        let refused = stage.post("issue", task.clone()).await.json();
        assert_eq!(refused["errors"], json!({POINTS: "Epic Name is required."}), "{flavour:?}");
        task["fields"][POINTS] = json!("x");
        assert_eq!(stage.post("issue", task).await.status, 201);
        assert_eq!(stage.post("issue", new_issue(USER, "New")).await.status, 201, "a Bug demands nothing");
        let screen = stage.get("issue/createmeta/USER-A/issuetypes/10001").await.json();
        let fields = screen.get("fields").unwrap_or(&screen["values"]).as_array().unwrap().clone();
        let ids: Vec<_> = fields.iter().map(|field| field["fieldId"].as_str().unwrap()).collect();
        assert!(ids.contains(&POINTS) && !ids.contains(&"description"), "{ids:?}");
    }
}

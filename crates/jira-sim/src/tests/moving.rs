//! Transitions: screens, conditions, resolutions, and what stands in their way.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::stage::{BOT, DEV, Reply, Stage, USER, adf, wait};
use crate::faults::{Kind, LateReply, Rule, When};
use crate::{
    Action, Category, CustomField, Flavour, Permission, Permissions, Screen, Setup, Status, Transition, Workflow,
};

/// Open -> Fixed by a screen that asks for a resolution and a team; Fixed -> Open clears the resolution.
fn workflow() -> Workflow {
    let statuses = [Status::new("1", "Open", Category::New), Status::new("10100", "Fixed", Category::Done)];
    let screen = Screen::of(&["resolution!", "customfield_10010!", "labels"]);
    Workflow::new(statuses)
        .with(Transition::to("Fix", "Fixed").from(&["Open"]).screen(screen))
        .with(Transition::to("Break", "Open").from(&["Fixed"]).resolve(None))
        .with(Transition::to("Wish away", "Fixed").from(&["Open"]).resolve(Some("Won't Do")).only_for(&["ann"]))
}

fn stage(change: impl FnOnce(&mut Setup)) -> Stage {
    Stage::with(|setup| {
        setup.projects[0].workflow = workflow();
        setup.custom_fields = vec![CustomField::select(10010, "Team", &["Red", "Blue"])];
        change(setup);
    })
}

async fn take(stage: &Stage, issue: &str, body: Value) -> Reply {
    stage.post(&format!("issue/{issue}/transitions"), body).await
}

async fn offered(stage: &Stage, issue: &str, query: &str) -> Vec<Value> {
    let reply = stage.get(&format!("issue/{issue}/transitions?{query}")).await;
    reply.json()["transitions"].as_array().unwrap().clone()
}

fn fix() -> Value {
    let team = json!({"value": "Blue"});
    json!({"transition": {"id": "11"}, "fields": {"resolution": {"name": "Done"}, "customfield_10010": team}})
}

#[tokio::test(start_paused = true)]
async fn a_screen_is_shown_with_what_it_requires_and_allows() {
    let stage = stage(|_| {});
    let key = stage.ann_reports("Broken");
    let fix = &offered(&stage, &key, "expand=transitions.fields").await[0];
    assert_eq!(fix["hasScreen"], true);
    assert_eq!(fix["fields"].as_object().unwrap().len(), 3);
    let team = &fix["fields"]["customfield_10010"];
    assert_eq!(
        (&team["required"], &team["name"], &team["operations"]),
        (&json!(true), &json!("Team"), &json!(["set"]))
    );
    assert_eq!(team["schema"]["type"], "option");
    assert_eq!(team["allowedValues"][1]["value"], "Blue");
    assert_eq!(fix["fields"]["resolution"]["allowedValues"][0]["name"], "Done");
}

#[tokio::test(start_paused = true)]
async fn an_under_reporting_site_hides_required_fields_but_demands_them() {
    let stage = stage(|setup| setup.under_reported_fields = true);
    let key = stage.ann_reports("Broken");
    let fix = &offered(&stage, &key, "expand=transitions.fields").await[0];
    assert_eq!(fix["fields"].as_object().unwrap().keys().collect::<Vec<_>>(), ["labels"]);
    let reply = take(&stage, &key, json!({"transition": {"id": "11"}})).await;
    assert_eq!((reply.status, reply.json()["errors"]["resolution"].clone()), (400, json!("Resolution is required.")));
}

#[tokio::test(start_paused = true)]
async fn a_transition_refuses_fields_off_its_screen_and_demands_required_ones() {
    let stage = stage(|_| {});
    let key = stage.ann_reports("Broken");
    for (fields, field, complaint) in [
        (json!({}), "resolution", "Resolution is required."),
        (json!({"resolution": null}), "resolution", "Resolution is required."),
        (json!({"resolution": {"name": "Done"}}), "customfield_10010", "Team is required."),
        (json!({"resolution": {"name": "Gone"}}), "resolution", "Resolution name 'Gone' is not valid"),
        (json!({"resolution": "Done"}), "resolution", "data was not an object"),
        (json!({"customfield_10010": {"value": "Green"}}), "customfield_10010", "Option value 'Green' is not valid"),
        (
            json!({"summary": "x"}),
            "summary",
            "Field 'summary' cannot be set. It is not on the appropriate screen, or unknown.",
        ),
    ] {
        let reply = take(&stage, &key, json!({"transition": {"id": "11"}, "fields": fields})).await;
        assert_eq!((reply.status, &reply.json()["errors"][field]), (400, &json!(complaint)), "{fields}");
    }
    assert_eq!(stage.site.issue(&key).unwrap().status, "Open");
}

#[tokio::test(start_paused = true)]
async fn a_transition_sets_several_parts_and_a_later_one_clears_the_resolution() {
    let stage = stage(|_| {});
    let key = stage.ann_reports("Broken");
    let mut body = fix();
    body["update"] = json!({"labels": [{"add": "seen"}], "comment": [{"add": {"body": adf("Fixed.")}}]});
    body["properties"] = json!([{"key": "mark", "value": 1}]);
    wait(60).await;
    assert_eq!(take(&stage, &key, body).await.status, 204);
    let issue = stage.site.issue(&key).unwrap();
    let fields: Vec<_> = issue.fields.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let expected = [("customfield_10010", "Blue"), ("labels", "seen"), ("priority", "Medium"), ("resolution", "Done")];
    assert_eq!(fields, expected);
    assert_eq!((issue.status.as_str(), issue.comments[0].text.as_str()), ("Fixed", "Fixed."));
    assert_eq!((&issue.properties["mark"], issue.resolved), (&json!(1), Some(issue.updated)));
    let changed: Vec<_> = issue.history.iter().map(|it| (it.field.as_str(), it.to.as_str())).collect();
    assert_eq!(changed, [("status", "Fixed"), ("Team", "Blue"), ("resolution", "Done"), ("labels", "seen")]);

    assert_eq!(take(&stage, &key, json!({"transition": {"id": "21"}})).await.status, 204);
    let issue = stage.site.issue(&key).unwrap();
    assert_eq!((issue.fields.get("resolution"), issue.resolved), (None, None));
    let last = issue.history.last().unwrap();
    assert_eq!((last.field.as_str(), last.from.as_str(), last.to.as_str()), ("resolution", "Done", ""));
}

#[tokio::test(start_paused = true)]
async fn a_transition_without_a_screen_takes_nothing_along() {
    let stage = stage(|_| {});
    let key = stage.ann_reports("Broken");
    assert_eq!(take(&stage, &key, fix()).await.status, 204);
    for part in [
        json!({"fields": {"resolution": {"name": "Done"}}}),
        json!({"update": {"comment": [{"add": {"body": adf("x")}}]}}),
    ] {
        let mut body = part;
        body["transition"] = json!({"id": "21"});
        let reply = take(&stage, &key, body).await;
        assert_eq!((reply.status, reply.text.contains("cannot be set.")), (400, true), "{}", reply.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_condition_hides_a_transition_from_others_unless_they_ask_for_all() {
    let mut stage = stage(|_| {});
    let key = stage.ann_reports("Broken");
    let names = |list: Vec<Value>| list.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(offered(&stage, &key, "").await), ["Fix"]);
    let all = offered(&stage, &key, "includeUnavailableTransitions=true").await;
    assert_eq!(
        (&all[1]["name"], &all[1]["isAvailable"], &all[1]["isConditional"]),
        (&json!("Wish away"), &json!(false), &json!(true))
    );
    assert_eq!(take(&stage, &key, json!({"transition": {"id": "31"}})).await.status, 400);
    stage.log_in("ann@x.example:ann-token");
    assert_eq!(names(offered(&stage, &key, "transitionId=31").await), ["Wish away"]);
    assert_eq!(take(&stage, &key, json!({"transition": {"id": "31"}})).await.status, 204);
    assert_eq!(stage.site.issue(&key).unwrap().fields["resolution"], "Won't Do");
}

#[tokio::test(start_paused = true)]
async fn who_may_not_transition_is_offered_nothing() {
    let denied = Permissions::all().deny(BOT, USER, &[Permission::TransitionIssues]);
    let stage = stage(|setup| setup.permissions = denied);
    let key = stage.ann_reports("Broken");
    assert_eq!(offered(&stage, &key, "").await, Vec::<Value>::new());
    let reply = take(&stage, &key, fix()).await;
    assert_eq!((reply.status, reply.text.contains("Transition id '11' is not valid")), (400, true));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_transition_is_a_400_on_cloud_and_breaks_data_center() {
    for (flavour, id, status) in [
        (Flavour::Cloud, "99", 400),
        (Flavour::Cloud, "21", 400),
        (Flavour::DataCenter, "99", 500),
        (Flavour::DataCenter, "21", 400),
    ] {
        let stage = stage(|setup| setup.flavour = flavour);
        let key = stage.ann_reports("Broken");
        assert_eq!(take(&stage, &key, json!({"transition": {"id": id}})).await.status, status, "{flavour:?} {id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_transition_meets_a_conflict_while_the_first_is_not_done() {
    let stage = stage(|_| {});
    let key = stage.ann_reports("Broken");
    let late =
        Kind::LateEffect { from: Duration::from_secs(9), to: Duration::from_secs(9), reply: LateReply::Unavailable };
    let path = "/rest/api/3/issue/{issueIdOrKey}/transitions";
    stage.site.faults(Rule::on(Method::POST, path, When::First(1), late).into());
    assert_eq!(take(&stage, &key, fix()).await.status, 503);
    assert_eq!(take(&stage, &key, fix()).await.status, 409);
    wait(10).await;
    assert_eq!(take(&stage, &key, json!({"transition": {"id": "21"}})).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn an_issue_may_rest_after_a_transition() {
    let stage = stage(|setup| setup.transition_rest = Duration::from_secs(3));
    let key = stage.ann_reports("Broken");
    assert_eq!(take(&stage, &key, fix()).await.status, 204);
    let back = json!({"transition": {"id": "21"}});
    assert_eq!(take(&stage, &key, back.clone()).await.status, 409);
    wait(3).await;
    assert_eq!(take(&stage, &key, back).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn a_renamed_status_keeps_its_id_and_its_name_in_the_changelog() {
    let stage = Stage::new();
    let key = stage.ann_reports("Broken");
    stage.ann_moves(&key, "Will Do");
    wait(5).await;
    stage.site.rename_status("10003", "Planned");
    let found = stage.search("status = Planned").await.json();
    assert_eq!(found["issues"][0]["fields"]["status"]["name"], "Planned");
    assert_eq!(found["issues"][0]["fields"]["status"]["id"], "10003");
    let old = stage.post("search/jql", json!({"jql": "status = \"Will Do\""})).await;
    assert_eq!(
        (old.status, old.text.contains("The value 'Will Do' does not exist for the field 'status'.")),
        (400, true)
    );
    let issue = stage.site.issue(&key).unwrap();
    assert_eq!((issue.status.as_str(), issue.history[0].to.as_str()), ("Planned", "Will Do"));
    stage.ann_moves(&key, "Declined");
    assert_eq!(stage.site.issue(&key).unwrap().history[1].from, "Planned");
}

#[tokio::test(start_paused = true)]
async fn a_moved_issue_is_found_by_both_keys_at_once_and_by_search_later() {
    let stage = Stage::new();
    let old = stage.ann_reports("Broken");
    stage.ann_moves(&old, "In Progress");
    let id = stage.site.issue(&old).unwrap().id;
    wait(5).await;
    let new = stage.ann(Action::MoveToProject { issue: old.clone(), project: DEV.into() });
    assert_eq!(new, "DEV-A-1");
    for name in [&old, &new, &id] {
        let shown = stage.get(&format!("issue/{name}?fields=status,project")).await.json();
        assert_eq!((&shown["key"], &shown["id"]), (&json!(new), &json!(id)));
        assert_eq!(shown["fields"]["project"]["key"], DEV);
        assert_eq!(shown["fields"]["status"]["name"], "In Progress", "both workflows have it");
    }
    assert_eq!(stage.search("project = USER-A").await.listed("key"), std::slice::from_ref(&old));
    wait(3).await;
    assert_eq!(stage.search("project = USER-A").await.listed("key"), Vec::<String>::new());
    assert_eq!(stage.search(&format!("key = {old}")).await.listed("key"), std::slice::from_ref(&new));
    let changes = stage.site.issue(&new).unwrap().history;
    let told: Vec<_> = changes[1..].iter().map(|it| (it.field.as_str(), it.from.as_str(), it.to.as_str())).collect();
    assert_eq!(told, [("project", "Project USER-A", "Project DEV-A"), ("Key", old.as_str(), new.as_str())]);
    assert_eq!(stage.ann_reports("Next"), "USER-A-2", "a key is never given twice");
}

#[tokio::test(start_paused = true)]
async fn a_status_that_the_other_project_lacks_becomes_its_first() {
    let stage = Stage::new();
    let old = stage.ann_reports("Broken");
    let new = stage.ann(Action::MoveToProject { issue: old, project: DEV.into() });
    let issue = stage.site.issue(&new).unwrap();
    assert_eq!((issue.status.as_str(), issue.history[2].field.as_str()), ("To Do", "status"));
}

#[tokio::test(start_paused = true)]
async fn several_transitions_may_lead_to_one_status_by_screens_of_their_own() {
    let stage = Stage::with(|setup| {
        let team = Screen::of(&["customfield_10010!"]);
        setup.projects[0].workflow = workflow().with(Transition::to("Hand over", "Fixed").from(&["Open"]).screen(team));
        setup.custom_fields = vec![CustomField::select(10010, "Team", &["Red", "Blue"])];
    });
    let key = stage.ann_reports("Broken");
    let all = offered(&stage, &key, "expand=transitions.fields").await;
    let told: Vec<_> = all.iter().map(|it| (&it["to"]["name"], it["fields"].as_object().unwrap().len())).collect();
    assert_eq!(told, [(&json!("Fixed"), 3), (&json!("Fixed"), 1)]);
    assert_eq!(take(&stage, &key, json!({"transition": {"id": "41"}})).await.status, 400);
    let fields = json!({"customfield_10010": {"value": "Red"}});
    assert_eq!(take(&stage, &key, json!({"transition": {"id": "41"}, "fields": fields})).await.status, 204);
}

/// Fixed, and back to Open by a screen that has the resolution.
async fn fixed(change: impl FnOnce(&mut Setup)) -> (Stage, String) {
    let back = Transition::to("Back", "Open").from(&["Fixed"]).screen(Screen::of(&["resolution"]));
    let leave = Transition::to("Leave", "Open").from(&["Fixed"]);
    let stage = stage(|setup| {
        setup.projects[0].workflow = workflow().with(back).with(leave);
        change(setup);
    });
    let key = stage.ann_reports("Broken");
    assert_eq!(take(&stage, &key, fix()).await.status, 204);
    (stage, key)
}

#[tokio::test(start_paused = true)]
async fn a_resolution_outlives_a_status_that_is_not_done_unless_emptied() {
    for (id, fields, left) in
        [("41", json!({}), Some("Done")), ("51", json!({}), Some("Done")), ("41", json!({"resolution": null}), None)]
    {
        let (stage, key) = fixed(|_| {}).await;
        assert_eq!(take(&stage, &key, json!({"transition": {"id": id}, "fields": fields})).await.status, 204);
        let issue = stage.site.issue(&key).unwrap();
        assert_eq!((issue.status.as_str(), issue.fields.get("resolution").map(String::as_str)), ("Open", left));
    }
}

#[tokio::test(start_paused = true)]
async fn a_site_may_refuse_to_empty_a_resolution_or_to_keep_one_unasked() {
    let (stage, key) = fixed(|setup| setup.resolutions_cannot_be_emptied = true).await;
    let reply = take(&stage, &key, json!({"transition": {"id": "41"}, "fields": {"resolution": null}})).await;
    assert_eq!((reply.status, reply.text.contains("\"resolution\"")), (400, true), "{}", reply.text);
    for (again, status) in [(false, 204), (true, 400)] {
        let stage = stage_wanting_again(again);
        let key = stage.ann_reports("Broken");
        stage.ann(Action::Fill { issue: key.clone(), field: "resolution".into(), value: json!({"name": "Done"}) });
        stage.ann(Action::Fill {
            issue: key.clone(),
            field: "customfield_10010".into(),
            value: json!({"value": "Red"}),
        });
        assert_eq!(take(&stage, &key, json!({"transition": {"id": "11"}})).await.status, status);
    }
}

fn stage_wanting_again(again: bool) -> Stage {
    stage(|setup| setup.transitions_want_values_again = again)
}

#[tokio::test(start_paused = true)]
async fn a_status_may_forbid_edits_and_files_and_allow_comments_and_moves() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let stage = stage(|setup| {
            setup.flavour = flavour;
            setup.projects[0].workflow = workflow().locking("Fixed");
        });
        let key = stage.ann_reports("Broken");
        let path = format!("issue/{key}");
        let edit = |part: Value| stage.put(&path, part);
        let mark = json!({"properties": [{"key": "mark", "value": 1}]});
        assert_eq!(edit(json!({"fields": {"summary": "x"}})).await.status, 204);
        assert_eq!(take(&stage, &key, fix()).await.status, 204);
        let text = |text: &str| if flavour == Flavour::Cloud { adf(text) } else { json!(text) };
        for (body, why) in [
            (json!({"fields": {"summary": "y"}}), "Field 'summary' cannot be set."),
            (json!({"update": {"comment": [{"add": {"body": text("hm")}}]}}), "Field 'comment' cannot be set."),
            (mark, "You do not have permission to edit issues in this project."),
        ] {
            let reply = edit(body).await;
            assert_eq!((reply.status, reply.text.contains(why)), (400, true), "{}", reply.text);
        }
        let meta = stage.get(&format!("issue/{key}/editmeta")).await.json();
        assert_eq!(meta, json!({"fields": {}}));
        let comment = stage.post(&format!("issue/{key}/comment"), json!({"body": text("hm")})).await;
        assert_eq!(comment.status, 201, "{}", comment.text);
        assert_eq!(take(&stage, &key, json!({"transition": {"id": "21"}})).await.status, 204);
        assert_eq!(edit(json!({"fields": {"summary": "y"}})).await.status, 204);
    }
}

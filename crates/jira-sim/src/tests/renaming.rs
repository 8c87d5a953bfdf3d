//! Projects that get another key.

use serde_json::{Value, json};

use super::stage::{DEV, Stage, USER, wait};
use crate::{Action, Flavour, Refusal};

fn on_both(story: impl AsyncFn(Stage)) {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async { story(Stage::with(|setup| setup.flavour = flavour)).await });
    }
}

async fn project(stage: &Stage, id_or_key: &str) -> Value {
    let told = stage.get(&format!("project/{id_or_key}")).await.json();
    json!([told["id"], told["key"]])
}

/// The keys of the issues that a query finds.
async fn found(stage: &Stage, jql: &str) -> Vec<String> {
    let resource = if stage.root.ends_with('3') { "search/jql" } else { "search" };
    let reply = stage.post(resource, json!({"jql": jql, "fields": ["project"]})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.listed("key")
}

fn reports_in(stage: &Stage, project: &str) -> String {
    stage.ann(Action::Create { project: project.into(), summary: "New".into(), text: String::new() })
}

#[test]
fn a_renamed_project_answers_to_both_keys_with_its_new_one_and_its_id() {
    on_both(async |stage| {
        let key = stage.ann_reports("Broken");
        stage.site.rename_project(USER, "URX").unwrap();
        for wanted in [USER, "URX", "10000"] {
            assert_eq!(project(&stage, wanted).await, json!(["10000", "URX"]), "{wanted}");
        }
        for wanted in [key.as_str(), "URX-1"] {
            let issue = stage.get(&format!("issue/{wanted}?fields=project")).await.json();
            assert_eq!((&issue["key"], &issue["fields"]["project"]["id"]), (&json!("URX-1"), &json!("10000")));
        }
        assert_eq!(reports_in(&stage, "URX"), "URX-2");
    });
}

#[test]
fn a_query_finds_a_renamed_project_by_either_key_and_by_its_bare_id() {
    on_both(async |stage| {
        stage.ann_reports("Broken");
        wait(3).await;
        stage.site.rename_project(USER, "URX").unwrap();
        for wanted in [USER, "URX", "10000", "\"URX\""] {
            assert_eq!(found(&stage, &format!("project = {wanted}")).await, ["URX-1"], "{wanted}");
        }
    });
}

#[test]
fn a_former_key_that_was_given_to_another_project_leads_there() {
    on_both(async |stage| {
        let key = stage.ann_reports("Broken");
        let mut other = stage.site.projects().into_iter().find(|it| it.key == USER).unwrap();
        assert_eq!(stage.site.rename_project(USER, DEV), Err(Refusal::KeyTaken(DEV.into())));
        stage.site.rename_project(USER, "URX").unwrap();
        assert_eq!(stage.site.rename_project(DEV, USER), Err(Refusal::KeyTaken(USER.into())));
        other.name = "Another".into();
        stage.site.add_project(other).unwrap();
        assert_eq!(project(&stage, USER).await, json!(["10002", USER]));
        assert_eq!(project(&stage, "10000").await, json!(["10000", "URX"]));
        assert_eq!(reports_in(&stage, USER), key, "its issues are counted from 1");
    });
}

#[test]
fn an_unquoted_number_is_an_id_before_it_is_a_name() {
    on_both(async |stage| {
        let key = stage.ann_reports("Broken");
        let mut named = stage.site.projects().into_iter().find(|it| it.key == USER).unwrap();
        (named.key, named.name) = ("ODD".into(), "10000".into());
        stage.site.add_project(named).unwrap();
        let odd = reports_in(&stage, "ODD");
        wait(3).await;
        assert_eq!(found(&stage, "project in (10000)").await, [key]);
        assert_eq!(found(&stage, "project in (\"10000\")").await, [odd]);
    });
}

#[test]
fn what_was_under_way_when_a_project_was_renamed_arrives_there() {
    on_both(async |stage| {
        let key = stage.ann_reports("Broken");
        stage.site.act("ann", Action::Comment { issue: key.clone(), text: "and again".into() }).unwrap();
        stage.site.rename_project(USER, "URX").unwrap();
        wait(3).await;
        assert_eq!(found(&stage, "project = 10000").await, ["URX-1"]);
        let body = json!({"fields": {"project": {"id": "10000"}, "issuetype": {"name": "Bug"}, "summary": "by id"}});
        let made = stage.post("issue", body).await;
        assert_eq!(made.json()["key"], "URX-2");
    });
}

//! What third-party clients ask for (PyPI jira 3.10, atlassian-python-api 5), on both kinds of Jira.

use serde_json::{Value, json};

use super::stage::{DEV, Stage, USER};
use crate::flavour::Flavour;

fn stages() -> [Stage; 2] {
    [Flavour::Cloud, Flavour::DataCenter].map(|flavour| Stage::with(|setup| setup.flavour = flavour))
}

fn texts(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|it| it[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_transition_is_named_by_a_number_too() {
    for stage in stages() {
        let issue = stage.create(DEV, "One").await;
        let path = format!("issue/{issue}/transitions");
        let offered = stage.get(&path).await.json()["transitions"][0].clone();
        let id: u64 = offered["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(stage.post(&path, json!({"transition": {"id": id}})).await.status, 204);
        assert_eq!(stage.get(&format!("issue/{issue}")).await.json()["fields"]["status"], offered["to"]);
        assert_eq!(stage.post(&path, json!({"transition": {"id": null}})).await.status, 400);
    }
}

#[tokio::test(start_paused = true)]
async fn words_of_python_and_numbers_as_texts_are_understood() {
    for stage in stages() {
        let issue = stage.create(DEV, "One").await;
        let search = if stage.root.ends_with('3') { "search/jql" } else { "search" };
        let body = json!({"jql": format!("project = {DEV}"), "maxResults": "5"});
        assert_eq!(stage.post(search, body).await.status, 200);
        assert_eq!(stage.get(&format!("issue/{issue}?failFast=False")).await.status, 200);
        assert_eq!(stage.send("DELETE", &format!("issue/{issue}?deleteSubtasks=False"), None).await.status, 204);
    }
}

#[tokio::test(start_paused = true)]
async fn projects_and_types_are_listed_to_those_who_may_browse() {
    for stage in stages() {
        assert_eq!(texts(&stage.get("project").await.json(), "key"), [DEV, USER]);
        let types = texts(&stage.get("issuetype").await.json(), "name");
        assert!(types.contains(&"Bug".to_owned()), "{types:?}");
    }
    let cloud = Stage::new();
    let page = cloud.get("project/search?maxResults=1&startAt=1").await.json();
    assert_eq!(texts(&page["values"], "key"), [USER]);
    assert_eq!((&page["total"], &page["isLast"]), (&json!(2), &json!(true)));
    assert_eq!(texts(&cloud.get("project/search?query=dev").await.json()["values"], "key"), [DEV]);
}

#[tokio::test(start_paused = true)]
async fn accounts_are_shown_and_found() {
    let [cloud, centre] = stages();
    assert_eq!(cloud.get("user?accountId=ann").await.json()["displayName"], "Ann");
    assert_eq!(texts(&cloud.get("user/search?query=an").await.json(), "accountId"), ["ann"]);
    assert_eq!(cloud.get("user?accountId=nobody").await.status, 404);
    assert_eq!(cloud.get("user/search").await.status, 400);
    let ann = centre.get("user/search?username=an").await.json();
    let name = ann[0]["name"].as_str().unwrap().to_owned();
    assert_eq!(centre.get(&format!("user?username={name}")).await.json()["displayName"], "Ann");
    assert_eq!(centre.get("user?key=ann").await.json()["displayName"], "Ann");
    assert_eq!(centre.get("user?username=nobody").await.status, 404);
    assert_eq!(centre.get("user").await.status, 400);
}

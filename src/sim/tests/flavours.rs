//! Where Cloud and Data Center differ.

use super::stage::{Stage, USER};
use crate::sim::{Flavour, Setup};

fn data_center(setup: &mut Setup) {
    setup.flavour = Flavour::DataCenter;
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_jira_has_the_versions_and_resources_of_its_own() {
    let cloud = Stage::new();
    cloud.ann_reports("One");
    let centre = Stage::with(data_center);
    centre.ann_reports("One");
    for (path, on_cloud, on_centre) in [
        ("/rest/api/3/issue/USER-A-1", 200, 404),
        ("/rest/api/2/issue/USER-A-1", 200, 200),
        ("/rest/api/latest/issue/USER-A-1", 200, 200),
        ("/rest/api/2/search/jql?jql=key=USER-A-1", 200, 404),
        ("/rest/api/2/issue/USER-A-1/changelog", 200, 404),
    ] {
        let statuses = (cloud.at("GET", path).await.status, centre.at("GET", path).await.status);
        assert_eq!(statuses, (on_cloud, on_centre), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn addresses_in_answers_are_of_the_version_that_was_asked() {
    let stage = Stage::new().version_two();
    let key = stage.create(USER, "One").await;
    let address = stage.get(&format!("issue/{key}")).await.json()["self"].clone();
    assert!(address.as_str().unwrap().starts_with("https://jira.example.net/rest/api/2/issue/"), "{address}");
}

//! Where Cloud and Data Center differ.

use axum::body::Body;
use serde_json::{Value, json};

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
        ("/rest/api/2/search?jql=project=USER-A", 410, 200),
        ("/rest/api/2/search/jql?jql=project=USER-A", 200, 404),
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

#[tokio::test(start_paused = true)]
async fn each_kind_of_jira_takes_its_own_credentials() {
    let named = |setup: &mut Setup| {
        setup.accounts[0].user_name = "lockstep".into();
        setup.accounts[0].password = "secret".into();
    };
    let mut cloud = Stage::with(named);
    let mut centre = Stage::with(|setup| {
        named(setup);
        data_center(setup);
    });
    for (credentials, on_cloud, on_centre) in [
        ("bot@x.example:bot-token", 200, 401),
        ("bot@x.example:secret", 401, 401),
        ("Bearer bot-token", 401, 200),
        ("Bearer other", 401, 401),
        ("Bearer ", 401, 401),
        ("lockstep:bot-token", 401, 200),
        ("LOCKSTEP:secret", 401, 200),
        ("lockstep:", 401, 401),
        ("Digest x", 401, 401),
        ("", 401, 401),
    ] {
        cloud.log_in(credentials);
        centre.log_in(credentials);
        let statuses = (cloud.get("myself").await.status, centre.get("myself").await.status);
        assert_eq!(statuses, (on_cloud, on_centre), "{credentials}");
    }
}

#[tokio::test(start_paused = true)]
async fn data_center_answers_a_wrong_password_with_a_page_and_a_wrong_token_with_json() {
    let mut centre = Stage::with(data_center);
    centre.log_in("bot:wrong");
    let reply = centre.get("myself").await;
    assert_eq!((reply.status, reply.header("Content-Type")), (401, "text/html;charset=UTF-8"));
    assert!(reply.text.contains("Reason : AUTHENTICATED_FAILED"), "{}", reply.text);
    assert_eq!(reply.header("X-Seraph-LoginReason"), "AUTHENTICATED_FAILED");
    centre.log_in("Bearer wrong");
    let reply = centre.get("myself").await;
    assert_eq!((reply.status, reply.json()["status-code"].clone()), (401, json!(401)));
    assert_eq!(reply.header("X-Seraph-LoginReason"), "AUTHENTICATED_FAILED");
    centre.log_in("Bearer bot-token");
    let reply = centre.get("myself").await;
    assert_eq!((reply.header("X-Seraph-LoginReason"), reply.header("X-AUSERNAME")), ("OK", "bot"));
}

#[tokio::test(start_paused = true)]
async fn a_captcha_stops_names_with_secrets_but_no_personal_token() {
    let mut centre = Stage::with(data_center);
    centre.site.demand_captcha("bot", true);
    for secret in ["bot-token", "wrong"] {
        centre.log_in(&format!("bot:{secret}"));
        let reply = centre.get("myself").await;
        assert_eq!((reply.status, reply.header("X-Seraph-LoginReason")), (403, "AUTHENTICATION_DENIED"));
        assert!(reply.header("X-Authentication-Denied-Reason").starts_with("CAPTCHA_CHALLENGE; login-url=https://"));
    }
    centre.log_in("Bearer bot-token");
    assert_eq!(centre.get("myself").await.status, 200);
    centre.site.demand_captcha("bot", false);
    centre.log_in("bot:bot-token");
    assert_eq!(centre.get("myself").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn data_center_knows_people_by_name_and_key() {
    let centre = Stage::with(data_center);
    let key = centre.ann_reports("One");
    centre.ann_moves(&key, "Will Do");
    centre.post(&format!("issue/{key}/comment"), json!({"body": "Well"})).await;
    let issue = centre.get(&format!("issue/{key}?expand=changelog")).await.json();
    for (user, name) in [
        (&issue["fields"]["creator"], "ann"),
        (&issue["changelog"]["histories"][0]["author"], "ann"),
        (&issue["fields"]["comment"]["comments"][0]["author"], "bot"),
    ] {
        assert_eq!((&user["name"], &user["key"], &user["accountId"]), (&json!(name), &json!(name), &Value::Null));
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_may_hide_its_address_and_zone_even_from_itself() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        for hides_profile in [false, true] {
            let stage = Stage::with(|setup| {
                setup.flavour = flavour;
                setup.accounts[0].hides_profile = hides_profile;
            });
            let myself = stage.get("myself").await.json();
            assert_eq!(myself["displayName"], "Lockstep");
            assert_eq!(myself["timeZone"].is_null(), hides_profile, "{flavour:?}");
            assert_eq!(myself["emailAddress"].is_null(), hides_profile, "{flavour:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn anybody_may_ask_what_kind_of_jira_it_is() {
    for (flavour, deployment, version) in
        [(Flavour::Cloud, "Cloud", "1001.0.0-SNAPSHOT"), (Flavour::DataCenter, "Server", "10.3.24")]
    {
        let mut stage = Stage::with(|setup| setup.flavour = flavour);
        stage.log_in("");
        let info = stage.get("serverInfo").await.json();
        assert_eq!((&info["deploymentType"], &info["version"]), (&json!(deployment), &json!(version)));
        assert_eq!(info["serverTime"], "2026-03-02T12:00:00.000+0000");
    }
}

#[tokio::test(start_paused = true)]
async fn what_data_center_does_not_serve_is_a_status_in_xml_or_json() {
    let centre = Stage::with(data_center);
    for (reply, status) in [
        (centre.get("nowhere").await, 404),
        (centre.send("DELETE", "myself", None).await, 405),
        (centre.send_as("text/plain", "POST", "issue", Some(json!({}))).await, 415),
    ] {
        assert_eq!((reply.status, reply.header("Content-Type")), (status, "application/xml;charset=UTF-8"));
        assert!(reply.text.contains(&format!("<status-code>{status}</status-code>")), "{}", reply.text);
    }
    let request = centre.request("GET", "/rest/api/2/nowhere").header("Accept", "application/json");
    let reply = centre.call(request.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.json(), json!({"message": "HTTP 404 Not Found", "status-code": 404}));
    let page = centre.at("GET", "/nowhere").await;
    assert_eq!((page.status, page.header("Content-Type")), (404, "text/html;charset=UTF-8"));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_leads_nowhere_is_logged_and_meets_faults_like_any_other() {
    let stage = Stage::new();
    stage.site.deaf(true);
    assert_eq!(stage.get("nowhere").await.status, 502);
    assert_eq!(stage.site.requests()[0].path, "/rest/api/3/nowhere");
}

#[tokio::test(start_paused = true)]
async fn issue_types_for_creation_are_listed_under_different_names() {
    for (flavour, list) in [(Flavour::Cloud, "issueTypes"), (Flavour::DataCenter, "values")] {
        let stage = Stage::with(|setup| setup.flavour = flavour);
        let types = stage.get("issue/createmeta/DEV-A/issuetypes?maxResults=1").await.json();
        assert_eq!((&types["total"], &types[list][0]["name"]), (&json!(2), &json!("Bug")), "{types}");
        assert_eq!(types[list].as_array().unwrap().len(), 1);
    }
}

//! Where Cloud and Data Center differ.

use axum::body::Body;
use serde_json::{Value, json};

use super::stage::{Stage, USER};
use crate::{Action, Flavour, Setup};

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
        ("Bearer bot-token", 403, 200),
        ("Bearer other", 403, 401),
        ("Bearer ", 403, 401),
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
async fn data_center_answers_a_wrong_password_in_html_a_wrong_token_in_json() {
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
async fn the_kind_of_jira_is_told_without_an_account() {
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

#[tokio::test(start_paused = true)]
async fn data_center_leaves_out_what_only_cloud_tells() {
    for (flavour, on_cloud) in [(Flavour::Cloud, true), (Flavour::DataCenter, false)] {
        let stage = Stage::with(|setup| setup.flavour = flavour);
        let key = stage.ann_reports("One");
        stage.ann_moves(&key, "Will Do");
        let issue = stage.get(&format!("issue/{key}?expand=changelog,transitions")).await.json();
        for told in [
            &issue["changelog"]["histories"][0]["items"][0]["fieldId"],
            &issue["transitions"][0]["hasScreen"],
            &issue["fields"]["issuetype"]["hierarchyLevel"],
            &issue["fields"]["project"]["simplified"],
        ] {
            assert_eq!(told.is_null(), !on_cloud, "{flavour:?}: {issue}");
        }
        assert_eq!(issue["changelog"]["histories"][0]["items"][0]["field"], "status");
    }
}

/// A stage for each API, with the form in which it takes and gives the text `*Hi* there`.
fn with_texts() -> [(&'static str, Stage, Value); 3] {
    let strong = json!([{"type": "strong"}]);
    let adf = json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [
        {"type": "text", "text": "Hi", "marks": strong}, {"type": "text", "text": " there"},
    ]}]});
    let wiki = json!("*Hi* there");
    [
        ("Cloud v3", Stage::new(), adf),
        ("Cloud v2", Stage::new().version_two(), wiki.clone()),
        ("Data Center", Stage::with(data_center), wiki),
    ]
}

#[tokio::test(start_paused = true)]
async fn each_api_gives_texts_in_the_form_in_which_it_takes_them() {
    for (api, stage, text) in with_texts() {
        let key = stage.create(USER, "One").await;
        let edit = json!({
            "fields": {"description": text}, "update": {"comment": [{"add": {"body": text}}]},
        });
        assert_eq!(stage.put(&format!("issue/{key}"), edit).await.status, 204, "{api}");
        let said = stage.post(&format!("issue/{key}/comment"), json!({"body": text})).await;
        assert_eq!((said.status, &said.json()["body"]), (201, &text), "{api}");
        let fields = stage.get(&format!("issue/{key}?fields=description,comment")).await.json()["fields"].clone();
        assert_eq!(fields["description"], text, "{api}");
        assert_eq!(fields["comment"]["comments"][0]["body"], text, "{api}");
        assert_eq!(stage.site.issue(&key).unwrap().description, "Hi there", "{api}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_site_tells_both_versions_the_same_text_in_their_own_forms() {
    let [(_, stage, adf), (_, _, wiki), _] = with_texts();
    let key = stage.create(USER, "One").await;
    stage.put(&format!("issue/{key}"), json!({"fields": {"description": adf}})).await;
    let stage = stage.version_two();
    assert_eq!(stage.get(&format!("issue/{key}")).await.json()["fields"]["description"], wiki);
}

#[tokio::test(start_paused = true)]
async fn each_api_refuses_texts_of_another_form_or_length() {
    let [(_, cloud, adf), (_, two, wiki), (_, centre, _)] = with_texts();
    let long = json!("y".repeat(32_768));
    let unknown = json!({"type": "doc", "version": 1, "content": [{"type": "marquee"}]});
    for (api, stage, text, about_description, about_comment) in [
        ("v3", &cloud, &wiki, "must be an Atlassian Document", "Comment body is not valid!"),
        ("v3", &cloud, &unknown, "INVALID_INPUT", "INVALID_INPUT"),
        ("v2", &two, &adf, "Operation value must be a string", "Comment body is not valid!"),
        ("v2", &two, &long, "limit of 32,767 characters", "limit of 32,767 characters"),
        ("Data Center", &centre, &adf, "Operation value must be a string", "Comment body is not valid!"),
        ("Data Center", &centre, &long, "limit of 32,767 characters", "limit of 32,767 characters"),
    ] {
        let key = stage.create(USER, "One").await;
        let edit = stage.put(&format!("issue/{key}"), json!({"fields": {"description": text}})).await;
        assert_eq!((edit.status, edit.text.contains(about_description)), (400, true), "{api}: {}", edit.text);
        let said = stage.post(&format!("issue/{key}/comment"), json!({"body": text})).await;
        assert_eq!((said.status, said.text.contains(about_comment)), (400, true), "{api}: {}", said.text);
    }
    let patient = Stage::with(|setup| {
        data_center(setup);
        setup.text_limit = 0;
    });
    let key = patient.create(USER, "One").await;
    assert_eq!(patient.post(&format!("issue/{key}/comment"), json!({"body": long})).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn people_are_taken_down_as_wiki_markup_on_data_center() {
    let centre = Stage::with(data_center);
    let key =
        centre.ann(Action::Create { project: USER.into(), summary: "One".into(), text: "5 *stars*\nfor it".into() });
    let shown = centre.get(&format!("issue/{key}")).await.json();
    assert_eq!(shown["fields"]["description"], "5 \\*stars*\n\nfor it");
    assert_eq!(centre.site.issue(&key).unwrap().description, "5 *stars*\nfor it");
}

#[tokio::test(start_paused = true)]
async fn a_site_that_moved_names_its_new_address_and_texts_keep_the_old_one() {
    for change in [|_: &mut Setup| {}, data_center] {
        let stage = Stage::with(change);
        let key = stage.ann_reports("One");
        let text = "See https://jira.example.net/browse/USER-A-1".to_owned();
        stage.site.act("ann", Action::Describe { issue: key.clone(), text }).unwrap();
        stage.site.move_to("https://issues.example.com");
        assert_eq!(stage.get("serverInfo").await.json()["baseUrl"], "https://issues.example.com");
        let issue = stage.get(&format!("issue/{key}")).await.json();
        assert!(issue["self"].as_str().unwrap().starts_with("https://issues.example.com/rest/api/"), "{issue}");
        assert!(issue["fields"]["description"].to_string().contains("https://jira.example.net/browse/USER-A-1"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cloud_id_is_public_kept_by_a_rename_and_not_by_a_copy() {
    let mut stage = Stage::new();
    stage.log_in("");
    let reply = stage.at("GET", "/_edge/tenant_info").await;
    let id = reply.json()["cloudId"].clone();
    assert!(reply.status == 200 && id.is_string(), "{reply:?}");
    stage.site.move_to("https://issues.example.com");
    assert_eq!(stage.at("GET", "/_edge/tenant_info").await.json()["cloudId"], id);
    stage.site.become_copy("https://staging.example.com");
    let other = stage.at("GET", "/_edge/tenant_info").await.json()["cloudId"].clone();
    assert!(other.is_string() && other != id, "{other}");
    for without in [|setup: &mut Setup| setup.cloud_id = None, data_center] {
        let reply = Stage::with(without).at("GET", "/_edge/tenant_info").await;
        assert_eq!((reply.status, reply.header("content-type")), (404, "text/html;charset=UTF-8"));
    }
}

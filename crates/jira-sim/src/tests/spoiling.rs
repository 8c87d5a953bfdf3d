//! How answers are spoilt on their way.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::stage::{DEV, Reply, Stage, dawn, new_issue, wait};
use crate::faults::{Effect, Garbage, Kind, LateReply, Paging, Redirect, Rule, When};
use crate::flavour::Flavour;

/// The answer to a create that meets this fault, and how many issues there are afterwards.
async fn create_under(kind: Kind) -> (Reply, usize) {
    let stage = Stage::new();
    stage.site.faults(Rule::on(Method::POST, "/rest/api/3/issue", When::First(1), kind).into());
    let reply = stage.post("issue", new_issue(DEV, "One")).await;
    (reply, stage.site.issues(DEV).len())
}

#[tokio::test(start_paused = true)]
async fn maintenance_says_when_to_come_back() {
    let (reply, issues) = create_under(Kind::Unavailable { retry_after_secs: 120 }).await;
    assert_eq!((reply.status, reply.header("Retry-After"), issues), (503, "120", 0));
}

#[tokio::test(start_paused = true)]
async fn a_gateway_speaks_json_of_its_own() {
    for (effect, happened) in [(Effect::Before, 0), (Effect::After, 1)] {
        let (reply, issues) = create_under(Kind::Gateway { status: StatusCode::GATEWAY_TIMEOUT, effect }).await;
        assert_eq!((reply.status, issues), (504, happened));
        assert_eq!(reply.json(), serde_json::json!({"code": 504, "message": "Gateway Timeout"}));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_comes_piece_by_piece_and_whole() {
    let pause = Duration::from_secs(1);
    let stage = Stage::new();
    stage.site.faults(Rule::anywhere(When::First(1), Kind::SlowBody { piece: 10, pause }).into());
    let spoilt = stage.get("serverInfo").await;
    stage.get("serverInfo").await;
    let taken = stage.site.requests()[1].at - dawn();
    assert_eq!(taken.num_seconds(), i64::try_from(spoilt.text.len().div_ceil(10)).unwrap());
    assert_eq!((spoilt.status, spoilt.broken, spoilt.json()["deploymentType"].as_str()), (200, false, Some("Cloud")));
}

#[tokio::test(start_paused = true)]
async fn an_oversized_body_exceeds_any_read_limit_and_states_no_length() {
    let (reply, issues) = create_under(Kind::Oversized { bytes: 100_000 }).await;
    assert_eq!((reply.status, reply.text.len(), reply.header("Content-Length"), issues), (201, 100_000, "", 1));
    assert_eq!(reply.json()["key"], "DEV-A-1");
}

#[tokio::test(start_paused = true)]
async fn redirects_lead_to_themselves_to_the_login_page_and_to_strangers() {
    let stranger = Redirect::Host("http://evil.example".into());
    for (to, location) in [
        (Redirect::Loop, "/rest/api/3/issue"),
        (Redirect::Login, "/login.jsp?permissionViolation=true&os_destination=%2Frest%2Fapi%2F3%2Fissue"),
        (stranger, "http://evil.example/rest/api/3/issue"),
    ] {
        let (reply, issues) = create_under(Kind::Redirect(to)).await;
        assert_eq!((reply.status, reply.header("Location"), issues), (302, location, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn the_right_answer_can_be_said_to_be_a_page() {
    let (reply, issues) = create_under(Kind::Garbage(Garbage::WrongType)).await;
    assert_eq!((reply.status, reply.header("Content-Type"), issues), (201, "text/html;charset=UTF-8", 1));
    assert_eq!(reply.json()["key"], "DEV-A-1");
}

#[tokio::test(start_paused = true)]
async fn garbage_bytes_are_no_text_at_all() {
    let stage = Stage::new();
    stage.site.faults(Rule::anywhere(When::First(1), Kind::Garbage(Garbage::Bytes)).into());
    let request = Request::get("/rest/api/3/serverInfo").body(Body::empty()).unwrap();
    let response = stage.site.router().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["Content-Type"], "application/json;charset=UTF-8");
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert!(std::str::from_utf8(&bytes).is_err());
}

/// What a search for the issues of a site of this kind answers under this fault, page by page.
async fn pages_under(flavour: Flavour, paging: Paging) -> Vec<Value> {
    let stage = Stage::with(|setup| (setup.flavour, setup.page_cap) = (flavour, 3));
    let (path, api) = match flavour {
        Flavour::Cloud => ("search/jql", 3),
        Flavour::DataCenter => ("search", 2),
    };
    for n in 0..5 {
        stage.post("issue", new_issue(DEV, &format!("Issue {n}"))).await;
    }
    wait(60).await;
    let rule = Rule::on(Method::POST, &format!("/rest/api/{api}/{path}"), When::Always, Kind::Paging(paging));
    stage.site.faults(rule.into());
    let jql = format!("project = \"{DEV}\" ORDER BY key ASC");
    let mut body = json!({"jql": jql, "fields": ["summary"]});
    let first = stage.post(path, body.clone()).await.json();
    match first.get("nextPageToken") {
        Some(token) => body["nextPageToken"] = token.clone(),
        None => body["startAt"] = json!(3),
    }
    if flavour == Flavour::Cloud && first.get("nextPageToken").is_none() {
        return vec![first];
    }
    let second = stage.post(path, body).await.json();
    vec![first, second]
}

fn keys(page: &Value) -> Vec<&str> {
    page["issues"].as_array().unwrap().iter().map(|issue| issue["key"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_cut_page_tells_of_more_and_leads_nowhere() {
    let [first] = &pages_under(Flavour::Cloud, Paging::Cut { items: 2 }).await[..] else { panic!("a token") };
    assert_eq!((keys(first), &first["isLast"]), (vec!["DEV-A-1", "DEV-A-2"], &json!(false)));
    let [first, second] = &pages_under(Flavour::DataCenter, Paging::Cut { items: 2 }).await[..] else { panic!() };
    assert_eq!((keys(first), &first["total"]), (vec!["DEV-A-1", "DEV-A-2"], &json!(5)));
    assert_eq!((keys(second), &second["total"]), (vec![], &json!(5)), "nothing lies behind it");
}

#[tokio::test(start_paused = true)]
async fn a_count_can_be_above_what_there_is() {
    let [first, second] = &pages_under(Flavour::Cloud, Paging::CountsMore { by: 9 }).await[..] else { panic!() };
    assert_eq!((keys(first).len(), keys(second).len()), (3, 2));
    assert_eq!((&second["isLast"], second.get("nextPageToken")), (&json!(false), None));
    let [first, second] = &pages_under(Flavour::DataCenter, Paging::CountsMore { by: 9 }).await[..] else { panic!() };
    assert_eq!((keys(first).len(), keys(second).len(), &second["total"]), (3, 2, &json!(14)));
}

#[tokio::test(start_paused = true)]
async fn the_first_page_can_be_answered_whatever_is_asked_for() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let [first, second] = &pages_under(flavour, Paging::FirstAgain).await[..] else { panic!() };
        assert_eq!(keys(first), ["DEV-A-1", "DEV-A-2", "DEV-A-3"]);
        assert_eq!(keys(second), keys(first), "{flavour:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_effect_can_come_after_its_client_has_given_up() {
    let stage = Stage::new();
    let late =
        Kind::LateEffect { from: Duration::from_secs(60), to: Duration::from_secs(60), reply: LateReply::Silence };
    stage.site.faults(Rule::anywhere(When::First(1), late).into());
    let request = stage.post("issue", new_issue(DEV, "One"));
    assert!(tokio::time::timeout(Duration::from_secs(45), request).await.is_err());
    assert_eq!(stage.site.issues(DEV).len(), 0);
    wait(15).await;
    assert_eq!(stage.site.issues(DEV).len(), 1);
}

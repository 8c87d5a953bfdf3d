//! When requests have their effect, and what faults do to them.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::stage::{DEV, Reply, Stage, USER, new_issue, secs, wait};
use crate::faults::{Effect, Garbage, Kind, LateReply, Rule, When};

/// What becomes of one create: the answer, and how many issues there are at once and a minute later.
async fn create_under(kind: Kind) -> (Option<Reply>, usize, usize) {
    let stage = Stage::new();
    stage.site.faults(Rule::on(Method::POST, "/rest/api/3/issue", When::Nth(1), kind).into());
    let request = stage.post("issue", new_issue(DEV, "One"));
    let reply = tokio::time::timeout(Duration::from_secs(30), request).await.ok();
    let at_once = stage.site.issues(DEV).len();
    wait(60).await;
    (reply, at_once, stage.site.issues(DEV).len())
}

async fn status_under(kind: Kind) -> (u16, bool, usize, usize) {
    let (reply, at_once, later) = create_under(kind).await;
    let reply = reply.unwrap();
    (reply.status, reply.broken, at_once, later)
}

#[tokio::test(start_paused = true)]
async fn an_effect_happens_even_if_its_client_has_left() {
    let stage = Stage::with(|setup| setup.latency = secs(4..=4));
    let request = stage.post("issue", new_issue(USER, "One"));
    assert!(tokio::time::timeout(Duration::from_millis(1), request).await.is_err());
    wait(4).await;
    assert_eq!(stage.site.issues(USER).len(), 1);
    assert_eq!(stage.site.requests()[0].status, None, "nobody was there to be answered");
}

#[tokio::test(start_paused = true)]
async fn a_read_shows_the_site_as_it_is_when_it_answers() {
    let stage = Stage::with(|setup| setup.latency = secs(4..=4));
    let key = stage.ann_reports("One");
    let read = stage.get("issue/USER-A-1?fields=status");
    let meanwhile = async {
        wait(2).await;
        stage.ann_moves(&key, "Will Do");
    };
    let (reply, ()) = tokio::join!(read, meanwhile);
    assert_eq!(reply.json()["fields"]["status"]["name"], "Will Do");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_became_impossible_before_it_was_due_is_a_conflict() {
    let stage = Stage::with(|setup| setup.latency = secs(4..=4));
    let key = stage.ann_reports("One");
    let path = format!("issue/{key}/transitions");
    let accept = stage.post(&path, json!({"transition": {"id": "11"}}));
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        stage.ann_moves(&key, "Declined");
    };
    let (reply, ()) = tokio::join!(accept, meanwhile);
    assert_eq!((reply.status, stage.site.issue(&key).unwrap().status.as_str()), (409, "Declined"));
}

#[tokio::test(start_paused = true)]
async fn slow_is_not_wrong() {
    assert_eq!(
        status_under(Kind::Latency { from: Duration::from_secs(9), to: Duration::from_secs(9) }).await,
        (201, false, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_throttled_request_has_no_effect_and_is_told_when_to_come_back() {
    let (reply, at_once, later) = create_under(Kind::TooMany { retry_after_secs: 30 }).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, at_once, later), (429, 0, 0));
    assert_eq!((reply.header("Retry-After"), reply.header("RateLimit-Reason")), ("30", "jira-burst-based"));
    assert_eq!((reply.header("X-RateLimit-Remaining"), reply.header("X-RateLimit-Limit")), ("0", "100"));
    assert_eq!(reply.header("X-RateLimit-Reset"), "2026-03-02T12:00:30Z");
}

#[tokio::test(start_paused = true)]
async fn a_server_error_comes_before_the_effect_or_after() {
    let error = |effect| Kind::ServerError { status: StatusCode::BAD_GATEWAY, effect };
    assert_eq!(status_under(error(Effect::Before)).await, (502, false, 0, 0));
    assert_eq!(status_under(error(Effect::After)).await, (502, false, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_breaks_off_after_the_effect() {
    assert_eq!(status_under(Kind::LostReply).await, (201, true, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_body_is_lost_as_a_gateway_error() {
    let stage = Stage::new();
    let key = stage.ann_reports("One");
    stage.site.faults(Rule::anywhere(When::First(1), Kind::LostReply).into());
    let reply = stage.put(&format!("issue/{key}"), json!({"fields": {"summary": "Two"}})).await;
    assert_eq!((reply.status, reply.broken), (502, true));
    assert_eq!(stage.site.issue(&key).unwrap().summary, "Two");
}

#[tokio::test(start_paused = true)]
async fn a_stalled_request_is_never_answered() {
    for (effect, made) in [(Effect::Before, 0), (Effect::After, 1)] {
        let (reply, at_once, later) = create_under(Kind::Stall { effect }).await;
        assert_eq!((reply, at_once, later), (None, made, made));
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_effect_comes_after_a_bad_answer() {
    let late = |reply| Kind::LateEffect { from: Duration::from_secs(20), to: Duration::from_secs(40), reply };
    assert_eq!(status_under(late(LateReply::Unavailable)).await, (503, false, 0, 1));
    assert_eq!(status_under(late(LateReply::Broken)).await, (201, true, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn garbage_looks_like_success() {
    let (reply, at_once, _) = create_under(Kind::Garbage(Garbage::LoginPage)).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, at_once, reply.header("Content-Type")), (200, 0, "text/html;charset=UTF-8"));
    let (reply, at_once, _) = create_under(Kind::Garbage(Garbage::TruncatedJson)).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status, reply.broken, at_once), (201, false, 1));
    assert!(reply.json().is_null(), "half a JSON object is none: {}", reply.text);
}

#[tokio::test(start_paused = true)]
async fn a_deaf_site_does_nothing_and_breaks_off() {
    let stage = Stage::new();
    stage.site.deaf(true);
    let reply = stage.post("issue", new_issue(DEV, "One")).await;
    assert_eq!((reply.status, reply.broken), (502, true));
    stage.site.deaf(false);
    assert_eq!(stage.create(DEV, "Two").await, "DEV-A-1");
}

#[tokio::test(start_paused = true)]
async fn requests_are_logged_and_counted_by_template() {
    let stage = Stage::new();
    stage.site.faults(Rule::on(Method::GET, "/rest/api/3/issue/*", When::First(1), Kind::LostReply).into());
    stage.get("issue/USER-A-1").await;
    stage.get("issue/USER-A-2").await;
    let lines = stage.site.requests();
    assert_eq!((lines[0].fault, lines[1].fault), (Some("lost reply"), None));
    assert_eq!((lines[1].path.as_str(), lines[1].status), ("/rest/api/3/issue/USER-A-2", Some(404)));
    assert_eq!(lines[0].account.as_deref(), Some("bot"));
    assert_eq!(stage.site.counters()["GET /rest/api/3/issue/{issueIdOrKey}"], 2);
}

/// The status line and how many bytes of the body came, against how many were announced.
async fn over_a_socket(kind: Kind) -> (String, usize, usize) {
    let stage = Stage::new();
    stage.site.faults(Rule::anywhere(When::First(1), kind).into());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let asked = "GET /rest/api/3/serverInfo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    tokio::select! {
        biased;
        _ = stream.read_to_end(&mut bytes) => {}
        _ = axum::serve(listener, stage.site.router()).into_future() => {}
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    (head.lines().next().unwrap().into(), body.len(), announced.parse().unwrap())
}

#[tokio::test]
async fn over_a_socket_a_lost_reply_ends_before_its_announced_length() {
    let (status, came, announced) = over_a_socket(Kind::LostReply).await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(came < announced, "{came} of {announced}");
    let (status, came, announced) = over_a_socket(Kind::Garbage(Garbage::TruncatedJson)).await;
    assert_eq!((status.as_str(), came), ("HTTP/1.1 200 OK", announced));
}

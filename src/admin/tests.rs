//! What the admin server answers, asked without a socket.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use chrono::DateTime;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

mod answers;
mod data;

use super::*;
use crate::clock::Entropy;
use crate::config::Watch;
use crate::flow::{Event, FlowName, LineCounts, LogState, Observer, Secret};
use crate::supervisor::testing::{Act, FakeWorkshop, text};
use crate::supervisor::{Ended, Looking, Setup, Supervisor};
use crate::worker::Exit;

const TOKEN: &str = "hunter2";

fn access() -> Access {
    Access::new(Secret::new(TOKEN.into()), "127.0.0.1:3000".parse().unwrap(), &[])
}

/// Sees nothing; may have a log.
struct Deaf {
    log: Option<LogState>,
}

impl Observer for Deaf {
    fn see(&self, _: Option<&FlowName>, _: &Event) {}

    fn log_state(&self) -> Option<LogState> {
        self.log.clone()
    }
}

fn log_in_trouble() -> LogState {
    let dropped = LineCounts { info: 7, error: 1, ..LineCounts::default() };
    LogState { queued_bytes: 300, dropped, failure: Some("no storage space".into()) }
}

/// A router over a supervisor of these flows, one minute after midnight 1970, and what keeps it alive.
struct Inhabited {
    router: Router,
    workshop: Arc<FakeWorkshop>,
    stop: CancellationToken,
    supervisor: JoinSet<Ended>,
    dir: tempfile::TempDir,
}

async fn inhabited(flows: &[&str], script: impl Fn(&str, usize) -> Act + Send + Sync + 'static) -> Inhabited {
    with_log(Some(log_in_trouble()), flows, script).await
}

async fn with_log(
    log: Option<LogState>,
    flows: &[&str],
    script: impl Fn(&str, usize) -> Act + Send + Sync + 'static,
) -> Inhabited {
    let clock = Clock::simulated(DateTime::UNIX_EPOCH);
    let dir = tempfile::tempdir().unwrap();
    for name in flows {
        std::fs::write(dir.path().join(format!("{name}.json")), text(name, 5)).unwrap();
    }
    let workshop = Arc::new(FakeWorkshop::new(clock.clone(), script));
    let (supervisor, handle) = Supervisor::new(Setup {
        dir: dir.path().to_owned(),
        default_interval: Duration::from_secs(300),
        env: Arc::new(|_| None),
        read_mongo: crate::store::mongo_url,
        clock: clock.clone(),
        entropy: Entropy::seeded(1),
        workshop: workshop.clone(),
        observer: Arc::new(Deaf { log }),
        watch: Watch::ticking(clock.clone(), Duration::from_secs(5)),
        looking: Looking::Inline,
        probe: None,
        grace: Duration::from_secs(25),
    });
    let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
    running.spawn(supervisor.run(stop.clone()));
    clock.sleep(Duration::from_secs(60)).await;
    Inhabited { router: router(handle, clock, access()), workshop, stop, supervisor: running, dir }
}

impl Inhabited {
    async fn get(&self, uri: &str) -> (StatusCode, String) {
        self.answered(Request::get(uri).body(Body::empty()).unwrap()).await
    }

    async fn answered(&self, request: Request<Body>) -> (StatusCode, String) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let code = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (code, String::from_utf8(bytes.to_vec()).unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn health_reads_as_the_node_service_had_it() {
    let inhabited = inhabited(&["sync-ab"], |_, _| Act::Idle).await;
    let (code, body) = inhabited.get("/health").await;
    let expected = json!({
        "status": "healthy",
        "timestamp": "1970-01-01T00:01:00.000Z",
        "workers": [{ "name": "sync-ab", "status": "idle", "lastHeartbeat": "1970-01-01T00:00:00.000Z" }],
    });
    assert_eq!((code, serde_json::from_str::<Value>(&body).unwrap()), (StatusCode::OK, expected));
}

#[tokio::test(start_paused = true)]
async fn a_parked_flow_degrades_health_and_only_strictly_its_code() {
    let refused = || Exit::Refused { why: "401".into() };
    let script = move |name: &str, _: usize| match name {
        "a" => Act::EndAfter(Duration::ZERO, refused()),
        _ => Act::Idle,
    };
    let inhabited = inhabited(&["a", "b"], script).await;
    for (uri, code) in [
        ("/health", StatusCode::OK),
        ("/health?strict", StatusCode::SERVICE_UNAVAILABLE),
        ("/health?strict=true", StatusCode::SERVICE_UNAVAILABLE),
        ("/health?strict=false", StatusCode::OK),
    ] {
        let (found, body) = inhabited.get(uri).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((found, &body["status"]), (code, &json!("degraded")), "{uri}");
        assert_eq!(body["workers"][0]["status"], "parked");
    }
}

#[tokio::test(start_paused = true)]
async fn health_and_flows_tell_the_same_of_a_flow_that_is_busy_and_gets_nowhere() {
    let inhabited = inhabited(&["a"], |_, _| Act::Hang).await;
    let asked = async || {
        let (code, health) = inhabited.get("/health?strict").await;
        let health: Value = serde_json::from_str(&health).unwrap();
        (code.as_u16(), health, inhabited.shown("/flows").await.1["flows"][0].clone())
    };
    let (code, health, flow) = asked().await;
    assert_eq!((code, &health["status"], &health["workers"][0]["degraded"]), (200, &json!("healthy"), &Value::Null));
    assert_eq!((&flow["degraded"], &flow["degradedSince"]), (&json!(false), &Value::Null));
    assert_eq!(flow["degradedWhy"], Value::Null);

    tokio::time::sleep(Duration::from_secs(600)).await;
    let (code, health, flow) = asked().await;
    assert_eq!((code, &health["status"], &health["workers"][0]["degraded"]), (503, &json!("degraded"), &json!(true)));
    assert_eq!(flow["state"], "syncing");
    assert_eq!((&flow["degraded"], &flow["degradedSince"]), (&json!(true), &json!("1970-01-01T00:05:00.000Z")));
    assert!(flow["degradedWhy"].as_str().unwrap().contains("no sign of life"), "{flow}");
}

#[tokio::test(start_paused = true)]
async fn liveness_and_readiness_depend_on_no_flow() {
    let script = |name: &str, _: usize| match name {
        "parked" => Act::EndAfter(Duration::ZERO, Exit::Refused { why: "401".into() }),
        "failing" => Act::EndAfter(Duration::ZERO, Exit::Failed { why: "no database".into(), at_least: None }),
        "panicking" => Act::Panic,
        _ => Act::Hang,
    };
    let inhabited = inhabited(&["parked", "failing", "panicking", "hanging"], script).await;
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(inhabited.get("/livez").await.0, StatusCode::OK);
        assert_eq!(inhabited.get("/readyz").await.0, StatusCode::OK);
    }
    assert_eq!(inhabited.get("/health?strict").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn a_notice_degrades_a_flow_that_runs_and_outlives_its_worker() {
    let failed = || Exit::Failed { why: "503".into(), at_least: None };
    let script = move |_: &str, nth: usize| match nth {
        0 => Act::Notice("no status Doen", Duration::from_secs(5), failed()),
        _ => Act::Idle,
    };
    let inhabited = inhabited(&["a"], script).await;
    let (code, body) = inhabited.get("/health?strict").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, &body["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("degraded")));
    assert_eq!(body["workers"][0]["status"], "idle", "a successor runs");
    let notice = json!([{ "kind": "statusMissing", "why": "no status Doen", "since": "1970-01-01T00:00:00.000Z" }]);
    assert_eq!(inhabited.shown("/flows/a").await.1["notices"], notice);
    assert_eq!(inhabited.shown("/flows").await.1["flows"][0]["notices"], notice);
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_ends_the_notices_about_what_it_said_before() {
    let forever = Duration::from_secs(86_400);
    let script = move |_: &str, nth: usize| match nth {
        0 => Act::Notice("no status Doen", forever, Exit::Stopped),
        _ => Act::Idle,
    };
    let inhabited = inhabited(&["a"], script).await;
    assert_eq!(inhabited.shown("/flows/a").await.1["notices"][0]["why"], "no status Doen");
    std::fs::write(inhabited.dir.path().join("a.json"), text("a", 6)).unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(inhabited.shown("/flows/a").await.1["notices"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn it_is_alive_always_and_ready_until_it_stops() {
    let mut inhabited = inhabited(&[], |_, _| Act::Idle).await;
    assert_eq!(inhabited.get("/livez").await.0, StatusCode::OK);
    assert_eq!(inhabited.get("/readyz").await.0, StatusCode::OK);
    assert_eq!(inhabited.get("/health?strict").await.0, StatusCode::OK);
    inhabited.stop.cancel();
    inhabited.supervisor.join_next().await;
    assert_eq!(inhabited.get("/livez").await.0, StatusCode::OK);
    assert_eq!(inhabited.get("/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

/// A request to the API that may be made, but for what `change` does to it.
fn asked(method: &str, uri: &str, body: &str, change: impl FnOnce(&mut axum::http::HeaderMap)) -> Request<Body> {
    let request = Request::builder().method(method).uri(uri).header("host", "localhost:3000");
    let request = request.header("authorization", format!("Bearer {TOKEN}")).header("content-type", "application/json");
    let mut request = request.body(Body::from(body.to_owned())).unwrap();
    change(request.headers_mut());
    request
}

impl Inhabited {
    /// Asks for something of the API.
    async fn shown(&self, path: &str) -> (u16, Value) {
        self.ask(asked("GET", &format!("/api/v1{path}"), "", |_| {})).await
    }

    async fn ask(&self, request: Request<Body>) -> (u16, Value) {
        let (code, body) = self.answered(request).await;
        (code.as_u16(), serde_json::from_str(&body).unwrap())
    }

    async fn post(&self, uri: &str, body: &str) -> (u16, Value) {
        self.ask(asked("POST", uri, body, |_| {})).await
    }
}

const PAIR: &str = r#"{"user": "user-a-1", "dev": "DEV-A-7"}"#;

#[tokio::test(start_paused = true)]
async fn an_order_is_answered_with_what_was_done_or_why_it_was_not() {
    let script = |name: &str, _: usize| match name {
        "parked" => Act::EndAfter(Duration::ZERO, Exit::Refused { why: "401".into() }),
        "busy" => Act::Hang,
        _ => Act::Execute,
    };
    let inhabited = inhabited(&["a", "parked", "busy"], script).await;
    let at = |flow: &str, what: &str| format!("/api/v1/flows/{flow}/{what}");
    for (uri, body, code, answer) in [
        (at("a", "pair"), PAIR, 200, json!({"done": "pair USER-A-1 DEV-A-7"})),
        (at("a", "recreate"), r#"{"user": "USER-A-1"}"#, 200, json!({"done": "recreate USER-A-1"})),
        (at("a", "unpair"), r#"{"issue": "DEV-A-7"}"#, 409, json!({"error": "DEV-A-7 is in no pair"})),
        (at("b", "pair"), PAIR, 404, json!({"error": "there is no flow \"b\""})),
        (at("..", "pair"), PAIR, 404, json!({"error": "there is no flow \"..\""})),
        (
            at("parked", "pair"),
            PAIR,
            503,
            json!({"error": "not now, and nothing was changed: the flow is parked: 401"}),
        ),
        (
            at("busy", "pair"),
            PAIR,
            503,
            json!({"error": "not now, and nothing was changed: it is in a cycle that takes long; the order was withdrawn"}),
        ),
    ] {
        assert_eq!(inhabited.post(&uri, body).await, (code, answer), "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_order_is_turned_away() {
    let inhabited = inhabited(&["a"], |_, _| Act::Execute).await;
    let uri = "/api/v1/flows/a/pair";
    let long = format!(r#"{{"user": "USER-A-1", "dev": "{}"}}"#, "7".repeat(BODY_LIMIT));
    for (body, code) in [
        ("", 400),
        ("{}", 400),
        ("[]", 400),
        (r#"{"user": "USER-A-1"}"#, 400),
        (r#"{"user": "USER-A-1", "dev": "seven"}"#, 400),
        (r#"{"user": "USER-A-1", "dev": "DEV-A-7", "force": true}"#, 400),
        (&long, 413),
    ] {
        let (found, answer) = inhabited.post(uri, body).await;
        assert_eq!(found, code, "{answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let request = asked("POST", uri, PAIR, |headers| {
            headers.insert("content-type", kind.parse().unwrap());
        });
        assert_eq!(inhabited.ask(request).await.0, 415, "{kind}");
    }
    assert_eq!(inhabited.ask(asked("GET", uri, "", |_| {})).await.0, 405);
    assert_eq!(inhabited.ask(asked("GET", "/api/v1/nothing", "", |_| {})).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn the_api_is_closed_to_whoever_may_not_ask() {
    let inhabited = inhabited(&["a"], |_, _| Act::Execute).await;
    for (name, value, code) in [
        ("authorization", "", 401),
        ("authorization", "Bearer wrong", 401),
        ("origin", "https://evil.example.net", 403),
        ("host", "evil.example.net", 421),
    ] {
        for (method, uri, body) in [
            ("POST", "/api/v1/flows/a/pair", PAIR),
            ("GET", "/api/v1/flows", ""),
            ("GET", "/api/v1/flows/a", ""),
            ("GET", "/api/v1/flows/b", ""),
            ("GET", "/api/v1/flows/a/history", ""),
            ("GET", "/api/v1/nothing", ""),
        ] {
            let request = asked(method, uri, body, |headers| {
                headers.insert(name, value.parse().unwrap());
            });
            let (found, answer) = inhabited.ask(request).await;
            assert_eq!((found, answer["error"].is_string()), (code, true), "{name}: {value} at {uri}: {answer}");
        }
    }
    let everybody = Request::get("/health").header("host", "evil.example.net").body(Body::empty()).unwrap();
    assert_eq!(inhabited.ask(everybody).await.0, 200, "probes come by any name and have no token");
}

#[tokio::test(start_paused = true)]
async fn flows_tell_how_they_stand() {
    let inhabited = inhabited(&["sync-ab"], |_, _| Act::Idle).await;
    let (code, one) = inhabited.ask(asked("GET", "/api/v1/flows/sync-ab", "", |_| {})).await;
    assert_eq!((code, &one["state"], &one["why"]), (200, &json!("idle"), &Value::Null), "{one}");
    assert_eq!(one["lastCycle"], "1970-01-01T00:00:00.000Z");
    let (_, all) = inhabited.ask(asked("GET", "/api/v1/flows", "", |_| {})).await;
    let known_without_data = all["flows"][0].as_object().unwrap();
    assert!(!known_without_data.is_empty() && known_without_data.iter().all(|(name, value)| one[name] == *value));
    assert_eq!(inhabited.ask(asked("GET", "/api/v1/flows/sync-cd", "", |_| {})).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn beside_the_flows_stands_what_the_log_dropped_by_level() {
    let inhabited = inhabited(&[], |_, _| Act::Idle).await;
    let (_, all) = inhabited.ask(asked("GET", "/api/v1/flows", "", |_| {})).await;
    let dropped = json!({ "trace": 0, "debug": 0, "info": 7, "warn": 0, "error": 1 });
    assert_eq!(all["log"], json!({ "queuedBytes": 300, "dropped": dropped, "failure": "no storage space" }));
}

//! What the admin server answers, asked without a socket.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use chrono::DateTime;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::*;
use crate::clock::Entropy;
use crate::config::Watch;
use crate::flow::{Event, FlowName, Observer};
use crate::supervisor::testing::{Act, FakeWorkshop, text};
use crate::supervisor::{Ended, Setup, Supervisor};
use crate::worker::Exit;

struct Deaf;

impl Observer for Deaf {
    fn see(&self, _: Option<&FlowName>, _: &Event) {}
}

/// A router over a supervisor of these flows, one minute after midnight 1970, and what keeps it alive.
struct Inhabited {
    router: Router,
    stop: CancellationToken,
    supervisor: JoinSet<Ended>,
    _dir: tempfile::TempDir,
}

async fn inhabited(flows: &[&str], script: impl Fn(&str, usize) -> Act + Send + Sync + 'static) -> Inhabited {
    let clock = Clock::simulated(DateTime::UNIX_EPOCH);
    let dir = tempfile::tempdir().unwrap();
    for name in flows {
        std::fs::write(dir.path().join(format!("{name}.json")), text(name, 5)).unwrap();
    }
    let (supervisor, handle) = Supervisor::new(Setup {
        dir: dir.path().to_owned(),
        default_interval: Duration::from_secs(300),
        env: Arc::new(|_| None),
        clock: clock.clone(),
        entropy: Entropy::seeded(1),
        workshop: Arc::new(FakeWorkshop::new(clock.clone(), script)),
        observer: Arc::new(Deaf),
        watch: Watch::ticking(clock.clone(), Duration::from_secs(5)),
        probe: None,
        grace: Duration::from_secs(25),
    });
    let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
    running.spawn(supervisor.run(stop.clone()));
    clock.sleep(Duration::from_secs(60)).await;
    Inhabited { router: router(handle, clock), stop, supervisor: running, _dir: dir }
}

impl Inhabited {
    async fn get(&self, uri: &str) -> (StatusCode, String) {
        let request = Request::get(uri).body(Body::empty()).unwrap();
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

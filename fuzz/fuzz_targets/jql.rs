//! A query, as the simulated Jira reads it: it may refuse one, but never break over it.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use chrono::DateTime;
use lockstep::demo::world;
use lockstep::sim::Site;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a thread's runtime needs nothing"));

static JIRA: LazyLock<Router> = LazyLock::new(|| {
    let mut setup = world::jira("http://jira.example", Arc::new(|| DateTime::UNIX_EPOCH), 1, Duration::from_secs(1));
    setup.latency = Duration::ZERO..=Duration::ZERO;
    Site::new(setup).router()
});

libfuzzer_sys::fuzz_target!(|jql: &str| {
    let body = serde_json::json!({"jql": jql}).to_string();
    let request = Request::post("/rest/api/3/search/jql")
        // lockstep@example.net:demo-token, the demo's own.
        .header(header::AUTHORIZATION, "Basic bG9ja3N0ZXBAZXhhbXBsZS5uZXQ6ZGVtby10b2tlbg==")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .expect("the request is well formed");
    let answer = RUNTIME.block_on(JIRA.clone().oneshot(request)).expect("a router always answers");
    assert!(matches!(answer.status().as_u16(), 200 | 400), "{}", answer.status());
});

//! The limits that Jira publishes.

use std::time::Duration;

use serde_json::json;

use super::stage::{Reply, Stage, wait};
use crate::limits::{Bucket, Limits};
use crate::{Flavour, Setup};

fn strict(setup: &mut Setup) {
    setup.limits = Some(Limits::published());
}

async fn rename(stage: &Stage, key: &str, n: usize) -> Reply {
    stage.put(&format!("issue/{key}"), json!({"fields": {"summary": format!("Take {n}")}})).await
}

#[tokio::test(start_paused = true)]
async fn a_burst_to_one_endpoint_is_cut_off_and_forgiven_after_a_second() {
    let stage = Stage::with(strict);
    for n in 0..100 {
        assert_eq!(stage.get("myself").await.status, 200, "{n}");
    }
    let reply = stage.get("myself").await;
    assert_eq!(reply.status, 429);
    for (header, value) in [
        ("Retry-After", "1"),
        ("X-RateLimit-Limit", "100"),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", "2026-03-02T12:00:01Z"),
        ("RateLimit-Reason", "jira-burst-based"),
    ] {
        assert_eq!(reply.header(header), value, "{header}");
    }
    assert_eq!(stage.get("project/USER-A").await.status, 200, "another endpoint has a bucket of its own");
    wait(1).await;
    assert_eq!(stage.get("myself").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn writes_to_one_issue_are_counted_in_both_windows() {
    let stage = Stage::with(strict);
    let (key, other) = (stage.ann_reports("One"), stage.ann_reports("Two"));
    for n in 0..100 {
        assert_eq!(rename(&stage, &key, n).await.status, 204, "{n}");
        if n % 20 == 19 && n < 99 {
            let reply = rename(&stage, &key, 1000).await;
            assert_eq!((reply.status, reply.header("RateLimit-Reason")), (429, "jira-per-issue-on-write"));
            assert_eq!((reply.header("X-RateLimit-Limit"), reply.header("Retry-After")), ("20", "2"));
            wait(2).await;
        }
    }
    wait(2).await;
    let reply = rename(&stage, &key, 1000).await;
    assert_eq!((reply.status, reply.header("X-RateLimit-Limit"), reply.header("Retry-After")), (429, "100", "20"));
    assert_eq!(rename(&stage, &other, 0).await.status, 204);
    assert_eq!(stage.get(&format!("issue/{key}")).await.status, 200, "reading is no writing");
    wait(20).await;
    assert_eq!(rename(&stage, &key, 1000).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn data_center_counts_by_account_over_all_endpoints() {
    let bucket = Bucket { size: 3, fill: 2, every: Duration::from_secs(10) };
    let mut stage = Stage::with(|setup| {
        setup.flavour = Flavour::DataCenter;
        setup.limits = Some(Limits { per_account: bucket, ..Limits::published() });
    });
    for path in ["myself", "project/USER-A", "priority"] {
        assert_eq!(stage.get(path).await.status, 200);
    }
    wait(4).await;
    let reply = stage.get("resolution").await;
    assert_eq!(reply.status, 429);
    for (header, value) in [
        ("Retry-After", "6"),
        ("X-RateLimit-Limit", "3"),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Interval-Seconds", "10"),
        ("X-RateLimit-FillRate", "2"),
        ("RateLimit-Reason", ""),
    ] {
        assert_eq!(reply.header(header), value, "{header}");
    }
    wait(6).await;
    let statuses =
        [stage.get("myself").await.status, stage.get("myself").await.status, stage.get("myself").await.status];
    assert_eq!(statuses, [200, 200, 429]);
    stage.log_in("Bearer ann-token");
    assert_eq!(stage.get("myself").await.status, 200, "others are not held back");
}

#[tokio::test(start_paused = true)]
async fn without_limits_a_site_puts_up_with_everything() {
    let stage = Stage::new();
    for _ in 0..300 {
        assert_eq!(stage.get("myself").await.status, 200);
    }
}

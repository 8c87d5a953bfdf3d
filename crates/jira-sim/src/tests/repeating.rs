//! The same seed and the same requests: the same bytes, whatever the requests are about.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::attachments::upload;
use super::stage::{DEV, Stage, adf, new_issue, secs, wait};
use crate::faults::{Effect, FaultPlan, Kind, LateReply, Rule, When};
use crate::limits::Bucket;
use crate::{Flavour, Limits};

/// Writes and searches on a rough day with jittering latency.
async fn rough(seed: u64) -> String {
    let stage = Stage::with(|setup| {
        setup.seed = seed;
        setup.latency = Duration::from_millis(20)..=Duration::from_millis(400);
        setup.index_lag = secs(0..=9);
        setup.flicker = 0.2;
    });
    let mut rough = FaultPlan::rough();
    rough.rules.insert(
        0,
        Rule::anywhere(
            When::Chance(0.2),
            Kind::LateEffect { from: Duration::from_secs(1), to: Duration::from_secs(9), reply: LateReply::Broken },
        ),
    );
    stage.site.faults(rough);
    let mut told = String::new();
    for n in 0..60 {
        let create = stage.post("issue", new_issue(DEV, &format!("Issue {n}")));
        let search = stage.post("search/jql", json!({"jql": "project = DEV-A order by updated", "fields": ["*all"]}));
        for request in [
            tokio::time::timeout(Duration::from_secs(9), create).await,
            tokio::time::timeout(Duration::from_secs(9), search).await,
        ] {
            told += &format!("{request:?}\n");
        }
    }
    told
}

/// Files, published limits and requests that are held, on one kind of Jira.
async fn furnished(seed: u64, flavour: Flavour) -> String {
    let narrow = Bucket { size: 2, fill: 1, every: Duration::from_secs(4) };
    let per_account = Bucket { size: 9, fill: 1, every: Duration::from_secs(2) };
    let stage = Stage::with(|setup| {
        (setup.seed, setup.flavour) = (seed, flavour);
        setup.latency = Duration::from_millis(20)..=Duration::from_millis(400);
        setup.limits = Some(Limits { reading: narrow, per_account, ..Limits::published() });
    });
    let comments = format!("{}/issue/{{issueIdOrKey}}/comment", stage.root);
    let hold = Kind::Hold { effect: Effect::Before };
    stage.site.faults(Rule::on(Method::POST, &comments, When::Chance(0.5), hold).into());
    let mut told = String::new();
    for n in 0..20 {
        let issue = format!("DEV-A-{}", n / 2 + 1);
        told += &format!("{:?}\n", stage.post("issue", new_issue(DEV, &format!("Issue {n}"))).await);
        let file = upload(&stage, &issue, &[("file", &format!("{n}.txt"), &"x".repeat(n))]).await;
        let content = file.json()[0]["content"].as_str().unwrap_or("/nowhere").to_owned();
        told += &format!("{file:?}\n{:?}\n", stage.at("GET", &content).await);
        let body = if flavour == Flavour::Cloud { adf("Yes") } else { json!("Yes") };
        let path = format!("issue/{issue}/comment");
        let said = stage.post(&path, json!({"body": body}));
        told += &format!("{:?}\n", tokio::time::timeout(Duration::from_secs(1), said).await);
        told += &format!("{} {:?}\n", stage.site.release_all(), stage.get(&format!("issue/{issue}")).await);
        wait(1).await;
    }
    told
}

/// Tells a story twice with one seed and once with another; answers the first.
fn told_alike<F: Future<Output = String>>(story: impl Fn(u64) -> F) -> String {
    let run = |seed| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(story(seed))
    };
    let first = run(1);
    assert!(first == run(1), "two runs of one seed differ");
    assert!(first != run(2), "another seed changes nothing");
    first
}

#[test]
fn the_same_seed_and_requests_give_the_same_bytes() {
    told_alike(rough);
}

#[test]
fn files_limits_and_holds_give_the_same_bytes_too() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let told = told_alike(|seed| furnished(seed, flavour));
        for met in ["status: 429", "status: 201", "Elapsed", "\n1 Reply", "\n0 Reply"] {
            assert!(told.contains(met), "{flavour:?} never met {met}");
        }
    }
}

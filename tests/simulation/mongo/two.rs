//! Two daemons on one database: one serves the flow, and the other waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use jira_sim::Flavour;
use jira_sim::faults::{Kind, Rule, When};
use lockstep::supervisor::Handle;
use mongodb::bson::{Document, doc};

use super::on_a_paused_clock;
use crate::crashes::company;
use test_mongod::Replica;
use testing::house::{End, HOUR, House, MINUTE, cycles};
use testing::story::{CUSTOMER, DEVELOPER, InJira as _};

const SECOND: Duration = Duration::from_secs(1);

/// Counts what a daemon is answered by Jira when it asked for a change.
fn writes_of(house: &mut House) -> Arc<AtomicU64> {
    let counted = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&counted);
    house.twist(move |method, path, _| {
        let reads = method == "GET" || path.ends_with("/search/jql") || path.ends_with("/bulkfetch");
        count.fetch_add(u64::from(!reads), Ordering::Relaxed);
    });
    counted
}

fn why(handle: &Handle) -> String {
    handle.look().flows.remove(0).standing.why.unwrap_or_default()
}

#[test]
fn a_second_daemon_replaces_only_a_silent_first_which_then_stops_writing() {
    on_a_paused_clock(async {
        let mut first = company(Flavour::Cloud);
        let mut second = first.another();
        let (first_writes, data) = (writes_of(&mut first), Arc::clone(&first.data));
        first.accepts_ticket(CUSTOMER);
        let (clock, site) = (first.clock.clone(), Arc::clone(&first.site));
        let events = Arc::clone(&first.events);
        let beside = async |first_handle: Handle| {
            clock.sleep(cycles(2)).await;
            second
                .live_beside(End::At(2 * HOUR), async |handle| {
                    clock.sleep(6 * MINUTE).await;
                    let refused = why(&handle);
                    assert!(refused.contains("is in use by process 1 on host house"), "{refused}");
                    assert_eq!((site.dev_count(), handle.look().flows[0].last_cycle), (1, None));

                    data.crashed();
                    let written = first_writes.load(Ordering::Relaxed);
                    clock.sleep(6 * MINUTE).await;
                    site.moves(DEVELOPER, "DEV-A-1", "Closed");
                    clock.sleep(cycles(2)).await;
                    assert!(handle.look().flows[0].last_cycle.is_some(), "{}", why(&handle));
                    assert_eq!(site.status("USER-A-1"), "Resolved");
                    assert_eq!(first_writes.load(Ordering::Relaxed), written, "the first one wrote");
                    let now_refused = why(&first_handle);
                    assert!(now_refused.contains("is in use by process 1 on host house"), "{now_refused}");
                    std::future::pending().await
                })
                .await;
        };
        first.live_beside(End::At(45 * MINUTE), beside).await;
        let told = events.about("a later worker of this flow has taken over its data");
        assert!(told.contains("flow sync-ab"), "{}", events.about("process"));
        assert_eq!(first.disagreements(), [""; 0]);
    });
}

/// The first daemon's create is on its way when the second one takes over: it is found, not repeated.
#[test]
fn a_daemon_that_is_followed_in_the_middle_of_a_create_leaves_no_twin() {
    for late in [5, 15, 25, 40] {
        on_a_paused_clock(async {
            let mut first = company(Flavour::Cloud);
            let mut second = first.another();
            let slow = Kind::Latency { from: late * SECOND, to: late * SECOND };
            first.site.faults(Rule::on(Method::POST, &first.api("issue"), When::First(1), slow).into());
            let ticket = first.accepts_ticket(CUSTOMER);
            let (clock, site, data) = (first.clock.clone(), Arc::clone(&first.site), Arc::clone(&first.data));
            let asked = format!("POST {}", first.api("issue"));
            let beside = async |_: Handle| {
                while !site.counters().contains_key(&asked) {
                    clock.sleep(SECOND / 10).await;
                }
                data.crashed();
                second.live_beside(End::At(45 * MINUTE), async |_| std::future::pending().await).await;
            };
            first.live_beside(End::At(50 * MINUTE), beside).await;
            assert_eq!(site.dev_count(), 1, "{late} s");
            assert_eq!(site.issue(&ticket).unwrap().comments.len(), 1, "{late} s: {}", second.about(&ticket));
            first.moves(DEVELOPER, "DEV-A-1", "Closed");
            second.cycles(2).await;
            assert_eq!(first.disagreements(), [""; 0], "{late} s");
        });
    }
}

/// Has every sign of life of this flow fail, and nothing else.
fn no_sign_of_life(house: &House, on: bool) {
    let owners = format!("{}.owner", house.data.flow_name("sync-ab").replace('-', "_"));
    let mode = if on { "alwaysOn" } else { "off" };
    let failing = doc! {
        "configureFailPoint": "failCommand", "mode": mode,
        "data": { "failCommands": ["update"], "namespace": owners, "errorCode": 8000 },
    };
    Replica::shared().with("admin", |admin| async move { admin.run_command(failing).await.unwrap() });
}

#[test]
fn a_worker_whose_signs_of_life_are_not_heard_writes_nothing_to_jira() {
    on_a_paused_clock(async {
        let mut house = company(Flavour::Cloud);
        let (clock, site) = (house.clock.clone(), Arc::clone(&house.site));
        let other = house.another();
        let events = Arc::clone(&house.events);
        let beside = async |_: Handle| {
            clock.sleep(cycles(2)).await;
            no_sign_of_life(&other, true);
            let ticket = other.accepts_ticket(CUSTOMER);
            let writes = other.writes();
            clock.sleep(20 * MINUTE).await;
            assert_eq!(other.writes(), writes);
            let told = events.about("nothing is written to Jira: the flow's database has not answered");
            assert!(!told.is_empty(), "{}", events.about("flow sync"));
            no_sign_of_life(&other, false);
            clock.sleep(15 * MINUTE).await;
            assert_eq!((site.dev_count(), site.issue(&ticket).unwrap().comments.len()), (1, 1));
            let states = other.data.own(|database| async move {
                database.collection::<Document>("intents").count_documents(doc! {}).await.unwrap()
            });
            assert_eq!(states, 0, "nothing is owed any more");
            std::future::pending().await
        };
        house.live_beside(End::At(HOUR), beside).await;
        assert_eq!(house.events.audited("step.inDoubt"), 0, "what was not sent is in no doubt");
        assert_eq!(house.disagreements(), [""; 0]);
    });
}

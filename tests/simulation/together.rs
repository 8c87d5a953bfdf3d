//! Several dev issues that are created in one request: each has a fate of its own.

use std::time::Duration;

use http::Method;
use jira_sim::faults::{Effect, Garbage, Kind, Rule, When};
use jira_sim::{FaultPlan, Flavour, Screens};
use lockstep::supervisor::Handle;

use serde_json::json;
use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, at_every_gate, cycles, on_a_paused_clock};
use testing::story::{DEV_PROJECT, InJira as _, TRIAGER, USER_PROJECT};

fn accepted(house: &House, tickets: usize) {
    for number in 0..tickets {
        house.accepts(TRIAGER, &format!("ticket {number}"), "");
    }
}

/// Each ticket has one dev issue of its own, and all that belongs to it was done once.
async fn each_has_its_own(house: &mut House, tickets: usize, after: &str) {
    house.live_for(HOUR).await;
    let mut summaries: Vec<_> = house.dev_issues().into_iter().map(|dev| dev.summary).collect();
    summaries.sort();
    let mut expected: Vec<_> = (0..tickets).map(|number| format!("ticket {number}")).collect();
    expected.sort();
    assert_eq!(summaries, expected, "{after}");
    assert_eq!(house.disagreements(), [""; 0], "{after}");
    let comments = house.site.issues(USER_PROJECT).into_iter().map(|user| user.comments.len());
    assert_eq!(comments.collect::<Vec<_>>(), vec![1; tickets], "{after}");
}

#[test]
fn a_page_of_accepted_tickets_is_one_request_for_fifty() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 4);
            accepted(&house, 60);
            house.clock.sleep(HOUR).await;
            each_has_its_own(&mut house, 60, "no fault").await;
            assert_eq!(
                (house.requests_to("POST", "issue/bulk"), house.requests_to("POST", "issue")),
                (2, 0),
                "{flavour:?}"
            );
        });
    }
}

fn garbage() -> Kind {
    Kind::Garbage(Garbage::TruncatedJson)
}

fn gone_wrong() -> Kind {
    Kind::ServerError { status: http::StatusCode::INTERNAL_SERVER_ERROR, effect: Effect::Before }
}

#[test]
fn a_lost_or_unreadable_answer_leaves_all_in_doubt_and_each_is_found() {
    for (flavour, kind, happened) in FLAVOURS.into_iter().flat_map(|flavour| {
        [(flavour, Kind::LostReply, true), (flavour, gone_wrong(), false), (flavour, garbage(), true)]
    }) {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 4);
            accepted(&house, 5);
            house.clock.sleep(HOUR).await;
            house.site.faults(Rule::on(Method::POST, &house.api("issue/bulk"), When::First(1), kind).into());
            house.live_for(4 * MINUTE).await;
            assert_eq!(house.events.audited("step.inDoubt"), 5);
            assert_eq!(house.dev_count(), if happened { 5 } else { 0 });
            each_has_its_own(&mut house, 5, "lost").await;
            assert_eq!(house.events.audited("step.doubtSettled"), 5);
        });
    }
}

#[test]
fn a_request_that_jira_refuses_as_a_whole_is_made_one_by_one() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 4);
            accepted(&house, 5);
            house.clock.sleep(HOUR).await;
            let refused = Kind::ServerError { status: http::StatusCode::BAD_REQUEST, effect: Effect::Before };
            house.site.faults(Rule::on(Method::POST, &house.api("issue/bulk"), When::First(1), refused).into());
            each_has_its_own(&mut house, 5, "refused").await;
            assert_eq!(
                (house.requests_to("POST", "issue/bulk"), house.requests_to("POST", "issue")),
                (1, 5),
                "{flavour:?}"
            );
            assert_eq!(house.events.audited("step.inDoubt"), 0, "a refusal leaves no doubt");
        });
    }
}

#[test]
fn a_jira_that_asks_to_wait_gets_the_same_request_once_more() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet(flavour, 4);
            accepted(&house, 5);
            house.clock.sleep(HOUR).await;
            let wait = Kind::TooMany { retry_after_secs: 20 };
            house.site.faults(Rule::on(Method::POST, &house.api("issue/bulk"), When::First(1), wait).into());
            each_has_its_own(&mut house, 5, "throttled").await;
            assert_eq!(
                (house.requests_to("POST", "issue/bulk"), house.requests_to("POST", "issue")),
                (2, 0),
                "{flavour:?}"
            );
            assert_eq!(house.events.audited("step.inDoubt"), 0, "nothing happened, without doubt");
        });
    }
}

#[test]
fn a_crash_at_any_gate_of_several_creates_makes_no_twin_and_no_loss() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| {
            let mut house = House::quiet(flavour, 7);
            accepted(&house, 3);
            let crash = Crash::at(gate);
            house.live(End::Crash(crash.clone(), cycles(2))).await;
            let place = crash.place()?;
            each_has_its_own(&mut house, 3, &format!("{flavour:?}: after a crash at {place}")).await;
            Some(place)
        });
        let bulk = House::quiet(flavour, 7).api("issue/bulk");
        for needed in [format!("Before Jira POST {bulk}"), format!("After Jira POST {bulk}")] {
            assert!(places.contains(&needed), "{needed} is not among {places:#?}");
        }
    }
}

/// Dev issues must have labels, and get those of their tickets.
fn demands_labels(flavour: Flavour) -> House {
    let house = House::quiet_with(4, |jira| {
        jira.flavour = flavour;
        jira.screens.insert(DEV_PROJECT.to_owned(), Screens::default().with(&["labels!"]));
    });
    house.flow_fixture().with(json!({"fieldMap": {"labels": "labels"}})).write();
    house
}

/// Jira takes some of a request and refuses others, and says which by their places.
#[test]
fn one_that_jira_refuses_among_several_is_tried_alone_and_fails_alone() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = demands_labels(flavour);
            accepted(&house, 5);
            let labelled = ["USER-A-1", "USER-A-2", "USER-A-4", "USER-A-5"];
            for issue in labelled {
                house.labels(TRIAGER, issue, &["hot"]);
            }
            house.clock.sleep(MINUTE).await;
            house.live_for(Duration::from_secs(10)).await;
            assert_eq!(
                (house.requests_to("POST", "issue/bulk"), house.requests_to("POST", "issue")),
                (1, 1),
                "{flavour:?}"
            );
            assert_eq!(house.events.audited("issue.failed"), 1);
            assert!(house.events.about("issue.failed").is_empty() && !house.events.about("USER-A-3 failed").is_empty());
            assert_eq!(house.events.audited("step.inDoubt"), 0, "a refusal leaves no doubt");
            house.labels(TRIAGER, "USER-A-3", &["hot"]);
            each_has_its_own(&mut house, 5, "refused in part").await;
        });
    }
}

/// The database is written to while a request is under way: that is one issue's failure only.
#[test]
fn a_ticket_paired_meanwhile_stops_neither_the_others_nor_the_cycle() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 4);
        house.live_for(MINUTE).await;
        accepted(&house, 3);
        house.clock.sleep(MINUTE).await;
        let bulk = house.api("issue/bulk");
        house.site.add_fault(Rule::on(Method::POST, &bulk, When::First(1), Kind::Hold { effect: Effect::After }));
        let (site, file) = (house.site.clone(), house.data.file());
        let id = site.id("USER-A-2");
        let beside = async |_: Handle| {
            site.held(1).await;
            let sql = "INSERT INTO jira_mapping (user_issue_id, user_issue_key, dev_issue_id, dev_issue_key, origin,
                           state, created_at) VALUES (?1, 'USER-A-2', '999999', 'DEV-A-99', 'adopted', 'active', '')";
            assert_eq!(rusqlite::Connection::open(&file).unwrap().execute(sql, [id]).unwrap(), 1);
            site.release_all();
        };
        house.live_beside(End::At(MINUTE), beside).await;
        assert_eq!(house.events.audited("sync.cycle.completed"), 2, "{}", house.events.about("sync-ab"));
        assert_eq!(house.events.audited("issue.failed"), 1);
        assert_eq!(house.site.issue("USER-A-3").unwrap().comments.len(), 1);
    });
}

/// There may be any number of them; no more than a page's worth is in hand at a time.
#[test]
fn issues_that_failed_are_tried_again_a_page_at_a_time() {
    on_a_paused_clock(async {
        let mut house = House::quiet(Flavour::Cloud, 4);
        for resource in ["issue", "issue/bulk"] {
            let no = Kind::ServerError { status: http::StatusCode::BAD_REQUEST, effect: Effect::Before };
            house.site.add_fault(Rule::on(Method::POST, &house.api(resource), When::Always, no));
        }
        accepted(&house, 130);
        house.clock.sleep(MINUTE).await;
        house.live_for(2 * MINUTE).await;
        assert_eq!(house.events.audited("issue.failed"), 130);
        house.clock.sleep(30 * HOUR).await;
        let now = house.clock.wall().to_rfc3339();
        let database = house.data.database();
        database.execute("UPDATE sync_state SET patrol_begun = ?1, last_sync = ?1", [now]).unwrap();
        house.site.faults(FaultPlan::none());
        let before = house.site.requests().len();
        house.live_for(2 * MINUTE).await;
        let asked: Vec<_> = house.site.requests().split_off(before).into_iter().map(|line| line.path).collect();
        let at = |resource: &str, nth| {
            let path = house.api(resource);
            asked.iter().enumerate().filter(|(_, asked)| **asked == path).map(|(place, _)| place).nth(nth).unwrap()
        };
        assert!(at("issue/bulk", 0) < at("issue/bulkfetch", 1), "{asked:#?}");
        each_has_its_own(&mut house, 130, "failed").await;
    });
}

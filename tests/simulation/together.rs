//! Several dev issues that are created in one request: each has a fate of its own.

use http::Method;
use lockstep::sim::Deed;
use lockstep::sim::faults::{Effect, Garbage, Kind, Rule, When};

use super::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, at_every_gate, on_a_paused_clock};

fn accepted(house: &House, tickets: usize) {
    for number in 0..tickets {
        let (project, summary, text) = ("USER-A".to_owned(), format!("ticket {number}"), String::new());
        let issue = house.act("customer-ines", Deed::Create { project, summary, text });
        house.act("triage-noor", Deed::Move { issue, status: "Will Do".to_owned() });
    }
}

fn asked(house: &House, resource: &str) -> u64 {
    house.site.counters().get(&format!("POST {}", house.api(resource))).copied().unwrap_or_default()
}

/// Each ticket has one dev issue of its own, and all that belongs to it was done once.
async fn each_has_its_own(house: &mut House, tickets: usize, after: &str) {
    house.live_for(HOUR).await;
    let mut summaries: Vec<_> = house.site.issues("DEV-A").into_iter().map(|dev| dev.summary).collect();
    summaries.sort();
    let mut expected: Vec<_> = (0..tickets).map(|number| format!("ticket {number}")).collect();
    expected.sort();
    assert_eq!(summaries, expected, "{after}");
    assert_eq!(house.disagreements(), [""; 0], "{after}");
    let comments = house.site.issues("USER-A").into_iter().map(|user| user.comments.len());
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
            assert_eq!((asked(&house, "issue/bulk"), asked(&house, "issue")), (2, 0), "{flavour:?}");
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
fn an_answer_that_never_came_or_can_not_be_read_leaves_all_of_them_in_doubt_and_each_is_found() {
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
            assert_eq!(house.site.issues("DEV-A").len(), if happened { 5 } else { 0 });
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
            assert_eq!((asked(&house, "issue/bulk"), asked(&house, "issue")), (1, 5), "{flavour:?}");
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
            assert_eq!((asked(&house, "issue/bulk"), asked(&house, "issue")), (2, 0), "{flavour:?}");
            assert_eq!(house.events.audited("step.inDoubt"), 0, "nothing happened, and nobody doubts that");
        });
    }
}

#[test]
fn a_crash_at_any_gate_of_several_creates_leaves_no_twin_and_loses_nothing() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| {
            let mut house = House::quiet(flavour, 7);
            accepted(&house, 3);
            let crash = Crash::at(gate);
            house.live(End::Crash(crash.clone(), 12 * MINUTE)).await;
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

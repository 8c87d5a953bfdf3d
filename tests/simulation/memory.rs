//! What is remembered, what is lost, and what is found again.

use std::time::Duration;

use http::Method;
use jira_sim::faults::{Effect, Kind, Rule, When};
use jira_sim::{FaultPlan, Flavour};
use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, cycles, on_a_paused_clock};
use testing::story::{CUSTOMER, DEV_PROJECT, DEVELOPER, InJira as _, TRIAGER};

/// One flow on a site whose pages are small.
fn company(flavour: Flavour) -> House {
    House::quiet_with(5, |setup| (setup.flavour, setup.page_cap) = (flavour, 10))
}

/// Lives a story on both kinds of Jira.
fn on_both(story: impl AsyncFn(House)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(story(company(flavour)));
    }
}

#[test]
fn after_a_days_work_a_lost_data_folder_is_rebuilt_without_a_single_write() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::new(flavour, 21, FaultPlan::none());
            house.people_work_for(12 * HOUR, 1.0);
            house.live_for(14 * HOUR).await;
            let before = house.writes();
            assert!(before > 60, "{before}");
            house.data.lose();
            house.live_for(HOUR).await;
            assert_eq!(house.writes(), before);
            assert_eq!(house.disagreements(), [""; 0]);
            assert!(house.events.audited("pair.adopted") > 20);
        });
    }
}

/// Clones the dev issue: its mark comes along.
fn clone_of_the_first(house: &House) -> String {
    let value = house.site.issue("DEV-A-1").unwrap().properties["lockstep"].clone();
    let clone = house.creates(CUSTOMER, DEV_PROJECT, "clone", "");
    house.marks(DEVELOPER, &clone, value);
    clone
}

async fn only_the_original_counts(house: &mut House, ticket: &str, clone: &str) {
    house.moves(TRIAGER, clone, "Closed");
    house.live_for(11 * MINUTE).await;
    assert_eq!(house.status(ticket), "Will Do", "closing the clone changes no ticket");
    house.moves(TRIAGER, "DEV-A-1", "Closed");
    house.live_for(11 * MINUTE).await;
    assert_eq!(house.status(ticket), "Resolved");
}

#[test]
fn a_clone_of_a_dev_issue_is_not_taken_for_the_original() {
    on_both(async |mut house| {
        let ticket = house.accepts(TRIAGER, "original", "");
        house.live_for(6 * MINUTE).await;
        let clone = clone_of_the_first(&house);
        house.data.lose();
        house.live_for(6 * MINUTE).await;
        only_the_original_counts(&mut house, &ticket, &clone).await;
    });
}

#[test]
fn a_clone_that_is_seen_before_its_original_is_not_taken_for_it() {
    on_both(async |mut house| {
        let ticket = house.accepts(TRIAGER, "original", "");
        house.live_for(6 * MINUTE).await;
        house.data.lose();
        house.flow_fixture().initial_sync(false).write();
        house.clock.sleep(24 * HOUR).await;
        // Only the clone is news: neither the original nor the ticket is in what the search shows.
        let clone = clone_of_the_first(&house);
        house.live_for(6 * MINUTE).await;
        only_the_original_counts(&mut house, &ticket, &clone).await;
    });
}

#[test]
fn an_issue_that_failed_is_tried_again_although_nothing_changes() {
    on_both(async |mut house| {
        let ticket = house.accepts(TRIAGER, "stubborn", "");
        house.live_for(6 * MINUTE).await;
        house.moves(TRIAGER, "DEV-A-1", "Closed");
        let status = http::StatusCode::CONFLICT;
        let path = house.api("issue/{issueIdOrKey}/transitions");
        let refused = Kind::ServerError { status, effect: Effect::Before };
        house.site.faults(Rule::on(Method::POST, &path, When::First(2), refused).into());
        house.live_for(90 * MINUTE).await;
        assert_eq!(house.events.audited("issue.failed"), 2);
        assert_eq!(house.status(&ticket), "Resolved");
        assert_eq!(house.disagreements(), [""; 0]);
    });
}

#[test]
fn a_full_sync_of_many_pages_goes_on_where_it_was_left() {
    const TICKETS: usize = 45;
    let cloud = (20..260).step_by(24).map(|gate| (Flavour::Cloud, gate));
    let data_center = (20..260).step_by(60).map(|gate| (Flavour::DataCenter, gate));
    for (flavour, gate) in cloud.chain(data_center) {
        on_a_paused_clock(async {
            let mut house = company(flavour);
            for number in 0..TICKETS {
                house.accepts(TRIAGER, &format!("ticket {number}"), "");
                house.creates(CUSTOMER, DEV_PROJECT, &format!("idea {number}"), "");
            }
            house.clock.sleep(HOUR).await;
            let crash = Crash::at(gate);
            house.live(End::Crash(crash.clone(), cycles(2))).await;
            // The earliest gates are before the first search.
            let searches = house.site.counters().get(&format!("POST {}", house.search())).copied().unwrap_or_default();
            house.live_for(HOUR).await;
            let created = house.dev_issues().iter().filter(|dev| dev.properties.contains_key("lockstep")).count();
            assert_eq!((created, house.disagreements()), (TICKETS, vec![]), "after a crash at {:?}", crash.place());
            assert_eq!(house.events.told("Initial sync completed"), 1);
            // Each issue was read by one life or the other, and besides at most the page of dev issues that were being
            // created in the moment of the crash.
            let told = house.events.about("Initial sync completed");
            let read: usize = told.split("Number(").nth(1).unwrap().split(')').next().unwrap().parse().unwrap();
            assert!((2 * TICKETS..=2 * TICKETS + 10).contains(&read), "gate {gate}: {told}");
            // The second life did not begin anew: a whole walk takes ten pages at least.
            let resumed = house.events.about("\"resumed\"");
            assert!(searches <= 1 || !resumed.is_empty(), "gate {gate}: {searches} searches, then anew");
        });
    }
}

#[test]
fn what_changes_during_a_long_full_sync_is_seen_by_the_next_cycle() {
    on_both(async |mut house| {
        let early = house.reports("walked past before it is accepted", "");
        for number in 0..30 {
            house.reports(&format!("ticket {number}"), "");
        }
        house.clock.sleep(HOUR).await;
        let slow = Kind::Latency { from: Duration::from_secs(30), to: Duration::from_secs(30) };
        house.site.faults(Rule::anywhere(When::Chance(1.0), slow).into());
        // Its page is read within two minutes; the walk takes five.
        house.live(End::Crash(Crash::never(), 4 * MINUTE)).await;
        house.moves(TRIAGER, &early, "Will Do");
        house.clock.sleep(HOUR).await;
        house.site.faults(FaultPlan::none());
        house.live_for(11 * MINUTE).await;
        assert_eq!(house.dev_count(), 1);
    });
}

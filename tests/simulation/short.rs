//! Searches that Jira does not show to their end: pages that lead nowhere, and counts above what is shown.

use chrono::{DateTime, Utc};
use http::Method;
use jira_sim::FaultPlan;
use jira_sim::faults::{Kind, Paging, Rule, When};

use testing::house::{FLAVOURS, HOUR, House, MINUTE, on_a_paused_clock, on_both};
use testing::story::{CUSTOMER, InJira as _};

const FULL_DONE: &str = "Initial sync completed";

fn accept_tickets(house: &House, summaries: &[&str]) {
    for summary in summaries {
        house.accepts(CUSTOMER, summary, "");
    }
}

/// The summaries of the dev issues, sorted: pages that lack rows change the order of the creates.
fn dev_issues(house: &House) -> Vec<String> {
    let mut found = house.dev_summaries();
    found.sort();
    found
}

/// Its searches are spoilt so from now on.
fn paged(house: &House, paging: Paging) {
    house.site.faults(Rule::on(Method::POST, &house.search(), When::Always, Kind::Paging(paging)).into());
}

fn last_sync(house: &House) -> String {
    let database = house.data.database();
    database.query_row("SELECT last_sync FROM sync_state", [], |row| row.get(0)).unwrap()
}

fn degraded(house: &House) -> usize {
    house.events.about("searchIncomplete").lines().filter(|line| line.contains("Flow degraded")).count()
}

#[test]
fn pages_that_lead_nowhere_hide_nothing_from_a_full_sync() {
    for items in [2, 3] {
        on_both(12, async |mut house| {
            // Those of one instant stand behind each other in every order.
            accept_tickets(&house, &["a", "b", "c", "d", "e"]);
            house.clock.sleep(MINUTE).await;
            accept_tickets(&house, &["f", "g"]);
            house.clock.sleep(HOUR).await;
            paged(&house, Paging::Cut { items });
            house.cycles(2).await;
            assert_eq!(dev_issues(&house).concat(), "abcdefg", "{items} items a page");
            assert_eq!((house.events.told(FULL_DONE), degraded(&house)), (1, 0));
        });
    }
}

#[test]
fn a_full_sync_that_stays_short_is_degraded_and_completes_a_day_later() {
    on_both(12, async |mut house| {
        accept_tickets(&house, &["old", "older"]);
        house.clock.sleep(HOUR).await;
        paged(&house, Paging::CountsMore { by: 29 });
        house.live_for(30 * MINUTE).await;
        assert_eq!(dev_issues(&house), ["old", "older"], "what is shown is handled");
        accept_tickets(&house, &["while it is degraded"]);
        house.live_for(30 * MINUTE).await;
        assert_eq!(dev_issues(&house), ["old", "older", "while it is degraded"]);
        assert_eq!(house.events.told(FULL_DONE), 0);
        assert!(degraded(&house) > 0, "{}", house.events.about("searchIncomplete"));

        house.clock.sleep(24 * HOUR).await;
        house.live_for(30 * MINUTE).await;
        assert_eq!(house.events.told(FULL_DONE), 1, "after two such walks");

        house.site.faults(FaultPlan::none());
        house.live_for(25 * HOUR).await;
        assert_eq!(house.events.told(FULL_DONE), 1);
        assert!(house.events.about("searchIncomplete").contains("No longer degraded"));
        assert_eq!(dev_issues(&house).len(), 3);
    });
}

#[test]
fn a_short_search_fails_its_cycle_until_it_is_the_same_three_times() {
    // Each search is made twice before it counts as short.
    for (spoilt, notices) in [(4, 0), (6, 1)] {
        on_both(12, async |mut house| {
            house.cycles(2).await;
            let completed = house.events.audited("sync.cycle.completed");
            let kind = Kind::Paging(Paging::CountsMore { by: 3 });
            house.site.faults(Rule::on(Method::POST, &house.search(), When::First(spoilt), kind).into());
            house.live_for(4 * MINUTE).await;
            assert_eq!(house.events.audited("sync.cycle.completed"), completed + 1);
            let failed = house.events.about("the search is made again");
            assert!(failed.contains("Jira"), "{failed}");
            assert_eq!(degraded(&house), notices);
        });
    }
}

#[test]
fn the_watermark_stays_where_a_short_search_ended() {
    on_both(12, async |mut house| {
        house.cycles(2).await;
        accept_tickets(&house, &["counted only"]);
        let accepted = house.clock.wall();
        house.clock.sleep(MINUTE).await;
        paged(&house, Paging::Cut { items: 0 });
        house.live_for(40 * MINUTE).await;
        assert_eq!(dev_issues(&house), [""; 0]);
        assert!(degraded(&house) > 0);
        let last_sync = last_sync(&house);
        assert!(last_sync.parse::<DateTime<Utc>>().unwrap() <= accepted, "{last_sync}, accepted at {accepted}");

        house.site.faults(FaultPlan::none());
        house.cycles(2).await;
        assert_eq!(dev_issues(&house), ["counted only"]);
    });
}

#[test]
fn a_create_in_doubt_is_not_repeated_while_searches_are_incomplete() {
    on_both(12, async |mut house| {
        accept_tickets(&house, &["first"]);
        house.cycles(2).await;
        let search = Rule::on(Method::POST, &house.search(), When::Always, Kind::Paging(Paging::CountsMore { by: 2 }));
        let create = Rule::on(
            Method::POST,
            &house.api("issue"),
            When::First(1),
            Kind::Stall { effect: jira_sim::faults::Effect::Before },
        );
        house.site.faults(FaultPlan { rules: vec![search, create] });
        accept_tickets(&house, &["second"]);
        house.live_for(90 * MINUTE).await;
        assert!(house.events.audited("step.inDoubt") > 0);
        assert_eq!(dev_issues(&house), ["first"]);

        house.site.faults(FaultPlan::none());
        house.live_for(30 * MINUTE).await;
        assert_eq!(dev_issues(&house), ["first", "second"]);
    });
}

#[test]
fn a_page_that_is_answered_again_and_again_ends_the_cycle_or_is_passed() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = House::quiet_with(13, |jira| (jira.flavour, jira.page_cap) = (flavour, 2));
            accept_tickets(&house, &["a", "b", "c", "d"]);
            house.clock.sleep(HOUR).await;
            paged(&house, Paging::FirstAgain);
            house.live_for(6 * MINUTE).await;
            house.site.faults(FaultPlan::none());
            house.cycles(2).await;
            assert_eq!(dev_issues(&house).concat(), "abcd");
        });
    }
}

#[test]
fn a_flow_that_began_from_now_creates_after_short_looks_and_says_so() {
    on_both(12, async |mut house| {
        house.flow_fixture().initial_sync(false).write();
        house.live_for(6 * MINUTE).await;
        paged(&house, Paging::CountsMore { by: 7 });
        accept_tickets(&house, &["new"]);
        house.live_for(40 * MINUTE).await;
        assert_eq!(dev_issues(&house), ["new"]);
        assert!(degraded(&house) > 0);
    });
}

/// The damaged index of a file that was closed in order: no check at the beginning finds it.
fn damage(house: &House, index: &str) {
    let plain = house.data.database();
    let told: String =
        plain.query_row("SELECT sql FROM sqlite_schema WHERE name = ?", [index], |row| row.get(0)).unwrap();
    // Every id is longer by one than its table says.
    let other = told.replacen("), ", ") + 1, ", 1);
    plain.execute_batch(&format!("DROP INDEX {index}; {other}; PRAGMA writable_schema = ON")).unwrap();
    plain.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", [told.as_str(), index]).unwrap();
}

#[test]
fn a_patrol_along_a_damaged_index_stops_its_flow_and_names_the_table() {
    on_a_paused_clock(async {
        let mut house = House::quiet(FLAVOURS[0], 14);
        let summaries: Vec<_> = (0..55).map(|n| format!("ticket {n}")).collect();
        accept_tickets(&house, &summaries.iter().map(String::as_str).collect::<Vec<_>>());
        house.clock.sleep(HOUR).await;
        house.live_for(20 * MINUTE).await;
        damage(&house, "jira_mapping_newest_user");
        house.clock.sleep(24 * HOUR).await;
        house.live_for(20 * MINUTE).await;
        assert_eq!(house.events.audited("sync.patrol.completed"), 0);
        assert!(house.events.about("its table jira_mapping answers").contains("sync_ab.sqlite"));
    });
}

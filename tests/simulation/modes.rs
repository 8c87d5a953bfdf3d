//! The sync mode table, row by row, and what a cycle costs.

use std::time::Duration;

use super::house::{House, MINUTE, on_a_paused_clock};
use lockstep::sim::{Deed, FaultPlan};

const FULL: &str = "Running initial full sync";
const FULL_DONE: &str = "Initial sync completed";
const LOST: &str = "Last sync state lost, using current time for incremental sync";
const DISABLED: &str = "Initial sync disabled, starting from current time";

/// How often each message of the table was told: full, completed, lost, disabled.
fn told(house: &House) -> [usize; 4] {
    [FULL, FULL_DONE, LOST, DISABLED].map(|message| house.events.told(message))
}

fn company() -> House {
    let house = House::with_one_flow(11, FaultPlan::none());
    house.people_work_for(Duration::ZERO, 1.0);
    house
}

fn accept_a_ticket(house: &House, summary: &str) {
    let (project, summary, text) = ("USER-A".to_owned(), summary.to_owned(), String::new());
    let issue = house.act("customer-ines", Deed::Create { project, summary, text });
    house.act("customer-ines", Deed::Move { issue, status: "Will Do".to_owned() });
}

fn dev_issues(house: &House) -> Vec<String> {
    house.site.issues("DEV-A").into_iter().map(|issue| issue.summary).collect()
}

/// Changes the flow's only state document, as an operator with a database shell could.
fn change_state(house: &House, set: &str) {
    let file = house.data().join("sync_ab.sqlite");
    let database = rusqlite::Connection::open(file).unwrap();
    assert_eq!(database.execute(&format!("UPDATE sync_state SET {set}"), []).unwrap(), 1);
}

#[test]
fn row_1_a_new_flow_syncs_everything_once_and_says_so() {
    on_a_paused_clock(async {
        let mut house = company();
        accept_a_ticket(&house, "old");
        house.clock.sleep(24 * 60 * MINUTE).await;
        house.live_for(12 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 0, 0]);
        assert_eq!(dev_issues(&house), ["old"]);
    });
}

#[test]
fn row_2_a_lost_watermark_starts_from_now_without_a_second_full_sync() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(12 * MINUTE).await;
        accept_a_ticket(&house, "while it was down, long ago");
        house.clock.sleep(24 * 60 * MINUTE).await;
        change_state(&house, "last_sync = NULL");
        house.live_for(7 * MINUTE).await;
        accept_a_ticket(&house, "new");
        house.live_for(12 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 1, 0]);
        assert_eq!(dev_issues(&house), ["new"]);
    });
}

#[test]
fn row_2_holds_although_the_initial_sync_is_disabled() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(12 * MINUTE).await;
        disable_initial_sync(&house);
        change_state(&house, "last_sync = NULL");
        house.live_for(12 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 1, 0]);
    });
}

fn disable_initial_sync(house: &House) {
    let text = house.flow_text("sync-ab.json").replace("\"initialSyncEnabled\": true", "\"initialSyncEnabled\": false");
    house.write_flow("sync-ab.json", &text);
}

#[test]
fn row_3_without_an_initial_sync_only_what_happens_from_now_on_counts() {
    on_a_paused_clock(async {
        let mut house = company();
        disable_initial_sync(&house);
        accept_a_ticket(&house, "old");
        house.clock.sleep(24 * 60 * MINUTE).await;
        house.live_for(7 * MINUTE).await;
        accept_a_ticket(&house, "new");
        house.live_for(12 * MINUTE).await;
        assert_eq!(told(&house), [0, 0, 0, 1]);
        assert_eq!(dev_issues(&house), ["new"]);
    });
}

#[test]
fn row_4_a_flow_goes_on_where_it_was_whatever_happened_while_it_was_down() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(12 * MINUTE).await;
        accept_a_ticket(&house, "while it was down");
        house.clock.sleep(24 * 60 * MINUTE).await;
        house.live_for(7 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 0, 0]);
        assert_eq!(dev_issues(&house), ["while it was down"]);
    });
}

#[test]
fn row_4_sets_a_flag_that_an_older_service_never_managed_to_set() {
    on_a_paused_clock(async {
        let mut house = company();
        house.live_for(12 * MINUTE).await;
        change_state(&house, "initial_sync_completed = 0");
        house.live_for(7 * MINUTE).await;
        // Now the flag stands again: losing the watermark is row 2, not row 1.
        change_state(&house, "last_sync = NULL");
        house.live_for(7 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 1, 0]);
    });
}

#[test]
fn a_jira_that_is_down_does_not_let_now_drift() {
    on_a_paused_clock(async {
        let mut house = company();
        disable_initial_sync(&house);
        house.live_for(Duration::from_secs(30)).await;
        house.site.deaf(true);
        house.live_for(30 * MINUTE).await;
        accept_a_ticket(&house, "while Jira was deaf to us");
        house.live_for(30 * MINUTE).await;
        house.site.deaf(false);
        house.live_for(30 * MINUTE).await;
        assert_eq!(told(&house), [0, 0, 0, 1]);
        assert_eq!(dev_issues(&house), ["while Jira was deaf to us"]);
    });
}

#[test]
fn a_cycle_that_finds_nothing_is_one_search() {
    on_a_paused_clock(async {
        let mut house = company();
        accept_a_ticket(&house, "one");
        house.live_for(30 * MINUTE).await;
        let before: u64 = house.site.counters().values().sum();
        let writes_before = writes(&house);
        house.live_for(60 * MINUTE - Duration::from_secs(1)).await;
        let requests = house.site.counters().values().sum::<u64>() - before;
        // Who we are, what the site and the two projects are, once for the new life; then twelve cycles.
        assert_eq!(requests, 4 + 12);
        assert_eq!(writes(&house), writes_before, "our own writes are no news to us");
    });
}

/// Requests that change something.
fn writes(house: &House) -> u64 {
    const READING: [&str; 3] = ["search/jql", "bulkfetch", "GET "];
    let counters = house.site.counters();
    counters.iter().filter(|(what, _)| !READING.iter().any(|part| what.contains(part))).map(|(_, count)| count).sum()
}

//! The sync mode table, row by row, and what a cycle costs.

use std::time::Duration;

use jira_sim::{Action, Flavour};
use testing::house::{FLAVOURS, House, MINUTE, on_a_paused_clock};

const FULL: &str = "Running initial full sync";
const FULL_DONE: &str = "Initial sync completed";
const LOST: &str = "Last sync state lost, using current time for incremental sync";
const DISABLED: &str = "Initial sync disabled, starting from current time";

/// How often each message of the table was told: full, completed, lost, disabled.
fn told(house: &House) -> [usize; 4] {
    [FULL, FULL_DONE, LOST, DISABLED].map(|message| house.events.told(message))
}

/// Lives a story on both kinds of Jira.
fn on_both(story: impl AsyncFn(House)) {
    for flavour in FLAVOURS {
        on_a_paused_clock(story(House::quiet(flavour, 11)));
    }
}

fn accept_a_ticket(house: &House, summary: &str) {
    let (project, summary, text) = ("USER-A".to_owned(), summary.to_owned(), String::new());
    let issue = house.act("customer-ines", Action::Create { project, summary, text });
    house.act("customer-ines", Action::Move { issue, status: "Will Do".to_owned() });
}

fn dev_issues(house: &House) -> Vec<String> {
    house.site.issues("DEV-A").into_iter().map(|issue| issue.summary).collect()
}

#[test]
pub fn row_1_a_new_flow_syncs_everything_once_and_says_so() {
    on_both(async |mut house| {
        accept_a_ticket(&house, "old");
        house.clock.sleep(24 * 60 * MINUTE).await;
        house.live_for(12 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 0, 0]);
        assert_eq!(dev_issues(&house), ["old"]);
    });
}

#[test]
pub fn row_2_a_lost_watermark_starts_from_now_without_a_second_full_sync() {
    on_both(async |mut house| {
        house.live_for(12 * MINUTE).await;
        accept_a_ticket(&house, "while it was down, long ago");
        house.clock.sleep(24 * 60 * MINUTE).await;
        house.data.lose_last_sync();
        house.live_for(7 * MINUTE).await;
        accept_a_ticket(&house, "new");
        house.live_for(12 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 1, 0]);
        assert_eq!(dev_issues(&house), ["new"]);
    });
}

#[test]
pub fn row_2_holds_although_the_initial_sync_is_disabled() {
    on_both(async |mut house| {
        house.live_for(12 * MINUTE).await;
        disable_initial_sync(&house);
        house.data.lose_last_sync();
        house.live_for(12 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 1, 0]);
    });
}

fn disable_initial_sync(house: &House) {
    let text = house.flow_text("sync-ab.json").replace("\"initialSyncEnabled\": true", "\"initialSyncEnabled\": false");
    house.write_flow("sync-ab.json", &text);
}

#[test]
pub fn row_3_without_an_initial_sync_only_what_happens_from_now_on_counts() {
    on_both(async |mut house| {
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
pub fn row_4_a_flow_goes_on_where_it_was_whatever_happened_while_it_was_down() {
    on_both(async |mut house| {
        house.live_for(12 * MINUTE).await;
        accept_a_ticket(&house, "while it was down");
        house.clock.sleep(24 * 60 * MINUTE).await;
        house.live_for(7 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 0, 0]);
        assert_eq!(dev_issues(&house), ["while it was down"]);
    });
}

#[test]
pub fn row_4_sets_a_flag_that_an_older_service_never_managed_to_set() {
    on_both(async |mut house| {
        house.live_for(12 * MINUTE).await;
        house.data.unset_flag();
        house.live_for(7 * MINUTE).await;
        // Now the flag stands again: losing the watermark is row 2, not row 1.
        house.data.lose_last_sync();
        house.live_for(7 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 1, 0]);
    });
}

#[test]
pub fn a_jira_that_is_down_does_not_let_now_drift() {
    on_both(async |mut house| {
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
pub fn a_cycle_that_finds_nothing_is_one_search() {
    on_both(async |mut house| {
        accept_a_ticket(&house, "one");
        house.live_for(30 * MINUTE).await;
        let (requests, writes) = (house.requests(), house.writes());
        house.live_for(60 * MINUTE - Duration::from_secs(1)).await;
        // Who we are, what the site is, and of the two projects what they are and their statuses, once for the new life; then
        // twelve cycles.
        assert_eq!(house.requests() - requests, 6 + 12);
        assert_eq!(house.writes(), writes, "our own writes are no news to us");
    });
}

/// Requests that one change of status on the dev side costs within its cycle, beside the search that shows it.
async fn cost_of_a_mirrored_status(house: &mut House, status: &str) -> u64 {
    let begin_of_a_life_with_a_search = 6 + 1;
    let before = house.requests();
    house.act("dev-bea", Action::Move { issue: "DEV-A-1".to_owned(), status: status.to_owned() });
    house.clock.sleep(MINUTE).await;
    house.live_for(4 * MINUTE).await;
    assert_eq!(house.disagreements(), [""; 0]);
    house.requests() - before - begin_of_a_life_with_a_search
}

#[test]
pub fn a_mirrored_status_costs_four_requests_at_most() {
    on_both(async |mut house| {
        accept_a_ticket(&house, "one");
        house.live_for(30 * MINUTE).await;
        // Cloud: a fresh read of both sides, where it can go, the move. Data Center: a read of each side, the move.
        assert_eq!(cost_of_a_mirrored_status(&mut house, "In Progress").await, 3);
        house.live_for(4 * MINUTE).await;
        assert_eq!(cost_of_a_mirrored_status(&mut house, "Closed").await, 4, "and the comment");
        let reads = if house.flavour == Flavour::Cloud { 1 } else { 2 };
        let before = house.requests();
        house.live_for(9 * MINUTE).await;
        assert_eq!(house.requests() - before, 6 + 2 + reads, "what was written is looked at once more");
    });
}

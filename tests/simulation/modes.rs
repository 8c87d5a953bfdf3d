//! The sync mode table, row by row, and what a cycle costs.

use std::time::Duration;

use jira_sim::Flavour;
use testing::house::{House, MINUTE, on_both};
use testing::story::{CUSTOMER, DEVELOPER, InJira as _};

const FULL: &str = "Running initial full sync";
const FULL_DONE: &str = "Initial sync completed";
const LOST: &str = "Last sync state lost, using current time for incremental sync";
const DISABLED: &str = "Initial sync disabled, starting from current time";

/// How often each message of the table was told: full, completed, lost, disabled.
fn told(house: &House) -> [usize; 4] {
    [FULL, FULL_DONE, LOST, DISABLED].map(|message| house.events.told(message))
}

#[test]
pub fn row_1_a_new_flow_syncs_everything_once_and_says_so() {
    on_both(11, async |mut house| {
        house.accepts(CUSTOMER, "old", "");
        house.clock.sleep(24 * 60 * MINUTE).await;
        house.cycles(2).await;
        assert_eq!(told(&house), [1, 1, 0, 0]);
        assert_eq!(house.dev_summaries(), ["old"]);
    });
}

#[test]
pub fn row_2_a_lost_watermark_starts_from_now_without_a_second_full_sync() {
    on_both(11, async |mut house| {
        house.cycles(2).await;
        house.accepts(CUSTOMER, "while it was down, long ago", "");
        house.clock.sleep(24 * 60 * MINUTE).await;
        house.data.lose_last_sync();
        house.live_for(7 * MINUTE).await;
        house.accepts(CUSTOMER, "new", "");
        house.cycles(2).await;
        assert_eq!(told(&house), [1, 1, 1, 0]);
        assert_eq!(house.dev_summaries(), ["new"]);
    });
}

#[test]
pub fn row_2_holds_although_the_initial_sync_is_disabled() {
    on_both(11, async |mut house| {
        house.cycles(2).await;
        house.flow_fixture().initial_sync(false).write();
        house.data.lose_last_sync();
        house.cycles(2).await;
        assert_eq!(told(&house), [1, 1, 1, 0]);
    });
}

#[test]
pub fn row_3_without_an_initial_sync_only_what_happens_from_now_on_counts() {
    on_both(11, async |mut house| {
        house.flow_fixture().initial_sync(false).write();
        house.accepts(CUSTOMER, "old", "");
        house.clock.sleep(24 * 60 * MINUTE).await;
        house.live_for(7 * MINUTE).await;
        house.accepts(CUSTOMER, "new", "");
        house.cycles(2).await;
        assert_eq!(told(&house), [0, 0, 0, 1]);
        assert_eq!(house.dev_summaries(), ["new"]);
    });
}

#[test]
pub fn row_4_a_flow_goes_on_where_it_was_whatever_happened_while_it_was_down() {
    on_both(11, async |mut house| {
        house.cycles(2).await;
        house.accepts(CUSTOMER, "while it was down", "");
        house.clock.sleep(24 * 60 * MINUTE).await;
        house.live_for(7 * MINUTE).await;
        assert_eq!(told(&house), [1, 1, 0, 0]);
        assert_eq!(house.dev_summaries(), ["while it was down"]);
    });
}

#[test]
pub fn row_4_sets_a_flag_that_an_older_service_never_managed_to_set() {
    on_both(11, async |mut house| {
        house.cycles(2).await;
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
    on_both(11, async |mut house| {
        house.flow_fixture().initial_sync(false).write();
        house.live_for(Duration::from_secs(30)).await;
        house.site.deaf(true);
        house.live_for(30 * MINUTE).await;
        house.accepts(CUSTOMER, "while Jira was deaf to us", "");
        house.live_for(30 * MINUTE).await;
        house.site.deaf(false);
        house.live_for(30 * MINUTE).await;
        assert_eq!(told(&house), [0, 0, 0, 1]);
        assert_eq!(house.dev_summaries(), ["while Jira was deaf to us"]);
    });
}

#[test]
pub fn a_cycle_that_finds_nothing_is_one_search() {
    on_both(11, async |mut house| {
        house.accepts(CUSTOMER, "one", "");
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
    house.moves(DEVELOPER, "DEV-A-1", status);
    house.clock.sleep(MINUTE).await;
    house.live_for(4 * MINUTE).await;
    assert_eq!(house.disagreements(), [""; 0]);
    house.requests() - before - begin_of_a_life_with_a_search
}

#[test]
pub fn a_mirrored_status_costs_four_requests_at_most() {
    on_both(11, async |mut house| {
        house.accepts(CUSTOMER, "one", "");
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

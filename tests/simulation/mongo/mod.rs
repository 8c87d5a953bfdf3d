//! Stories with the data on a real MongoDB: those of SQLite that fit, and those that only a server with several clients can
//! have. They need not replay byte for byte.

// Shorter than on SQLite.
mod gates;
mod weather;

// Only here.
mod left;
mod succession;
mod two;

use testing::data::on_mongo;
use testing::house;

fn on_a_paused_clock<T>(story: impl Future<Output = T>) -> T {
    on_mongo(|| house::on_a_paused_clock(story))
}

/// Tells stories of SQLite once more.
macro_rules! as_on_sqlite {
    ($($module:ident: $($story:ident),+;)+) => {$(
        mod $module {
            $(
                #[test]
                fn $story() {
                    super::on_mongo(crate::$module::$story);
                }
            )+
        }
    )+};
}

as_on_sqlite! {
    losses:
        a_lost_data_folder_changes_nothing_in_jira,
        a_lost_data_folder_changes_nothing_in_jira_on_data_center,
        lost_pairs_change_nothing_in_jira,
        a_lost_state_document_changes_nothing_in_jira,
        a_lost_last_sync_changes_nothing_in_jira;
    missing_at_takeover:
        a_dev_issue_hidden_at_takeover_is_not_replaced_and_returns_when_shown,
        a_hidden_dev_issue_without_a_valid_link_is_paired_again_when_shown,
        a_missing_dev_issue_is_recreated_once_when_an_operator_orders_it,
        a_dev_issue_that_can_be_read_is_not_replaced,
        a_clone_of_a_hidden_dev_issue_replaces_it_only_on_an_order,
        a_second_takeover_that_can_read_the_dev_issue_takes_the_pair_over;
    modes:
        row_1_a_new_flow_syncs_everything_once_and_says_so,
        row_2_a_lost_watermark_starts_from_now_without_a_second_full_sync,
        row_2_holds_although_the_initial_sync_is_disabled,
        row_3_without_an_initial_sync_only_what_happens_from_now_on_counts,
        row_4_a_flow_goes_on_where_it_was_whatever_happened_while_it_was_down,
        row_4_sets_a_flag_that_an_older_service_never_managed_to_set,
        a_jira_that_is_down_does_not_let_now_drift,
        a_cycle_that_finds_nothing_is_one_search,
        a_mirrored_status_costs_four_requests_at_most;
    takeover:
        a_thousand_pairs_are_taken_over_and_nothing_is_done_twice,
        pairs_on_data_center_are_taken_over_and_nothing_is_done_twice,
        what_people_do_meanwhile_crosses_once,
        what_was_left_undone_is_done_once_and_what_is_odd_is_told;
}

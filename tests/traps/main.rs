//! Jira's ten traps (docs/jira.md), each sprung on the client, on each kind of Jira that it speaks to.
//!
//! `cargo test --test traps` ends with a table of both. A trap is a function named after it; what it needs is on the
//! [`Desk`](testing::desk::Desk).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "all of this is test")]

mod table;

mod identity;
mod searching;
mod telling;
mod writing;

use std::process::ExitCode;

use table::{Trap, trap};

fn main() -> ExitCode {
    table::spring(&[
        trap!(1, identity::a_bad_token_is_no_empty_jira),
        trap!(2, searching::a_search_may_miss_what_a_read_shows),
        trap!(3, searching::rows_are_asked_for_with_their_fields),
        trap!(4, searching::an_instant_is_the_same_in_every_time_zone),
        trap!(5, searching::issues_of_one_instant_are_all_found_once),
        trap!(6, writing::a_create_or_comment_in_doubt_is_never_repeated),
        trap!(7, searching::pages_that_lead_nowhere_are_an_error_and_no_loop),
        trap!(8, writing::a_transition_is_chosen_by_where_it_leads),
        trap!(9, identity::what_is_hidden_or_moved_is_not_taken_for_deleted),
        trap!(10, telling::every_shape_of_error_leads_where_it_should),
    ])
}

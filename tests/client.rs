//! The client beside the simulated Jira, in memory on a paused clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "all of this is test")]

#[path = "client/desk.rs"]
#[allow(dead_code, reason = "shared with the traps")]
mod desk;

#[path = "client/paging.rs"]
mod paging;

#[path = "client/verbs.rs"]
mod verbs;

//! Stories on a paused clock: the real daemon beside a simulated company, replayed from seeds; on SQLite, and some of them
//! on a real MongoDB as well.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "all of this is test")]

mod account;
mod addresses;
mod adoption;
mod bad_issues;
mod both_sides;
mod client;
mod crash;
mod crashes;
mod creating;
mod day;
mod days;
mod digests;
mod fields;
mod files;
mod health;
mod locked;
mod losses;
mod memory;
mod missing_at_takeover;
mod missing_for_long;
mod modes;
mod mongo;
mod moves;
mod oddities;
mod orders;
mod owed;
mod pairs;
mod projects;
mod short;
mod statuses;
mod stops;
mod sync;
mod takeover;
mod texts;
mod together;

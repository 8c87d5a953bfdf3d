//! Stories on a paused clock: the real daemon beside a simulated company, replayed from seeds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "all of this is test")]

#[path = "simulation/data.rs"]
mod data;
#[path = "simulation/house.rs"]
mod house;

#[path = "simulation/account.rs"]
mod account;
#[path = "simulation/addresses.rs"]
mod addresses;
#[path = "simulation/adoption.rs"]
mod adoption;
#[path = "simulation/bad_issues.rs"]
mod bad_issues;
#[path = "simulation/both_sides.rs"]
mod both_sides;
#[path = "simulation/crash.rs"]
mod crash;
#[path = "simulation/crashes.rs"]
mod crashes;
#[path = "simulation/creating.rs"]
mod creating;
#[path = "simulation/day.rs"]
mod day;
#[path = "simulation/days.rs"]
mod days;
#[path = "simulation/fields.rs"]
mod fields;
#[path = "simulation/files.rs"]
mod files;
#[path = "simulation/health.rs"]
mod health;
#[path = "simulation/locked.rs"]
mod locked;
#[path = "simulation/losses.rs"]
mod losses;
#[path = "simulation/memory.rs"]
mod memory;
#[path = "simulation/missing_at_takeover.rs"]
mod missing_at_takeover;
#[path = "simulation/missing_for_long.rs"]
mod missing_for_long;
#[path = "simulation/modes.rs"]
mod modes;
#[path = "simulation/moves.rs"]
mod moves;
#[path = "simulation/oddities.rs"]
mod oddities;
#[path = "simulation/orders.rs"]
mod orders;
#[path = "simulation/owed.rs"]
mod owed;
#[path = "simulation/pairs.rs"]
mod pairs;
#[path = "simulation/projects.rs"]
mod projects;
#[path = "simulation/short.rs"]
mod short;
#[path = "simulation/statuses.rs"]
mod statuses;
#[path = "simulation/stops.rs"]
mod stops;
#[path = "simulation/sync.rs"]
mod sync;
#[path = "simulation/takeover.rs"]
mod takeover;
#[path = "simulation/texts.rs"]
mod texts;
#[path = "simulation/together.rs"]
mod together;

//! Stories on a paused clock with the data on a real MongoDB: those of `simulation.rs` that fit, and those that only a
//! server with several clients can have. They need not replay byte for byte.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "all of this is test")]

#[path = "mongo/data.rs"]
mod data;
#[path = "mongod/mod.rs"]
mod mongod;

// The machinery of all stories.
#[path = "simulation/crashes.rs"]
mod crashes;
#[path = "simulation/days.rs"]
mod days;
#[allow(dead_code, reason = "not every part of it has a use here")]
#[path = "simulation/house.rs"]
mod house;

// As they are on SQLite.
#[path = "simulation/losses.rs"]
mod losses;
#[path = "simulation/missing_at_takeover.rs"]
mod missing_at_takeover;
#[path = "simulation/modes.rs"]
mod modes;
#[path = "simulation/takeover.rs"]
mod takeover;

// Shorter than on SQLite.
#[path = "mongo/gates.rs"]
mod gates;
#[path = "mongo/weather.rs"]
mod weather;

// Only here.
#[path = "mongo/left.rs"]
mod left;
#[path = "mongo/succession.rs"]
mod succession;
#[path = "mongo/two.rs"]
mod two;

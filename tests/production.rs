//! The real program on a real MongoDB: servers that are away, refuse or lose their primary, and two programs for one flow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "all of this is test")]

#[allow(dead_code, reason = "what the other tests of the program need")]
#[path = "binary/asking.rs"]
mod asking;
#[allow(dead_code, reason = "what the other tests of the program need")]
#[path = "binary/daemon.rs"]
mod daemon;
mod mongod;
#[allow(dead_code, reason = "what the other tests of the program need")]
#[path = "binary/town.rs"]
mod town;
#[path = "binary/wait.rs"]
mod wait;

#[path = "production/house.rs"]
mod house;

#[path = "production/absence.rs"]
mod absence;
#[path = "production/adopting.rs"]
mod adopting;
#[path = "production/away.rs"]
mod away;
#[path = "production/elections.rs"]
mod elections;
#[path = "production/isolation.rs"]
mod isolation;
#[path = "production/moving.rs"]
mod moving;
#[path = "production/refused.rs"]
mod refused;
#[path = "production/rights.rs"]
mod rights;

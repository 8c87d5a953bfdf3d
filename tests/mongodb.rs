//! The real program beside a real MongoDB, and a simulated Jira that this process serves on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "all of this is test")]
#![allow(dead_code, reason = "the surroundings are those of `tests/binary.rs`, and not all of them are needed here")]

#[path = "binary/asking.rs"]
mod asking;
#[path = "binary/daemon.rs"]
mod daemon;
mod mongod;
#[path = "binary/town.rs"]
mod town;
#[path = "binary/wait.rs"]
mod wait;

#[path = "mongodb/adopting.rs"]
mod adopting;
#[path = "mongodb/moving.rs"]
mod moving;

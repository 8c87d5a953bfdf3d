//! The real program: over real HTTP, with real files and their events, and a real database, beside a simulated Jira that
//! this process serves on loopback.
//!
//! `systemd` and `host` need packages of Debian, the latter also root and an hour: they are ignored here, `.ci/run` and
//! `.ci/soak-host` run them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "all of this is test")]

mod binary;
mod deploy;
mod host;
mod production;
mod systemd;

//! The real program: over real HTTP, with real files and their events, and a real database, beside a simulated Jira that
//! this process serves on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "all of this is test")]

#[path = "binary/asking.rs"]
mod asking;
#[path = "binary/daemon.rs"]
mod daemon;
#[path = "binary/town.rs"]
mod town;
#[path = "binary/wait.rs"]
mod wait;

#[path = "binary/backup.rs"]
mod backup;
#[path = "binary/crash.rs"]
mod crash;
#[path = "binary/disk.rs"]
mod disk;
#[path = "binary/ending.rs"]
mod ending;
#[path = "binary/files.rs"]
mod files;
#[path = "binary/folder.rs"]
mod folder;
#[path = "binary/jira_sim.rs"]
mod jira_sim;
#[path = "binary/logging.rs"]
mod logging;
#[path = "binary/network.rs"]
mod network;
#[path = "binary/ordering.rs"]
mod ordering;
#[path = "binary/service_manager.rs"]
mod service_manager;
#[path = "binary/showing.rs"]
mod showing;
#[path = "binary/telling.rs"]
mod telling;

//! The program's commands, signals, files, log and network, with its data in SQLite.

mod answers;
mod backup;
mod crash;
mod disk;
mod ending;
mod files;
mod folder;
mod jira_sim;
mod logging;
mod network;
mod ordering;
mod service_manager;
mod showing;
mod telling;

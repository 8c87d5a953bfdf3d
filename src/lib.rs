//! Lockstep keeps pairs of Jira projects in step.

pub mod admin;
pub mod backoff;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod engine;
pub mod flow;
pub mod jira;
pub mod pulse;
pub mod settings;
pub mod sim;
pub mod store;
pub mod supervisor;
pub mod worker;

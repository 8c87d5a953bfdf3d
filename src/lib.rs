//! Lockstep keeps pairs of Jira projects in step.

pub mod backoff;
pub mod clock;
pub mod config;
pub mod engine;
pub mod flow;
pub mod jira;
pub mod pulse;
pub mod store;
pub mod worker;

//! Lockstep keeps pairs of Jira projects in step.

pub mod backoff;
pub mod clock;
pub mod flow;
pub mod pulse;
pub mod worker;

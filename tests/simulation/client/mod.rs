//! The client beside the simulated Jira, in memory on a paused clock.

mod paging;

mod verbs;

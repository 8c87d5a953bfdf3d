//! The machinery of the suites below `tests/`: what a story needs beside its data.
//!
//! - [`house`]: the real daemon beside a simulated company, in memory on a paused clock; [`data`] says where it keeps its
//!   data, [`flow_fixture`] changes its flow files.
//! - [`story`]: the vocabulary: what people do in the simulated Jira, and what they see there.
//! - [`desk`]: the Jira client alone, beside a simulated site.
//! - [`town`]: the real program beside a simulated Jira over HTTP; [`daemon`] is its process, [`asking`] speaks to its API,
//!   [`wait`] waits for what it does.
//!
//! A real MongoDB is in the crate `test_mongod`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "all of this is test")]
#![allow(clippy::new_without_default, missing_docs, reason = "names of tests' machinery mostly say enough")]

pub mod asking;
pub mod daemon;
pub mod data;
pub mod desk;
pub mod flow_fixture;
pub mod house;
pub mod middle;
pub mod story;
pub mod town;
pub mod wait;

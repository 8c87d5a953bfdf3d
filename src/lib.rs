//! Lockstep keeps pairs of Jira projects in sync.
//!
//! # From a flow file to Jira
//!
//! A *flow* is a user project, where customers report, a dev project, where the work is done, and the rules between
//! them. It begins as a file and ends as requests to Jira:
//!
//! ```text
//! flows.d/x.json -> config: raw -> check -> flow::Flow -> supervisor -> worker -> engine -> jira, store
//! ```
//!
//! 1. [`config`] reads the file: first exactly its JSON, then what that means, with every problem at its place. What
//!    comes out is a [`flow::Flow`], which is not checked again.
//! 2. [`supervisor`] compares the flows that are wanted with those that run, and has each served by exactly one worker.
//! 3. [`worker`] opens the flow's store and client, runs one cycle after the other, and says how it ended.
//! 4. [`engine`] is the cycle: `scan` finds candidates, `look` reads them afresh, `plan` decides (a pure function), and
//!    `write` writes and settles what an earlier cycle left open.
//! 5. [`jira`] and [`store`] are the two gates: nothing leaves a worker by another way.
//!
//! What happens on the way is reported as [`flow::Event`]s; the log and the demo's terminal only render them.
//!
//! # Reading order
//!
//! `docs/architecture.md` follows one status change through a dozen functions: begin there. In the code, [`flow`] comes
//! first: its words are used everywhere. Then `engine/plan.rs` and its tests, which say what is done when;
//! `engine/handle.rs`, how a page of candidates is handled; `flow/intent.rs` and `engine/write/executor.rs`, how a thing is
//! done once; `engine/look/observe.rs` and `engine/write/recovery.rs`; then the rest in the order of the list below.
//! `docs/sync.md` says exactly what is synced.
//!
//! # What modules don't know
//!
//! - [`flow`] does no I/O and knows no serde: borders own the shapes of their bytes.
//! - Only [`jira`] knows Jira's JSON and opens rich texts; only its dialect knows one kind of Jira from another.
//! - The JSON of the HTTP API is declared in [`api`] only; [`admin`] writes it, [`cli`] reads it.
//! - [`config`], [`jira`] and [`store`] do not know each other.
//! - `engine::plan` waits for nothing and has no clock.
//! - [`supervisor`] knows no Jira, no store and nothing of what a worker does; [`admin`] knows only the supervisor's
//!   handle.
//! - `jira_sim`, a crate of its own, shares nothing with [`jira`], not even a parser; only [`demo`] and tests bring them
//!   together.
//! - Only [`clock`] asks this machine for the time or for randomness.
//!
//! `tests/layers` checks who may import whom.

// The vocabulary.
pub mod flow;

// From file to cycle.
pub mod config;

pub mod supervisor;

pub mod worker;

pub mod engine;

// The gates, and what they have in common.
pub mod jira;

pub mod store;

pub mod pulse;

pub mod lease;

// Inputs.
pub mod backoff;
pub mod clock;
pub mod descriptors;
pub mod files;
pub mod foreign;
pub mod settings;

// Faces.
pub mod api;

pub mod admin;
pub mod cli;

// The simulated Jira with a company that works in it.
pub mod demo;

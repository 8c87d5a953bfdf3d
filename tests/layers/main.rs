//! The layers of docs/architecture.md, kept true: who imports whom, read from the sources.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "all of this is test")]

mod sources;
mod walk;

use sources::Import;

/// Lowest first. A module imports from the rows above its own, and from no neighbour.
const LAYERS: [&[&str]; 9] = [
    &["clock", "backoff", "descriptors", "files", "foreign", "lease", "pulse", "settings"],
    &["flow", "api"],
    &["config", "jira", "store"],
    &["engine"],
    &["worker"],
    &["supervisor"],
    &["admin"],
    &["cli", "demo", "main"],
    &["testing"],
];

/// The parts of the engine, lowest first, in the same way. `engine.rs` itself stands above all of them.
const PARTS: [&[&str]; 8] = [
    &["failure", "known", "past", "tally", "teller"],
    &["memory"],
    &["cx"],
    &["plan", "retry", "walk"],
    &["look", "write"],
    &["handle"],
    &["scan"],
    &["orders", "takeover"],
];

/// Neighbours that may be imported all the same: who, whom.
const NEIGHBOURS: [(&str, &str); 7] = [
    ("settings", "files"),
    ("settings", "foreign"),
    ("lease", "clock"),
    ("pulse", "clock"),
    ("pulse", "lease"),
    ("cli", "demo"),
    ("main", "cli"),
];

/// Those that import less than their layer would let them: who, and all that it may import of ours.
const ONLY: [(&str, &[&str]); 6] = [
    ("api", &[]),
    ("engine::plan", &["flow"]),
    ("admin", &["supervisor", "api", "flow", "settings", "clock", "descriptors"]),
    ("jira_sim", &[]),
    ("jira_markup", &[]),
    ("test_mongod", &[]),
];

/// What a module never imports, though its layer would let it.
const NEVER: [(&str, &[&str]); 3] = [
    // Shapes of JSON, and nothing that sends or renders them.
    ("api", &["serde_json", "axum", "http", "tokio"]),
    ("supervisor", &["jira", "engine"]),
    // The vocabulary does no I/O, and borders own the shapes of their bytes.
    ("flow", &["serde", "serde_json", "tokio", "tokio_util", "reqwest", "axum", "rusqlite", "mongodb", "notify"]),
];

/// What is known to few: what, and who may import it.
const KNOWN_TO: [(&str, &[&str]); 14] = [
    ("api", &["admin", "cli"]),
    // The only module that joins the simulated Jira and the client.
    ("jira_sim", &["demo", "testing"]),
    // Rich texts are opaque to all others.
    ("jira_markup", &["flow", "jira", "engine"]),
    ("jira::wire", &["jira"]),
    // JSON without a shape of its own is Jira's; and an export's, whose lines are read field by field.
    ("serde_json::Value", &["jira", "jira_markup", "jira_sim", "store::records", "testing"]),
    ("serde_json::json", &["jira", "jira_markup", "jira_sim", "store::dump", "store::records", "testing"]),
    ("reqwest", &["jira"]),
    ("rusqlite", &["store", "testing"]),
    ("mongodb", &["store", "testing", "test_mongod"]),
    ("notify", &["config"]),
    ("clap", &["cli", "main"]),
    ("sd_notify", &["cli"]),
    // Only suites use the machinery of tests.
    ("testing", &[]),
    ("test_mongod", &["testing"]),
];

#[test]
fn every_module_keeps_to_its_layer() {
    let objections: Vec<_> = sources::imports().iter().filter_map(objection).collect();
    assert_eq!(objections, [""; 0]);
}

#[test]
fn no_source_is_overlooked() {
    assert_eq!(sources::reached(), sources::all());
    assert!(sources::imports().len() > 500, "{} imports are too few", sources::imports().len());
}

#[test]
fn a_violation_is_found_however_it_is_written() {
    for (module, code) in [
        ("supervisor::board", "use crate::jira::Client;"),
        ("supervisor::board", "fn f() { crate::engine::Engine::new(); }"),
        ("supervisor", "fn f() -> super::jira::Client { todo!() }"),
        ("jira::scan", "use super::super::store::Store;"),
        ("store", "use super::{clock::Clock, jira::{self as other}};"),
        ("store", "mod inner { use super::super::jira; }"),
        ("engine", "fn f() { println!(\"{}\", crate::worker::Exit::Stopped) }"),
        ("engine::plan", "use super::known::Known;"),
        ("engine::look::observe", "use crate::engine::write::failures;"),
        ("engine::write::steps::link", "use crate::engine::look::units::Unit;"),
        ("engine::write::executor", "fn f() { crate::engine::handle::handle(); }"),
        ("engine::cx", "use super::walk::Walked;"),
        ("engine::scan::patrol", "use crate::engine::Engine;"),
        ("engine::handle", "use super::scan;"),
        ("engine::webhooks", "use super::cx::Cx;"),
        ("worker", "impl crate::admin::Inside {}"),
        ("supervisor", "use crate::api::Flow;"),
        ("api", "use crate::flow::Flow;"),
        ("api", "fn f() { serde_json::to_string(&1); }"),
        ("clock", "pub use crate::pulse::Pulse;"),
        ("jira_sim::site", "use lockstep::clock::Clock;"),
        ("jira_sim::site", "use jira_markup::Body;"),
        ("jira_markup::adf", "use lockstep::flow::Issue;"),
        ("cli", "use jira_markup::Body;"),
        ("worker", "use testing::house::House;"),
        ("test_mongod", "use lockstep::clock::Clock;"),
        ("jira", "use jira_sim::Site;"),
        ("flow::rule", "use serde::Serialize;"),
        ("flow::rule", "#[derive(serde::Serialize)] struct Rule;"),
        ("flow", "fn f() { tokio::select! {} }"),
        ("cli::check", "fn f(value: serde_json::Value) {}"),
        ("cli::check", "use serde_json::{json, to_string};"),
        ("main", "use lockstep::engine::Engine; use jira_sim::Site;"),
        ("webhooks", "use crate::flow::Flow;"),
        ("flow", "use crate::webhooks::Hook;"),
    ] {
        assert!(objected(module, code), "{module}: {code}");
    }
}

#[test]
fn what_the_layers_allow_is_not_objected_to() {
    for (module, code) in [
        (
            "engine::look::observe",
            "use crate::{clock, flow::{self, Flow}, jira, pulse, store}; use super::adopt::survey;",
        ),
        ("engine::look::adopt", "use crate::engine::{cx::Cx, plan::Plan}; use evidence::Evidence;"),
        ("engine", "use scan::mode::Mode; use crate::engine::write;"),
        ("engine::plan", "use crate::flow::Flow; use std::time::Duration;"),
        ("pulse", "use crate::clock::Clock;"),
        ("demo", "use crate::{jira, supervisor}; use jira_sim::Site;"),
        ("jira_sim::http", "use crate::site::Site; use super::jql;"),
        ("admin::flows", "use crate::api;"),
        ("main", "use lockstep::cli::Cli;"),
        ("flow::rule", "use super::name::RuleId; /// As [`crate::jira::Client`] has it.\nstruct Rule;"),
        ("flow", "#[cfg(test)] mod tests { use crate::supervisor::Setup; } #[cfg(test)] use tokio::test;"),
        ("store::records", "pub(in crate::store) struct Record(serde_json::Error);"),
    ] {
        assert!(!objected(module, code), "{module}: {code}");
    }
}

fn objected(module: &str, code: &str) -> bool {
    sources::imports_of(module, &syn::parse_file(code).unwrap()).iter().any(|it| objection(it).is_some())
}

/// Why this import should not be, if so.
fn objection(import: &Import) -> Option<String> {
    let Import { by, of, ours } = import;
    let near = || too_much(by, of).or_else(|| too_high(by, of)).or_else(|| out_of_order(by, of));
    let why = forbidden(by, of).or_else(|| if *ours { near() } else { None })?;
    Some(format!("{by} imports {of}: {why}"))
}

fn forbidden(by: &str, of: &str) -> Option<String> {
    let never = NEVER.iter().find(|(who, whom)| is_in(by, who) && whom.iter().any(|it| is_in(of, it)));
    let unknown = KNOWN_TO.iter().find(|(what, to)| is_in(of, what) && !is_in_any(by, to) && !is_in(by, what));
    never
        .map(|(who, whom)| format!("{who} never imports {}", whom.join(", ")))
        .or_else(|| unknown.map(|(what, to)| format!("{what} is known to {} only", to.join(", "))))
}

fn too_much(by: &str, of: &str) -> Option<String> {
    let beyond = ONLY.iter().find(|(who, whom)| is_in(by, who) && !is_in(of, who) && !is_in_any(of, whom));
    beyond.map(|(who, whom)| format!("of ours {who} imports only [{}]", whom.join(", ")))
}

fn too_high(by: &str, of: &str) -> Option<String> {
    let (own, other) = (root(by), root(of));
    if own == other || NEIGHBOURS.contains(&(own, other)) || KNOWN_TO.iter().any(|(what, _)| *what == other) {
        return None;
    }
    match (layer(own), layer(other)) {
        (Some(own), Some(other)) if other < own => None,
        (Some(own), Some(other)) => {
            Some(format!("layer {own} imports from those above it only, not from layer {other}"))
        }
        (None, _) => Some(format!("{own} has no layer; give it one here and in docs/architecture.md")),
        (_, None) => Some(format!("{other} has no layer; give it one here and in docs/architecture.md")),
    }
}

/// Whether one part of the engine imports another that stands no lower than itself.
fn out_of_order(by: &str, of: &str) -> Option<String> {
    let (own, other) = (by.strip_prefix("engine::")?, of.strip_prefix("engine::")?);
    let (own, other) = (root(own), root(other));
    match (place(&PARTS, own), place(&PARTS, other)) {
        (Some(_), Some(_)) if own == other => None,
        (Some(own), Some(other)) if other < own => None,
        (Some(_), _) => Some(format!("of the engine {own} imports only parts below it, each by its own path")),
        (None, _) => Some(format!("{own} has no place among the engine's parts; give it one here")),
    }
}

/// Counted from 1, as the document does.
fn layer(module: &str) -> Option<usize> {
    place(&LAYERS, module)
}

fn place(rows: &[&[&str]], module: &str) -> Option<usize> {
    rows.iter().position(|row| row.contains(&module)).map(|row| row + 1)
}

fn root(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

fn is_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn is_in_any(path: &str, modules: &[&str]) -> bool {
    modules.iter().any(|module| is_in(path, module))
}

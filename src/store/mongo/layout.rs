//! The collections of a flow's database, and their indexes.
//!
//! The first four are those of the Node.js service, which may have left documents there: they have keys and no ids, and
//! are none of ours until somebody has found their ids. Whatever reads by id passes over them, and nothing removes them.
//! Every document that we write carries the `epoch` of the worker that wrote it.
//!
//! Ids are texts of digits. Where their order matters it is that of their numbers, by a collation
//! (`numericOrdering`) that also the index has.

use mongodb::bson::{Document, doc};
use mongodb::options::{Collation, IndexOptions};
use mongodb::{Database, IndexModel};

use super::server::Server;
use super::trouble::{self, DUPLICATE_KEY, Trouble};

pub(super) const SYNC_STATE: &str = "sync_state";
pub(super) const JIRA_MAPPING: &str = "jira_mapping";
pub(super) const USER_STATE: &str = "user_project_issue_state";
pub(super) const DEV_STATE: &str = "dev_project_issue_state";
pub(super) const INTENTS: &str = "intents";
pub(super) const FAILURES: &str = "failures";
pub(super) const MISSING: &str = "missing_dev_issues";
pub(super) const ATTACHMENTS: &str = "attachments";
pub(super) const HISTORY: &str = "history";
pub(super) const OWNER: &str = "owner";

/// The server has such an index already, but with other options (`IndexOptionsConflict`, `IndexKeySpecsConflict`).
const OTHER_OPTIONS: [i32; 2] = [85, 86];

/// Where the numbers of texts decide, however long they are.
pub(super) fn numeric() -> Collation {
    Collation::builder().locale("en").numeric_ordering(true).build()
}

/// What has an id, and so is ours: a text comes after the empty one.
pub(super) fn known(field: &str) -> Document {
    doc! { field: { "$gt": "" } }
}

/// Makes the indexes that are not there yet; asked once for each database in the life of a process.
pub(super) async fn prepare(database: &Database, server: &Server) -> Result<(), Trouble> {
    if server.is_prepared(database.name()) {
        return Ok(());
    }
    for (collection, indexes) in indexes() {
        let made = database.collection::<Document>(collection).create_indexes(indexes).await;
        made.map_err(|error| prevented(collection, error))?;
    }
    server.set_prepared(database.name());
    Ok(())
}

fn indexes() -> Vec<(&'static str, Vec<IndexModel>)> {
    let state = || vec![unique(doc! { "issue_key": 1 }), unique_id("issue_id"), by_number("issue_id")];
    let mapping = vec![
        unique(doc! { "user_issue_key": 1 }),
        unique(doc! { "dev_issue_key": 1 }),
        unique_id("user_issue_id"),
        unique_id("dev_issue_id"),
        by_number("user_issue_id"),
        by_number("dev_issue_id"),
    ];
    let by_time = plain(doc! { "next_try": 1, "side": 1, "issue_id": 1 });
    let by_issue = plain(doc! { "side": 1, "issue_id": 1 });
    let by_attempts = plain(doc! { "attempts": 1, "next_try": 1, "side": 1, "issue_id": 1 });
    vec![
        (SYNC_STATE, vec![unique(doc! { "name": 1 })]),
        (JIRA_MAPPING, mapping),
        (USER_STATE, state()),
        (DEV_STATE, state()),
        (INTENTS, vec![unique(doc! { "source_side": 1, "source_issue_id": 1, "kind": 1 })]),
        (FAILURES, vec![by_time, by_attempts, by_issue, plain(doc! { "side": 1, "unseen_since": 1 })]),
        (MISSING, vec![unique_id("user_issue_id"), by_number("user_issue_id")]),
        (ATTACHMENTS, vec![plain(doc! { "user_issue_id": 1 })]),
        (HISTORY, vec![plain(doc! { "issue_id": 1, "at": 1 }), plain(doc! { "at": 1 })]),
    ]
}

fn plain(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).build()
}

fn unique(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).options(IndexOptions::builder().unique(true).build()).build()
}

/// Only where there is an id: documents of the Node.js service have none.
fn unique_id(field: &str) -> IndexModel {
    let options = IndexOptions::builder().unique(true).partial_filter_expression(known(field)).build();
    IndexModel::builder().keys(doc! { field: 1 }).options(options).build()
}

fn by_number(field: &str) -> IndexModel {
    let options = IndexOptions::builder().name(format!("{field}_by_number")).collation(numeric()).build();
    IndexModel::builder().keys(doc! { field: 1 }).options(options).build()
}

/// Why an index can't be made, as far as the documents or indexes that are there are the reason.
fn prevented(collection: &str, error: mongodb::error::Error) -> Trouble {
    let said = trouble::message(&error);
    match trouble::code(&error) {
        Some(DUPLICATE_KEY) => {
            let value = said.split_once("dup key: ").map_or(said.as_str(), |(_, value)| value);
            let remedy = "keep the one that is right and remove the others";
            Trouble::Unfit(format!(
                "several documents of {collection} have {value}, of which there may be one; {remedy}"
            ))
        }
        Some(code) if OTHER_OPTIONS.contains(&code) => {
            Trouble::Unfit(format!("{collection} has an index that is in the way: {said}; drop that index"))
        }
        Some(_) | None => error.into(),
    }
}

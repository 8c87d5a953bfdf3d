//! What the Node.js service left: documents with keys and names only.

use futures::TryStreamExt as _;
use mongodb::Database;
use mongodb::bson::{Document, doc};
use tokio::time::Instant;

use super::base::Base;
use super::document::row;
use super::layout::{DEV_STATE, FAILURES, HISTORY, INTENTS, JIRA_MAPPING, SYNC_STATE, USER_STATE, known};
use super::trouble::{self, Trouble};
use crate::flow::{IssueKey, Side, StatusName, Watermark};
use crate::store::records::{Row, Unfit};
use crate::store::{Hidden, Inheritance, KeyPair, Legacy, Predecessor, legacy as left};

/// That service kept a state document under the flow's name, and one under its own.
const OWN_NAME: &str = "jira-status-sync";

/// Whether something was left for this flow that it has not taken over, as it is `now`.
pub(super) async fn inheritance(base: &Base, database: &Database, now: Instant) -> Result<Inheritance, Trouble> {
    if row(SYNC_STATE, base.state(database).await?).number("revision")? != 0 {
        return Ok(Inheritance::None);
    }
    if let Some(legacy) = legacy(base, database).await? {
        return Ok(Inheritance::Here(legacy));
    }
    let mut hidden = None;
    for name in names(base) {
        match predecessor(base, &name, now).await {
            Ok(Some(predecessor)) => return Ok(Inheritance::Elsewhere(predecessor)),
            Ok(None) => {}
            Err(trouble) if trouble.is_about_rights() => hidden = hidden.or(Some(name)),
            Err(trouble) => return Err(trouble),
        }
    }
    match hidden {
        Some(name) if !base.is_named && is_empty(database).await? => {
            let (own, place) = (base.place(), base.server.place(&name));
            Ok(Inheritance::Hidden(Hidden { own, place, database: name }))
        }
        Some(_) | None => Ok(Inheritance::None),
    }
}

/// Whether nothing of ours is there but what a beginning makes: then nothing was done for this flow yet, as far as this
/// database knows.
async fn is_empty(database: &Database) -> Result<bool, Trouble> {
    for (collection, which) in [
        (JIRA_MAPPING, known("user_issue_id")),
        (USER_STATE, known("issue_id")),
        (DEV_STATE, known("issue_id")),
        (INTENTS, doc! {}),
        (HISTORY, doc! {}),
        (FAILURES, doc! {}),
    ] {
        if database.collection::<Document>(collection).find_one(which).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// All that was left under the names that a flow's database may have; under `named` alone if there is anything.
pub(super) async fn find(base: &Base, named: Option<&str>) -> Result<left::Found, Trouble> {
    let client = base.server.client().await?;
    let mut found = left::Found::default();
    for name in [named.map(str::to_owned)].into_iter().flatten().chain([base.name.clone()]).chain(names(base)) {
        match legacy(base, &client.database(&name)).await {
            Ok(Some(legacy)) if Some(&*name) == named => {
                return Ok(left::Found { legacies: vec![legacy], hidden: vec![] });
            }
            Ok(legacy) => found.legacies.extend(legacy),
            Err(trouble) if trouble.is_about_rights() && Some(&*name) != named => found.hidden.push(name),
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(found)
}

/// The names under which that service may have kept the flow's data, but for its own database now.
fn names(base: &Base) -> Vec<String> {
    let mut names = vec![base.flow.to_string(), base.flow.database()];
    names.dedup();
    names.retain(|name| *name != base.name);
    names
}

/// Everything of that service in a database; `None` if nothing is.
async fn legacy(base: &Base, database: &Database) -> Result<Option<Legacy>, Trouble> {
    let mut reading = Reading::default();
    for document in documents(database, SYNC_STATE, doc! { "revision": { "$in": [null, 0_i64] } }).await? {
        let is_of_node = document.contains_key("__v");
        reading.state(&row(SYNC_STATE, document), is_of_node, base.flow.as_str());
    }
    for document in documents(database, JIRA_MAPPING, doc! { "user_issue_id": null }).await? {
        reading.pair(&row(JIRA_MAPPING, document));
    }
    for (side, collection) in [(Side::User, USER_STATE), (Side::Dev, DEV_STATE)] {
        for document in documents(database, collection, doc! { "issue_id": null }).await? {
            reading.status(&row(collection, document), side);
        }
    }
    Ok(reading.end(base.server.place(database.name())))
}

async fn documents(database: &Database, collection: &str, which: Document) -> Result<Vec<Document>, Trouble> {
    Ok(database.collection(collection).find(which).await?.try_collect().await?)
}

/// Whether that service has a database of that name.
async fn predecessor(base: &Base, name: &str, now: Instant) -> Result<Option<Predecessor>, Trouble> {
    let database = base.server.client().await?.database(name);
    let legacy = legacy(base, &database).await?;
    Ok(legacy.map(|legacy| Predecessor {
        still_written: base.server.is_written(name, legacy.last_written, now),
        pairs: legacy.pairs.len() as u64,
        place: legacy.place,
    }))
}

/// Documents on their way into what they say.
#[derive(Default)]
struct Reading {
    legacy: Legacy,
    /// Whether the state document under the flow's name has told the watermark.
    own: bool,
    any: bool,
}

impl Reading {
    fn state(&mut self, found: &Row, is_of_node: bool, flow: &str) {
        let name = self.understood(found.maybe_text("name")).flatten();
        if ![flow, OWN_NAME].into_iter().any(|known| name == Some(known)) {
            return;
        }
        self.touched(found, &["updatedAt", "createdAt", "updated_at"]);
        let last_sync = self.understood(found.maybe_jira_time("last_sync")).flatten();
        // What we made ourselves at the beginning says nothing.
        self.any |= last_sync.is_some() || is_of_node;
        if !self.own && last_sync.is_some() {
            self.legacy.last_sync = last_sync.map(Watermark);
            self.own = name == Some(flow);
        }
    }

    fn pair(&mut self, found: &Row) {
        self.any = true;
        self.touched(found, &["updated_at", "created_at"]);
        if let (Some(user), Some(dev)) = (self.key(found, "user_issue_key"), self.key(found, "dev_issue_key")) {
            self.legacy.pairs.push(KeyPair { user, dev });
        }
    }

    fn status(&mut self, found: &Row, side: Side) {
        self.any = true;
        self.touched(found, &["updated_at"]);
        let status = self.understood(found.text("status")).map(StatusName::new);
        if let (Some(key), Some(status)) = (self.key(found, "issue_key"), status) {
            let statuses = match side {
                Side::User => &mut self.legacy.user_statuses,
                Side::Dev => &mut self.legacy.dev_statuses,
            };
            statuses.insert(key, status);
        }
    }

    fn key(&mut self, found: &Row, field: &str) -> Option<IssueKey> {
        self.understood(found.parsed(field))
    }

    fn touched(&mut self, found: &Row, fields: &[&str]) {
        let times = fields.iter().filter_map(|field| found.maybe_wall(field).ok().flatten());
        self.legacy.last_written = self.legacy.last_written.max(times.max());
    }

    /// One document that is not as it should be keeps no other from being taken over.
    fn understood<T>(&mut self, read: Result<T, Unfit>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(unfit) => {
                self.legacy.unfit.push(trouble::unreadable(&unfit));
                None
            }
        }
    }

    fn end(mut self, place: String) -> Option<Legacy> {
        self.legacy.pairs.sort_by(|one, other| one.user.cmp(&other.user));
        self.legacy.place = place;
        self.any.then_some(self.legacy)
    }
}

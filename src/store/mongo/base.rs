//! What all work on one flow's database needs.

use std::sync::Arc;

use mongodb::Database;
use mongodb::bson::{Document, doc};

use super::document::{long, row};
use super::layout::SYNC_STATE;
use super::server::Server;
use super::trouble::Trouble;
use crate::flow::{Flow, FlowName, SiteUrl};
use crate::store::read::Unusable;
use crate::store::{Epoch, Error};

/// One flow's database, and no other's.
#[derive(Clone)]
pub(super) struct Base {
    pub(super) server: Arc<Server>,
    pub(super) flow: FlowName,
    /// Where people look at the issues.
    pub(super) site: SiteUrl,
    /// Its name.
    pub(super) name: String,
    /// Whether the flow file names it.
    pub(super) is_named: bool,
}

impl Base {
    /// Touches nothing.
    pub(super) fn new(server: Arc<Server>, flow: &Flow) -> Self {
        let name = flow.database.name.to_string();
        let is_named = flow.database.is_named;
        Self { server, flow: flow.name.clone(), site: flow.jira.base.clone(), name, is_named }
    }

    /// The handle.
    pub(super) async fn database(&self) -> Result<Database, Trouble> {
        Ok(self.server.client().await?.database(&self.name))
    }

    /// How messages name it.
    pub(super) fn place(&self) -> String {
        self.server.place(&self.name)
    }

    /// The error for data that can't be used.
    pub(super) fn unusable(&self, why: Unusable) -> Error {
        Trouble::from(why).at(&self.server, &self.name)
    }

    /// As the caller is told.
    pub(super) fn told<T>(&self, result: Result<T, Trouble>) -> Result<T, Error> {
        result.map_err(|trouble| trouble.at(&self.server, &self.name))
    }

    /// A database keeps one flow's data: the first to come owns it, also when another one has its name in
    /// `database.name`. The Node.js service keeps a second state document, for itself; it has no epoch.
    pub(super) async fn refuse_foreign(&self, database: &Database) -> Result<(), Trouble> {
        let others = doc! { "name": { "$ne": self.flow.as_str() }, "epoch": { "$exists": true } };
        let Some(other) = database.collection(SYNC_STATE).find_one(others).await? else { return Ok(()) };
        let other = row(SYNC_STATE, other);
        let owner = other.text("name")?;
        let remedies = "give it its old name back if it was renamed, else a database of its own (database.name); or drop \
                        this database to begin anew";
        Err(Trouble::Unusable(format!("it belongs to the flow {owner}, not to {}: {remedies}", self.flow)))
    }

    /// The state document, which the first worker makes.
    pub(super) async fn state(&self, database: &Database) -> Result<Document, Trouble> {
        let own = doc! { "name": self.flow.as_str(), "epoch": { "$exists": true } };
        let found = database.collection(SYNC_STATE).find_one(own).await?;
        found.ok_or_else(|| Trouble::Unusable(no_state()))
    }

    /// Asked when nothing was found to be changed under this epoch: has somebody else come, or is the database gone?
    pub(super) async fn refuse_unless_latest(&self, database: &Database, epoch: Epoch) -> Result<(), Trouble> {
        // Who begins anew after that looks for the indexes again.
        let state = self.state(database).await.inspect_err(|_| self.server.set_unprepared(&self.name))?;
        let latest = row(SYNC_STATE, state).number("epoch")?;
        if latest == epoch.0 { Ok(()) } else { Err(Error::Fenced.into()) }
    }

    /// The state document under this epoch.
    pub(super) fn under(&self, epoch: Epoch) -> Document {
        doc! { "name": self.flow.as_str(), "epoch": long(epoch.0) }
    }
}

/// What is said of a database that no worker has begun.
pub(super) fn no_state() -> String {
    "there is no data of this flow there; it is made when the flow starts".to_owned()
}

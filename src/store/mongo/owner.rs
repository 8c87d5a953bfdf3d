//! Which process serves a flow: its owner document, and the sign of life that keeps it.
//!
//! All times are the server's, so that no two machines' clocks are ever compared. The document of a process that was
//! silent for a minute is taken over. Half a minute before that the silent process stops writing to Jira by itself
//! ([`Lease`](crate::lease::Lease)), also if it was frozen and noticed nothing.

use std::fs;
use std::time::Duration;

use mongodb::Database;
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;

use super::base::Base;
use super::document::{long, row};
use super::driver::Lane;
use super::layout::OWNER;
use super::trouble::Trouble;
use crate::clock::{Clock, Entropy};
use crate::lease::Tenure;
use crate::store::Epoch;

/// Between two signs of life.
const EVERY: Duration = Duration::from_secs(10);

/// The longest that one may take: the next is due soon.
const LIMIT: Duration = Duration::from_secs(5);

/// Whoever was silent for so long is gone, or writes nothing any more.
pub(super) const SILENCE: Duration = Duration::from_secs(60);

/// A process as others know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Another one at each start.
    pub id: uuid::Uuid,
    /// For people: on which machine.
    pub host: String,
    /// For people: its number there.
    pub pid: u32,
}

impl Process {
    /// This start of this program.
    #[must_use]
    pub fn this(clock: &Clock, entropy: &Entropy) -> Self {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = if host.trim().is_empty() { "unknown".to_owned() } else { host.trim().to_owned() };
        Self { id: entropy.id(clock.wall()), host, pid: std::process::id() }
    }
}

/// Makes this process the one that serves the flow.
pub(super) async fn take(base: &Base, database: &Database, process: &Process) -> Result<(), Trouble> {
    let owners = database.collection::<Document>(OWNER);
    let (name, mine) = (base.flow.as_str(), process.id.to_string());
    let silent = doc! { "$lt": ["$heartbeat", { "$subtract": ["$$NOW", millis(SILENCE)] }] };
    let free = doc! { "$or": [{ "$eq": [{ "$ifNull": ["$process", &mine] }, &mine] }, silent] };
    let own = doc! {
        "process": &mine,
        "host": { "$literal": &process.host },
        "pid": i64::from(process.pid),
        "since": { "$cond": [{ "$eq": ["$process", &mine] }, "$since", "$$NOW"] },
        "heartbeat": "$$NOW",
    };
    // Decided and done in one: nobody comes in between.
    let change = doc! { "$replaceWith": { "$cond": [free, { "$mergeObjects": ["$$ROOT", own] }, "$$ROOT"] } };
    let owner = owners.find_one_and_update(doc! { "_id": name }, vec![change]).upsert(true);
    let owner = owner.return_document(ReturnDocument::After).await?;
    let is_mine = owner.is_some_and(|owner| owner.get_str("process").is_ok_and(|process| process == mine));
    if is_mine { Ok(()) } else { Err(held(base, database).await?) }
}

/// The worker of this epoch is the one that serves the flow, unless another process has taken over meanwhile.
pub(super) async fn confirm(base: &Base, database: &Database, process: &Process, epoch: Epoch) -> Result<(), Trouble> {
    let mine = doc! { "_id": base.flow.as_str(), "process": process.id.to_string() };
    let change = doc! { "$set": { "epoch": long(epoch.0) }, "$currentDate": { "heartbeat": true } };
    let done = database.collection::<Document>(OWNER).update_one(mine, change).await?;
    if done.matched_count == 1 { Ok(()) } else { Err(held(base, database).await?) }
}

/// Gives signs of life until the flow is no longer this worker's.
pub(super) async fn keep(worker: Worker, lane: Lane, clock: Clock, tenure: Tenure) {
    loop {
        clock.sleep(EVERY).await;
        // From when it was sent: a process may be frozen at any point of this.
        let sent = clock.moment();
        match lane.ask(LIMIT, worker.clone().beat()).await {
            Ok(true) => tenure.renew(sent),
            Ok(false) => {
                tracing::warn!("{}: another process serves this flow now", worker.base.place());
                return tenure.end();
            }
            // The lease runs out by itself if this goes on.
            Err(trouble) => tracing::debug!("no sign of life: {}", trouble.at(&worker.base.server, &worker.base.name)),
        }
    }
}

/// Who gives signs of life.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) base: Base,
    pub(super) process: Process,
    pub(super) epoch: Epoch,
}

impl Worker {
    /// Answers whether the flow is still this worker's.
    async fn beat(self) -> Result<bool, Trouble> {
        let database = self.base.database().await?;
        let change = doc! { "$currentDate": { "heartbeat": true } };
        let done = database.collection::<Document>(OWNER).update_one(self.mine(), change).await?;
        Ok(done.matched_count == 1)
    }

    /// Others need not wait until this one was silent for long.
    pub(super) async fn release(self) -> Result<(), Trouble> {
        let database = self.base.database().await?;
        database.collection::<Document>(OWNER).delete_one(self.mine()).await?;
        Ok(())
    }

    fn mine(&self) -> Document {
        let process = self.process.id.to_string();
        doc! { "_id": self.base.flow.as_str(), "process": process, "epoch": long(self.epoch.0) }
    }
}

/// Says who serves the flow.
async fn held(base: &Base, database: &Database) -> Result<Trouble, Trouble> {
    let age = doc! { "$subtract": ["$$NOW", "$heartbeat"] };
    let pipeline = [doc! { "$match": { "_id": base.flow.as_str() } }, doc! { "$set": { "age": age } }];
    let mut found = database.collection::<Document>(OWNER).aggregate(pipeline).await?;
    if !found.advance().await? {
        return Ok(Trouble::InUse { by: "another process, which has just let go of it".to_owned() });
    }
    let owner = row(OWNER, found.deserialize_current()?);
    let (host, pid) = (owner.maybe_text("host")?.unwrap_or("unknown"), owner.number("pid")?);
    let since = owner.maybe_jira_time("since")?.map_or_else(|| "an unknown time".to_owned(), |at| at.to_string());
    let age = owner.number("age").unwrap_or_default() / 1000;
    let silence = SILENCE.as_secs();
    let wait = format!("last heard of {age} s ago; if it is gone, this one takes over {silence} s after that");
    Ok(Trouble::InUse { by: format!("process {pid} on host {host} since {since} ({wait})") })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

//! How a worker comes to have its flow's database.

use chrono::{DateTime, Utc};
use mongodb::Database;
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;

use super::base::{Base, no_state};
use super::document::{long, row, wall_date};
use super::layout::{self, INTENTS, SYNC_STATE};
use super::owner::{self, Process};
use super::trouble::Trouble;
use crate::store::Epoch;

/// Begins a new epoch, with indexes and state document if there are none yet.
///
/// Two processes may do this at the same time, if one of them was frozen in its middle for a minute. Then that one is
/// not the owner any more when it confirms, while the other one's first write finds a later epoch and is refused: both
/// have to begin again, and neither has written.
pub(super) async fn begin(base: Base, process: Process, now: DateTime<Utc>) -> Result<Epoch, Trouble> {
    let database = base.database().await?;
    base.refuse_foreign(&database).await?;
    owner::take(&base, &database, &process).await?;
    layout::prepare(&database, &base.server).await?;
    let epoch = next_epoch(&base, &database, now).await?;
    adopt_intents(&database, epoch).await?;
    owner::confirm(&base, &database, &process, epoch).await?;
    Ok(epoch)
}

/// What a document of the Node.js service lacks comes with it.
async fn next_epoch(base: &Base, database: &Database, now: DateTime<Utc>) -> Result<Epoch, Trouble> {
    let or_zero = |field: &str| doc! { "$ifNull": [format!("${field}"), 0_i64] };
    let change = doc! { "$set": {
        "epoch": { "$add": [or_zero("epoch"), 1_i64] },
        "revision": or_zero("revision"),
        "sequence": or_zero("sequence"),
        "pairs": or_zero("pairs"),
        "created_at": { "$ifNull": ["$created_at", "$createdAt", wall_date(now)] },
    } };
    let states = database.collection::<Document>(SYNC_STATE);
    let begun = states.find_one_and_update(doc! { "name": base.flow.as_str() }, vec![change]);
    let state = begun.upsert(true).return_document(ReturnDocument::After).await?;
    let state = state.ok_or_else(|| Trouble::Unusable(no_state()))?;
    Ok(Epoch(row(SYNC_STATE, state).number("epoch")?))
}

/// From here on no predecessor can change or close an open intent.
async fn adopt_intents(database: &Database, epoch: Epoch) -> Result<(), Trouble> {
    let epoch = doc! { "$set": { "epoch": long(epoch.0) } };
    database.collection::<Document>(INTENTS).update_many(doc! {}, epoch).await?;
    Ok(())
}

//! Batches, without transactions.
//!
//! A batch is written in its order, neighbours that go to one collection in one command. It begins with a conditional
//! write to the state document: under an epoch that is not the latest, nothing at all is written. The same write hands
//! out numbers for intents and lines of history, and tells the revision. Whatever may refuse a batch (a revision, an
//! intent, a partner) is looked up at the same time and decided before anything is written. That holds because the
//! worker of the latest epoch is the only writer.
//!
//! A predecessor whose first write came just before its successor began may still have writes on their way. None of
//! them replaces or removes what the successor wrote: each change finds only documents whose `epoch` is not later than
//! its own, and the beginning of an epoch gives all open intents that epoch. What such a late write adds is true all the
//! same: what was done was done, and an intent that it adds is taken up by the next cycle like any other.
//!
//! The process may end behind each command. What a batch has in its order makes every beginning of it a state from which
//! recovery goes on:
//!
//! - An intent comes before what is told of it, and a line of history that is missing is only missing.
//! - What a step did (a pair, a copied file) comes before the intent's cursor that has passed it: the step is looked up
//!   in Jira again, is found done, and is recorded again, which changes nothing.
//! - What was handled comes before the intent's end: the intent is driven again from its last cursor and finds nothing
//!   to do.
//! - A pair is counted behind its being added and before its being removed. So there may be more pairs than were counted,
//!   never fewer: a crash hides the loss of one pair until the next commit, and makes up none.
//! - A document that has a key only becomes its issue's own with all its fields in one write: an id alone says nothing.
//! - The state document is replaced in one write, behind everything that it says is done.
//!
//! Every command but the counting ones may be sent twice with the same result, and is, once, when its connection or
//! server is lost. The counting ones are the driver's retryable writes, which the server tells apart.

use chrono::{DateTime, Utc};
use futures::future::join;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::ReturnDocument;

use super::base::Base;
use super::bulk::{self, Put, Remove};
use super::deeds::{Deed, Deeds};
use super::document::{fields, long, row, wall_date};
use super::known::Known;
use super::layout::{HISTORY, SYNC_STATE};
use super::read::count;
use super::trouble::Trouble;
use crate::store::records::{self, state_fields};
use crate::store::{Change, Epoch, Error, HISTORY_AGE, Revision, State};

/// Writes `batch`, or as much from its front as the database would take.
pub(super) async fn write(base: Base, epoch: Epoch, batch: Vec<Change>, now: DateTime<Utc>) -> Result<(), Trouble> {
    let database = base.database().await?;
    let deeds = understood(&base, &database, epoch, batch, now).await?;
    Writing { base: &base, database: &database, epoch, now }.all(&deeds).await
}

/// What a batch comes to, unless something is known to refuse it.
pub(super) async fn understood(
    base: &Base,
    database: &Database,
    epoch: Epoch,
    batch: Vec<Change>,
    now: DateTime<Utc>,
) -> Result<Vec<Deed>, Trouble> {
    let (fence, known) = join(fence(base, database, epoch, &batch), Known::look(database, &batch)).await;
    let fence = fence?;
    refuse_outdated(&batch, fence.revision)?;
    Ok(Deeds::of(base, epoch, now, fence.first_number, known?).all(batch)?)
}

/// What the first write of a batch answers.
struct Fence {
    revision: Revision,
    /// The first of as many numbers as the batch needs, which nobody else ever has.
    first_number: i64,
}

async fn fence(base: &Base, database: &Database, epoch: Epoch, batch: &[Change]) -> Result<Fence, Trouble> {
    let numbers = batch.iter().filter(|change| matches!(change, Change::AddIntent(_) | Change::Tell(_))).count();
    let numbers = i64::try_from(numbers).unwrap_or(i64::MAX);
    let states = database.collection::<Document>(SYNC_STATE);
    let sequence = doc! { "$add": [{ "$max": ["$sequence", largest_retold(batch)] }, numbers] };
    let reserve = vec![doc! { "$set": { "sequence": sequence } }];
    let state = states.find_one_and_update(base.under(epoch), reserve).return_document(ReturnDocument::After).await?;
    let Some(state) = state else {
        base.refuse_unless_latest(database, epoch).await?;
        // It was there all the time, and yet not found: somebody has come and gone.
        return Err(Error::Fenced.into());
    };
    let state = row(SYNC_STATE, state);
    let (revision, last) = (Revision(state.number("revision")?), long(state.number("sequence")?));
    Ok(Fence { revision, first_number: last - numbers + 1 })
}

/// The largest number that a line of history brings along; 0 if none does.
fn largest_retold(batch: &[Change]) -> i64 {
    let numbers =
        batch.iter().filter_map(|change| if let Change::Retell(told) = change { Some(told.number) } else { None });
    long(numbers.max().unwrap_or_default())
}

/// Each commit counts one up.
fn refuse_outdated(batch: &[Change], mut revision: Revision) -> Result<(), Error> {
    for change in batch {
        if let Change::PutState(state) = change {
            if state.revision != revision {
                return Err(Error::Outdated);
            }
            revision.0 += 1;
        }
    }
    Ok(())
}

/// A batch that nothing is known to refuse.
pub(super) struct Writing<'a> {
    pub(super) base: &'a Base,
    pub(super) database: &'a Database,
    pub(super) epoch: Epoch,
    pub(super) now: DateTime<Utc>,
}

impl Writing<'_> {
    /// In their order, those that go together in one command.
    pub(super) async fn all(&self, deeds: &[Deed]) -> Result<(), Trouble> {
        for some in deeds.chunk_by(Deed::goes_with) {
            self.carry_out(some).await?;
        }
        Ok(())
    }

    /// Deeds that go together.
    async fn carry_out(&self, deeds: &[Deed]) -> Result<(), Trouble> {
        for part in deeds.chunks(bulk::MOST) {
            let puts: Vec<&Put> = part.iter().filter_map(Deed::as_put).collect();
            if let Some(first) = puts.first() {
                bulk::put(self.base, self.database, self.epoch, first.collection, &puts).await?;
            }
            let removes: Vec<&Remove> = part.iter().filter_map(Deed::as_remove).collect();
            if let Some(first) = removes.first() {
                bulk::remove(self.database, first.collection, &removes).await?;
            }
            for deed in part {
                match deed {
                    Deed::Put(_) | Deed::Remove(_) => {}
                    Deed::Count(more) => self.count(*more).await?,
                    Deed::Commit(state) => self.commit(state).await?,
                    Deed::Pause(until) => self.pause(*until).await?,
                }
            }
        }
        Ok(())
    }

    /// What we do ourselves is counted as it is done, so that only what others remove is missed.
    async fn count(&self, more: i64) -> Result<(), Trouble> {
        let counted = doc! { "$max": [0_i64, { "$add": ["$pairs", more] }] };
        let change = vec![doc! { "$set": { "pairs": counted } }];
        self.change_state(self.base.under(self.epoch), change).await
    }

    async fn commit(&self, state: &State) -> Result<(), Trouble> {
        let pairs = count(self.database, &records::JIRA_MAPPING).await?;
        let mut condition = self.base.under(self.epoch);
        condition.insert("revision", long(state.revision.0));
        let mut content = fields(state_fields(state));
        content.insert("pairs", long(pairs));
        content.insert("revision", long(state.revision.0 + 1));
        content.insert("updated_at", wall_date(self.now));
        // As a value and not as an expression: no text in it is taken for a field's name.
        self.change_state(condition, vec![doc! { "$set": literal(content) }]).await?;
        self.forget_old_history().await
    }

    async fn pause(&self, until: DateTime<Utc>) -> Result<(), Trouble> {
        let change = vec![doc! { "$set": { "held_until": wall_date(until) } }];
        self.change_state(self.base.under(self.epoch), change).await
    }

    async fn change_state(&self, condition: Document, change: Vec<Document>) -> Result<(), Trouble> {
        let done = self.database.collection::<Document>(SYNC_STATE).update_one(condition, change).await?;
        if done.matched_count == 0 {
            self.base.refuse_unless_latest(self.database, self.epoch).await?;
            return Err(Error::Outdated.into());
        }
        Ok(())
    }

    async fn forget_old_history(&self) -> Result<(), Trouble> {
        let old = doc! { "at": { "$lt": wall_date(self.now - HISTORY_AGE) } };
        bulk::remove(self.database, HISTORY, &[&Remove { collection: HISTORY, which: old, all: true }]).await
    }
}

/// Each value as it stands.
fn literal(content: Document) -> Document {
    content.into_iter().map(|(field, value)| (field, Bson::Document(doc! { "$literal": value }))).collect()
}

//! The only writer: intents, their steps, and what becomes of them.

pub(super) mod adoption;
pub(super) mod bulk;
pub(super) mod course;
pub(super) mod executor;
pub(super) mod failing;
pub(super) mod failures;
pub(super) mod files;
pub(super) mod linking;
pub(super) mod marks;
pub(super) mod outcome;
pub(super) mod owed_links;
pub(super) mod owing;
pub(super) mod pairs;
pub(super) mod recovery;
pub(super) mod steps;
pub(super) mod types;

use super::cx::{Cx, Error};
use crate::store::{Change, Revision, State};

/// Commits the state document and reads it back as it now is.
pub(super) async fn commit(cx: &Cx, state: State) -> Result<State, Error> {
    let revision = Revision(state.revision.0 + 1);
    let named_elsewhere = state.named_elsewhere || cx.memory.other_addresses.are_seen();
    let state = cx.memory.short_walks.put_into(State { named_elsewhere, ..state });
    cx.store.write(vec![Change::PutState(state.clone())]).await?;
    Ok(State { revision, updated_at: Some(cx.clock.wall()), pairs_lost: false, ..state })
}

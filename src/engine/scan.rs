//! Finds candidates: what a cycle does, and the searches by which it does it.

pub(super) mod addresses;
pub(super) mod full;
pub(super) mod incremental;
pub(super) mod mode;
pub(super) mod patrol;
pub(super) mod progress;

use super::cx::{Cx, Error};
use super::look::site;
use super::walk::OrderHandler;
use super::write::{self, recovery};
use crate::flow::{Event, NoticeKind, Side, Watermark};
use crate::store::{Cursor, State};
use mode::{Because, Mode};

/// Does what the sync mode table says.
pub(super) async fn run(cx: &Cx, state: State, orders: &mut dyn OrderHandler) -> Result<(), Error> {
    let state = after_lost_pairs(cx, state).await?;
    cx.memory.other_addresses.recall(state.named_elsewhere);
    match Mode::of(&state, cx.flow.initial_sync, cx.clock.wall()) {
        Mode::Full { cursor, started_at } => {
            recovery::recover(cx).await?;
            full::run(cx, state, (cursor, started_at), orders).await?;
        }
        Mode::CatchUp => {
            recovery::recover(cx).await?;
            full::catch_up(cx, state, orders).await?;
        }
        Mode::FromNow(because) => {
            let state = start_from_now(cx, state, because).await?;
            recovery::recover(cx).await?;
            incremental::run(cx, state, orders).await?;
        }
        Mode::Incremental { sets_flag, full_sync_again, .. } => {
            recovery::recover(cx).await?;
            let initial_sync_completed = if sets_flag { Some(true) } else { state.initial_sync_completed };
            incremental::run(cx, State { initial_sync_completed, ..state }, orders).await?;
            if full_sync_again {
                let state = cx.store.state().await?;
                let (cursor, started_at) = (state.cursor.clone(), state.started_at);
                full::run(cx, state, (cursor, started_at), orders).await?;
            }
        }
    }
    cx.teller.notice(NoticeKind::ForeignMarks, cx.memory.other_addresses.notice(&cx.jira.site(), &cx.flow.name));
    site::notice_refused_requests(cx);
    Ok(())
}

/// Pairs that somebody removed are looked for by what their issues carry, before anything is created. A full sync
/// that has read the dev project already reads it again.
async fn after_lost_pairs(cx: &Cx, state: State) -> Result<State, Error> {
    if !state.pairs_lost {
        return Ok(state);
    }
    cx.teller.tell(&Event::PairsLost);
    let from_the_beginning = |cursor: Cursor| Cursor { side: Side::Dev, created: None, ids_at: Vec::new(), ..cursor };
    let cursor = state.cursor.clone().map(from_the_beginning);
    write::commit(cx, State { all_read: false, cursor, ..state }).await
}

/// Rows 2 and 3: the time is committed before anything is searched, so that a Jira that is down meanwhile does not
/// let "now" drift.
async fn start_from_now(cx: &Cx, state: State, because: Because) -> Result<State, Error> {
    let from = Watermark(cx.jira.ask_time().await?);
    let state = State { last_sync: Some(from), started_at: Some(from.0), all_read: false, ..state };
    let state = write::commit(cx, state).await?;
    cx.teller.tell(&match because {
        Because::StateLost => Event::SyncStateLost { from },
        Because::Disabled => Event::InitialSyncDisabled { from },
    });
    Ok(state)
}

/// Keeps what this cycle has learned of walks that were not whole, however it ended, and says what lasts.
pub(super) async fn keep_short_walks(cx: &Cx) -> Result<(), Error> {
    if cx.memory.short_walks.are_new() {
        let state = cx.store.for_record().state().await?;
        write::commit(cx, state).await?;
    }
    cx.teller.notice(NoticeKind::SearchIncomplete, cx.memory.short_walks.notice(&cx.flow));
    Ok(())
}

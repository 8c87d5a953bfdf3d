//! The full sync: everything, once (docs/sync.md, "Sync mode").

use tokio::time::Instant;

use super::incremental;
use super::patrol;
use super::progress::{self, Progress};
use crate::engine::cx::{Cx, Error};
use crate::engine::handle;
use crate::engine::memory::short_walks::FullSyncEnd;
use crate::engine::past::{Past, Reach, Seen};
use crate::engine::walk::{self, OrderHandler, between_pages};
use crate::engine::write::{self, recovery};
use crate::flow::{Event, JiraTime, Served, Side, Watermark};
use crate::jira::{By, Page, Scan};
use crate::store::{Cursor, Patrol, State, WalkKind};

/// A full sync under way.
struct Walk {
    state: State,
    done: u64,
    progress: Progress,
    /// When the next pass in between is due.
    next_pass: Instant,
    /// Up to when a pass in between has seen everything.
    passed: Option<Watermark>,
    whole: Whole,
}

/// What is read from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    /// Both projects: the first sync.
    Flow,
    /// A project that the flow came to then, having read the other one before.
    Project(JiraTime),
}

/// Row 1: first the dev project, so that whatever was created before is known before anything is created; then the
/// user project. The cursor is committed page by page.
pub(super) async fn run(
    cx: &Cx,
    state: State,
    (cursor, started_at): (Option<Cursor>, Option<JiraTime>),
    orders: &mut dyn OrderHandler,
) -> Result<(), Error> {
    let is_first = state.last_sync.is_none();
    // One that is made again was told the first time.
    if is_first {
        cx.teller.tell(&Event::InitialSyncStarted { resumed: cursor.is_some() });
    }
    // Without a cursor this is the very first search, whatever an earlier full sync left behind. One that is made again
    // knows since when: what it is shown for the first time may have happened meanwhile.
    let started_at = started_at.filter(|_| cursor.is_some() || !is_first);
    let passed = state.last_sync;
    let mut walk = begin_walk(cx, State { started_at, ..state }, cursor.as_ref(), passed);
    let resumed_side = cursor.as_ref().map_or(Side::Dev, |cursor| cursor.side);
    for side in [Side::Dev, Side::User].into_iter().skip_while(|side| *side != resumed_side) {
        walk = read_whole(cx, walk, side, cursor.as_ref(), orders).await?;
    }
    end_walk(cx, walk).await
}

/// A project that the flow came to later is read from its beginning. The watermark stays: what happened in the other
/// one since is looked at afterwards, and meanwhile by passes in between.
pub(super) async fn catch_up(cx: &Cx, state: State, orders: &mut dyn OrderHandler) -> Result<(), Error> {
    let owed: Vec<_> = state.served.iter().flat_map(Served::owed).collect();
    let cursor = state.cursor.clone().filter(|cursor| owed.iter().any(|(side, _)| *side == cursor.side));
    let resumed_side = cursor.as_ref().map(|cursor| cursor.side);
    let mut walk = begin_walk(cx, state, cursor.as_ref(), None);
    for (side, since) in owed.into_iter().skip_while(|(side, _)| resumed_side.is_some_and(|left| left != *side)) {
        walk.whole = Whole::Project(since);
        walk = read_whole(cx, walk, side, cursor.as_ref(), orders).await?;
    }
    let Walk { state, done, .. } = walk;
    if done == 0 {
        // Nothing at all is what a lapsed credential shows.
        cx.jira.assert_identity().await?;
    }
    let served = state.served.clone().map(Served::all_read);
    // If it was not shown everything, both projects are read again a day later.
    let all_read = cx.memory.short_walks.end_full_sync(cx.clock.wall()) == FullSyncEnd::Whole && state.all_read;
    write::commit(cx, State { served, all_read, cursor: None, ..state }).await?;
    cx.teller.tell(&Event::ProjectRead { issues: done });
    Ok(())
}

async fn read_whole(
    cx: &Cx,
    mut walk: Walk,
    side: Side,
    cursor: Option<&Cursor>,
    orders: &mut dyn OrderHandler,
) -> Result<Walk, Error> {
    let left = cursor.filter(|cursor| cursor.side == side);
    let mut scan = full_scan(cx, side, left);
    while let Some(page) = walk::next_page(cx, &mut scan).await? {
        walk = handle_page(cx, walk, side, page, &scan).await?;
        progress::tell_progress(cx, &mut walk.progress, walk.done).await?;
        between_pages(cx, orders).await?;
        pass_in_between(cx, &mut walk, side, orders).await?;
    }
    walk::walked(cx, WalkKind::Full(side), &scan).await?;
    Ok(walk)
}

/// `passed` says up to when changes were handled right before.
fn begin_walk(cx: &Cx, state: State, cursor: Option<&Cursor>, passed: Option<Watermark>) -> Walk {
    let now = cx.clock.now();
    let done = cursor.map_or(0, |cursor| cursor.done);
    Walk {
        state,
        done,
        progress: Progress::new(now, done),
        // People have waited since it was left.
        next_pass: if cursor.is_some() && passed.is_none() { now } else { now + cx.flow.interval },
        passed,
        whole: Whole::Flow,
    }
}

/// What was seen of the dev project is only what Jira showed.
fn as_shown(cx: &Cx, past: Past) -> Past {
    if cx.memory.short_walks.is_short(WalkKind::Full(Side::Dev)) { past.of_dev_issues_seen_in_part() } else { past }
}

async fn handle_page(cx: &Cx, walk: Walk, side: Side, page: Page, scan: &Scan) -> Result<Walk, Error> {
    let Walk { mut state, done, whole, .. } = walk;
    let past = match whole {
        Whole::Flow => Past::of_full_sync(side, *state.started_at.get_or_insert(page.watermark.0)),
        Whole::Project(since) => Past { dev_issues_seen: seen_so_far(side, &state), ..Past::of_full_sync(side, since) },
    };
    let done = done + (page.rows.len() + page.odd.len()) as u64;
    handle::handle_page(cx, page, as_shown(cx, past)).await?;
    let (created, ids_at) = scan.reached();
    let state = write::commit(cx, State { cursor: Some(Cursor { side, created, ids_at, done }), ..state }).await?;
    cx.pulse.full_sync_advanced();
    Ok(Walk { state, done, ..walk })
}

/// A long first sync must not leave people waiting: whenever the interval has passed, what changed since it began is
/// handled first. Nothing of this moves `last_sync`.
async fn pass_in_between(cx: &Cx, walk: &mut Walk, side: Side, orders: &mut dyn OrderHandler) -> Result<(), Error> {
    let begun = match walk.whole {
        Whole::Flow => walk.state.started_at,
        Whole::Project(_) => walk.state.last_sync.map(|last_sync| last_sync.0),
    };
    let Some(begun) = begun.filter(|_| cx.clock.now() >= walk.next_pass) else { return Ok(()) };
    recovery::recover(cx).await?;
    let since = walk.passed.map_or(begun, |passed| passed.0);
    let from = since.earlier(cx.flow.overlap());
    let past = match walk.whole {
        Whole::Flow => Past::in_between(side, from),
        Whole::Project(_) => Past::of(&walk.state, Reach { from, usual: from }),
    };
    let past = as_shown(cx, past);
    let reached = incremental::search_since(cx, from, past, orders).await?;
    incremental::handle_due_failures(cx, past).await?;
    walk.passed = walk.passed.max(reached.map(|searched| searched.shown_to));
    walk.next_pass = cx.clock.now() + cx.flow.interval;
    Ok(())
}

async fn end_walk(cx: &Cx, walk: Walk) -> Result<(), Error> {
    let Walk { state, done, .. } = walk;
    if done == 0 {
        // Nothing at all is what a lapsed credential shows.
        cx.jira.assert_identity().await?;
    }
    let end = cx.memory.short_walks.end_full_sync(cx.clock.wall());
    let was_completed = state.initial_sync_completed == Some(true);
    let is_completed = was_completed || end != FullSyncEnd::ToBeMadeAgain;
    write::commit(
        cx,
        State {
            // What has changed since the first one's is the incremental searches' to say.
            last_sync: state.last_sync.or(state.started_at.map(Watermark)),
            initial_sync_completed: Some(is_completed),
            cursor: None,
            all_read: end == FullSyncEnd::Whole,
            patrol: match state.last_sync {
                None => patrol::patrol_to_come(cx, Patrol::default()),
                Some(_) => state.patrol,
            },
            ..state
        },
    )
    .await?;
    if is_completed && !was_completed {
        cx.teller.tell(&Event::InitialSyncCompleted { issues: done });
    }
    Ok(())
}

fn full_scan(cx: &Cx, side: Side, left: Option<&Cursor>) -> Scan {
    let project = cx.sides.id(side).clone();
    match left {
        Some(cursor) => Scan::new(vec![project], By::Created, cursor.created, &cursor.ids_at),
        None => Scan::new(vec![project], By::Created, None, &[]),
    }
}

/// Of which dev issues it was seen to whom they belong, while a project is read that the flow came to later. The dev
/// project is read before the user project, if both are.
fn seen_so_far(side: Side, state: &State) -> Seen {
    let dev_is_new = state.served.iter().flat_map(Served::owed).any(|(owed, _)| owed == Side::Dev);
    match side {
        Side::Dev => Seen::Older,
        Side::User if dev_is_new => Seen::All,
        Side::User => Seen::of(state),
    }
}

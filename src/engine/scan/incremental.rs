//! What changed since the watermark (docs/sync.md, "Watermark", "Looking back").

use std::time::Duration;

use parking_lot::MutexGuard;
use tokio::time::Instant;

use super::addresses;
use super::patrol;
use crate::engine::cx::{Cx, Error};
use crate::engine::handle;
use crate::engine::memory::Searches;
use crate::engine::past::{Past, Reach};
use crate::engine::walk::{self, OrderHandler, Walked, between_pages};
use crate::engine::{retry, write};
use crate::flow::{Event, JiraTime, Watermark};
use crate::jira::{BATCH, By, Scan};
use crate::store::{State, WalkKind};

/// Jira's clock may seem to go back by so much: `Date` is stamped before it arrives, and by one of several machines.
const CLOCK_SLACK: Duration = Duration::from_secs(120);

/// From one look back to the next.
const LOOK_BACK_EVERY: Duration = Duration::from_secs(3600);

/// How far a search came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Searched {
    /// Jira's clock when it began.
    pub begun: Watermark,
    /// Every change before it was shown.
    pub shown_to: Watermark,
}

/// Up to when a search that began at `from` has shown every change. They come in the order of their times.
fn shown_to(begun: Watermark, from: JiraTime, walked: Walked) -> Watermark {
    match walked {
        Walked::Whole => begun,
        Walked::Short(reached) => begun.min(Watermark(reached.unwrap_or(from))),
    }
}

/// Row 4: what changed since the watermark, and a good deal before it.
pub(super) async fn run(cx: &Cx, state: State, orders: &mut dyn OrderHandler) -> Result<(), Error> {
    let Some(last_sync) = state.last_sync else { return Ok(()) };
    let begun = cx.clock.now();
    let start = search_start(cx, last_sync, &state);
    let looks_back = looks_back(cx, begun);
    let reach = reach(cx, start, looks_back, &state);
    let past = Past::of(&state, reach);
    let state = addresses::look_at_other_addresses(cx, state, past).await?;
    let searched = search_since(cx, reach.from, past, orders).await?;
    let Searched { begun: asked, shown_to } = searched.unwrap_or(Searched { begun: start, shown_to: start });
    handle_due_failures(cx, past).await?;
    if asked.0.later(CLOCK_SLACK) < start.0 {
        // Jira's clock was set back since we last heard of it, so this search began in its future and saw nothing.
        // Nothing is committed: the next cycle knows, and searches as far back as this one should have.
        searches(cx).shown = None;
        return Ok(());
    }
    let patrol = patrol::go_on(cx, state.patrol.clone(), past).await?;
    // A second search within a second of the first may be entitled to less than is handled already.
    write::commit(cx, State { last_sync: Some(shown_to.max(start)), patrol, ..state }).await?;
    if looks_back {
        searches(cx).looked_back = Some(begun);
    }
    Ok(())
}

/// Handles all that changed in both projects since `from`, as far as Jira shows it.
pub(super) async fn search_since(
    cx: &Cx,
    from: JiraTime,
    past: Past,
    orders: &mut dyn OrderHandler,
) -> Result<Option<Searched>, Error> {
    let projects = cx.sides.ids().into();
    let mut scan = Scan::new(projects, By::Updated, Some(from), &[]);
    let (mut reached, mut shown) = (None, None);
    while let Some(page) = walk::next_page(cx, &mut scan).await? {
        reached.get_or_insert(page.watermark);
        shown = shown.max(page.rows.iter().map(|row| row.updated).max());
        handle::handle_page(cx, page, past).await?;
        between_pages(cx, orders).await?;
    }
    believe(cx, from, shown).await?;
    let walked = walk::walked(cx, WalkKind::Changes, &scan).await?;
    Ok(reached.map(|begun| Searched { begun, shown_to: shown_to(begun, from, walked) }))
}

/// Failures that are tried at once: as many as a page of a search has.
#[expect(clippy::cast_possible_truncation, reason = "a hundred")]
const AT_ONCE: u32 = BATCH as u32;

/// Tries failed issues again whose time has come.
pub(super) async fn handle_due_failures(cx: &Cx, past: Past) -> Result<(), Error> {
    let due = retry::due(cx.clock.wall());
    let mut last = None;
    loop {
        let some = cx.store.due_failures(&due, last.as_ref(), AT_ONCE).await?;
        let is_more = some.len() == AT_ONCE as usize;
        last = some.last().cloned();
        let some = some.into_iter().map(|failure| (failure.issue.id.clone(), (failure.side, failure.issue)));
        handle::handle_candidates(cx, some.collect(), past).await?;
        if !is_more {
            return Ok(());
        }
    }
}

/// An empty answer to a search that must show what an earlier one showed is believed once Jira has said that it knows
/// us: a lapsed credential can look like an empty Jira, and a proxy can drop the header that tells.
async fn believe(cx: &Cx, from: JiraTime, shown: Option<JiraTime>) -> Result<(), Error> {
    let expected = searches(cx).shown.is_some_and(|latest| latest >= from);
    if shown.is_none() && expected {
        cx.jira.assert_identity().await?;
    }
    searches(cx).shown = shown;
    Ok(())
}

fn looks_back(cx: &Cx, now: Instant) -> bool {
    searches(cx).looked_back.is_none_or(|last| now.saturating_duration_since(last) >= LOOK_BACK_EVERY)
}

fn reach(cx: &Cx, start: Watermark, looks_back: bool, state: &State) -> Reach {
    let overlap = cx.flow.overlap();
    let usual = Reach::usual(start, overlap);
    let earliest = Past::begins(state).map(|begin| begin.earlier(overlap));
    if looks_back { usual.looking_back(start, earliest) } else { usual }
}

/// Normally the watermark. If Jira's clock is behind it, the clock was set back: then as long before Jira's now as
/// we have been away.
fn search_start(cx: &Cx, last_sync: Watermark, state: &State) -> Watermark {
    let now = cx.jira.jira_now_at_latest();
    if last_sync.0 <= now {
        return last_sync;
    }
    cx.teller.tell(&Event::ClockWentBack { last_sync, now });
    let away = state.updated_at.and_then(|at| (cx.clock.wall() - at).to_std().ok()).unwrap_or_default();
    Watermark(cx.jira.jira_now().earlier(away).earlier(cx.flow.overlap()))
}

fn searches(cx: &Cx) -> MutexGuard<'_, Searches> {
    cx.memory.searches.lock()
}

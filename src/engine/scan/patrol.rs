//! The daily look at all known pairs (docs/sync.md, "Patrol"): no search ever names an issue that was deleted, hidden or
//! moved away.

use std::pin::pin;

use chrono::TimeDelta;
use futures::TryStreamExt as _;

use crate::engine::cx::{Cx, Error};
use crate::engine::handle;
use crate::engine::known::Candidates;
use crate::engine::past::Past;
use crate::flow::{Event, MissingDev, Pair, PairState, Side};
use crate::jira::BATCH;
use crate::store::{Change, Patrol};

/// From one patrol's beginning to the next one's.
const EVERY: TimeDelta = TimeDelta::days(1);

/// Batches that a cycle reads at most: a patrol is spread, so that nobody waits for it.
const BATCHES: usize = 5;

/// Pairs of a batch: as many as one fresh read takes with both their issues.
#[expect(clippy::cast_possible_truncation, reason = "half a hundred")]
const PAIRS: u32 = (BATCH / 2) as u32;

/// Pairs that are counted at a time.
const COUNTED: u32 = 1000;

/// This cycle's part of the patrol, if it is time for one. Answers how far it has come.
pub(super) async fn go_on(cx: &Cx, patrol: Patrol, past: Past) -> Result<Patrol, Error> {
    let Some(mut patrol) = patrol_under_way(cx, &patrol) else { return Ok(patrol_to_come(cx, patrol)) };
    for _ in 0..BATCHES {
        if cx.pulse.stopping() {
            return Err(Error::Stopping);
        }
        let pairs = cx.store.page::<Pair>(patrol.after.clone(), PAIRS).await?;
        let ended = pairs.len() < PAIRS as usize;
        patrol.after = pairs.last().map(|pair| pair.user.id.clone()).or(patrol.after);
        cx.memory.intents.try_links_again(&pairs);
        handle::handle_candidates(cx, to_read(pairs), past).await?;
        if ended {
            look_for_missing(cx, past).await?;
            tell_patrol(cx).await?;
            return Ok(Patrol { after: None, ..patrol });
        }
    }
    Ok(patrol)
}

/// The patrol that goes on or begins now. A clock that was set back must not put it off.
fn patrol_under_way(cx: &Cx, patrol: &Patrol) -> Option<Patrol> {
    let now = cx.clock.wall();
    let is_due = |begun| now - begun >= EVERY || begun > now;
    match (patrol.begun, &patrol.after) {
        (Some(_), Some(_)) => Some(patrol.clone()),
        (Some(begun), None) => is_due(begun).then_some(Patrol { begun: Some(now), after: None }),
        (None, _) => None,
    }
}

/// A flow's first patrol comes a day after its first cycle or full sync: what has just been read needs none.
pub(super) fn patrol_to_come(cx: &Cx, patrol: Patrol) -> Patrol {
    Patrol { begun: patrol.begun.or_else(|| Some(cx.clock.wall())), ..patrol }
}

/// Dev issues that could not be read when they were taken over: those that can be now are seen to.
async fn look_for_missing(cx: &Cx, past: Past) -> Result<(), Error> {
    let mut pages = pin!(cx.store.pages::<MissingDev>(PAIRS));
    while let Some(page) = pages.try_next().await? {
        if cx.pulse.stopping() {
            return Err(Error::Stopping);
        }
        let single = without_those_in_pairs(cx, page).await?;
        let keys: Vec<_> = single.iter().flat_map(|missing| [&missing.user.key, &missing.dev]).collect();
        let read = cx.jira.fetch_by_key(&keys).await?.issues;
        let found = single.into_iter().filter(|it| read.contains_key(&it.user.key) && read.contains_key(&it.dev));
        let found = found.map(|missing| (missing.user.id.clone(), (Side::User, missing.user)));
        handle::handle_candidates(cx, found.collect(), past).await?;
    }
    Ok(())
}

/// A user issue that is in a pair misses nothing: whoever recorded the pair came not to say so.
async fn without_those_in_pairs(cx: &Cx, missing: Vec<MissingDev>) -> Result<Vec<MissingDev>, Error> {
    let users = missing.iter().map(|missing| missing.user.id.clone());
    let paired = cx.store.get::<Pair>(Side::User, users).await?;
    let is_paired = |missing: &MissingDev| paired.iter().any(|pair| pair.user.id == missing.user.id);
    let (settled, single): (Vec<_>, Vec<_>) = missing.into_iter().partition(is_paired);
    cx.store.write(settled.into_iter().map(|missing| Change::ClearMissing(missing.user.id)).collect()).await?;
    Ok(single)
}

async fn tell_patrol(cx: &Cx) -> Result<(), Error> {
    let (mut pairs, mut broken, mut suspended) = (0, 0, 0);
    let mut pages = pin!(cx.store.pages::<Pair>(COUNTED));
    while let Some(page) = pages.try_next().await? {
        let in_state = |state| page.iter().filter(|pair| pair.state == state).count() as u64;
        pairs += page.len() as u64 - in_state(PairState::Unpaired);
        broken += in_state(PairState::Broken);
        suspended += in_state(PairState::Suspended);
        if page.len() < COUNTED as usize {
            break;
        }
    }
    cx.teller.tell(&Event::PatrolCompleted { pairs, broken, suspended });
    Ok(())
}

/// What an operator took apart is nobody's business.
fn to_read(pairs: Vec<Pair>) -> Candidates {
    let wanted = pairs.into_iter().filter(|pair| pair.state != PairState::Unpaired);
    wanted.map(|pair| (pair.user.id.clone(), (Side::User, pair.user))).collect()
}

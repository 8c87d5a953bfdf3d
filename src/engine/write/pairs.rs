//! Whether a pair is kept in step (docs/sync.md, "Pairs that are not kept in step"): what becomes of it when one of its
//! issues leaves, vanishes or returns, and when its rules answer each other.

use super::failures;
use crate::engine::cx::{Cx, Error};
use crate::engine::known::{Known, Separation};
use crate::engine::retry::{self, FailureContext, HELD_FOR};
use crate::flow::{Event, Handled, Issue, Pair, PairState, Side, SkipReason};
use crate::store::{Change, Failure};

/// What can't be read is asked for so often, for about eight hours all told.
pub(in crate::engine) const ENOUGH_ASKED: u32 = 16;

/// Tells, once, that a pair is not kept in step, and sees to it that what can't be read is asked for again. What was
/// handled of its issues stays recorded: once it is whole again, all that happened meanwhile is news.
pub(in crate::engine) async fn record_separation(
    cx: &Cx,
    pair: &Pair,
    separation: Separation,
    known: &Known,
) -> Result<(), Error> {
    let (user, dev) = (pair.user.key.clone(), pair.dev.key.clone());
    let (state, reason, event, asking) = match separation {
        Separation::Left(why) => {
            let event = Event::PairSuspended { user, dev, why };
            (PairState::Suspended, SkipReason::Suspended, event, Some(ask_no_more(pair)))
        }
        Separation::Unreadable(why) => {
            let asking = ask_again(cx, pair, &why, known);
            (PairState::Broken, SkipReason::Broken, Event::PairBroken { user, dev, why }, asking)
        }
    };
    if pair.state == state {
        cx.store.write(asking.into_iter().collect()).await?;
    } else {
        change_state(cx, pair, state, &event, asking).await?;
    }
    failures::skip(cx, &pair.user, reason);
    Ok(())
}

/// A pair whose issues are both where they belong is kept in step again. What happened meanwhile is owed a look until
/// it had one: no search need name it any more.
pub(in crate::engine) async fn mend(cx: &Cx, pair: &Pair) -> Result<(), Error> {
    let event = Event::PairMended { user: pair.user.key.clone(), dev: pair.dev.key.clone() };
    let again = failures::again(cx, &pair.user, FailureContext::default());
    change_state(cx, pair, PairState::Active, &event, Some(again)).await
}

/// Rules that seem to answer each other get a rest. Nothing is recorded as handled: what stands then is judged then.
pub(in crate::engine) async fn hold(cx: &Cx, pair: &Pair, writes: u32) -> Result<(), Error> {
    let until = cx.clock.wall() + HELD_FOR;
    let event = Event::PairHeld { user: pair.user.key.clone(), dev: pair.dev.key.clone(), writes, until };
    let why = format!("held: written {writes} times within ten minutes");
    let release = Failure { next_try: until, ..wake_up(cx, pair, why) };
    change_state(cx, pair, PairState::Held, &event, Some(Change::PutFailure(release))).await?;
    failures::skip(cx, &pair.user, SkipReason::PingPong);
    Ok(())
}

/// Whether a held pair's time has come.
pub(in crate::engine) fn is_released(cx: &Cx, pair: &Pair, known: &Known) -> bool {
    known.failures.get(&pair.user.id).is_none_or(|failure| retry::is_time_for(cx, failure))
}

/// The state, its line of history and what goes with it are durable together.
async fn change_state(
    cx: &Cx,
    pair: &Pair,
    state: PairState,
    event: &Event,
    with: Option<Change>,
) -> Result<(), Error> {
    let pair = Pair { state, ..pair.clone() };
    let line = cx.teller.record(event, &pair.user);
    Ok(cx.store.write([Change::PutPair(pair)].into_iter().chain(with).chain([line]).collect()).await?)
}

/// What is hidden may be shown again without any search telling so: it is asked for with growing distance, and in the
/// end only by the patrol.
fn ask_again(cx: &Cx, pair: &Pair, why: &str, known: &Known) -> Option<Change> {
    let before = known.failures.get(&pair.user.id).filter(|_| pair.state == PairState::Broken);
    match before {
        None if pair.state == PairState::Broken => None,
        Some(failure) if !retry::is_time_for(cx, failure) => None,
        Some(failure) if failure.attempts >= ENOUGH_ASKED => Some(ask_no_more(pair)),
        Some(_) | None => {
            let attempts = before.map_or(0, |failure| failure.attempts) + 1;
            let next_try = cx.clock.wall() + retry::pause_after(cx, attempts);
            Some(Change::PutFailure(Failure { attempts, next_try, ..wake_up(cx, pair, why.to_owned()) }))
        }
    }
}

fn wake_up(cx: &Cx, pair: &Pair, why: String) -> Failure {
    let (issue, next_try) = (pair.user.clone(), cx.clock.wall());
    Failure { side: Side::User, issue, attempts: 0, next_try, why, seen: None, unseen_since: None }
}

/// What an operator took apart costs nothing: its issues count as handled as they are.
pub(in crate::engine) fn leave_unpaired(cx: &Cx, pair: &Pair, home: &[(Side, Issue)]) -> Vec<Change> {
    failures::skip(cx, &pair.user, SkipReason::Unpaired);
    let mut changes: Vec<_> =
        home.iter().map(|(side, issue)| Change::PutHandled(*side, issue.at.clone(), Handled::of(issue))).collect();
    changes.push(Change::ClearFailure(Side::User, pair.user.id.clone()));
    changes
}

/// A move back shows in a search; until then nothing needs to be asked. What an open intent owes waits for its pair.
fn ask_no_more(pair: &Pair) -> Change {
    Change::ClearFailure(Side::User, pair.user.id.clone())
}

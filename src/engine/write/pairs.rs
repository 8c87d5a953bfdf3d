//! Whether a pair is kept in step (docs/sync.md, "Pairs that are not kept in step"): what becomes of it when one of its
//! issues leaves, vanishes or returns, and when its rules answer each other.

use std::time::Duration;

use crate::engine::look::observe::{Known, Trial};
use crate::engine::{Engine, Error};
use crate::flow::{Event, Handled, Issue, Pair, PairState, Side, SkipReason};
use crate::store::{Change, Failure};

/// A pair whose rules answer each other is left alone for so long.
pub(in crate::engine) const HELD_FOR: Duration = Duration::from_secs(3600);

/// What can't be read is asked for so often, for about eight hours all told.
pub(in crate::engine) const ENOUGH_ASKED: u32 = 16;

/// Why a pair can't be kept in step, by a fresh read of both its issues; in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Apart {
    /// One of them, or both, left its project.
    Left(String),
    /// One of them, or both, can't be read.
    Unreadable(String),
}

impl Engine {
    /// Both issues of a pair, if both can be read and are on their sides.
    pub(in crate::engine) fn both_at_home<'a>(&self, pair: &Pair, known: &'a Known) -> Result<[&'a Issue; 2], Apart> {
        match (self.at_home(pair, Side::User, known), self.at_home(pair, Side::Dev, known)) {
            (Some(user), Some(dev)) => Ok([user, dev]),
            (None | Some(_), None) | (None, Some(_)) => Err(self.apart(pair, known)),
        }
    }

    fn apart(&self, pair: &Pair, known: &Known) -> Apart {
        let is_read = |side: &Side| known.issues.contains_key(&pair.on(*side).id);
        let unreadable: Vec<_> = Side::BOTH.into_iter().filter(|side| !is_read(side)).collect();
        if unreadable.is_empty() {
            let left = Side::BOTH.into_iter().filter_map(|side| self.left(pair, side, known));
            return Apart::Left(left.collect::<Vec<_>>().join("; "));
        }
        let names: Vec<_> = unreadable.iter().map(|side| pair.on(*side).to_string()).collect();
        Apart::Unreadable(format!("{} can't be read: deleted, or hidden from this account", names.join(" and ")))
    }

    /// Where the issue on `side` went, if it left its project.
    fn left(&self, pair: &Pair, side: Side, known: &Known) -> Option<String> {
        let issue = known.issues.get(&pair.on(side).id)?;
        let (was, now, project) = (pair.on(side), &issue.at.key, self.flow.project(side));
        match self.side_of(issue) {
            Some(on) if on == side => None,
            Some(on) => Some(format!("{was} left {project} and is now {now}, on the {on} side")),
            None => Some(format!("{was} left {project} and is now {now}")),
        }
    }

    /// Tells, once, that a pair is not kept in step, and sees to it that what can't be read is asked for again. What was
    /// handled of its issues stays recorded: once it is whole again, all that happened meanwhile is news.
    pub(in crate::engine) async fn set_apart(&self, pair: &Pair, apart: Apart, known: &Known) -> Result<(), Error> {
        let (user, dev) = (pair.user.key.clone(), pair.dev.key.clone());
        let (state, reason, event, asking) = match apart {
            Apart::Left(why) => {
                let event = Event::PairSuspended { user, dev, why };
                (PairState::Suspended, SkipReason::Suspended, event, Some(ask_no_more(pair)))
            }
            Apart::Unreadable(why) => {
                let asking = self.ask_again(pair, &why, known);
                (PairState::Broken, SkipReason::Broken, Event::PairBroken { user, dev, why }, asking)
            }
        };
        if pair.state == state {
            self.store.write(asking.into_iter().collect()).await?;
        } else {
            self.change_state(pair, state, &event, asking).await?;
        }
        self.skip(&pair.user, reason);
        Ok(())
    }

    /// A pair whose issues are both where they belong is kept in step again. What happened meanwhile is owed a look until
    /// it had one: no search need name it any more.
    pub(in crate::engine) async fn mend(&self, pair: &Pair) -> Result<(), Error> {
        let event = Event::PairMended { user: pair.user.key.clone(), dev: pair.dev.key.clone() };
        let again = self.again(&pair.user, Trial::default());
        self.change_state(pair, PairState::Active, &event, Some(again)).await
    }

    /// Rules that seem to answer each other get a rest. Nothing is recorded as handled: what stands then is judged then.
    pub(in crate::engine) async fn hold(&self, pair: &Pair, writes: u32) -> Result<(), Error> {
        let until = self.clock.wall() + HELD_FOR;
        let event = Event::PairHeld { user: pair.user.key.clone(), dev: pair.dev.key.clone(), writes, until };
        let why = format!("held: written {writes} times within ten minutes");
        let release = Failure { next_try: until, ..self.wake_up(pair, why) };
        self.change_state(pair, PairState::Held, &event, Some(Change::PutFailure(release))).await?;
        self.skip(&pair.user, SkipReason::PingPong);
        Ok(())
    }

    /// Whether a held pair's time has come.
    pub(in crate::engine) fn is_released(&self, pair: &Pair, known: &Known) -> bool {
        known.failures.get(&pair.user.id).is_none_or(|failure| self.is_time_for(failure))
    }

    /// The state, its line of history and what goes with it are durable together.
    async fn change_state(
        &self,
        pair: &Pair,
        state: PairState,
        event: &Event,
        with: Option<Change>,
    ) -> Result<(), Error> {
        let pair = Pair { state, ..pair.clone() };
        let line = self.record(event, &pair.user);
        Ok(self.store.write([Change::PutPair(pair)].into_iter().chain(with).chain([line]).collect()).await?)
    }

    /// What is hidden may be shown again without any search telling so: it is asked for with growing distance, and in the
    /// end only by the patrol.
    fn ask_again(&self, pair: &Pair, why: &str, known: &Known) -> Option<Change> {
        let before = known.failures.get(&pair.user.id).filter(|_| pair.state == PairState::Broken);
        match before {
            None if pair.state == PairState::Broken => None,
            Some(failure) if !self.is_time_for(failure) => None,
            Some(failure) if failure.attempts >= ENOUGH_ASKED => Some(ask_no_more(pair)),
            Some(_) | None => {
                let attempts = before.map_or(0, |failure| failure.attempts) + 1;
                let next_try = self.clock.wall() + self.pause_after(attempts);
                Some(Change::PutFailure(Failure { attempts, next_try, ..self.wake_up(pair, why.to_owned()) }))
            }
        }
    }

    fn wake_up(&self, pair: &Pair, why: String) -> Failure {
        let (issue, next_try) = (pair.user.clone(), self.clock.wall());
        Failure { side: Side::User, issue, attempts: 0, next_try, why, seen: None, unseen_since: None }
    }

    /// What an operator took apart costs nothing: its issues count as handled as they are.
    pub(in crate::engine) fn leave_unpaired(&self, pair: &Pair, home: &[(Side, Issue)]) -> Vec<Change> {
        self.skip(&pair.user, SkipReason::Unpaired);
        let mut changes: Vec<_> =
            home.iter().map(|(side, issue)| Change::PutHandled(*side, issue.at.clone(), Handled::of(issue))).collect();
        changes.push(Change::ClearFailure(Side::User, pair.user.id.clone()));
        changes
    }
}

/// A move back shows in a search; until then nothing needs to be asked. What an open intent owes waits for its pair.
fn ask_no_more(pair: &Pair) -> Change {
    Change::ClearFailure(Side::User, pair.user.id.clone())
}

//! Walks that Jira does not show to their end (docs/sync.md, "Searches that are not whole").
//!
//! A walk that ends short fails its cycle. If it ends so three times in a row, at the same place and with as much
//! missing, and Jira still knows us, the flow goes on without the rest and says so; what relies on the whole (the
//! watermark, the end of the full sync, that all marks were seen) does not count it as whole.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::{Engine, Error};
use crate::flow::{JiraTime, NoticeKind, Side};
use crate::jira::{Ending, Lack, Scan};
use crate::store::{Shortfall, Shortfalls, State, WalkKind};

/// How often in a row a walk must end the same way before the flow goes on without the rest.
const TIMES: u32 = 3;

/// From the end of a full sync that was not shown everything to the next one's beginning.
const FULL_SYNC_AGAIN: TimeDelta = TimeDelta::days(1);

/// What may be concluded from a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Walked {
    /// All that Jira counts was shown.
    Whole,
    /// Nothing is known of what comes after this time; `None`: of nothing at all.
    Short(Option<JiraTime>),
}

/// What this worker knows of walks that were not shown everything.
#[derive(Default)]
pub(in crate::engine) struct Memory {
    known: Shortfalls,
    /// Whether that differs from what is stored.
    is_new: bool,
}

impl Engine {
    /// What may be concluded from a walk that is over.
    ///
    /// # Errors
    /// When it ended short, and not yet often enough in a row in the same way.
    pub(in crate::engine) async fn walked(&self, walk: WalkKind, scan: &Scan) -> Result<Walked, Error> {
        match scan.ending() {
            Ending::Whole => {
                self.shortfalls.lock().forget(walk);
                Ok(Walked::Whole)
            }
            Ending::Short(lack) => {
                let met = self.shortfalls.lock().meet(walk, lack, self.jira.jira_now());
                if met.times < TIMES {
                    return Err(Error::SearchIncomplete(format!(
                        "{}; the search is made again",
                        self.said(walk, &met)
                    )));
                }
                // A lapsed credential can be shown less than there is.
                self.jira.assert_identity().await?;
                Ok(Walked::Short(lack.reached))
            }
        }
    }

    /// Whether the last walk of that kind was not shown everything.
    pub(in crate::engine) fn is_short(&self, walk: WalkKind) -> bool {
        self.shortfalls.lock().known.walks.contains_key(&walk)
    }

    /// Takes what is stored of it, at a cycle's beginning.
    pub(in crate::engine) fn recall_shortfalls(&self, state: &State) {
        *self.shortfalls.lock() = Memory { known: state.shortfalls.clone(), is_new: false };
    }

    /// The state with what this cycle has learned of it so far; a commit of it keeps that.
    pub(in crate::engine) fn with_shortfalls(&self, state: State) -> State {
        let mut memory = self.shortfalls.lock();
        memory.is_new = false;
        State { shortfalls: memory.known.clone(), ..state }
    }

    /// Keeps what this cycle has learned of it, however it ended, and says what lasts.
    pub(in crate::engine) async fn keep_shortfalls(&self) -> Result<(), Error> {
        let is_new = self.shortfalls.lock().is_new;
        if is_new {
            let state = self.store.for_record().state().await?;
            self.commit(state).await?;
        }
        self.notice(NoticeKind::SearchIncomplete, self.notice_of_shortfalls());
        Ok(())
    }

    /// A full sync has ended. Answers whether it was shown everything, and whether it counts as completed: if not, it is
    /// made again a day later, and the second time it counts.
    pub(in crate::engine) fn end_full_sync(&self) -> FullSyncEnd {
        let is_short = Side::BOTH.into_iter().any(|side| self.is_short(WalkKind::Full(side)));
        let mut memory = self.shortfalls.lock();
        if !is_short {
            // All that a look through the dev project could miss was seen now.
            memory.forget(WalkKind::Survey);
        }
        let ended = is_short.then(|| self.clock.wall());
        let before = std::mem::replace(&mut memory.known.full_sync_ended, ended);
        memory.is_new |= before != ended;
        match (is_short, before) {
            (false, _) => FullSyncEnd::Whole,
            (true, None) => FullSyncEnd::ToBeMadeAgain,
            (true, Some(_)) => FullSyncEnd::ShortAgain,
        }
    }

    fn notice_of_shortfalls(&self) -> Option<String> {
        let memory = self.shortfalls.lock();
        let lasting: BTreeMap<_, _> =
            memory.known.walks.iter().filter(|(_, shortfall)| shortfall.times >= TIMES).collect();
        if lasting.is_empty() {
            return None;
        }
        let said: Vec<_> = lasting.into_iter().map(|(walk, shortfall)| self.said(*walk, shortfall)).collect();
        let until = memory.known.full_sync_ended.map(|ended| {
            let at = (ended + FULL_SYNC_AGAIN).format("%Y-%m-%d %H:%M UTC");
            format!(" The full sync is made again at {at}.")
        });
        Some(format!(
            "{}. What Jira does not show is not synced; Lockstep goes on with the rest and asks again in each cycle.{} \
             Rebuild Jira's search index, or see whether it counts issues that are hidden from this account.",
            said.join("; "),
            until.unwrap_or_default(),
        ))
    }

    fn said(&self, walk: WalkKind, shortfall: &Shortfall) -> String {
        let of = match walk {
            WalkKind::Full(side) => format!("issues in {}", self.flow.project(side)),
            WalkKind::Changes => {
                format!("changed issues in {} and {}", self.flow.user_project, self.flow.dev_project)
            }
            WalkKind::Survey => format!("issues in {} that are no older than a report", self.flow.dev_project),
        };
        let Shortfall { shown, missing, .. } = shortfall;
        match missing {
            Some(missing) => format!("Jira counts {} {of} and shows {shown}", shown + missing),
            None => format!("Jira says that there are more {of} than the {shown} that it shows"),
        }
    }
}

/// How a full sync ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum FullSyncEnd {
    /// It was shown everything.
    Whole,
    /// It was not shown everything, for the first time.
    ToBeMadeAgain,
    /// Nor was the one before.
    ShortAgain,
}

/// Whether it is time to make a full sync again that was not shown everything, or to go on with it. A clock that was set
/// back must not put it off.
pub(in crate::engine) fn is_full_sync_due(state: &State, now: DateTime<Utc>) -> bool {
    let is_due = |ended| now - ended >= FULL_SYNC_AGAIN || ended > now;
    state.shortfalls.full_sync_ended.is_some_and(|ended| state.cursor.is_some() || is_due(ended))
}

impl Memory {
    fn forget(&mut self, walk: WalkKind) {
        self.is_new |= self.known.walks.remove(&walk).is_some();
    }

    /// Counts a walk that ended short.
    fn meet(&mut self, walk: WalkKind, lack: Lack, now: JiraTime) -> Shortfall {
        let before = self.known.walks.get(&walk).filter(|before| is_the_same(before, &lack));
        let met = match before {
            // More than enough is not counted.
            Some(before) if before.times >= TIMES => before.clone(),
            Some(before) => Shortfall { times: before.times + 1, ..before.clone() },
            None => Shortfall { shown: lack.shown, missing: lack.missing, reached: lack.reached, since: now, times: 1 },
        };
        self.is_new |= self.known.walks.insert(walk, met.clone()).as_ref() != Some(&met);
        met
    }
}

/// Whether a walk ended as it did before: as much is missing, behind the same place. What is newer than the first of these
/// ends only came to be shown since. Where the flow went on already, the place may be any.
fn is_the_same(before: &Shortfall, lack: &Lack) -> bool {
    let is_there = lack.reached == before.reached || lack.reached > Some(before.since);
    before.missing == lack.missing && (is_there || before.times >= TIMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> JiraTime {
        format!("2026-03-02T{text}Z").parse().unwrap()
    }

    fn lack(missing: Option<u64>, reached: &str) -> Lack {
        Lack { shown: 101, missing, reached: Some(at(reached)) }
    }

    /// How often in a row each of these ends counts.
    fn times(ends: &[Lack]) -> Vec<u32> {
        let mut memory = Memory::default();
        ends.iter().map(|lack| memory.meet(WalkKind::Changes, *lack, at("12:00:00")).times).collect()
    }

    #[test]
    fn a_walk_counts_as_often_as_it_ends_the_same_way() {
        let same = lack(Some(29), "10:00:00");
        assert_eq!(times(&[same; 4]), [1, 2, 3, 3]);
        assert_eq!(times(&[same, lack(Some(28), "10:00:00"), same]), [1, 1, 1], "less is missing");
        assert_eq!(times(&[same, lack(Some(29), "10:30:00"), same]), [1, 1, 1], "it came further");
        assert_eq!(times(&[same, lack(None, "10:00:00")]), [1, 1], "nothing is counted any more");
    }

    #[test]
    fn what_is_new_since_does_not_make_it_another_end() {
        let (same, newer) = (lack(Some(29), "10:00:00"), lack(Some(29), "12:05:00"));
        assert_eq!(times(&[same, newer, newer]), [1, 2, 3]);
    }

    #[test]
    fn where_the_flow_went_on_the_place_may_be_any() {
        let (same, later) = (lack(Some(29), "10:00:00"), lack(Some(29), "11:00:00"));
        assert_eq!(times(&[same, same, same, later, lack(Some(30), "11:00:00")]), [1, 2, 3, 3, 1]);
    }

    #[test]
    fn a_whole_walk_ends_the_row() {
        let mut memory = Memory::default();
        let meet =
            |memory: &mut Memory| memory.meet(WalkKind::Survey, lack(Some(29), "10:00:00"), at("12:00:00")).times;
        assert_eq!([meet(&mut memory), meet(&mut memory)], [1, 2]);
        memory.forget(WalkKind::Survey);
        assert_eq!(meet(&mut memory), 1);
    }
}

//! Walks that Jira does not show to their end (docs/sync.md, "Searches that are not whole").
//!
//! A walk that ends short fails its cycle. If it ends so three times in a row, at the same place and with as much
//! missing, and Jira still knows us, the flow goes on without the rest and says so; what relies on the whole (the
//! watermark, the end of the full sync, that all marks were seen) does not count it as whole.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Mutex, MutexGuard};

use crate::flow::{Flow, JiraTime, Side};
use crate::jira::Lack;
use crate::store::{Shortfall, Shortfalls, State, WalkKind};

/// How often in a row a walk must end the same way before the flow goes on without the rest.
pub(in crate::engine) const TIMES: u32 = 3;

/// From the end of a full sync that was not shown everything to the next one's beginning.
const FULL_SYNC_AGAIN: TimeDelta = TimeDelta::days(1);

/// What this worker knows of walks that were not shown everything.
#[derive(Default)]
pub(in crate::engine) struct ShortWalks(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    known: Shortfalls,
    /// Whether that differs from what is stored.
    is_new: bool,
}

impl ShortWalks {
    /// A walk was shown everything.
    pub(in crate::engine) fn forget(&self, walk: WalkKind) {
        self.lock().forget(walk);
    }

    /// Counts a walk that ended short.
    pub(in crate::engine) fn meet(&self, walk: WalkKind, lack: Lack, now: JiraTime) -> Shortfall {
        self.lock().meet(walk, lack, now)
    }

    /// Whether the last walk of that kind was not shown everything.
    pub(in crate::engine) fn is_short(&self, walk: WalkKind) -> bool {
        self.lock().known.walks.contains_key(&walk)
    }

    /// Takes what is stored of it, at a cycle's beginning.
    pub(in crate::engine) fn recall(&self, state: &State) {
        *self.lock() = Inner { known: state.shortfalls.clone(), is_new: false };
    }

    /// The state with what this cycle has learned of it so far; a commit of it keeps that.
    pub(in crate::engine) fn put_into(&self, state: State) -> State {
        let mut inner = self.lock();
        inner.is_new = false;
        State { shortfalls: inner.known.clone(), ..state }
    }

    /// Whether this cycle has learned something that is not stored.
    pub(in crate::engine) fn are_new(&self) -> bool {
        self.lock().is_new
    }

    /// A full sync has ended. Answers whether it was shown everything, and whether it counts as completed: if not, it is
    /// made again a day later, and the second time it counts.
    pub(in crate::engine) fn end_full_sync(&self, now: DateTime<Utc>) -> FullSyncEnd {
        let mut inner = self.lock();
        let is_short = Side::BOTH.into_iter().any(|side| inner.known.walks.contains_key(&WalkKind::Full(side)));
        if !is_short {
            // All that a look through the dev project could miss was seen now.
            inner.forget(WalkKind::Survey);
        }
        let ended = is_short.then_some(now);
        let before = std::mem::replace(&mut inner.known.full_sync_ended, ended);
        inner.is_new |= before != ended;
        match (is_short, before) {
            (false, _) => FullSyncEnd::Whole,
            (true, None) => FullSyncEnd::ToBeMadeAgain,
            (true, Some(_)) => FullSyncEnd::ShortAgain,
        }
    }

    /// Why the flow shows that searches are not whole, if they lastingly are not.
    pub(in crate::engine) fn notice(&self, flow: &Flow) -> Option<String> {
        let inner = self.lock();
        let lasting: BTreeMap<_, _> =
            inner.known.walks.iter().filter(|(_, shortfall)| shortfall.times >= TIMES).collect();
        if lasting.is_empty() {
            return None;
        }
        let said: Vec<_> = lasting.into_iter().map(|(walk, shortfall)| said(flow, *walk, shortfall)).collect();
        let until = inner.known.full_sync_ended.map(|ended| {
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

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock()
    }
}

/// What a walk was not shown, in words.
pub(in crate::engine) fn said(flow: &Flow, walk: WalkKind, shortfall: &Shortfall) -> String {
    let of = match walk {
        WalkKind::Full(side) => format!("issues in {}", flow.project(side)),
        WalkKind::Changes => format!("changed issues in {} and {}", flow.user_project, flow.dev_project),
        WalkKind::Survey => format!("issues in {} that are no older than a report", flow.dev_project),
    };
    let Shortfall { shown, missing, .. } = shortfall;
    match missing {
        Some(missing) => format!("Jira counts {} {of} and shows {shown}", shown + missing),
        None => format!("Jira says that there are more {of} than the {shown} that it shows"),
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

impl Inner {
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
        let mut memory = Inner::default();
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
        let mut memory = Inner::default();
        let meet = |memory: &mut Inner| memory.meet(WalkKind::Survey, lack(Some(29), "10:00:00"), at("12:00:00")).times;
        assert_eq!([meet(&mut memory), meet(&mut memory)], [1, 2]);
        memory.forget(WalkKind::Survey);
        assert_eq!(meet(&mut memory), 1);
    }
}

//! What to do about what was observed: pure, without waiting and without a clock (docs/sync.md, "Rules", "Pairs").
//!
//! What is decided about which observation is a table: `plan/table.md`.

mod choice;
mod mirror;
mod unpaired;
mod upkeep;

use crate::flow::{Draft, JiraTime, Observed, Origin, PairState, Rules, Side, Sighting, SkipReason, StatusName};
use upkeep::Upkeep;

/// As many writes within the minutes that are counted may be a lively day's; rules that answer each other want yet more.
const MOST_WRITES: u32 = 6;

/// What is to be done for one pair or one unpaired issue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The writes; `None` when there is nothing to write.
    pub draft: Option<Draft>,
    /// Which sides left their handled status.
    pub changed: Vec<Side>,
    /// Why something that could have been done is not.
    pub skipped: Vec<SkipReason>,
    /// The change that gave way, where both sides changed and their rules want different things.
    pub lost: Option<Lost>,
    /// The pair is to be held instead of being written to once more, as its rules seem to answer each other: how often
    /// they wrote lately. Never beside a draft; what was seen is not handled then.
    pub hold: Option<u32>,
}

/// A change that lost a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Whose it was.
    pub side: Side,
    /// The status that side came into.
    pub status: StatusName,
    /// The status in which its rule wanted the other side.
    pub wanted: StatusName,
}

/// Decides. The same observation always gives the same plan.
#[must_use]
pub fn plan(rules: &Rules, seen: &Observed) -> Plan {
    match seen {
        Observed::Unpaired { user, unseen_since } => unpaired::plan(rules, user, *unseen_since),
        Observed::Paired { pair, user, dev, not_before, copied, recent_writes } => match out_of_step(pair.state) {
            Some(reason) => Plan { skipped: vec![reason], ..Plan::default() },
            None => {
                let couple = Couple { user, dev, origin: pair.origin, not_before: *not_before };
                keep(mirror::plan(rules, couple), *recent_writes, Upkeep::of(rules, user, dev, copied))
            }
        },
    }
}

/// The dev issue that an operator asks for, for a user issue without one. `None` when no rule creates any.
#[must_use]
pub fn creation(rules: &Rules, user: &Sighting) -> Option<Draft> {
    unpaired::creation(rules, &user.issue)
}

/// Why a pair is not written to.
fn out_of_step(state: PairState) -> Option<SkipReason> {
    match state {
        PairState::Active => None,
        PairState::Suspended => Some(SkipReason::Suspended),
        PairState::Broken => Some(SkipReason::Broken),
        PairState::Held => Some(SkipReason::PingPong),
        PairState::Unpaired => Some(SkipReason::Unpaired),
    }
}

/// A pair that is kept in step.
#[derive(Clone, Copy)]
struct Couple<'a> {
    user: &'a Sighting,
    dev: &'a Sighting,
    origin: Origin,
    not_before: Option<JiraTime>,
}

/// What crosses, and whatever else the pair needs; unless the pair is to be held.
fn keep(mirrored: Plan, recent_writes: u32, upkeep: Upkeep) -> Plan {
    if mirrored.draft.is_some() && recent_writes >= MOST_WRITES {
        return Plan { changed: mirrored.changed, hold: Some(recent_writes), ..Plan::default() };
    }
    Plan { draft: upkeep.after(mirrored.draft), ..mirrored }
}

#[cfg(test)]
mod tests;

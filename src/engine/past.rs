//! How far back a cycle looks, and what of the past is its business.

use std::time::Duration;

use crate::flow::{Extent, Issue, JiraTime, Side, Watermark};
use crate::store::State;

/// How far a search looks back now and then, for what its index learnt late.
const LOOK_BACK: Duration = Duration::from_secs(24 * 3600);

/// How much of the past is a cycle's business.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    /// What happened to issues never handled before is looked at from there on.
    pub unseen_since: JiraTime,
    /// Of an issue that was created since then and never handled, all is looked at: a search named it late.
    pub born_since: JiraTime,
    /// In a flow that started from now: what happened to pairs never handled before that start is nobody's news.
    pub not_before: Option<JiraTime>,
    /// Of which dev issues this store has seen to whom they belong, by mark and text.
    pub dev_issues_seen: Seen,
}

/// Of which dev issues it was seen to whom they belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Of all.
    All,
    /// Of those that are older than the ones in hand: a full sync is on its way through the dev project.
    Older,
    /// Of some: the others must be looked at before anything is created.
    Some,
}

impl Seen {
    /// What the state says. Of a dev project that the flow came to later, all is seen once it was read from its beginning.
    pub(super) fn of(state: &State) -> Self {
        let dev = state.served.as_ref().map_or(Extent::AsTheFlow, |served| served.dev.extent);
        match dev {
            Extent::AsTheFlow if state.all_read => Self::All,
            Extent::AsTheFlow | Extent::Owed(_) | Extent::From(_) => Self::Some,
        }
    }
}

impl Past {
    /// A full sync's in the project of that side: it judges where things stand, and what happened since it began. It
    /// reads the dev project first.
    pub(super) fn of_full_sync(side: Side, began: JiraTime) -> Self {
        let dev_issues_seen = match side {
            Side::User => Seen::All,
            Side::Dev => Seen::Older,
        };
        Self { unseen_since: began, born_since: began, not_before: None, dev_issues_seen }
    }

    /// An incremental cycle's. A look back judges old issues no further back than every search: who was never handled
    /// although it is old has come from elsewhere, or was hidden, and what it did there is nobody's news. Only where
    /// nothing was read before a start from now may an old issue be unknown and yet one of ours.
    pub(super) fn of(state: &State, reach: Reach) -> Self {
        let not_before = Self::begins(state);
        let judged = |at: JiraTime| not_before.map_or(at, |start| at.max(start));
        let unseen_since = judged(if not_before.is_some() { reach.from } else { reach.usual });
        Self { unseen_since, born_since: judged(reach.from), not_before, dev_issues_seen: Seen::of(state) }
    }

    /// A pass's in between, whose search begins at `floor`, while a full sync reads the project of that side.
    pub(super) fn in_between(side: Side, floor: JiraTime) -> Self {
        let dev_issues_seen = match side {
            Side::User => Seen::All,
            Side::Dev => Seen::Some,
        };
        Self { dev_issues_seen, ..Self::of_full_sync(side, floor) }
    }

    /// The same, where Jira did not show the dev project whole.
    pub(super) fn of_dev_issues_seen_in_part(self) -> Self {
        Self { dev_issues_seen: Seen::Some, ..self }
    }

    /// Before this instant nothing is a flow's business that started from now.
    pub(super) fn begins(state: &State) -> Option<JiraTime> {
        if state.all_read { None } else { state.started_at }
    }

    /// From when on to look at what happened to an issue that can't be read now and was never handled. Of a dev issue it
    /// says that nobody has seen yet whose it is.
    pub(super) fn unseen_since_of_unread(self, side: Side) -> Option<JiraTime> {
        match (side, self.dev_issues_seen) {
            (Side::User, _) => Some(self.unseen_since),
            (Side::Dev, Seen::All) => None,
            (Side::Dev, Seen::Older | Seen::Some) => Some(JiraTime::FIRST),
        }
    }

    /// From when on to look at what happened to an issue that was never handled.
    pub(super) fn unseen_since_of(self, issue: &Issue) -> JiraTime {
        if issue.created >= self.born_since { self.born_since } else { self.unseen_since }
    }
}

/// How far a search reaches back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// Where it begins.
    pub from: JiraTime,
    /// Where it would begin if it did not look back.
    pub usual: JiraTime,
}

impl Reach {
    /// Begins where every search does that goes on at `start`.
    pub(super) fn usual(start: Watermark, overlap: Duration) -> Self {
        let from = start.0.earlier(overlap);
        Self { from, usual: from }
    }

    /// Reaches back further, but not behind what a flow that started from now may judge.
    pub(super) fn looking_back(self, start: Watermark, earliest: Option<JiraTime>) -> Self {
        let from = start.0.earlier(LOOK_BACK);
        let from = earliest.map_or(from, |earliest| from.max(earliest));
        Self { from: from.min(self.usual), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(text: &str) -> JiraTime {
        text.parse().unwrap()
    }

    #[test]
    fn a_look_back_reaches_a_day_back_but_not_behind_a_start_from_now() {
        let start = Watermark(at("2026-03-02T12:00:00Z"));
        let usual = Reach::usual(start, HOUR);
        let from = |earliest: Option<&str>| usual.looking_back(start, earliest.map(at)).from;
        assert_eq!(usual.from, at("2026-03-02T11:00:00Z"));
        assert_eq!(from(None), at("2026-03-01T12:00:00Z"));
        assert_eq!(from(Some("2026-03-02T03:00:00Z")), at("2026-03-02T03:00:00Z"));
        assert_eq!(from(Some("2026-03-02T11:30:00Z")), usual.from, "never less than every search");
    }

    #[test]
    fn a_lag_of_more_than_half_a_day_reaches_back_further_than_a_look_back() {
        let start = Watermark(at("2026-03-02T12:00:00Z"));
        let usual = Reach::usual(start, 48 * HOUR);
        assert_eq!(usual.looking_back(start, None), usual);
    }
}

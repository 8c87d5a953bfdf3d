//! The sync mode table (docs/sync.md, "Sync mode"): what a cycle does is decided by the state document alone.

use chrono::{DateTime, Utc};

use crate::engine::memory::short_walks::is_full_sync_due;
use crate::flow::{JiraTime, Watermark};
use crate::store::{Cursor, State};

/// What a cycle does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Row 1: everything, once.
    Full {
        /// Where an earlier attempt was left.
        cursor: Option<Cursor>,
        /// Jira's clock at that attempt's very first search.
        started_at: Option<JiraTime>,
    },
    /// The flow came to another project, which is read from its beginning before what changed since is looked at.
    CatchUp,
    /// Rows 2 and 3: nothing older than now.
    FromNow(Because),
    /// Row 4: what changed since.
    Incremental {
        /// `last_sync`.
        since: Watermark,
        /// Whether the document still says, or leaves open, that the full sync is owed.
        sets_flag: bool,
        /// Whether a full sync that was not shown everything is made again.
        full_sync_again: bool,
    },
}

/// Why a cycle starts from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// Row 2: the full sync was completed once, but its watermark is gone.
    StateLost,
    /// Row 3: `initialSyncEnabled` is false.
    Disabled,
}

impl Mode {
    /// The row of the table that fits.
    #[must_use]
    pub fn of(state: &State, initial_sync: bool, now: DateTime<Utc>) -> Self {
        let completed = state.initial_sync_completed == Some(true);
        match (state.last_sync, completed, initial_sync) {
            (Some(_), _, _) if state.served.as_ref().is_some_and(|served| served.owed().next().is_some()) => {
                Self::CatchUp
            }
            (Some(since), completed, enabled) => Self::Incremental {
                since,
                sets_flag: !completed && enabled && state.shortfalls.full_sync_ended.is_none(),
                full_sync_again: enabled && is_full_sync_due(state, now),
            },
            (None, true, _) => Self::FromNow(Because::StateLost),
            (None, false, true) => Self::Full { cursor: state.cursor.clone(), started_at: state.started_at },
            (None, false, false) => Self::FromNow(Because::Disabled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Shortfalls;

    fn now() -> DateTime<Utc> {
        "2024-03-02T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_full_sync_that_was_not_shown_everything_is_made_again_a_day_later() {
        let since = Watermark("2024-03-01T00:00:00Z".parse().unwrap());
        let mode = |ended: &str, completed, enabled| {
            let shortfalls = Shortfalls { full_sync_ended: Some(ended.parse().unwrap()), ..Shortfalls::default() };
            let state =
                State { last_sync: Some(since), initial_sync_completed: completed, shortfalls, ..State::default() };
            match Mode::of(&state, enabled, now()) {
                Mode::Incremental { sets_flag, full_sync_again, .. } => (sets_flag, full_sync_again),
                other @ (Mode::Full { .. } | Mode::FromNow(_) | Mode::CatchUp) => panic!("{other:?}"),
            }
        };
        assert_eq!(mode("2024-03-01T12:00:01Z", None, true), (false, false));
        assert_eq!(mode("2024-03-01T12:00:00Z", None, true), (false, true));
        assert_eq!(mode("2024-03-02T12:00:01Z", None, true), (false, true), "the clock was set back");
        assert_eq!(mode("2024-03-01T12:00:00Z", Some(true), true), (false, true));
        assert_eq!(mode("2024-03-01T12:00:00Z", None, false), (false, false));
    }

    #[test]
    fn the_table_row_by_row() {
        let since = Watermark("2024-01-01T00:00:00Z".parse().unwrap());
        let full = Mode::Full { cursor: None, started_at: None };
        let incremental = |sets_flag| Mode::Incremental { since, sets_flag, full_sync_again: false };
        let rows = [
            (None, None, true, full.clone()),
            (None, Some(false), true, full),
            (None, Some(true), true, Mode::FromNow(Because::StateLost)),
            (None, Some(true), false, Mode::FromNow(Because::StateLost)),
            (None, None, false, Mode::FromNow(Because::Disabled)),
            (None, Some(false), false, Mode::FromNow(Because::Disabled)),
            (Some(since), Some(true), true, incremental(false)),
            (Some(since), Some(false), true, incremental(true)),
            (Some(since), None, true, incremental(true)),
            (Some(since), None, false, incremental(false)),
        ];
        for (last_sync, initial_sync_completed, enabled, mode) in rows {
            let state = State { last_sync, initial_sync_completed, ..State::default() };
            assert_eq!(Mode::of(&state, enabled, now()), mode, "{last_sync:?} {initial_sync_completed:?} {enabled}");
        }
    }
}

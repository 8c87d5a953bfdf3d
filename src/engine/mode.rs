//! The sync mode table (docs/sync.md, "Sync mode"): what a cycle does is decided by the state document alone.

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
    pub fn of(state: &State, initial_sync: bool) -> Self {
        let completed = state.initial_sync_completed == Some(true);
        match (state.last_sync, completed, initial_sync) {
            (Some(_), _, _) if state.served.as_ref().is_some_and(|served| served.owed().next().is_some()) => {
                Self::CatchUp
            }
            (Some(since), completed, enabled) => Self::Incremental { since, sets_flag: !completed && enabled },
            (None, true, _) => Self::FromNow(Because::StateLost),
            (None, false, true) => Self::Full { cursor: state.cursor.clone(), started_at: state.started_at },
            (None, false, false) => Self::FromNow(Because::Disabled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_row_by_row() {
        let since = Watermark("2024-01-01T00:00:00Z".parse().unwrap());
        let full = Mode::Full { cursor: None, started_at: None };
        let incremental = |sets_flag| Mode::Incremental { since, sets_flag };
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
            assert_eq!(Mode::of(&state, enabled), mode, "{last_sync:?} {initial_sync_completed:?} {enabled}");
        }
    }
}

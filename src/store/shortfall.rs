//! What is known of searches that end before all that Jira counts was shown.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::flow::{JiraTime, Side};

/// A kind of walk through issues by search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WalkKind {
    /// A full sync's, through the project of that side.
    Full(Side),
    /// Through what changed in both projects.
    Changes,
    /// Through the dev issues that may name a user issue.
    Survey,
}

impl WalkKind {
    const ALL: [Self; 4] = [Self::Full(Side::User), Self::Full(Side::Dev), Self::Changes, Self::Survey];
}

impl fmt::Display for WalkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(side) => write!(f, "{side}"),
            Self::Changes => f.write_str("changes"),
            Self::Survey => f.write_str("survey"),
        }
    }
}

impl FromStr for WalkKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|walk| walk.to_string() == text);
        known.ok_or_else(|| format!("unknown word {text:?}"))
    }
}

/// How a walk that was not shown everything ended the last time, and how often in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// Issues that the walk was shown, the first time.
    pub shown: u64,
    /// Issues that Jira counted beyond them; `None` if it said only that there are more.
    pub missing: Option<u64>,
    /// The time up to which the walk came.
    pub reached: Option<JiraTime>,
    /// Jira's clock when it first ended so.
    pub since: JiraTime,
    /// How often in a row it ended so.
    pub times: u32,
}

/// What is known of all walks that were not shown everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortfalls {
    /// One for each kind of walk whose last end was such.
    pub walks: BTreeMap<WalkKind, Shortfall>,
    /// When the last full sync ended, by this machine's wall clock, if it was not shown everything.
    pub full_sync_ended: Option<DateTime<Utc>>,
}

impl Shortfalls {
    /// Whether all that Jira counts was shown wherever it was last asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { walks, full_sync_ended } = self;
        walks.is_empty() && full_sync_ended.is_none()
    }
}

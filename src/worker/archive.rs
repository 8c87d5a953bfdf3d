//! What a flow's data says, for whoever asks: while its worker is at work, parked, stopped, or was never there.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use crate::flow::{Flow, HistoryQuery, Intent, IssueRef, MissingDev, Pair, Side, Told, Watermark};

/// Looks into flows' data. It writes nothing, makes nothing and stands in no worker's way; what it tells is what was last
/// committed. Each answer comes within seconds, and is bounded in number.
pub trait Archive: Send + Sync {
    /// What the flow's data says now, with at most `most` of a kind.
    ///
    /// # Errors
    /// When it can't be read, or not in time.
    fn survey(&self, flow: &Flow, most: u32) -> BoxFuture<'static, Result<Survey, Unread>>;
    /// Lines of the flow's history, latest first.
    ///
    /// # Errors
    /// When it can't be read, or not in time.
    fn history(&self, flow: &Flow, query: HistoryQuery) -> BoxFuture<'static, Result<HistoryPage, Unread>>;
}

/// What a flow's data says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// How far the flow has come.
    pub progress: Progress,
    /// Writes to Jira that are not finished, oldest first.
    pub intents: Listed<Intent>,
    /// Issues that failed and are to be tried again, in order of their next try.
    pub failures: Listed<Failing>,
    /// Pairs that are not kept in step, those that an operator took apart last.
    pub pairs: Listed<Pair>,
    /// User issues whose dev issue could not be read when they were taken over, and for which no other is created.
    pub missing: Listed<MissingDev>,
}

/// The first of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// As many as were asked for.
    pub first: Vec<T>,
    /// Whether there are more.
    pub more: bool,
}

/// How far a flow has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Every change before it has been handled; `None` before the first good cycle.
    pub last_sync: Option<Watermark>,
    /// How far the full sync has come.
    pub full_sync: FullSync,
    /// The daily look at all known pairs; `None` before the first good cycle.
    pub patrol: Option<Patrol>,
}

/// How far a flow's full sync has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FullSync {
    /// It came to its end, or is not owed any more.
    Completed,
    /// It has read this far.
    UnderWay {
        /// The project in hand: the dev project comes first.
        side: Side,
        /// Issues handled so far, of both projects.
        done: u64,
    },
    /// It came to its end, and Jira did not show all that it counts: it is made again.
    Incomplete,
    /// It has not begun, or the flow is to do without.
    NotBegun,
}

/// How far the daily look at the known pairs has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patrol {
    /// When the last one began, by this machine's clock; before the first one, from when on its day counts.
    pub begun: DateTime<Utc>,
    /// Whether it has not come to its end yet.
    pub under_way: bool,
}

/// An issue that failed and is to be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Its side.
    pub side: Side,
    /// The issue.
    pub issue: IssueRef,
    /// How often in a row.
    pub attempts: u32,
    /// When it is tried again, by this machine's clock, unless it changes before.
    pub next_try: DateTime<Utc>,
    /// What went wrong, for people.
    pub why: String,
}

/// Some of a flow's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// Latest first.
    pub lines: Vec<Told>,
    /// What to ask for as [`HistoryQuery::before`] to have the next page; `None` when this was the last one.
    pub next: Option<u64>,
}

/// A flow's data can't be read now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unread {
    /// For people: what is in the way, and what to do.
    pub why: String,
}

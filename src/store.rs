//! The second gate: what a flow remembers (docs/sync.md, "Stored data").
//!
//! A worker reads through a [`Store`] and writes [`Change`]s in batches. A batch is atomic where the database has
//! transactions; where it has none it is written in its order, and every beginning of a batch is a state from which
//! recovery goes on. Each batch is conditional on the [`Epoch`] that the worker took when it started, so a late write of
//! a predecessor is refused.

#[cfg(test)]
mod contract;
mod dump;
mod durability;
mod error;
mod executor;
mod keyset;
mod legacy;
mod mongo;
mod reader;
mod record;
mod shortfall;
mod sqlite;
mod stores;
mod turn;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

pub use dump::{BadImport, Export, ExportError, Import, ImportError, Tally};
pub use durability::Durability;
pub use error::Error;
pub use executor::Executor;
pub use legacy::{Found, Hidden, Inheritance, KeyPair, Legacy, Predecessor};
pub use mongo::{Driver, Process, mongo_url};
pub use reader::Reader;
pub use shortfall::{Shortfall, Shortfalls, WalkKind};
pub use stores::{Manner, Stores};
pub use turn::Turn;

use crate::flow::{
    Copied, Entry, Flow, Handled, HistoryQuery, Intent, IntentId, IssueId, IssueRef, JiraTime, MissingDev, Pair,
    Served, Side, Told, Watermark,
};
use crate::lease::Lease;
use crate::pulse::{Gate, Pulse, Purpose};

/// The longest that one call to a store may take before the worker gives it up.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// How many of the newest issues are told: some of them may have been deleted since.
pub const NEWEST: usize = 50;

/// Lines of history are kept for so long, by this machine's clock.
pub const HISTORY_AGE: Duration = Duration::from_secs(90 * 24 * 3600);

/// Opens flows' databases; one for the process.
pub trait Opener: Send + Sync {
    /// The flow's own database, reaching no other flow's. Opening touches nothing yet.
    fn open(&self, flow: &Flow) -> Arc<dyn Backend>;
    /// A look into the same database for everybody but the flow's worker. Touches nothing yet.
    fn read(&self, flow: &Flow) -> Arc<dyn Reader>;
}

/// One flow's database. Nothing else works before [`Backend::begin`] has made it. All calls but `begin` and
/// [`Backend::write`] only read.
pub trait Backend: Send + Sync {
    /// Waits until this flow may begin, for as long as that takes: as a rule not at all.
    fn turn(&self) -> BoxFuture<'_, Turn>;
    /// Makes the database if need be, and begins a new epoch: all earlier ones write no more.
    fn begin(&self) -> BoxFuture<'_, Result<Epoch, Error>>;
    /// The state document.
    fn state(&self) -> BoxFuture<'_, Result<State, Error>>;
    /// What was handled of these issues; those never handled are absent.
    fn handled(&self, side: Side, ids: Vec<IssueId>) -> BoxFuture<'_, Result<BTreeMap<IssueId, Handled>, Error>>;
    /// The pairs whose issue on `side` is one of these, oldest user issue first.
    fn pairs(&self, side: Side, ids: Vec<IssueId>) -> BoxFuture<'_, Result<Vec<Pair>, Error>>;
    /// All intents that are not closed, oldest first.
    fn open_intents(&self) -> BoxFuture<'_, Result<Vec<Intent>, Error>>;
    /// All issues that failed and are to be tried again, in order of their next try.
    fn failures(&self) -> BoxFuture<'_, Result<Vec<Failure>, Error>>;
    /// The issues of that side with the largest ids that were ever recorded, as handled or in a pair: at most
    /// [`NEWEST`], largest first.
    fn newest_issues(&self, side: Side) -> BoxFuture<'_, Result<Vec<IssueRef>, Error>>;
    /// At most `most` pairs of whatever state, by user issue, oldest first, beginning after the one of `after`.
    fn pairs_after(&self, after: Option<IssueId>, most: u32) -> BoxFuture<'_, Result<Vec<Pair>, Error>>;
    /// The dev issues that are missing for these user issues, oldest user issue first.
    fn missing(&self, users: Vec<IssueId>) -> BoxFuture<'_, Result<Vec<MissingDev>, Error>>;
    /// At most `most` missing dev issues by their user issues, oldest first, beginning after the one of `after`.
    fn missing_after(&self, after: Option<IssueId>, most: u32) -> BoxFuture<'_, Result<Vec<MissingDev>, Error>>;
    /// What the ledger says of the files of these user issues, in the order of the files' ids as text.
    fn ledger(&self, users: Vec<IssueId>) -> BoxFuture<'_, Result<Vec<Copied>, Error>>;
    /// How often a status was brought across within that time, by history, for those of these user issues where it ever was. What
    /// came before their pair was last mended or decided about by an operator does not count.
    fn recent_writes(
        &self,
        users: Vec<IssueId>,
        within: RangeInclusive<DateTime<Utc>>,
    ) -> BoxFuture<'_, Result<BTreeMap<IssueId, u32>, Error>>;
    /// Lines of history, latest first.
    fn history(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Told>, Error>>;
    /// What the Node.js service left for this flow.
    fn inheritance(&self) -> BoxFuture<'_, Result<Inheritance, Error>>;
    /// Writes all or (from the front) some of `batch`, if `epoch` is still the latest.
    fn write(&self, epoch: Epoch, batch: Vec<Change>) -> BoxFuture<'_, Result<(), Error>>;
    /// The flow is idle: give back what can be had again.
    fn rest(&self) -> BoxFuture<'_, ()>;
    /// The worker has ended: give back everything. A later call has it again.
    fn close(&self) -> BoxFuture<'_, ()>;
    /// Whether the flow is still this process', since the last [`Backend::begin`]. One for the life of this value.
    fn lease(&self) -> Lease;
    /// Resolves when nothing of this database is in flight any more, whoever asked for it.
    fn drained(&self) -> BoxFuture<'_, ()>;
    /// What a caller is told whose questions have shown that this database is damaged.
    fn damaged(&self, what: String) -> Error;
}

/// Counts the workers that a flow's database has had. A write with an older one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// Counts the commits of the state document; a commit names the one it read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(pub u64);

/// The state document: how far the flow has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Every change before it has been handled.
    pub last_sync: Option<Watermark>,
    /// Whether the full sync has come to its end; `None` in a document that does not say.
    pub initial_sync_completed: Option<bool>,
    /// Where an unfinished full sync goes on.
    pub cursor: Option<Cursor>,
    /// Jira's clock when this flow's knowledge began: at the full sync's first search (its `last_sync` once it is done), or
    /// at a start from now.
    pub started_at: Option<JiraTime>,
    /// Whether a full sync of this very store came to its end, so that every mark was seen. The flag above is no proof: it
    /// is also set for stores that were taken over.
    pub all_read: bool,
    /// Whether issues were seen that name others under addresses which are not known as the site's. Then it proves nothing
    /// that every mark was seen.
    pub named_elsewhere: bool,
    /// This machine's wall clock at the last commit; `None` before the first.
    pub updated_at: Option<DateTime<Utc>>,
    /// How far the daily look at the known pairs has come.
    pub patrol: Patrol,
    /// The projects that it served when it last began; `None` before the first start that knew them by their ids.
    pub served: Option<Served>,
    /// Until when Jira asked the account to wait, by this machine's wall clock. Set by [`Change::PutPause`]; a commit clears
    /// it, whatever it says here, for Jira has answered since.
    pub held_until: Option<DateTime<Utc>>,
    /// Searches that ended before all that Jira counts was shown.
    pub shortfalls: Shortfalls,
    /// Whether there are fewer pairs than this flow recorded: somebody else removed some, so that `all_read` proves nothing
    /// any more. Told when the state is read; what a commit says here is not kept.
    pub pairs_lost: bool,
    /// What this was read as.
    pub revision: Revision,
}

/// How far the daily look at the known pairs has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patrol {
    /// When the last one began, by this machine's wall clock; `None` before the first.
    pub begun: Option<DateTime<Utc>>,
    /// The pair, by its user issue, at which it was left; `None` when it came to its end.
    pub after: Option<IssueId>,
}

/// Where an unfinished full sync goes on: it reads one project after the other, by creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The project in hand.
    pub side: Side,
    /// The `created` of the last issue handled; `None` at the project's beginning.
    pub created: Option<JiraTime>,
    /// The issues handled at that very instant.
    pub ids_at: Vec<IssueId>,
    /// Issues handled so far, both projects.
    pub done: u64,
}

/// An issue that failed and is to be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its side.
    pub side: Side,
    /// The issue.
    pub issue: IssueRef,
    /// How often in a row.
    pub attempts: u32,
    /// When to try again, by this machine's wall clock; kept to the millisecond.
    pub next_try: DateTime<Utc>,
    /// What went wrong, for people.
    pub why: String,
    /// The latest `updated` of what failed, its counterpart's included: as long as nothing is newer, nothing is tried
    /// before `next_try`. `None`: try whenever it is seen.
    pub seen: Option<JiraTime>,
    /// What happened to an issue that was never handled is looked at from there on, as at its first try. Of a dev issue:
    /// `Some` as long as it could never be read, so that it may belong to any user issue.
    pub unseen_since: Option<JiraTime>,
}

/// An issue, and what was handled of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandledIssue {
    /// The issue, with the key that it had then.
    pub issue: IssueRef,
    /// What was handled.
    pub was: Handled,
}

/// One write to a flow's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Store a new intent. Refused ([`Error::Taken`]) while one of its kind is open for the same source issue.
    AddIntent(Intent),
    /// Replace an open intent: its cursor, doubt or what it learned. Refused ([`Error::Outdated`]) when it is closed.
    UpdateIntent(Intent),
    /// Remove an intent, if it is still there: it is done, or was given up before its first effect.
    CloseIntent(IntentId),
    /// Record a pair, or refresh its keys and state; its origin stays. Refused ([`Error::Taken`]) when one of the two is
    /// paired with another.
    PutPair(Pair),
    /// Forget the pair of this user issue, if there is one, and what the ledger says of its files: they have no copies on
    /// any other dev issue.
    RemovePair(IssueId),
    /// Record that the dev issue of a user issue is missing, replacing what was recorded so of that user issue.
    PutMissing(MissingDev),
    /// The dev issue of this user issue is missing no more, if it was. To come behind what took its place: a pair, or the
    /// intent to create another.
    ClearMissing(IssueId),
    /// Enter a file into the ledger, replacing its earlier entry.
    PutCopied(Copied),
    /// Write a line of history.
    Tell(Entry),
    /// Write a line of history as it was kept elsewhere, in place of the one of its number. Lines that are told later get
    /// larger numbers.
    Retell(Told),
    /// Record what was handled of an issue.
    PutHandled(Side, IssueRef, Handled),
    /// Record a failure, replacing the issue's earlier one.
    PutFailure(Failure),
    /// The issue is in order again, if it wasn't.
    ClearFailure(Side, IssueId),
    /// Record until when Jira asked the account to wait, by this machine's wall clock. It is no commit: the revision stays.
    PutPause(DateTime<Utc>),
    /// Replace the state document, if it is still at `state.revision`; refused ([`Error::Outdated`]) otherwise.
    /// The store sets `updated_at` and counts the revision one up.
    PutState(State),
}

/// A worker's way to its flow's database: the gate.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn Backend>,
    pulse: Pulse,
    epoch: Epoch,
    /// What it reads for.
    reads: Purpose,
}

impl Store {
    /// Opens the database for a worker and begins its epoch.
    ///
    /// # Errors
    /// When the database can't be reached, made or understood.
    pub async fn open(backend: Arc<dyn Backend>, pulse: Pulse) -> Result<Self, Error> {
        let _turn = pulse.queue(backend.turn()).await?;
        let epoch = pulse.through((Gate::Store, Purpose::Write), "begin", CALL_LIMIT, backend.begin()).await??;
        pulse.bind(backend.lease());
        Ok(Self { backend, pulse, epoch, reads: Purpose::Read })
    }

    /// The same, for what must be read to record a write that was made: a stop does not keep that from being recorded.
    #[must_use]
    pub fn for_record(&self) -> Self {
        Self { reads: Purpose::Record, ..self.clone() }
    }

    /// The epoch under which this worker writes.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// See [`Backend::state`].
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn state(&self) -> Result<State, Error> {
        self.call("state", self.backend.state()).await
    }

    /// See [`Backend::handled`].
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn handled(&self, side: Side, ids: Vec<IssueId>) -> Result<BTreeMap<IssueId, Handled>, Error> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.call("handled", self.backend.handled(side, ids)).await
    }

    /// See [`Backend::pairs`].
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn pairs(&self, side: Side, ids: Vec<IssueId>) -> Result<Vec<Pair>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.call("pairs", self.backend.pairs(side, ids)).await
    }

    /// See [`Backend::open_intents`].
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn open_intents(&self) -> Result<Vec<Intent>, Error> {
        self.call("open_intents", self.backend.open_intents()).await
    }

    /// See [`Backend::failures`].
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn failures(&self) -> Result<Vec<Failure>, Error> {
        self.call("failures", self.backend.failures()).await
    }

    /// See [`Backend::newest_issues`].
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn newest_issues(&self, side: Side) -> Result<Vec<IssueRef>, Error> {
        self.call("newest_issues", self.backend.newest_issues(side)).await
    }

    /// See [`Backend::pairs_after`]. Each page leads on, so that a walk comes to its end.
    ///
    /// # Errors
    /// When the database can't be read, or is damaged.
    pub async fn pairs_after(&self, after: Option<IssueId>, most: u32) -> Result<Vec<Pair>, Error> {
        let page = self.call("pairs_after", self.backend.pairs_after(after.clone(), most)).await?;
        keyset::pairs(after, page).map_err(|why| self.backend.damaged(why))
    }

    /// See [`Backend::missing`].
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn missing(&self, users: Vec<IssueId>) -> Result<Vec<MissingDev>, Error> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        self.call("missing", self.backend.missing(users)).await
    }

    /// See [`Backend::missing_after`]. Each page leads on, so that a walk comes to its end.
    ///
    /// # Errors
    /// When the database can't be read, or is damaged.
    pub async fn missing_after(&self, after: Option<IssueId>, most: u32) -> Result<Vec<MissingDev>, Error> {
        let page = self.call("missing_after", self.backend.missing_after(after.clone(), most)).await?;
        keyset::missing(after, page).map_err(|why| self.backend.damaged(why))
    }

    /// See [`Backend::ledger`].
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn ledger(&self, users: Vec<IssueId>) -> Result<Vec<Copied>, Error> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        self.call("ledger", self.backend.ledger(users)).await
    }

    /// See [`Backend::recent_writes`].
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn recent_writes(
        &self,
        users: Vec<IssueId>,
        within: RangeInclusive<DateTime<Utc>>,
    ) -> Result<BTreeMap<IssueId, u32>, Error> {
        if users.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.call("recent_writes", self.backend.recent_writes(users, within)).await
    }

    /// See [`Backend::history`]. Each page leads on, so that a walk comes to its end.
    ///
    /// # Errors
    /// When the database can't be read, or is damaged.
    pub async fn history(&self, query: HistoryQuery) -> Result<Vec<Told>, Error> {
        let before = query.before;
        let page = self.call("history", self.backend.history(query)).await?;
        keyset::history(before, page).map_err(|why| self.backend.damaged(why))
    }

    /// See [`Backend::inheritance`].
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn inheritance(&self) -> Result<Inheritance, Error> {
        self.call("inheritance", self.backend.inheritance()).await
    }

    /// Writes `batch` under this worker's epoch.
    ///
    /// # Errors
    /// When a successor has taken over, a condition of a change does not hold, or the database can't be written.
    pub async fn write(&self, batch: Vec<Change>) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        // That Jira asked to wait is no progress.
        let is_progress = !matches!(batch[..], [Change::PutPause(_)]);
        // What is written records what is known, or what is about to be sent.
        self.pass((Purpose::Record, "write"), self.backend.write(self.epoch, batch)).await?;
        if is_progress {
            self.pulse.succeeded();
        }
        Ok(())
    }

    /// The flow is idle until its next cycle.
    pub async fn rest(&self) {
        self.backend.rest().await;
    }

    async fn call<T>(&self, what: &str, work: BoxFuture<'_, Result<T, Error>>) -> Result<T, Error> {
        self.pass((self.reads, what), work).await
    }

    async fn pass<T>(
        &self,
        (purpose, what): (Purpose, &str),
        work: BoxFuture<'_, Result<T, Error>>,
    ) -> Result<T, Error> {
        self.pulse.through((Gate::Store, purpose), what, CALL_LIMIT, work).await?
    }
}

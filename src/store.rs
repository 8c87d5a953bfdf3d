//! The second gate: what a flow remembers (docs/sync.md, "Stored data").
//!
//! A worker reads through a [`Store`] and writes [`Change`]s in batches. A batch is atomic where the database has
//! transactions; where it has none it is written in its order, and every beginning of a batch is a state from which
//! recovery goes on. Each batch is conditional on the [`Epoch`] that the worker took when it started, so a late write of
//! a predecessor is refused.

#[cfg(test)]
mod contract;
mod dump;
mod error;
mod executor;
#[cfg(test)]
mod fixtures;
mod legacy;
mod mongo;
mod read;
mod read_limit;
mod records;
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
use futures::{FutureExt as _, Stream};

pub use dump::{BadImport, Export, ExportError, Import, ImportError, Tally};
pub use error::Error;
pub use executor::Executor;
pub use legacy::{Found, Hidden, Inheritance, KeyPair, Legacy, Predecessor};
pub use mongo::{Driver, Process, mongo_url};
pub use read::Read;
pub use records::{Due, Failure, HandledIssue};
pub use shortfall::{Shortfall, Shortfalls, WalkKind};
pub use stores::{Durability, Manner, Stores};
pub use turn::Turn;

use self::records::Record;
use crate::flow::{
    Copied, Entry, Flow, Handled, Intent, IntentId, IssueId, IssueKey, IssueRef, JiraTime, MissingDev, Pair, Served,
    Side, Told, Watermark,
};
use crate::lease::Lease;
use crate::pulse::{Gate, Pulse, Purpose};

/// The longest that one call to a store may take before the worker gives it up.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// How many of the newest issues are told: some of them may have been deleted since.
pub const NEWEST: u32 = 50;

/// Lines of history are kept for so long, by this machine's clock.
pub const HISTORY_AGE: Duration = Duration::from_secs(90 * 24 * 3600);

/// Opens flows' databases; one for the process.
pub trait Opener: Send + Sync {
    /// The flow's own database, reaching no other flow's. Opening touches nothing yet.
    fn open(&self, flow: &Flow) -> Arc<dyn Write>;
    /// The same database for everything but the flow's worker. Touches nothing yet.
    ///
    /// Each question is answered within 5 s, and in all of a process only a few are answered at once: others wait, and are
    /// refused ([`Error::Unavailable`]) when their time is up. A flow that has no data yet is [`Error::Unavailable`] too.
    fn read(&self, flow: &Flow) -> Arc<dyn Read>;
}

/// One flow's database, for its worker. Nothing else works before [`Write::begin`] has made it.
pub trait Write: Read {
    /// Waits until this flow may begin, for as long as that takes: as a rule not at all.
    fn turn(&self) -> BoxFuture<'_, Turn>;
    /// Makes the database if need be, and begins a new epoch: all earlier ones write no more.
    fn begin(&self) -> BoxFuture<'_, Result<Epoch, Error>>;
    /// What the Node.js service left for this flow.
    fn inheritance(&self) -> BoxFuture<'_, Result<Inheritance, Error>>;
    /// Writes all or (from the front) some of `batch`, if `epoch` is still the latest.
    fn write(&self, epoch: Epoch, batch: Vec<Change>) -> BoxFuture<'_, Result<(), Error>>;
    /// The flow is idle: give back what can be had again.
    fn rest(&self) -> BoxFuture<'_, ()>;
    /// The worker has ended: give back everything. A later call has it again.
    fn close(&self) -> BoxFuture<'_, ()>;
    /// Whether the flow is still this process', since the last [`Write::begin`]. One for the life of this value.
    fn lease(&self) -> Lease;
    /// Resolves when nothing of this database is in flight any more, whoever asked for it.
    fn drained(&self) -> BoxFuture<'_, ()>;
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
    database: Arc<dyn Write>,
    pulse: Pulse,
    epoch: Epoch,
    /// What it reads for.
    reads: Purpose,
}

impl Store {
    /// Opens the database for a worker and begins its epoch.
    pub(crate) async fn open(database: Arc<dyn Write>, pulse: Pulse) -> Result<Self, Error> {
        let _turn = pulse.queue(database.turn()).await?;
        let epoch = pulse.through((Gate::Store, Purpose::Write), "begin", CALL_LIMIT, database.begin()).await??;
        pulse.bind(database.lease());
        Ok(Self { database, pulse, epoch, reads: Purpose::Read })
    }

    /// The same, for what must be read to record a write that was made: a stop does not keep that from being recorded.
    pub(crate) fn for_record(&self) -> Self {
        Self { reads: Purpose::Record, ..self.clone() }
    }

    /// The epoch under which this worker writes.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The state document.
    pub(crate) async fn state(&self) -> Result<State, Error> {
        self.call("state", self.reader().state()).await
    }

    /// The records about these issues of a side, in the order of their keys.
    pub(crate) async fn get<R: Record>(
        &self,
        side: Side,
        ids: impl IntoIterator<Item = IssueId>,
    ) -> Result<Vec<R>, Error> {
        self.get_each(ids.into_iter().map(|id| (side, id)).collect()).await
    }

    /// The records about these issues, whichever side they are on, in the order of their keys.
    pub(crate) async fn get_on_both<R: Record>(&self, ids: impl IntoIterator<Item = IssueId>) -> Result<Vec<R>, Error> {
        self.get_each(ids.into_iter().flat_map(|id| Side::BOTH.map(|side| (side, id.clone()))).collect()).await
    }

    /// The failures of these issues, whichever side they are on, and those of dev issues that could never be read, which
    /// may be theirs: by time, then side, then issue id.
    pub(crate) async fn failures_about(&self, ids: impl IntoIterator<Item = IssueId>) -> Result<Vec<Failure>, Error> {
        let keys = ids.into_iter().flat_map(|id| Side::BOTH.map(|side| (side, id.clone()))).collect();
        self.call(Failure::NAME, self.reader().failures_about(keys)).await
    }

    /// What was handled of these issues; those never handled are absent.
    pub(crate) async fn handled(&self, side: Side, ids: Vec<IssueId>) -> Result<BTreeMap<IssueId, Handled>, Error> {
        let handled = self.get::<HandledIssue>(side, ids).await?;
        Ok(handled.into_iter().map(|handled| (handled.id, handled.was)).collect())
    }

    async fn get_each<R: Record>(&self, keys: Vec<(Side, IssueId)>) -> Result<Vec<R>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.call(R::NAME, self.reader().get(keys)).await
    }

    /// At most `most` records in the order of their keys, beginning behind the one of `after`.
    pub(crate) async fn page<R: Record>(&self, after: Option<R::Key>, most: u32) -> Result<Vec<R>, Error> {
        self.call(R::NAME, self.reader().page(after, most)).await
    }

    /// All records in the order of their keys, in pages of `most`.
    pub(crate) fn pages<R: Record>(&self, most: u32) -> impl Stream<Item = Result<Vec<R>, Error>> {
        read::pages(move |after| self.page(after, most))
    }

    /// How many records there are.
    pub(crate) async fn count<R: Record>(&self) -> Result<u64, Error> {
        self.call(R::NAME, self.reader().count::<R>()).await
    }

    /// All intents that are not closed, oldest first.
    pub(crate) async fn open_intents(&self) -> Result<Vec<Intent>, Error> {
        self.call("open_intents", self.reader().open_intents(u32::MAX)).await
    }

    /// At most `most` failures that are due, by time, then side, then issue id, behind the one of `after`.
    pub(crate) async fn due_failures(
        &self,
        due: &Due,
        after: Option<&Failure>,
        most: u32,
    ) -> Result<Vec<Failure>, Error> {
        self.call("failures", self.reader().due_failures(due, after, most)).await
    }

    /// The pairs that have this issue's key recorded.
    pub(crate) async fn pairs_recorded_as(&self, key: &IssueKey) -> Result<Vec<Pair>, Error> {
        self.call("pairs", self.reader().pairs_recorded_as(key)).await
    }

    /// The issues of that side with the largest ids that were ever recorded, as handled or in a pair: at most [`NEWEST`],
    /// largest first.
    pub(crate) async fn newest_issues(&self, side: Side) -> Result<Vec<IssueRef>, Error> {
        self.call("newest_issues", self.reader().newest_issues(side)).await
    }

    /// How often a status was synced within that time, by history, for those of these user issues where it ever was. What
    /// came before their pair was last mended or decided about by an operator does not count.
    pub(crate) async fn recent_writes(
        &self,
        users: Vec<IssueId>,
        within: RangeInclusive<DateTime<Utc>>,
    ) -> Result<BTreeMap<IssueId, u32>, Error> {
        if users.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.call("recent_writes", self.reader().recent_writes(users, within)).await
    }

    /// What the Node.js service left for this flow.
    pub(crate) async fn inheritance(&self) -> Result<Inheritance, Error> {
        self.call("inheritance", self.database.inheritance()).await
    }

    /// Writes `batch` under this worker's epoch.
    pub(crate) async fn write(&self, batch: Vec<Change>) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        // That Jira asked to wait is no progress.
        let is_progress = !matches!(batch[..], [Change::PutPause(_)]);
        // What is written records what is known, or what is about to be sent.
        self.pass((Purpose::Record, "write"), self.database.write(self.epoch, batch)).await?;
        if is_progress {
            self.pulse.succeeded();
        }
        Ok(())
    }

    /// The flow is idle until its next cycle.
    pub(crate) async fn rest(&self) {
        self.database.rest().await;
    }

    fn reader(&self) -> &dyn Read {
        &*self.database
    }

    async fn call<T>(&self, what: &str, work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
        self.pass((self.reads, what), work.boxed()).await
    }

    async fn pass<T>(
        &self,
        (purpose, what): (Purpose, &str),
        work: BoxFuture<'_, Result<T, Error>>,
    ) -> Result<T, Error> {
        self.pulse.through((Gate::Store, purpose), what, CALL_LIMIT, work).await?
    }
}

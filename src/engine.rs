//! One cycle of one flow: observe, plan, apply, commit (docs/sync.md).
//!
//! A search only names candidates; a fresh read decides; an intent is durable before the first request of any write; what
//! is recorded is what has been handled. `plan` is pure, `apply` is the only writer, `recover` settles what was left open.
//!
//! Reading order: `mode` says what a cycle does; `full`, `incremental` and `patrol` find candidates; `observe`, `adopt`
//! and `units` read them afresh and put them together; `decide`, `pairs`, `plan`, `apply` and `steps` see to each.

mod failure;
mod handle;
mod look;
mod orders;
mod plan;
mod scan;
mod takeover;
mod tally;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures::future::BoxFuture;
use parking_lot::Mutex;

use crate::clock::{Clock, Entropy};
use crate::flow::{
    Entry, Event, Extent, Flow, Intent, Issue, IssueId, IssueRef, JiraTime, NoticeKind, Notices, Observer, ProjectKey,
    Side, Sides, StatusId, Watermark,
};
use crate::jira::{self, Client, ClockDifference, Page, Scan};
use crate::pulse::{NoResult, Pulse, Why};
use crate::store::{self, Change, Cursor, State, Store};
use look::addresses::OtherAddresses;
use look::adopt;
use scan::incremental::{Memory, Reach};
use scan::mode::{Because, Mode};
use scan::short;
use tally::Tally;
use write::types;

pub use failure::JiraFailure;
pub use look::projects::Projects;
pub use takeover::{Progress, Report};

/// Pairs of one flow that are worked on at the same time.
const CONCURRENCY: usize = 8;

/// How much of the past is a cycle's business.
#[derive(Clone, Copy, Debug)]
struct Past {
    /// What happened to issues never handled before is looked at from there on.
    unseen_since: JiraTime,
    /// Of an issue that was created since then and never handled, all is looked at: a search named it late.
    born_since: JiraTime,
    /// In a flow that started from now: what happened to pairs never handled before that start is nobody's news.
    not_before: Option<JiraTime>,
    /// Of which dev issues this store has seen to whom they belong, by mark and text.
    dev_issues_seen: Seen,
}

/// Of which dev issues it was seen to whom they belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Of all.
    All,
    /// Of those that are older than the ones in hand: a full sync is on its way through the dev project.
    Older,
    /// Of some: the others must be looked at before anything is created.
    Some,
}

impl Seen {
    /// What the state says. Of a dev project that the flow came to later, all is seen once it was read from its beginning.
    fn of(state: &State) -> Self {
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
    fn of_full_sync(side: Side, began: JiraTime) -> Self {
        let dev_issues_seen = match side {
            Side::User => Seen::All,
            Side::Dev => Seen::Older,
        };
        Self { unseen_since: began, born_since: began, not_before: None, dev_issues_seen }
    }

    /// An incremental cycle's. A look back judges old issues no further back than every search: who was never handled
    /// although it is old has come from elsewhere, or was hidden, and what it did there is nobody's news. Only where
    /// nothing was read before a start from now may an old issue be unknown and yet one of ours.
    fn of(state: &State, reach: Reach) -> Self {
        let not_before = Self::begins(state);
        let judged = |at: JiraTime| not_before.map_or(at, |start| at.max(start));
        let unseen_since = judged(if not_before.is_some() { reach.from } else { reach.usual });
        Self { unseen_since, born_since: judged(reach.from), not_before, dev_issues_seen: Seen::of(state) }
    }

    /// A pass's in between, whose search begins at `floor`, while a full sync reads the project of that side.
    fn in_between(side: Side, floor: JiraTime) -> Self {
        let dev_issues_seen = match side {
            Side::User => Seen::All,
            Side::Dev => Seen::Some,
        };
        Self { dev_issues_seen, ..Self::of_full_sync(side, floor) }
    }

    /// The same, where Jira did not show the dev project whole.
    fn of_dev_issues_seen_in_part(self) -> Self {
        Self { dev_issues_seen: Seen::Some, ..self }
    }

    /// Before this instant nothing is a flow's business that started from now.
    fn begins(state: &State) -> Option<JiraTime> {
        if state.all_read { None } else { state.started_at }
    }

    /// From when on to look at what happened to an issue that can't be read now and was never handled. Of a dev issue it
    /// says that nobody has seen yet whose it is.
    fn unseen_since_of_unread(self, side: Side) -> Option<JiraTime> {
        match (side, self.dev_issues_seen) {
            (Side::User, _) => Some(self.unseen_since),
            (Side::Dev, Seen::All) => None,
            (Side::Dev, Seen::Older | Seen::Some) => Some(JiraTime::FIRST),
        }
    }

    /// From when on to look at what happened to an issue that was never handled.
    fn unseen_since_of(self, issue: &Issue) -> JiraTime {
        if issue.created >= self.born_since { self.born_since } else { self.unseen_since }
    }
}

/// Runs a flow's cycles.
pub struct Engine {
    flow: Arc<Flow>,
    sides: Sides,
    /// What the projects are called, as far as Jira told it.
    keys: Mutex<BTreeMap<Side, ProjectKey>>,
    jira: Client,
    store: Store,
    pulse: Pulse,
    clock: Clock,
    entropy: Entropy,
    observer: Arc<dyn Observer>,
    notices: Notices,
    tally: Tally,
    /// The issues, both sides, that an open intent is about: nothing else may be planned for them.
    busy: Mutex<BTreeSet<IssueId>>,
    /// The user issues that are owed a link, with the status in which they could not be edited; the store has them too.
    owed_links: Mutex<BTreeMap<IssueId, Option<StatusId>>>,
    /// What this worker has seen of the dev project beyond what its store holds.
    survey: Mutex<Option<adopt::Survey>>,
    other_addresses: OtherAddresses,
    /// What this worker knows of the dev project's issue types.
    types: Mutex<types::DevTypes>,
    memory: Mutex<Memory>,
    /// Which lists of statuses the rules were compared with.
    statuses_seen: AtomicU64,
    /// Walks that were not shown everything.
    shortfalls: Mutex<short::Memory>,
}

/// What an engine is made of.
pub struct Parts {
    /// The flow.
    pub flow: Arc<Flow>,
    /// Its projects, as Jira knows them.
    pub sides: Sides,
    /// Its client, connected.
    pub jira: Client,
    /// Its store, opened.
    pub store: Store,
    /// The worker's sign of life.
    pub pulse: Pulse,
    /// This machine's clock.
    pub clock: Clock,
    /// The worker's randomness.
    pub entropy: Entropy,
    /// Who is told.
    pub observer: Arc<dyn Observer>,
    /// Where is said why the flow can't do all that it should.
    pub notices: Notices,
}

/// Somebody who may have things done in the middle of a cycle, where nothing is in hand: between two pages.
pub trait Desk: Send {
    /// Carries out what waits, by [`Engine::obey`]; an error ends the cycle.
    fn serve<'a>(&'a mut self, engine: &'a Engine) -> BoxFuture<'a, Result<(), Error>>;
}

/// Why a cycle ended early; nothing of it was committed that was not handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The worker was told to stop.
    #[error("told to stop")]
    Stopping,
    /// The flow must not go on as its file has it; for people.
    #[error("{0}")]
    Refused(String),
    /// Jira's search did not show all that it counts: the words say what.
    #[error("{0}")]
    SearchIncomplete(String),
    /// Something could not be done in Jira.
    #[error(transparent)]
    Jira(#[from] JiraFailure),
    /// The store did not do its part.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<jira::Error> for Error {
    fn from(error: jira::Error) -> Self {
        Self::Jira(error.into())
    }
}

impl Error {
    /// Whether a stop came in the way of something that was not sent, or that only reads.
    fn is_stopping(&self) -> bool {
        match self {
            Self::Stopping => true,
            Self::Jira(failure) => failure.is_stopping(),
            Self::Store(error) => matches!(error, store::Error::NoResult(NoResult { why: Why::Stopping, .. })),
            Self::Refused(_) | Self::SearchIncomplete(_) => false,
        }
    }
}

impl Engine {
    /// Ready for its first cycle.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { flow, sides, jira, store, pulse, clock, entropy, observer, notices } = parts;
        Self {
            flow,
            sides,
            keys: Mutex::default(),
            jira,
            store,
            pulse,
            clock,
            entropy,
            observer,
            notices,
            tally: Tally::default(),
            busy: Mutex::default(),
            owed_links: Mutex::default(),
            survey: Mutex::default(),
            other_addresses: OtherAddresses::default(),
            types: Mutex::default(),
            memory: Mutex::default(),
            statuses_seen: AtomicU64::new(0),
            shortfalls: Mutex::default(),
        }
    }

    /// One cycle, as the sync mode table says. `desk` is asked between two pages, since there may be any number of them.
    ///
    /// # Errors
    /// When it could not be brought to its end. What was handled until then is recorded, the watermark is not moved.
    pub async fn cycle(&self, desk: &mut dyn Desk) -> Result<(), Error> {
        let begun = self.clock.now();
        self.tally.reset(self.pulse.requests());
        self.compare_clocks().await;
        self.look_for_named_statuses().await?;
        self.check_type_names().await?;
        let state = self.store.state().await?;
        self.recall_shortfalls(&state);
        let end = self.look_and_write(state, desk).await;
        let kept = self.keep_shortfalls().await;
        end.and(kept)?;
        let duration = self.clock.now().saturating_duration_since(begun);
        let failures = self.store.failures().await?.len();
        self.tell(&Event::CycleCompleted(self.tally.report(duration, self.pulse.requests(), failures)));
        Ok(())
    }

    async fn look_and_write(&self, state: State, desk: &mut dyn Desk) -> Result<(), Error> {
        let state = self.after_lost_pairs(state).await?;
        self.other_addresses.recall(state.named_elsewhere);
        match Mode::of(&state, self.flow.initial_sync, self.clock.wall()) {
            Mode::Full { cursor, started_at } => {
                self.recover().await?;
                self.full(state, (cursor, started_at), desk).await?;
            }
            Mode::CatchUp => {
                self.recover().await?;
                self.catch_up(state, desk).await?;
            }
            Mode::FromNow(because) => {
                let state = self.start_from_now(state, because).await?;
                self.recover().await?;
                self.incremental(state, desk).await?;
            }
            Mode::Incremental { sets_flag, full_sync_again, .. } => {
                self.recover().await?;
                let initial_sync_completed = if sets_flag { Some(true) } else { state.initial_sync_completed };
                self.incremental(State { initial_sync_completed, ..state }, desk).await?;
                if full_sync_again {
                    let state = self.store.state().await?;
                    let (cursor, started_at) = (state.cursor.clone(), state.started_at);
                    self.full(state, (cursor, started_at), desk).await?;
                }
            }
        }
        self.tell_other_addresses();
        self.notice(NoticeKind::RequestsRefused, requests_refused(&self.jira.refused_requests()));
        Ok(())
    }

    /// Answers may be stamped by another clock than Jira's own. The earlier of the two is gone by.
    async fn compare_clocks(&self) {
        let difference = self.jira.compare_clocks().await;
        self.notice(NoticeKind::ClocksDiffer, difference.and_then(clocks_differ));
    }

    /// Pairs that somebody removed are looked for by what their issues carry, before anything is created. A full sync
    /// that has read the dev project already reads it again.
    async fn after_lost_pairs(&self, state: State) -> Result<State, Error> {
        if !state.pairs_lost {
            return Ok(state);
        }
        self.tell(&Event::PairsLost);
        let from_the_beginning =
            |cursor: Cursor| Cursor { side: Side::Dev, created: None, ids_at: Vec::new(), ..cursor };
        let cursor = state.cursor.clone().map(from_the_beginning);
        self.commit(State { all_read: false, cursor, ..state }).await
    }

    /// Rows 2 and 3: the time is committed before anything is searched, so that a Jira that is down meanwhile does not
    /// let "now" drift.
    async fn start_from_now(&self, state: State, because: Because) -> Result<State, Error> {
        let from = Watermark(self.jira.ask_time().await?);
        let state = State { last_sync: Some(from), started_at: Some(from.0), all_read: false, ..state };
        let state = self.commit(state).await?;
        self.tell(&match because {
            Because::StateLost => Event::SyncStateLost { from },
            Because::Disabled => Event::InitialSyncDisabled { from },
        });
        Ok(state)
    }

    /// The next rows of a walk, unless the worker is told to stop.
    async fn next_page(&self, scan: &mut Scan) -> Result<Option<Page>, Error> {
        if self.pulse.stopping() { Err(Error::Stopping) } else { Ok(scan.next(&self.jira).await?) }
    }

    /// Between two pages.
    async fn serve(&self, desk: &mut dyn Desk) -> Result<(), Error> {
        if self.pulse.stopping() { Ok(()) } else { desk.serve(self).await }
    }

    /// Commits the state document and reads it back as it now is.
    async fn commit(&self, state: State) -> Result<State, Error> {
        let revision = store::Revision(state.revision.0 + 1);
        let named_elsewhere = state.named_elsewhere || self.other_addresses.are_seen();
        let state = State { named_elsewhere, ..state };
        let state = self.with_shortfalls(state);
        self.store.write(vec![Change::PutState(state.clone())]).await?;
        Ok(State { revision, updated_at: Some(self.clock.wall()), pairs_lost: false, ..state })
    }

    /// The side that an issue is on, by its project's id; `None` when it is on neither.
    fn side_of(&self, issue: &Issue) -> Option<Side> {
        self.sides.of(&issue.project.id)
    }

    fn tell(&self, event: &Event) {
        self.observer.see(Some(&self.flow.name), event);
    }

    /// Raises a notice, or clears it where there is no reason for it; tells what changed by that.
    fn notice(&self, kind: NoticeKind, why: Option<String>) {
        match why {
            Some(why) if self.notices.raise(kind, why.clone(), self.clock.wall()) => {
                self.tell(&Event::NoticeRaised { kind, why });
            }
            None if self.notices.clear(kind) => self.tell(&Event::NoticeCleared { kind }),
            Some(_) | None => {}
        }
    }

    /// Tells an event, and makes it the line of history that goes into one batch with what it tells of: so log and
    /// history say the same.
    fn record(&self, event: &Event, issue: &IssueRef) -> Change {
        self.tell(event);
        Change::Tell(Entry::of(event, issue, self.clock.wall()))
    }

    fn is_busy(&self, id: &IssueId) -> bool {
        self.busy.lock().contains(id)
    }

    fn set_busy(&self, intent: &Intent) {
        let mut busy = self.busy.lock();
        busy.extend(Side::BOTH.iter().filter_map(|side| intent.on(*side)).map(|at| at.id.clone()));
    }

    fn set_free(&self, intent: &Intent) {
        let mut busy = self.busy.lock();
        for at in Side::BOTH.iter().filter_map(|side| intent.on(*side)) {
            busy.remove(&at.id);
        }
    }
}

/// Why a flow shows that some kinds of requests are refused.
fn requests_refused(refused: &[String]) -> Option<String> {
    (!refused.is_empty()).then(|| {
        format!(
            "Jira refuses some requests though it accepts the account ({}): give the account and its token what these \
             need (docs/jira.md); until then what needs them fails, is tried again, and holds up nothing else",
            refused.join("; ")
        )
    })
}

/// Why a flow shows that the clocks of its site differ: by more than a minute. In whole minutes, so that it is told once.
fn clocks_differ(difference: ClockDifference) -> Option<String> {
    let (by, how) = match difference {
        ClockDifference::Ahead(by) => (by, "ahead of"),
        ClockDifference::Behind(by) => (by, "behind"),
    };
    let minutes = by.as_secs().saturating_add(30) / 60;
    (by > Duration::from_secs(60)).then(|| {
        format!(
            "the clock that stamps Jira's answers (their `Date`) is {minutes} min {how} Jira's own clock \
             (`serverInfo.serverTime`): correct the clock of the proxy before Jira, or of Jira's machine; until then \
             Lockstep goes by the earlier of the two, so that no change is missed"
        )
    })
}

//! One cycle of one flow: observe, plan, apply, commit (docs/sync.md).
//!
//! A search only names candidates; a fresh read decides; an intent is durable before the first request of any write; what
//! is recorded is what has been handled. `plan` is pure, `apply` is the only writer, `recover` settles what was left open.

mod adopt;
mod apply;
mod mode;
mod observe;
mod orders;
mod plan;
mod recover;
mod steps;
mod tally;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, Entropy};
use crate::flow::{Event, Flow, Intent, IssueId, JiraTime, Observer, ProjectKey, Side, Watermark};
use crate::jira::{self, By, Client, Page, Scan};
use crate::pulse::Pulse;
use crate::store::{self, Change, Cursor, State, Store};
use mode::{Because, Mode};
use tally::Tally;

/// Pairs of one flow that are worked on at the same time.
const CONCURRENCY: usize = 8;

/// Jira's clock may seem to go back by so much: `Date` is stamped before it arrives, and by one of several machines.
const CLOCK_SLACK: Duration = Duration::from_secs(120);

/// How much of the past is a cycle's business.
#[derive(Clone, Copy, Debug)]
struct Past {
    /// What happened to issues never handled before is looked at from there on; `None` when their past is not to be
    /// judged (full sync).
    unseen_since: Option<JiraTime>,
    /// In a flow that started from now: what happened to pairs never handled before that start is nobody's news.
    not_before: Option<JiraTime>,
    /// Whether every dev issue's mark was seen by this store.
    all_marks_known: bool,
}

impl Past {
    /// A full sync's: it judges where things stand, and has read the dev project first.
    const UNJUDGED: Self = Self { unseen_since: None, not_before: None, all_marks_known: true };

    /// An incremental cycle's, whose search begins at `floor`.
    fn of(state: &State, floor: JiraTime) -> Self {
        let not_before = if state.all_read { None } else { state.started_at };
        let unseen_since = Some(not_before.map_or(floor, |start| start.max(floor)));
        Self { unseen_since, not_before, all_marks_known: state.all_read }
    }
}

/// Runs a flow's cycles.
pub struct Engine {
    flow: Arc<Flow>,
    jira: Client,
    store: Store,
    pulse: Pulse,
    clock: Clock,
    entropy: Entropy,
    observer: Arc<dyn Observer>,
    tally: Tally,
    /// The issues, both sides, that an open intent is about: nothing else may be planned for them.
    busy: Mutex<BTreeSet<IssueId>>,
    /// Types that a dev issue may have; remembered until Jira contradicts.
    issue_types: Mutex<Option<Arc<[String]>>>,
}

/// What an engine is made of.
pub struct Parts {
    /// The flow.
    pub flow: Arc<Flow>,
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
}

/// Why a cycle ended early; nothing of it was committed that was not handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The worker was told to stop.
    #[error("told to stop")]
    Stopping,
    /// Jira did not do its part.
    #[error(transparent)]
    Jira(#[from] jira::Error),
    /// The store did not do its part.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Engine {
    /// Ready for its first cycle.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { flow, jira, store, pulse, clock, entropy, observer } = parts;
        Self {
            flow,
            jira,
            store,
            pulse,
            clock,
            entropy,
            observer,
            tally: Tally::default(),
            busy: Mutex::default(),
            issue_types: Mutex::default(),
        }
    }

    /// One cycle, as the sync mode table says.
    ///
    /// # Errors
    /// When it could not be brought to its end. What was handled until then is recorded, the watermark is not moved.
    pub async fn cycle(&self) -> Result<(), Error> {
        let begun = self.clock.now();
        self.tally.reset(self.pulse.requests());
        let state = self.store.state().await?;
        match Mode::of(&state, self.flow.initial_sync) {
            Mode::Full { cursor, started_at } => {
                self.recover().await?;
                self.full(state, cursor, started_at).await?;
            }
            Mode::FromNow(because) => {
                let state = self.start_from_now(state, because).await?;
                self.recover().await?;
                self.incremental(state).await?;
            }
            Mode::Incremental { sets_flag, .. } => {
                self.recover().await?;
                let initial_sync_completed = if sets_flag { Some(true) } else { state.initial_sync_completed };
                self.incremental(State { initial_sync_completed, ..state }).await?;
            }
        }
        let duration = self.clock.now().saturating_duration_since(begun);
        self.tell(&Event::CycleCompleted(self.tally.report(duration, self.pulse.requests())));
        Ok(())
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

    /// Row 4: what changed since the watermark, and a good deal before it.
    async fn incremental(&self, state: State) -> Result<(), Error> {
        let Some(last_sync) = state.last_sync else { return Ok(()) };
        let start = self.search_start(last_sync, &state);
        let floor = start.0.earlier(self.flow.overlap());
        let past = Past::of(&state, floor);
        let projects = Side::BOTH.map(|side| self.flow.project(side).clone()).into();
        let mut scan = Scan::new(projects, By::Updated, Some(floor), &[]);
        let mut reached = None;
        while let Some(page) = self.next_page(&mut scan).await? {
            reached.get_or_insert(page.watermark);
            self.handle(page.rows, past).await?;
        }
        self.handle_due_failures(past).await?;
        let reached = reached.unwrap_or(start);
        if reached.0.later(CLOCK_SLACK) < start.0 {
            // Jira's clock was set back since we last heard of it, so this search began in its future and saw nothing.
            // Nothing is committed: the next cycle knows, and searches as far back as this one should have.
            return Ok(());
        }
        // A second search within a second of the first may be entitled to less than is handled already.
        self.commit(State { last_sync: Some(reached.max(start)), ..state }).await?;
        Ok(())
    }

    /// The next rows of a walk, unless the worker is told to stop.
    async fn next_page(&self, scan: &mut Scan) -> Result<Option<Page>, Error> {
        if self.pulse.stopping() { Err(Error::Stopping) } else { Ok(scan.next(&self.jira).await?) }
    }

    /// Normally the watermark. If Jira's clock is behind it, the clock was set back: then as long before Jira's now as
    /// we have been away.
    fn search_start(&self, last_sync: Watermark, state: &State) -> Watermark {
        let now = self.jira.jira_now_at_latest();
        if last_sync.0 <= now {
            return last_sync;
        }
        self.tell(&Event::ClockWentBack { last_sync, now });
        let away = state.updated_at.and_then(|at| (self.clock.wall() - at).to_std().ok()).unwrap_or_default();
        Watermark(self.jira.jira_now().earlier(away).earlier(self.flow.overlap()))
    }

    /// Row 1: first the dev project, so that whatever was created before is known before anything is created; then the
    /// user project. The cursor is committed page by page.
    async fn full(&self, state: State, cursor: Option<Cursor>, started_at: Option<JiraTime>) -> Result<(), Error> {
        self.tell(&Event::InitialSyncStarted { resumed: cursor.is_some() });
        // Without a cursor this is the very first search, whatever an earlier full sync left behind.
        let mut state = State { started_at: started_at.filter(|_| cursor.is_some()), ..state };
        let mut done = cursor.as_ref().map_or(0, |cursor| cursor.done);
        let resumed_side = cursor.as_ref().map_or(Side::Dev, |cursor| cursor.side);
        for side in [Side::Dev, Side::User].into_iter().skip_while(|side| *side != resumed_side) {
            let left = cursor.as_ref().filter(|cursor| cursor.side == side);
            let mut scan = self.full_scan(side, left);
            while let Some(page) = self.next_page(&mut scan).await? {
                state.started_at.get_or_insert(page.watermark.0);
                done += page.rows.len() as u64;
                self.handle(page.rows, Past::UNJUDGED).await?;
                let (created, ids_at) = scan.reached();
                state = self.commit(State { cursor: Some(Cursor { side, created, ids_at, done }), ..state }).await?;
            }
        }
        if done == 0 {
            // Nothing at all is what a lapsed credential shows.
            self.jira.assert_identity().await?;
        }
        let last_sync = state.started_at.map(Watermark);
        self.commit(State { last_sync, initial_sync_completed: Some(true), cursor: None, all_read: true, ..state })
            .await?;
        self.tell(&Event::InitialSyncCompleted { issues: done });
        Ok(())
    }

    fn full_scan(&self, side: Side, left: Option<&Cursor>) -> Scan {
        let project: ProjectKey = self.flow.project(side).clone();
        match left {
            Some(cursor) => Scan::new(vec![project], By::Created, cursor.created, &cursor.ids_at),
            None => Scan::new(vec![project], By::Created, None, &[]),
        }
    }

    /// Commits the state document and reads it back as it now is.
    async fn commit(&self, state: State) -> Result<State, Error> {
        let revision = store::Revision(state.revision.0 + 1);
        self.store.write(vec![Change::PutState(state.clone())]).await?;
        Ok(State { revision, updated_at: Some(self.clock.wall()), ..state })
    }

    fn tell(&self, event: &Event) {
        self.observer.see(Some(&self.flow.name), event);
    }

    fn is_busy(&self, id: &IssueId) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    fn set_busy(&self, intent: &Intent) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.extend(Side::BOTH.iter().filter_map(|side| intent.on(*side)).map(|at| at.id.clone()));
    }

    fn set_free(&self, intent: &Intent) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        for at in Side::BOTH.iter().filter_map(|side| intent.on(*side)) {
            busy.remove(&at.id);
        }
    }
}

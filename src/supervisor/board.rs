//! The board on which the supervisor and its workers note how things stand, and the [`Handle`] by which others read it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::health::{Degraded, Health, Wish};
use super::state::{Standing, State};
use crate::clock::{Clock, Moment};
use crate::flow::{Event, Flow, FlowName, HistoryQuery, LogState, Notice, Notices, Observer, Order};
use crate::pulse::Pulse;
use crate::worker::{HistoryPage, OrderOutcome, OrderSender, Phase, Survey, Unread, Workshop};

/// Longer than a usual cycle, and than the longest that an order's requests take when Jira answers at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// A worker that is due begins at once; more than this is a daemon that is stopping.
const BEGINS_WITHIN: Duration = Duration::from_secs(5);

/// How everything stands at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Whether the flows directory has been looked at and the process is not stopping.
    pub ready: bool,
    /// Every flow, by name.
    pub flows: Vec<FlowView>,
    /// Files that are refused as they are now, by name.
    pub refused: Vec<RefusedFile>,
    /// Why the flows directory as a whole is not believed; the flows run on.
    pub alarm: Option<String>,
}

impl Snapshot {
    /// Whether anything needs a look: a flow that is not served, a refused file, a directory that is not believed.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.alarm.is_some() || !self.refused.is_empty() || self.flows.iter().any(FlowView::is_degraded)
    }
}

/// How one flow stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowView {
    /// Its name.
    pub name: FlowName,
    /// The file it was taken from.
    pub file: String,
    /// What it is doing, since when and why.
    pub standing: Standing,
    /// When its last cycle ended well; `None` before the first one of this process.
    pub last_cycle: Option<DateTime<Utc>>,
    /// When its worker last showed that it lives; `None` before the first one.
    pub heartbeat: Option<DateTime<Utc>>,
    /// Why it does not do all that it should although it runs.
    pub notices: Vec<Notice>,
    /// Whether and why it does not do what it should, its notices included.
    pub degraded: Option<Degraded>,
}

impl FlowView {
    /// Whether the flow is not served as it should be, by no wish of an operator.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.degraded.is_some()
    }
}

/// A flow file that can't be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedFile {
    /// The file.
    pub file: String,
    /// What is wrong with it, each with its place.
    pub problems: Vec<String>,
    /// The flow that runs on as the file last described it.
    pub runs_on: Option<FlowName>,
}

/// The way into a running supervisor. Clones are one.
#[derive(Clone)]
pub struct Handle {
    pub(super) board: Arc<Board>,
    pub(super) workshop: Arc<dyn Workshop>,
    pub(super) observer: Arc<dyn Observer>,
}

impl Handle {
    /// How everything stands now.
    #[must_use]
    pub fn look(&self) -> Snapshot {
        let now = self.board.clock.moment();
        let mut sheet = self.board.sheet.lock();
        Snapshot {
            ready: *self.board.ready.borrow(),
            flows: sheet.rows.iter_mut().map(|(name, row)| row.view(name, now)).collect(),
            refused: sheet.refused.clone(),
            alarm: sheet.alarm.clone(),
        }
    }

    /// Waits until the flows directory has been looked at; forever in a process that stops before.
    pub async fn until_ready(&self) {
        let mut ready = self.board.ready.subscribe();
        if ready.wait_for(|ready| *ready).await.is_err() {
            std::future::pending().await
        }
    }

    /// State of the process' log; `None` where none is written.
    #[must_use]
    pub fn log_state(&self) -> Option<LogState> {
        self.observer.log_state()
    }

    /// Has the flows folder, and the files that flow files name, looked at now rather than in a few seconds.
    pub fn rescan(&self) {
        self.board.rescan.notify_one();
    }

    /// Asks the flow's worker to look now rather than at the end of its interval. One that is backing off or parked
    /// keeps its time: what asked it to wait still does. Returns whether there is such a flow.
    pub fn wake(&self, flow: &FlowName) -> bool {
        let mut sheet = self.board.sheet.lock();
        let known = sheet.rows.contains_key(flow);
        if known {
            sheet.wakes.insert(flow.clone());
            self.board.bell.notify_one();
        }
        known
    }

    /// What the flow's data says, with at most `most` of a kind; read even when the flow has no worker. `None`: there is
    /// no such flow.
    ///
    /// # Errors
    /// In it, when the data can't be read, or not within seconds.
    pub async fn survey(&self, flow: &FlowName, most: u32) -> Option<Result<Survey, Unread>> {
        let flow = self.board.flow(flow)?;
        Some(self.workshop.survey(&flow, most).await)
    }

    /// Lines of the flow's history, latest first; read even when the flow has no worker. `None`: there is no such flow.
    ///
    /// # Errors
    /// In it, when the data can't be read, or not within seconds.
    pub async fn history(&self, flow: &FlowName, query: HistoryQuery) -> Option<Result<HistoryPage, Unread>> {
        let flow = self.board.flow(flow)?;
        Some(self.workshop.history(&flow, query).await)
    }

    /// Has the flow's worker carry an order out between two cycles, at once if it is idle. `None`: there is no such flow.
    ///
    /// Waits at most two minutes: one until the order is begun, then one for its end. Dropping this withdraws an order that
    /// was not begun.
    pub async fn order(&self, flow: &FlowName, order: Order) -> Option<OrderOutcome> {
        let sender = match self.order_sender(flow)? {
            Ok(sender) => sender,
            Err(_) if self.is_held(flow) => match self.hurry(flow).await? {
                Ok(sender) => sender,
                Err(why) => return Some(OrderOutcome::NotNow { why }),
            },
            Err(why) => return Some(OrderOutcome::NotNow { why }),
        };
        Some(sender.send(order, &self.board.clock, PATIENCE).await)
    }

    /// Whether the flow waits because Jira asked to.
    fn is_held(&self, flow: &FlowName) -> bool {
        self.board.sheet.lock().rows.get(flow).is_some_and(|row| row.standing.held_until.is_some())
    }

    /// Has the worker of a flow that Jira asked to wait start now: it may ask Jira whether it still has to.
    async fn hurry(&self, flow: &FlowName) -> Option<Result<OrderSender, String>> {
        let mut began = std::pin::pin!(self.board.began.notified());
        began.as_mut().enable();
        self.board.sheet.lock().hurried.insert(flow.clone());
        self.board.bell.notify_one();
        tokio::select! {
            biased;
            () = began => {}
            () = self.board.clock.sleep(BEGINS_WITHIN) => {}
        }
        self.order_sender(flow)
    }

    /// Where orders for a flow are given; in words why they can't be given now.
    fn order_sender(&self, flow: &FlowName) -> Option<Result<OrderSender, String>> {
        let sheet = self.board.sheet.lock();
        let row = sheet.rows.get(flow)?;
        let Standing { state, why, .. } = &row.standing;
        Some(match (&row.orders, state) {
            (Some(sender), State::Starting | State::Syncing | State::Idle) => Ok(sender.clone()),
            (Some(_) | None, state) => {
                let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                Err(format!("the flow is {}{why}", state.in_words()))
            }
        })
    }
}

/// What a [`Handle`] and its supervisor share.
pub(super) struct Board {
    clock: Clock,
    ready: watch::Sender<bool>,
    /// Every change leaves it readable, even one that panicked midway.
    sheet: Mutex<Sheet>,
    bell: Notify,
    /// Rung when the folder is to be looked at now.
    rescan: Notify,
    /// Rung when a worker has begun.
    began: Notify,
}

#[derive(Default)]
struct Sheet {
    rows: BTreeMap<FlowName, Row>,
    refused: Vec<RefusedFile>,
    alarm: Option<String>,
    wakes: BTreeSet<FlowName>,
    /// Flows that Jira asked to wait, and for which an order is given.
    hurried: BTreeSet<FlowName>,
}

struct Row {
    /// As it is wanted; its worker may still run an earlier meaning.
    flow: Arc<Flow>,
    file: String,
    standing: Standing,
    completed: u64,
    last_cycle: Option<DateTime<Utc>>,
    heart: Heart,
    health: Health,
    /// When it was told that the flow is degraded; `None` unless it is.
    told_degraded: Option<Instant>,
    /// Outlive its workers, so that a restart does not hide what is wrong.
    notices: Notices,
    /// Where its worker takes orders; `None` without a worker.
    orders: Option<OrderSender>,
}

/// Where a row's heartbeat comes from.
enum Heart {
    Beating(Pulse),
    Still(Option<DateTime<Utc>>),
}

impl Heart {
    fn last_beat(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Beating(pulse) => Some(now - TimeDelta::from_std(pulse.silence()).unwrap_or_default()),
            Self::Still(at) => *at,
        }
    }
}

impl Row {
    fn new(flow: Arc<Flow>, now: Moment) -> Self {
        Self {
            health: Health::new(flow.interval, now),
            told_degraded: None,
            flow,
            file: String::new(),
            standing: Standing { state: State::Starting, since: now.wall, why: None, held_until: None },
            completed: 0,
            last_cycle: None,
            heart: Heart::Still(None),
            notices: Notices::default(),
            orders: None,
        }
    }

    fn view(&mut self, name: &FlowName, now: Moment) -> FlowView {
        self.observe();
        let notices = self.notices.list();
        FlowView {
            name: name.clone(),
            file: self.file.clone(),
            standing: self.standing.clone(),
            last_cycle: self.last_cycle,
            heartbeat: self.heart.last_beat(now.wall),
            degraded: with_notices(self.health.degraded(now.now), &notices),
            notices,
        }
    }

    fn turn(&mut self, state: State, why: Option<String>, now: Moment) {
        self.standing.turn(state, why, now.wall);
        self.health.wants(Wish::of(state), now);
    }

    /// Notes what the worker has achieved since the last look.
    fn observe(&mut self) {
        if let Heart::Beating(pulse) = &self.heart {
            self.health.observe(&pulse.outcomes());
        }
    }

    /// What is to be told of the flow's health: that it has changed since it was last told.
    fn news(&mut self, now: Instant) -> Option<Event> {
        self.observe();
        match (self.health.degraded(now), self.told_degraded) {
            (Some(Degraded { why, .. }), None) => {
                self.told_degraded = Some(now);
                Some(Event::FlowDegraded { why })
            }
            (None, Some(told)) => {
                self.told_degraded = None;
                Some(Event::FlowRecovered { after: now - told })
            }
            (Some(_), Some(_)) | (None, None) => None,
        }
    }
}

/// A flow with a notice is degraded too, if nothing worse is known.
fn with_notices(degraded: Option<Degraded>, notices: &[Notice]) -> Option<Degraded> {
    let first = notices.iter().min_by_key(|notice| notice.since);
    match (degraded, first) {
        (Some(degraded), Some(notice)) => Some(Degraded { since: degraded.since.min(notice.since), ..degraded }),
        (Some(degraded), None) => Some(degraded),
        (None, notice) => notice.map(|notice| Degraded { since: notice.since, why: notice.why.clone() }),
    }
}

impl Board {
    pub(super) fn new(clock: Clock) -> Self {
        let (ready, _) = watch::channel(false);
        let (bell, rescan, began) = (Notify::new(), Notify::new(), Notify::new());
        Self { clock, ready, sheet: Mutex::default(), bell, rescan, began }
    }

    /// The names that somebody asked to wake since the last call; waits for one. Cancel by dropping.
    pub(super) async fn wakes(&self) -> BTreeSet<FlowName> {
        self.bell.notified().await;
        std::mem::take(&mut self.sheet.lock().wakes)
    }

    /// Waits until the folder is to be looked at now. Cancel by dropping: nothing asked for is lost.
    pub(super) async fn rescan_asked(&self) {
        self.rescan.notified().await;
    }

    pub(super) fn set_ready(&self, ready: bool) {
        self.ready.send_replace(ready);
    }

    /// Notes what is wrong with the flows directory and its files.
    pub(super) fn set_complaints(&self, refused: Vec<RefusedFile>, alarm: Option<String>) {
        let mut sheet = self.sheet.lock();
        sheet.refused = refused;
        sheet.alarm = alarm;
    }

    /// Notes the file from which a flow was taken.
    pub(super) fn set_file(&self, flow: &FlowName, file: &str) {
        if let Some(row) = self.sheet.lock().rows.get_mut(flow) {
            file.clone_into(&mut row.file);
        }
    }

    /// Notes what a flow is from now on; makes its row if it has none.
    pub(super) fn set_flow(&self, flow: &Arc<Flow>) {
        let now = self.clock.moment();
        let mut sheet = self.sheet.lock();
        let row = sheet.rows.entry(flow.name.clone()).or_insert_with(|| Row::new(Arc::clone(flow), now));
        row.flow = Arc::clone(flow);
        row.health.set_interval(flow.interval);
        // They were about what the file said before; what still holds is raised anew.
        row.notices.clear_all();
    }

    /// Where a flow's worker raises and clears its notices.
    pub(super) fn notices(&self, name: &FlowName) -> Notices {
        self.sheet.lock().rows.get(name).map(|row| row.notices.clone()).unwrap_or_default()
    }

    /// What a flow is.
    pub(super) fn flow(&self, name: &FlowName) -> Option<Arc<Flow>> {
        self.sheet.lock().rows.get(name).map(|row| Arc::clone(&row.flow))
    }

    /// Notes what a flow does now.
    pub(super) fn set(&self, flow: &FlowName, state: State, why: Option<String>) {
        let now = self.clock.moment();
        if let Some(row) = self.sheet.lock().rows.get_mut(flow) {
            row.turn(state, why, now);
        }
    }

    /// Notes that a cycle or a start failed, as Jira asked to wait or otherwise.
    pub(super) fn failed(&self, flow: &FlowName, why: &str, was_asked_to_wait: bool) {
        let now = self.clock.moment();
        if let Some(row) = self.sheet.lock().rows.get_mut(flow) {
            match was_asked_to_wait {
                true => row.health.asked_to_wait(why.to_owned(), now),
                false => row.health.failed(why.to_owned(), now),
            }
        }
    }

    /// Notes that another process serves the flow.
    pub(super) fn stands_by(&self, flow: &FlowName) {
        let now = self.clock.moment();
        if let Some(row) = self.sheet.lock().rows.get_mut(flow) {
            row.health.stands_by(now);
        }
    }

    /// What is to be told of a flow's health. Each change is told once.
    pub(super) fn news(&self, flow: &FlowName) -> Option<Event> {
        let now = self.clock.now();
        self.sheet.lock().rows.get_mut(flow)?.news(now)
    }

    /// The same of all flows.
    pub(super) fn all_news(&self) -> Vec<(FlowName, Event)> {
        let now = self.clock.now();
        let mut sheet = self.sheet.lock();
        sheet.rows.iter_mut().filter_map(|(name, row)| Some((name.clone(), row.news(now)?))).collect()
    }

    /// When the first flow becomes degraded, if nothing succeeds until then.
    pub(super) fn next_silence(&self) -> Option<Instant> {
        let mut sheet = self.sheet.lock();
        let due = |row: &mut Row| {
            row.observe();
            row.health.due().filter(|_| row.told_degraded.is_none())
        };
        sheet.rows.values_mut().filter_map(due).min()
    }

    /// Notes until when a flow waits because Jira asked to.
    pub(super) fn set_held(&self, flow: &FlowName, left: Duration) {
        let until = self.clock.wall() + left;
        if let Some(row) = self.sheet.lock().rows.get_mut(flow) {
            row.standing.held_until = Some(until);
        }
    }

    /// The flows whose next start a person waits for, since the last call.
    pub(super) fn take_hurried(&self) -> BTreeSet<FlowName> {
        std::mem::take(&mut self.sheet.lock().hurried)
    }

    pub(super) fn remove(&self, flow: &FlowName) {
        self.sheet.lock().rows.remove(flow);
    }

    /// Notes that a worker began, of which this is the pulse, and where it takes orders.
    pub(super) fn began(&self, flow: &FlowName, pulse: Pulse, sender: OrderSender) {
        self.set(flow, State::Starting, None);
        if let Some(row) = self.sheet.lock().rows.get_mut(flow) {
            row.completed = 0;
            row.heart = Heart::Beating(pulse);
            row.orders = Some(sender);
        }
        self.began.notify_waiters();
    }

    /// Notes that a worker ended; returns whether it had completed a cycle.
    pub(super) fn ended(&self, flow: &FlowName) -> bool {
        let now = self.clock.wall();
        self.sheet.lock().rows.get_mut(flow).is_some_and(|row| {
            row.observe();
            row.heart = Heart::Still(row.heart.last_beat(now));
            row.orders = None;
            row.completed > 0
        })
    }

    /// Notes what a worker says it is doing; returns what is to be told of the flow's health.
    pub(super) fn phase(&self, flow: &FlowName, phase: Phase) -> Option<Event> {
        let now = self.clock.moment();
        let mut sheet = self.sheet.lock();
        let row = sheet.rows.get_mut(flow)?;
        if let Phase::Idle { completed, .. } = phase
            && completed > row.completed
        {
            row.completed = completed;
            row.last_cycle = Some(now.wall);
            row.observe();
            row.health.completed(now);
        }
        if row.standing.state.follows_phase() {
            row.turn(phase.into(), None, now);
        }
        row.news(now.now)
    }

    pub(super) fn is_idle(&self, flow: &FlowName) -> bool {
        self.sheet.lock().rows.get(flow).is_some_and(|row| row.standing.state == State::Idle)
    }
}

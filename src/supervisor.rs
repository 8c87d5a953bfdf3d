//! Keeps every wanted flow served by exactly one worker, whatever becomes of files and workers.
//!
//! One loop over a closed list of `Event`s. What is wanted comes from the `catalog` (files, as `config` understands
//! them), `diff` compares it with what runs, and each flow is a `ward` that is due, manned, or being left by its worker.
//! How a worker ended is a value and decides what follows. Whether a flow does what it should is for `health` to say.
//! Others look in through a [`Handle`]; the supervisor knows nothing of Jira, of stores, or of what a worker does.

mod board;
mod catalog;
mod diff;
mod edits;
mod health;
mod look;
mod looks;
mod state;
#[cfg(test)]
pub(crate) mod testing;
mod ward;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::clock::{Clock, Entropy};
use crate::config;
use crate::flow::{self, FlowName, Observer};
use crate::pulse::{Probe, Pulse};
use crate::settings::ReadMongo;
use crate::worker::{self, Exit, Job, Phase, Workshop};

pub use crate::worker::{Failing, FullSync, HistoryPage, Listed, OrderOutcome, Patrol, Progress, Survey, Unread};

pub use board::{FlowView, Handle, RefusedFile, Snapshot};
pub use health::Degraded;
pub use looks::Looking;
pub use state::{Standing, State};

use board::Board;
use catalog::{Catalog, News};
use diff::{Change, Flows, diff};
use edits::Edits;
use look::Looked;
use looks::{LOOK_LIMIT, Looks, Step};
use ward::{After, Mishap, Post, Ward};
use work::work;

/// Starts lie this far apart, so that a thousand flows neither meet at Jira at once nor take a minute to begin.
const BETWEEN_STARTS: Duration = Duration::from_millis(20);

/// A worker that shows no sign of life for so long hangs: its longest request is given up within a minute.
const STALL_AFTER: Duration = Duration::from_secs(300);

/// How often stalls are looked for; adds at most this to [`STALL_AFTER`].
const STALL_LOOK: Duration = Duration::from_secs(30);

/// A flow that another process serves is asked for so often: who stands by is wanted soon after the other is gone, and
/// asking costs no more than the other's own signs of life.
const STAND_BY: Duration = Duration::from_secs(10);

/// A refused flow is probed so seldom, because each wrong password counts towards a lock-out.
const PROBE_AFTER: Duration = Duration::from_secs(300);

/// Why a flow waits whose file changes again and again.
const EDITED_OFTEN: &str = "the flow file changed several times within seconds: the flow starts when 10 s have passed";

/// How flow files find their environment variables.
pub type Env = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a supervisor needs.
pub struct Setup {
    /// The folder of flow files.
    pub dir: PathBuf,
    /// The interval of flows that name none.
    pub default_interval: Duration,
    /// What `${env:NAME}` in a flow file means.
    pub env: Env,
    /// Reads a MongoDB address in a flow file.
    pub read_mongo: ReadMongo,
    /// Time.
    pub clock: Clock,
    /// Chance: the jitter of restarts.
    pub entropy: Entropy,
    /// Where workers come from.
    pub workshop: Arc<dyn Workshop>,
    /// Who is told what happens.
    pub observer: Arc<dyn Observer>,
    /// Says when to look at the folder again.
    pub watch: config::Watch,
    /// Where that look is made.
    pub looking: Looking,
    /// A test at the workers' gates; none in production.
    pub probe: Option<Arc<dyn Probe>>,
    /// How long a stop waits for writes in progress.
    pub grace: Duration,
}

impl Setup {
    /// The usual grace: shorter than the 30 s after which Kubernetes and others kill.
    pub const GRACE: Duration = Duration::from_secs(25);
}

/// How a supervisor is told to end.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// In order: reads are dropped at once, and writes in progress are finished.
    pub in_order: CancellationToken,
    /// At once: writes in progress are dropped too, as by a crash. What came of them is looked up by the next process.
    pub at_once: CancellationToken,
}

/// There is no stop at once.
impl From<CancellationToken> for Stop {
    fn from(in_order: CancellationToken) -> Self {
        Self { in_order, at_once: CancellationToken::new() }
    }
}

/// How a stop went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every worker finished its write in progress.
    Drained,
    /// These were still busy when the grace period ended or a stop at once was asked for, and were dropped.
    Busy(Vec<FlowName>),
}

/// Owns all workers. Dropping it, or the future of [`Supervisor::run`], drops them: that is a crash.
pub struct Supervisor {
    setup: Setup,
    catalog: Catalog,
    looks: Looks,
    edits: Edits,
    wards: BTreeMap<FlowName, Ward>,
    workers: JoinSet<Exit>,
    /// Whose worker a task is. Only looked up, never iterated.
    tasks: HashMap<task::Id, FlowName>,
    board: Arc<Board>,
    next_start: Instant,
    next_stall_look: Instant,
    /// When the grace period ends, once a stop was asked for.
    deadline: Option<Instant>,
}

/// All that can happen to a supervisor.
enum Event {
    /// The process is to end in order.
    ShutdownAsked,
    /// The process is to end at once.
    EndAsked,
    /// A worker's task ended.
    WorkerExited(task::Id, Exit),
    /// The grace period is over.
    GraceEnded,
    /// At least one flow is due to start, after a backoff or because its turn came.
    BackoffElapsed,
    /// Somebody wants these flows to look now.
    WakeAsked(BTreeSet<FlowName>),
    /// The folder may have changed.
    FlowsChanged,
    /// Something about the look at the folder.
    Look(Step),
    /// Time to look for workers that hang.
    StallLookDue,
    /// Nothing may have succeeded in a flow for too long.
    SilenceDue,
}

impl Supervisor {
    /// A supervisor and the way into it. Nothing happens before [`Supervisor::run`].
    #[must_use]
    pub fn new(setup: Setup) -> (Self, Handle) {
        let now = setup.clock.now();
        let board = Arc::new(Board::new(setup.clock.clone()));
        let (workshop, observer) = (Arc::clone(&setup.workshop), Arc::clone(&setup.observer));
        let supervisor = Self {
            catalog: Catalog::new(setup.dir.clone(), setup.default_interval, setup.env.clone(), setup.read_mongo),
            looks: Looks::new(setup.looking, setup.clock.clone(), setup.watch.pointer()),
            edits: Edits::default(),
            wards: BTreeMap::new(),
            workers: JoinSet::new(),
            tasks: HashMap::new(),
            board: Arc::clone(&board),
            next_start: now,
            next_stall_look: now + STALL_LOOK,
            deadline: None,
            setup,
        };
        (supervisor, Handle { board, workshop, observer })
    }

    /// Serves the folder's flows until `stop`, and then until the writes in progress are finished, the grace period ends, or a
    /// stop at once is asked for.
    pub async fn run(mut self, stop: impl Into<Stop>) -> Ended {
        let stop = stop.into();
        self.look();
        loop {
            match self.next(&stop).await {
                Event::ShutdownAsked => self.shut_down(),
                Event::WorkerExited(task, exit) => self.exited(task, exit),
                Event::EndAsked | Event::GraceEnded => return self.give_up(),
                Event::BackoffElapsed => self.start_due(),
                Event::WakeAsked(flows) => self.wake(&flows),
                Event::FlowsChanged => self.looks.want(),
                Event::Look(Step::Due) => self.look(),
                Event::Look(Step::Late) => self.look_is_late(),
                Event::Look(Step::Ended(looked)) => self.looked(looked),
                Event::StallLookDue => self.cancel_stalled(),
                Event::SilenceDue => self.tell_health(),
            }
            if self.deadline.is_some() && self.workers.is_empty() {
                return Ended::Drained;
            }
        }
    }

    async fn next(&mut self, stop: &Stop) -> Event {
        let serving = self.deadline.is_none();
        let due = self.wards.values().filter_map(Ward::due).min();
        let silence = self.board.next_silence();
        let clock = &self.setup.clock;
        tokio::select! {
            biased;
            () = stop.in_order.cancelled(), if serving => Event::ShutdownAsked,
            Some(ended) = self.workers.join_next_with_id() => worker_exited(ended),
            () = stop.at_once.cancelled() => Event::EndAsked,
            () = at(clock, self.deadline) => Event::GraceEnded,
            () = at(clock, due), if serving => Event::BackoffElapsed,
            flows = self.board.wakes(), if serving => Event::WakeAsked(flows),
            () = self.board.rescan_asked(), if serving => Event::FlowsChanged,
            () = self.setup.watch.changed(), if serving => Event::FlowsChanged,
            step = self.looks.next(), if serving => Event::Look(step),
            () = clock.sleep_until(self.next_stall_look) => Event::StallLookDue,
            () = at(clock, silence), if serving => Event::SilenceDue,
        }
    }

    fn tell(&self, flow: Option<&FlowName>, event: &flow::Event) {
        self.setup.observer.see(flow, event);
    }

    /// Tells which flows have become degraded, and which are no longer.
    fn tell_health(&self) {
        for (flow, event) in self.board.all_news() {
            self.tell(Some(&flow), &event);
        }
    }
}

/// What is wanted.
impl Supervisor {
    fn look(&mut self) {
        let look = self.catalog.look();
        if let Some(looked) = self.looks.begin(look) {
            self.looked(looked);
        }
    }

    fn looked(&mut self, looked: Looked) {
        let news = self.catalog.take(looked);
        self.tell_news(news);
        self.follow_files();
        self.board.set_ready(true);
    }

    /// The flows run on as they are.
    fn look_is_late(&mut self) {
        let news = self.catalog.look_is_late(LOOK_LIMIT);
        self.tell_news(news);
        self.board.set_ready(true);
    }

    fn tell_news(&self, news: Vec<News>) {
        // Who is told and looks must find what was told: so the board first.
        self.board.set_complaints(self.catalog.refused(), self.catalog.alarm());
        for news in news {
            self.tell(news.flow.as_ref(), &news.event);
        }
    }

    /// Has those flows run that files ask for.
    fn follow_files(&mut self) {
        let wanted = self.catalog.wanted();
        for (name, change) in diff(&wanted, &self.running()) {
            match (change, wanted.get(&name)) {
                (Change::Start | Change::Restart, Some(flow)) => self.engage(flow.clone()),
                (Change::Stop, _) => self.retire(&name),
                (Change::Keep, _) | (Change::Start | Change::Restart, None) => {}
            }
        }
        self.note_files();
    }

    /// The flows in service; one that is being removed no longer is.
    fn running(&self) -> Flows {
        let in_service = self.wards.values().filter(|ward| ward.after() != Some(After::Removal));
        in_service.map(|ward| (ward.flow.name.clone(), ward.flow.clone())).collect()
    }

    /// Has `flow` served from now on, by a first worker or by the successor of the one in office.
    fn engage(&mut self, flow: Arc<flow::Flow>) {
        let name = flow.name.clone();
        let now = self.setup.clock.now();
        self.board.set_flow(&flow);
        let edited = self.wards.contains_key(&name);
        let ward = self.wards.entry(name.clone()).or_insert_with(|| Ward::new(flow.clone(), now, &self.setup.entropy));
        ward.renew(flow);
        ward.hurried = edited.then_some(now);
        ward.is_edited = true;
        if ward.dismiss(After::Successor) {
            self.board.set(&name, State::Draining, Some("the flow file changed".into()));
        } else {
            self.enlist(&name);
        }
    }

    /// Has the flow served no longer.
    fn retire(&mut self, name: &FlowName) {
        let Some(ward) = self.wards.get_mut(name) else { return };
        if ward.dismiss(After::Removal) {
            self.board.set(name, State::Draining, Some("the flow file was removed".into()));
        } else {
            self.remove(name);
        }
    }

    fn remove(&mut self, name: &FlowName) {
        self.wards.remove(name);
        self.board.remove(name);
        self.tell(Some(name), &flow::Event::FlowRemoved);
    }

    fn note_files(&self) {
        for (flow, file) in self.catalog.files() {
            self.board.set_file(flow, file);
        }
    }
}

/// Starting.
impl Supervisor {
    /// Gives the flow the next free turn to start, but none before the time that Jira asked it to wait for, unless a person
    /// waits for it.
    fn enlist(&mut self, name: &FlowName) {
        let now = self.setup.clock.now();
        let is_edited = self.wards.get(name).is_some_and(|ward| ward.is_edited);
        if let Some(at) = self.edits.not_before(name, now).filter(|_| is_edited) {
            return self.defer(name, at, State::Starting, Some(EDITED_OFTEN.into()));
        }
        let turn = self.next_start.max(now);
        let ward = self.wards.get(name).filter(|ward| ward.hurried.is_none());
        match ward.and_then(|ward| ward.held_until).filter(|held| *held > turn) {
            Some(held) => {
                self.defer(name, held, State::BackingOff, Some("Jira asked to wait".into()));
                self.board.set_held(name, held - now);
            }
            None => {
                self.next_start = turn + BETWEEN_STARTS;
                self.defer(name, turn, State::Starting, None);
            }
        }
    }

    fn defer(&mut self, name: &FlowName, until: Instant, state: State, why: Option<String>) {
        if let Some(ward) = self.wards.get_mut(name) {
            ward.post = Post::Due(until);
            self.board.set(name, state, why);
        }
    }

    fn start_due(&mut self) {
        let now = self.setup.clock.now();
        let due = |ward: &Ward| ward.due().is_some_and(|at| at <= now);
        let names: Vec<_> = self.wards.values().filter(|ward| due(ward)).map(|ward| ward.flow.name.clone()).collect();
        for name in names {
            self.start(name);
        }
    }

    fn start(&mut self, name: FlowName) {
        let Some(ward) = self.wards.get_mut(&name) else { return };
        let pulse = Pulse::new(name.as_str(), self.setup.clock.clone(), self.setup.probe.clone());
        let (phase, phases) = watch::channel(Phase::Starting);
        let (sender, orders) = worker::order_channel();
        let notices = self.board.notices(&name);
        let hurried = ward.hurried.take();
        if std::mem::take(&mut ward.is_edited) {
            self.edits.started(&name, self.setup.clock.now());
        }
        let job = Job { flow: ward.flow.clone(), pulse: pulse.clone(), phase, orders, notices, hurried };
        ward.post = Post::Manned(pulse.clone());
        self.board.began(&name, pulse, sender);
        let standing_by = ward.is_standing_by();
        if !standing_by {
            self.tell(Some(&name), &flow::Event::WorkerStarted);
        }
        let (observer, board) = (self.setup.observer.clone(), self.board.clone());
        let work = work(self.setup.workshop.clone(), job, phases, board, observer, standing_by);
        let task = self.workers.spawn(work.instrument(tracing::info_span!("worker", worker = name.as_str())));
        self.tasks.insert(task.id(), name);
    }
}

/// Ending.
impl Supervisor {
    fn exited(&mut self, task: task::Id, exit: Exit) {
        let Some(name) = self.tasks.remove(&task) else { return };
        let completed = self.board.ended(&name);
        let Some(ward) = self.wards.get_mut(&name) else { return };
        if completed {
            ward.forgive();
        }
        match ward.after() {
            Some(after) => self.left(&name, after),
            None => self.fell(&name, exit),
        }
    }

    /// A worker ended that was told to: however it did, what follows was decided before.
    fn left(&mut self, name: &FlowName, after: After) {
        self.tell(Some(name), &flow::Event::WorkerStopped);
        match after {
            After::Successor => self.enlist(name),
            After::Removal => self.remove(name),
            After::Nothing => {
                self.wards.remove(name);
                self.board.set(name, State::Stopped, None);
            }
        }
    }

    /// A worker ended by itself.
    fn fell(&mut self, name: &FlowName, exit: Exit) {
        let occupied = matches!(exit, Exit::Occupied { .. });
        let again = self.wards.get_mut(name).is_some_and(|ward| ward.stands_by(occupied));
        match exit {
            Exit::Occupied { why } => self.stand_by(name, why, again),
            Exit::Stopped => self.failed(name, "the worker ended although nobody had told it to".into(), None),
            Exit::Failed { why, at_least } => self.failed(name, why, at_least),
            Exit::Panicked { why } => {
                let again_in = self.back_off(name, Mishap::Panic, None, &why);
                self.tell(Some(name), &flow::Event::WorkerPanicked { why, again_in });
            }
            Exit::Cancelled => {
                let again_in = self.back_off(name, Mishap::Failure, None, "it showed no sign of life");
                self.tell(Some(name), &flow::Event::WorkerStalled { again_in });
            }
            Exit::Refused { why } => self.park(name, why),
        }
        if let Some(news) = self.board.news(name) {
            self.tell(Some(name), &news);
        }
    }

    fn failed(&mut self, name: &FlowName, why: String, at_least: Option<Duration>) {
        let again_in = self.back_off(name, Mishap::Failure, at_least, &why);
        if let Some(left) = at_least {
            self.board.set_held(name, left);
        }
        self.tell(Some(name), &flow::Event::WorkerFailed { why, again_in });
    }

    fn back_off(&mut self, name: &FlowName, mishap: Mishap, at_least: Option<Duration>, why: &str) -> Duration {
        let now = self.setup.clock.now();
        let delay = self.wards.get_mut(name).map_or(STALL_AFTER, |ward| ward.suffer(mishap, at_least, now));
        self.board.failed(name, why, at_least.is_some());
        self.defer(name, now + delay, State::BackingOff, Some(why.to_owned()));
        delay
    }

    fn park(&mut self, name: &FlowName, why: String) {
        self.board.failed(name, &why, false);
        self.defer(name, self.setup.clock.now() + PROBE_AFTER, State::Parked, Some(why.clone()));
        self.tell(Some(name), &flow::Event::WorkerParked { why, again_in: PROBE_AFTER });
    }

    /// Tells of it once, not at each of many tries.
    fn stand_by(&mut self, name: &FlowName, why: String, again: bool) {
        self.board.stands_by(name);
        self.defer(name, self.setup.clock.now() + STAND_BY, State::BackingOff, Some(why.clone()));
        if !again {
            self.tell(Some(name), &flow::Event::WorkerOccupied { why, again_every: STAND_BY });
        }
    }

    fn wake(&mut self, flows: &BTreeSet<FlowName>) {
        self.hurry();
        flows.iter().filter_map(|name| self.wards.get(name)?.pulse()).for_each(Pulse::wake);
    }

    /// Starts workers that Jira asked to wait, where an order is given: each may ask whether it still has to.
    fn hurry(&mut self) {
        let now = self.setup.clock.now();
        for name in self.board.take_hurried() {
            let Some(ward) = self.wards.get_mut(&name).filter(|ward| ward.due().is_some()) else { continue };
            ward.hurried = Some(now);
            self.enlist(&name);
        }
    }

    fn cancel_stalled(&mut self) {
        self.next_stall_look = self.setup.clock.now() + STALL_LOOK;
        // What has succeeded again wakes nothing else before a cycle completes.
        self.tell_health();
        for ward in self.wards.values() {
            if let Some(pulse) = ward.pulse()
                && pulse.silence() >= STALL_AFTER
                && !self.board.is_idle(&ward.flow.name)
            {
                pulse.cancel().cancel();
            }
        }
    }

    fn shut_down(&mut self) {
        self.deadline = Some(self.setup.clock.now() + self.setup.grace);
        self.board.set_ready(false);
        for (name, ward) in &mut self.wards {
            let after = if ward.after() == Some(After::Removal) { After::Removal } else { After::Nothing };
            let state = if ward.dismiss(after) { State::Draining } else { State::Stopped };
            self.board.set(name, state, Some("the process is stopping".into()));
        }
    }

    /// Nothing is waited for any more: names the flows that are still busy. Their workers are dropped with `self`.
    fn give_up(self) -> Ended {
        let busy = self.wards.values().filter(|ward| ward.pulse().is_some());
        let busy: Vec<_> = busy.map(|ward| ward.flow.name.clone()).collect();
        for name in &busy {
            self.tell(Some(name), &flow::Event::WorkerBusyAtStop);
        }
        Ended::Busy(busy)
    }
}

async fn at(clock: &Clock, moment: Option<Instant>) {
    match moment {
        Some(moment) => clock.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn worker_exited(ended: Result<(task::Id, Exit), JoinError>) -> Event {
    match ended {
        Ok((task, exit)) => Event::WorkerExited(task, exit),
        // Panics are caught where the work is polled; what is left is one in a destructor.
        Err(error) => Event::WorkerExited(error.id(), Exit::Panicked { why: error.to_string() }),
    }
}

#[cfg(test)]
mod tests;

//! The real workers: what they are made of, and their loop.

mod looking;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::claims::{ClaimGuard, Claims};
use super::{Exit, Job, OrderOutcome, OrderReceiver, PendingOrder, Phase, Workshop};
use crate::clock::{Clock, Entropy};
use crate::engine::{self, Engine, JiraFailure, OrderHandler, Parts, Progress, Projects, Report};
use crate::flow::{Flow, Notices, Observer, Teller};
use crate::jira::{self, AnswerMemory, Budgets, Client, Fault, Scope, Transports};
use crate::pulse::{NoResult, Pulse, Why};
use crate::store::{self, Change, Hidden, Inheritance, Legacy, Opener, Predecessor, State, Store, Write};

/// The Node.js service ends a cycle every five minutes, unless somebody chose otherwise: one that was silent for so long
/// is stopped.
const SILENT: TimeDelta = TimeDelta::minutes(10);

/// How long a look at what another process serves may take.
const LOOK_LIMIT: Duration = Duration::from_secs(10);

/// What all workers of a process share.
#[derive(Clone)]
pub struct Tools {
    /// This machine's clock.
    pub clock: Clock,
    /// Where each worker's own randomness comes from.
    pub entropy: Entropy,
    /// Opens flows' databases.
    pub opener: Arc<dyn Opener>,
    /// Carry requests to Jira.
    pub transports: Arc<dyn Transports>,
    /// What each account may ask of each site.
    pub budgets: Arc<Budgets>,
    /// Which flow of this process serves which projects.
    pub claims: Arc<Claims>,
    /// What Jira's answers may take of this process's memory.
    pub answers: AnswerMemory,
    /// Who is told of events.
    pub observer: Arc<dyn Observer>,
}

impl Workshop for Tools {
    fn worker(&self, mut job: Job) -> BoxFuture<'static, Exit> {
        let tools = self.clone();
        Box::pin(async move {
            let backend = tools.opener.open(&job.flow);
            let end = AssertUnwindSafe(run(&tools, &mut job, &backend)).catch_unwind().await;
            if matches!(end, Ok(Exit::Occupied { .. })) {
                tools.note_taken_elsewhere(&job.flow).await;
            }
            // A call that was given up may still be running; a successor must not meet it.
            backend.close().await;
            backend.drained().await;
            end.unwrap_or_else(|panic| Exit::Panicked { why: last_words(panic.as_ref()) })
        })
    }
}

impl Tools {
    /// What a flow serves that another process runs is taken in this one too: another flow of this process may mean the
    /// same projects. Where that can't be read, nothing is noted.
    async fn note_taken_elsewhere(&self, flow: &Flow) {
        let state = tokio::time::timeout(LOOK_LIMIT, self.opener.read(flow).state()).await;
        if let Ok(Ok(State { served: Some(served), .. })) = state {
            self.claims.taken_elsewhere(&flow.name, &served, flow.rules.creates(), self.clock.now());
        }
    }

    /// Copies what the Node.js service left of a flow into the flow's store, while no worker of it runs anywhere.
    /// `progress` is told now and then how many pairs were gone through.
    ///
    /// # Errors
    /// When Jira or a store can't be asked. What was taken over until then stays; it may be done again.
    pub async fn take_over(
        &self,
        (flow, pulse): (&Arc<Flow>, &Pulse),
        legacy: &Legacy,
        progress: Progress<'_>,
    ) -> Result<Report, engine::Error> {
        let backend = self.opener.open(flow);
        let end = async {
            let store = Store::open(Arc::clone(&backend), pulse.clone()).await?;
            let (engine, _) = engine(self, (flow, pulse, &Notices::default()), &store, None).await?;
            engine.take_over(legacy, progress).await
        };
        let end = Box::pin(end).await;
        backend.close().await;
        backend.drained().await;
        end
    }
}

/// Cycles until told to stop or something fails.
async fn run(tools: &Tools, job: &mut Job, backend: &Arc<dyn Write>) -> Exit {
    let store = match Store::open(Arc::clone(backend), job.pulse.clone()).await {
        Ok(store) => store,
        Err(error) => return ended(job, &error.into()),
    };
    let exit = Box::pin(serve(tools, job, &store)).await;
    keep_pause(tools, job, &store).await;
    exit
}

/// A pause that Jira asked for goes along to whichever worker serves the flow next, in whatever process.
async fn keep_pause(tools: &Tools, job: &Job, store: &Store) {
    let Some(left) = tools.budgets.of(&job.flow.jira).held(tools.clock.now()) else { return };
    let until = tools.clock.wall() + left;
    if let Err(error) = store.write(vec![Change::PutPause(until)]).await {
        tracing::debug!("{}: the pause until {until} is not stored: {error}", job.flow.name);
    }
}

async fn serve(tools: &Tools, job: &mut Job, store: &Store) -> Exit {
    let Ready { engine, claim } = match Box::pin(begin(tools, job, store)).await {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    let exit = cycles(tools, job, &engine, store, &claim).await;
    match &exit {
        Exit::Failed { .. } | Exit::Panicked { .. } | Exit::Cancelled => claim.keep_for(tools.clock.now()),
        Exit::Stopped | Exit::Occupied { .. } | Exit::Refused { .. } => drop(claim),
    }
    exit
}

async fn cycles(tools: &Tools, job: &mut Job, engine: &Engine, store: &Store, claim: &ClaimGuard) -> Exit {
    let mut completed = 0;
    loop {
        job.phase.send_replace(Phase::Syncing);
        let begun = tools.clock.now();
        if let Err(why) = claim.still_first() {
            return refused(&job.flow, &why);
        }
        let mut orders = MidCycle { engine, orders: &mut job.orders, claim };
        if let Err(error) = Box::pin(engine.cycle(&mut orders)).await {
            return ended(job, &error);
        }
        completed += 1;
        let next = (begun + job.flow.interval).max(tools.clock.now());
        if let Err(exit) = between_cycles(tools, job, (engine, store), completed, next).await {
            return exit;
        }
    }
}

/// Idles until the next cycle is due, and carries out what is ordered meanwhile. What an order changed is looked at at
/// once.
async fn between_cycles(
    tools: &Tools,
    job: &mut Job,
    (engine, store): (&Engine, &Store),
    completed: u64,
    mut next: Instant,
) -> Result<(), Exit> {
    loop {
        store.rest().await;
        job.phase.send_replace(Phase::Idle { completed, next });
        let order = tokio::select! {
            biased;
            order = job.orders.next(), if !job.pulse.stopping() => order,
            go_on = job.pulse.idle_until(next) => return if go_on { Ok(()) } else { Err(stopped(job)) },
        };
        job.phase.send_replace(Phase::Syncing);
        match execute(engine, order).await {
            Ok(Execution::Done) => next = tools.clock.now(),
            Ok(Execution::Refused) => {}
            Err(error) => return Err(ended(job, &error)),
        }
    }
}

/// What became of an order.
enum Execution {
    Done,
    Refused,
}

/// Carries an order out and answers whoever gave it.
async fn execute(engine: &Engine, order: PendingOrder) -> Result<Execution, engine::Error> {
    match Box::pin(engine.execute(order.order())).await {
        Ok(Ok(executed)) => {
            order.answer(OrderOutcome::Executed(executed));
            Ok(Execution::Done)
        }
        Ok(Err(refused)) => {
            order.answer(OrderOutcome::Refused(refused));
            Ok(Execution::Refused)
        }
        Err(error) => {
            order.answer(OrderOutcome::BrokenOff { why: error.to_string() });
            Err(error)
        }
    }
}

/// Orders that came while a cycle was under way. What they changed, that cycle or the next one looks at.
struct MidCycle<'a> {
    engine: &'a Engine,
    orders: &'a mut OrderReceiver,
    claim: &'a ClaimGuard,
}

impl OrderHandler for MidCycle<'_> {
    fn run_pending(&mut self) -> BoxFuture<'_, Result<(), engine::Error>> {
        Box::pin(async move {
            self.claim.still_first().map_err(engine::Error::Refused)?;
            while let Some(order) = self.orders.try_next() {
                execute(self.engine, order).await?;
            }
            Ok(())
        })
    }
}

fn ended(job: &Job, error: &engine::Error) -> Exit {
    if job.pulse.cancel().is_cancelled() { Exit::Cancelled } else { exit(&job.flow, error) }
}

fn stopped(job: &Job) -> Exit {
    if job.pulse.cancel().is_cancelled() { Exit::Cancelled } else { Exit::Stopped }
}

/// An engine that may run cycles: what the Node.js service left is not passed over.
async fn begin(tools: &Tools, job: &Job, store: &Store) -> Result<Ready, Exit> {
    let failed = |error: engine::Error| ended(job, &error);
    let legacy = match store.inheritance().await.map_err(|error| failed(error.into()))? {
        Inheritance::None => None,
        Inheritance::Here(legacy) => Some(legacy),
        Inheritance::Elsewhere(predecessor) => return Err(Exit::Refused { why: owed(&job.flow, &predecessor) }),
        Inheritance::Hidden(hidden) => return Err(Exit::Refused { why: unknown(&job.flow, &hidden) }),
    };
    if let Some(why) = legacy.as_ref().and_then(|legacy| in_use(&job.flow, legacy, tools.clock.wall())) {
        return Err(Exit::Occupied { why });
    }
    let state = store.state().await.map_err(|error| failed(error.into()))?;
    hold_over(tools, &job.flow, state.held_until);
    let engine = engine(tools, (&job.flow, &job.pulse, &job.notices), store, job.hurried).await;
    let (engine, projects) = engine.map_err(failed)?;
    let (flow, served, now) = (&job.flow, projects.served(), tools.clock.now());
    let claim = tools.claims.claim(&flow.name, served, flow.rules.creates(), now);
    let claim = claim.map_err(|why| refused(flow, &why))?;
    if let Some(legacy) = legacy {
        engine.take_over(&legacy, &|_| {}).await.map_err(failed)?;
    }
    // Behind the takeover, which is owed as long as no state was committed.
    engine.take_projects(&projects).await.map_err(failed)?;
    Ok(Ready { engine, claim })
}

/// What runs cycles.
struct Ready {
    engine: Engine,
    claim: ClaimGuard,
}

fn refused(flow: &Flow, why: &str) -> Exit {
    Exit::Refused { why: format!("flow {}: {why}", flow.name) }
}

/// What Jira asked an earlier worker to wait for holds before the first request.
fn hold_over(tools: &Tools, flow: &Flow, until: Option<DateTime<Utc>>) {
    if let Some(left) = until.and_then(|until| jira::pause_left(until, tools.clock.wall())) {
        let now = tools.clock.now();
        tools.budgets.of(&flow.jira).hold_over(now, now + left);
    }
}

/// Why the flow waits, if that service may still be at work: two that serve one flow would create everything twice.
fn in_use(flow: &Flow, legacy: &Legacy, now: DateTime<Utc>) -> Option<String> {
    let (name, place, minutes) = (&flow.name, &legacy.place, SILENT.num_minutes());
    // Its clock need not be ours, and may be ahead.
    let last = legacy.last_written.filter(|last| (now - last).abs() < SILENT)?;
    Some(format!(
        "flow {name}: {place} was written by the Node.js service at {}; see that it is stopped: the flow begins when \
         nothing was written there for {minutes} min, or at once after `lockstep adopt {name} --from` with that server's \
         address",
        last.format("%Y-%m-%d %H:%M:%S UTC")
    ))
}

/// What to do about data that was not taken over. Beginning without it would do again what was done.
fn owed(flow: &Flow, Predecessor { place, pairs, still_written }: &Predecessor) -> String {
    let name = &flow.name;
    let first = if *still_written { "the Node.js service still writes there: stop it, then " } else { "" };
    format!(
        "flow {name}: its database is empty, while the Node.js service left {pairs} pairs in {place}; {first}run `lockstep \
         adopt {name} --from` with that server's address to take them over, or name that database in database.name to go \
         on in it"
    )
}

/// What to do if it can not be told whether there is such data.
fn unknown(flow: &Flow, Hidden { own, place, database }: &Hidden) -> String {
    let (name, named) = (&flow.name, &flow.database.name);
    format!(
        "flow {name}: {own} is empty, and its user has no right to see whether the Node.js service left data of this flow \
         in {place}; grant it the role read on the database {database}, or write \"database\": {{ \"name\": \
         \"{named}\" }} into the flow file, which confirms that {named} is meant"
    )
}

async fn engine(
    tools: &Tools,
    (flow, pulse, notices): (&Arc<Flow>, &Pulse, &Notices),
    store: &Store,
    hurried: Option<Instant>,
) -> Result<(Engine, Projects), engine::Error> {
    // Forked by name, so that one flow's draws never shift another's; the epoch keeps a restart from drawing them again.
    let entropy = tools.entropy.fork(&format!("{} {}", flow.name, store.epoch().0));
    let share = tools.budgets.of(&flow.jira).share(flow.name.as_str());
    let client_tools = jira::Tools {
        transport: tools.transports.of(&flow.jira).map_err(jira::Error::no_way)?,
        budget: hurried.into_iter().fold(share, jira::Share::hurried),
        answers: tools.answers.share(),
        pulse: pulse.clone(),
        clock: tools.clock.clone(),
        entropy: entropy.fork("jira"),
        teller: Teller::new(flow.name.clone(), Arc::clone(&tools.observer)),
    };
    let jira = Client::connect(&flow.jira, client_tools).await?;
    jira.expect_fields(
        flow.field_map.iter().map(|copy| copy.from.clone()).chain(flow.rules.replied_field.clone()).collect(),
    );
    let projects = Projects::identify(flow, &jira, store).await?;
    let parts = Parts {
        flow: Arc::clone(flow),
        sides: projects.sides(),
        jira,
        store: store.clone(),
        pulse: pulse.clone(),
        clock: tools.clock.clone(),
        entropy,
        observer: Arc::clone(&tools.observer),
        notices: notices.clone(),
    };
    Ok((Engine::new(parts), projects))
}

/// What an error means for the worker.
fn exit(flow: &Flow, error: &engine::Error) -> Exit {
    let why = format!("flow {}: {error}", flow.name);
    match error {
        engine::Error::Stopping => Exit::Stopped,
        engine::Error::Refused(_) => Exit::Refused { why },
        engine::Error::SearchIncomplete(_) => Exit::Failed { why, at_least: None },
        engine::Error::Jira(JiraFailure::Request(error)) => match error.what.nature().scope {
            Scope::Worker if error.what == Fault::Cancelled => Exit::Cancelled,
            Scope::Worker => Exit::Stopped,
            Scope::Account => Exit::Refused { why },
            Scope::Issue | Scope::Flow => Exit::Failed { why, at_least: error.retry_after() },
        },
        engine::Error::Jira(JiraFailure::LeftOut(_) | JiraFailure::Impossible { .. } | JiraFailure::Untold { .. }) => {
            Exit::Failed { why, at_least: None }
        }
        engine::Error::Store(error) => match error {
            store::Error::InUse { .. } => Exit::Occupied { why },
            store::Error::NoResult(NoResult { why: Why::Stopping, .. }) => Exit::Stopped,
            // A predecessor that lives on must end; it is started again, and then is the latest.
            store::Error::Fenced
            | store::Error::Outdated
            | store::Error::Taken { .. }
            | store::Error::Unreadable { .. }
            | store::Error::Unavailable { .. }
            | store::Error::NoResult(_) => Exit::Failed { why, at_least: None::<Duration> },
        },
    }
}

fn last_words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".to_owned())
}

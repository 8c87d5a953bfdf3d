//! `lockstep demo`: three pairs of projects, people at work in them, and the real daemon between them.
//!
//! The simulated Jira answers real HTTP on loopback; supervisor, workers, engine, store and client are those of
//! `lockstep run`. Nothing is left behind.

mod narrator;
pub mod server;
pub mod world;

use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Entropy};
use crate::config::Watch;
use crate::flow::{Flow, FlowName, Observer, Secret};
use crate::jira::{AnswerMemory, DEFAULT_ANSWER_BYTES, Networks, Parsing};
use crate::settings::{ConnectionLimits, StoreUrl};
use crate::store::{Durability, Manner, Process, Stores, mongo_url};
use crate::supervisor::{Ended, Looking, Setup, Supervisor};
use crate::worker::Tools;
use crate::{admin, supervisor};
use jira_sim::{People, Site, check};
use narrator::Narrator;

/// What the flows' files say of the time between two cycles, at the pace of an office.
const OFFICE_INTERVAL: Duration = Duration::from_secs(300);

/// The simulated search lags up to this, whatever the pace.
const TRUE_LAG: Duration = Duration::from_millis(800);

/// What the demo's flows trust the search to lag at most; a create in doubt is settled after three times as long.
const INDEX_LAG: Duration = Duration::from_secs(2);

/// How long both sides may take to agree after the people have stopped: longer than any doubt lasts.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often the demo prints what happened.
const GLANCE: Duration = Duration::from_millis(100);

/// How a demo is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// All chance on the simulated site comes from it.
    pub seed: u64,
    /// How much faster than in an office people work and flows look.
    pub speed: f64,
    /// When people stop; `None`: never.
    pub duration: Option<Duration>,
}

/// Runs the demo until its time is up or `stop` is cancelled. Says whether both sides agreed at the end.
///
/// # Errors
/// When this machine has no free port, no temporary folder, or the like.
pub async fn run(options: Options, stop: CancellationToken) -> anyhow::Result<bool> {
    let mut stage = Stage::set(options).await?;
    let (supervisor, handle) = Supervisor::new(stage.supervisor_setup()?);
    let health = stage.serve_health(handle).await?;
    stage.narrator.say(&stage.welcome(&health));

    let mut supervisor = Box::pin(supervisor.run(stage.stop.clone()));
    let agreed = tokio::select! {
        biased;
        () = stop.cancelled() => None,
        agreed = stage.play() => Some(agreed?),
        ended = &mut supervisor => anyhow::bail!("the supervisor ended by itself: {ended:?}"),
    };
    stage.stop.cancel();
    let drained = supervisor.await == Ended::Drained;
    stage.narrate();
    let differences = stage.differences()?;
    stage.narrator.say(&stage.narrator.summary(agreed, drained, &differences));
    // Stopped by hand, people were in the middle of things: the sides need not agree.
    Ok(agreed.is_none_or(|agreed| agreed && differences.is_empty()) && drained)
}

/// Everything that a demo needs, and what must be dropped at its end.
struct Stage {
    options: Options,
    clock: Clock,
    site: Arc<Site>,
    base_url: String,
    folder: TempDir,
    narrator: Arc<Narrator>,
    stop: CancellationToken,
    /// The two HTTP servers; they end with the stage.
    servers: JoinSet<()>,
}

impl Stage {
    async fn set(options: Options) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port on 127.0.0.1")?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let now = clock.clone();
        let site = Site::new(world::jira(&base_url, Arc::new(move || now.wall()), options.seed, TRUE_LAG));
        site.faults(world::weather());
        let mut servers = JoinSet::new();
        let server = axum::serve(listener, site.router()).into_future();
        // A server that fails shows in the flows' own failures.
        servers.spawn(async move { drop(server.await) });
        let folder = tempfile::Builder::new().prefix("lockstep-demo-").tempdir().context("no temporary folder")?;
        let narrator = Arc::new(Narrator::new(clock.clone()));
        let stage = Self { options, clock, site, base_url, folder, narrator, stop: CancellationToken::new(), servers };
        stage.write_flows()?;
        stage.people_come();
        Ok(stage)
    }

    fn write_flows(&self) -> anyhow::Result<()> {
        let flows = self.flows_folder();
        std::fs::create_dir(&flows)?;
        for (file, text) in world::FLOWS.into_iter().chain([world::FOURTH]) {
            std::fs::write(flows.join(file), world::paced(text, self.interval(), INDEX_LAG))?;
        }
        Ok(())
    }

    fn people_come(&self) {
        let pairs = world::PAIRS.iter().map(|(user, dev)| ((*user).to_owned(), (*dev).to_owned())).collect();
        // A hundred years are "never" for a demo.
        let span = self.options.duration.unwrap_or(Duration::from_secs(100 * 365 * 86_400));
        self.site.populate(People { pairs, until: self.clock.wall() + span, pace: self.options.speed });
    }

    /// Never below the second that a flow file may ask for.
    fn interval(&self) -> Duration {
        OFFICE_INTERVAL.div_f64(self.options.speed).max(Duration::from_secs(1))
    }

    fn flows_folder(&self) -> PathBuf {
        self.folder.path().join("flows.d")
    }

    fn supervisor_setup(&self) -> anyhow::Result<Setup> {
        let entropy = Entropy::system()?;
        let observer: Arc<dyn Observer> = Arc::clone(&self.narrator) as Arc<dyn Observer>;
        let data = StoreUrl::Sqlite(self.folder.path().join("data"));
        // A demo's data need not survive a power failure.
        let manner = Manner { durability: Durability::ProcessEnd, ..Manner::production() };
        let opener = Stores::new(data, manner, Process::this(&self.clock, &entropy), self.clock.clone())?;
        let tools = Tools {
            clock: self.clock.clone(),
            entropy: entropy.clone(),
            opener: Arc::new(opener),
            transports: Arc::new(Networks::default()),
            budgets: Arc::default(),
            claims: Arc::default(),
            answers: AnswerMemory::new(DEFAULT_ANSWER_BYTES, Parsing::Blocking),
            observer: Arc::clone(&observer),
        };
        Ok(Setup {
            dir: self.flows_folder(),
            default_interval: self.interval(),
            env: world::environment(&self.base_url),
            read_mongo: mongo_url,
            clock: self.clock.clone(),
            entropy,
            workshop: Arc::new(tools),
            observer,
            watch: Watch::new(&self.flows_folder(), self.clock.clone()),
            looking: Looking::Blocking,
            probe: None,
            grace: Setup::GRACE,
        })
    }

    async fn serve_health(&mut self, handle: supervisor::Handle) -> anyhow::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port on 127.0.0.1")?;
        let listens = listener.local_addr()?;
        let address = format!("http://{listens}/health");
        // The token is not shown: a demo takes no orders.
        let token = Secret::new(Entropy::system()?.id(self.clock.wall()).to_string());
        let router = admin::router(handle, self.clock.clone(), admin::Access::new(token, listens, &[]));
        let (limits, clock) = (ConnectionLimits::default(), self.clock.clone());
        self.servers.spawn(admin::serve(listener, router, limits, clock));
        Ok(address)
    }

    /// Tells what happens until people have gone home and both sides agree, or patience has run out.
    async fn play(&self) -> anyhow::Result<bool> {
        let begun = self.clock.now();
        loop {
            self.clock.sleep(GLANCE).await;
            self.narrate();
            let Some(duration) = self.options.duration else { continue };
            let late = self.clock.now().saturating_duration_since(begun).saturating_sub(duration);
            // Agreement counts only after a moment in which it could have been spoilt by news not yet looked at.
            if late > self.interval() + TRUE_LAG && self.differences()?.is_empty() {
                return Ok(true);
            }
            if late > PATIENCE {
                return Ok(false);
            }
        }
    }

    /// Tells what people did since the last time. What Lockstep does, it tells itself.
    fn narrate(&self) {
        self.site.settle();
        self.narrator.tell_of_people(&self.site);
    }

    /// What does not hold between the projects of the flows whose files lie in the folder now.
    fn differences(&self) -> anyhow::Result<Vec<String>> {
        let flows: BTreeMap<FlowName, Flow> = world::flows(&self.flows_folder(), &self.base_url)?;
        let found = flows.values().flat_map(|flow| check::agree(&self.site, &world::expectation(flow)));
        Ok(found.map(|difference| difference.to_string()).collect())
    }

    fn welcome(&self, health: &str) -> String {
        let flows = self.flows_folder();
        let (flows, jira) = (flows.display(), &self.base_url);
        format!(
            "Three pairs of Jira projects, people at work in them, and Lockstep between them.\n\n  \
               Jira (simulated)  {jira}\n  \
               flow files        {flows}\n  \
               health            {health}\n\n\
             Add a fourth pair while this runs; in another terminal:\n\n  \
               cp {flows}/sync-new.example.json {flows}/sync-new.json\n\n\
             Seed {seed}, {speed} times as fast as an office: each flow looks every {interval} s. Ctrl-C ends it.\n",
            seed = self.options.seed,
            speed = self.options.speed,
            interval = self.interval().as_secs_f64(),
        )
    }
}

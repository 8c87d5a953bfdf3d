//! `lockstep run`: the daemon.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::hangup::Hangups;
use super::log::Log;
use super::service_manager::ServiceManager;
use super::signals::Signals;
use super::{Outcome, env, print_error_within, token};
use crate::admin::{self, Access};
use crate::clock::{Clock, Entropy};
use crate::config::Watch;
use crate::descriptors;
use crate::flow::Observer;
use crate::jira::{AnswerMemory, Networks, Parsing};
use crate::settings::{ConnectionLimits, Overrides, Settings, StoreFlags};
use crate::store::{Manner, Process, Stores, mongo_url};
use crate::supervisor::{Ended, Looking, Setup, Stop, Supervisor};
use crate::worker::{Tools, Workshop};

/// Threads for what blocks, which is mostly SQLite. A slow disk then has at most so many flows' files open at once, three
/// each: with those of the connections that are kept, well below the 1,024 that a process may have as a rule.
const BLOCKING_THREADS: usize = 64;

/// How long a process that can't start waits for standard error to take the reason.
const COMPLAINS_FOR: Duration = Duration::from_secs(1);

/// Serves the flows of a folder until SIGTERM or Ctrl-C; then the writes in progress are finished, for at most 25 s. A second
/// signal ends it at once.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 stopped in order, 1 could not start, 2 wrong usage, \
                        3 writes were still in progress when 25 s were over or a second signal came: the next start looks \
                        up what became of them.")]
pub(super) struct Args {
    /// The folder of flow files [default: $CONFIG_DIR, else flows.d]
    #[arg(long, value_name = "DIR")]
    flows: Option<PathBuf>,
    /// Where state is kept, such as sqlite:./data or mongodb://HOST [default: $DATABASE_URL, else sqlite:./data]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The file with that address, for one with a password [default: $DATABASE_URL_FILE]
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    store_file: Option<PathBuf>,
    /// Where to serve HTTP [default: 0.0.0.0:$PORT, else 127.0.0.1:3000]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The file with the token of the API [default: $LOCKSTEP_API_TOKEN_FILE, else the token in $LOCKSTEP_API_TOKEN, else
    /// one is made and kept as api-token in the data folder]
    #[arg(long, value_name = "FILE")]
    api_token_file: Option<PathBuf>,
    /// A name by which the API may be called, besides loopback and the address above [default: $LOCKSTEP_API_HOSTS, with
    /// commas between them]
    #[arg(long, value_name = "NAME")]
    api_host: Vec<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    let overrides = Overrides {
        flows: args.flows.clone(),
        store: StoreFlags { url: args.store.clone(), file: args.store_file.clone() },
        listen: args.listen.clone(),
        api_token_file: args.api_token_file.clone(),
        api_hosts: args.api_host.clone(),
    };
    match Settings::from_env(&env, &overrides, mongo_url) {
        Ok(settings) => logged(settings),
        Err(wrong) => {
            print_error_within(COMPLAINS_FOR, wrong);
            Outcome::WrongUsage
        }
    }
}

/// Serves with a log, which has its last word after all else.
fn logged(settings: Settings) -> Outcome {
    let clock = Clock::system();
    let log = match Log::open(&settings.log, clock.clone()) {
        Ok(log) => log,
        Err(error) => {
            print_error_within(COMPLAINS_FOR, format!("{error:#}"));
            return Outcome::Bad;
        }
    };
    let _closing = log.closing();
    ended(in_runtime(settings, clock, log.clone()), &log)
}

fn ended(ended: anyhow::Result<Ended>, log: &Log) -> Outcome {
    match ended {
        Ok(Ended::Drained) => Outcome::Good,
        Ok(Ended::Busy(_)) => Outcome::Busy,
        Err(error) => {
            log.complain(&format!("{error:#}"));
            Outcome::Bad
        }
    }
}

fn in_runtime(settings: Settings, clock: Clock, log: Log) -> anyhow::Result<Ended> {
    let runtime = Builder::new_multi_thread().enable_all().max_blocking_threads(BLOCKING_THREADS).build();
    let runtime = runtime.context("can't start the runtime")?;
    let ended = runtime.block_on(serve(settings, clock, log));
    // What is still busy was named; waiting for it here would undo the grace period.
    runtime.shutdown_background();
    ended
}

async fn serve(settings: Settings, clock: Clock, log: Log) -> anyhow::Result<Ended> {
    let entropy = Entropy::system()?;
    log.install()?;
    settings.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let (signals, hangups) = (Signals::listen()?, Hangups::listen()?);
    let limits = connection_limits(&settings);
    settings.proxies.unusable().iter().for_each(|entry| tracing::warn!("{entry}"));
    let listener = bind(&settings).await?;
    let observer: Arc<dyn Observer> = Arc::new(log.clone());
    let workshop = workshop(&settings, &clock, &entropy, &observer)?;
    // Not before the data folder is ours alone.
    let token = token::required(settings.api.token_file.as_deref(), &settings.store, &clock, &entropy)?;
    let access = Access::new(token, settings.listen, &settings.api.hosts);

    let setup = setup(&settings, clock.clone(), entropy, workshop, observer);
    let (supervisor, handle) = Supervisor::new(setup);
    let stop = Stop::default();
    // Owns what runs beside the supervisor; all of it ends with this function.
    let mut beside = JoinSet::new();
    let router = admin::router(handle.clone(), clock.clone(), access);
    beside.spawn(answer(listener, router, limits, clock.clone()));
    beside.spawn(signals.then_stop(stop.clone()));
    if let Some(hangups) = hangups {
        let of_flows = handle.clone();
        let look_again = move || {
            log.reopen();
            of_flows.rescan();
        };
        beside.spawn(hangups.serve(stop.in_order.clone(), look_again));
    }
    let serving = supervisor.run(stop.clone());
    Ok(ServiceManager::from_env()?.told_of(serving, handle.until_ready(), &stop.in_order, &clock).await)
}

/// Raises the limit on file descriptors, and has most of them left to the flows.
fn connection_limits(settings: &Settings) -> ConnectionLimits {
    let raised = descriptors::raise_limit();
    let told = |limit: Option<u64>| limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
    tracing::debug!("file descriptors: at most {}, after {} at start", told(raised.to), told(raised.from));
    let limits = settings.connections.within(raised.to);
    if limits != settings.connections {
        tracing::info!(
            "as this process may open only {} files, it keeps at most {} connections without a valid token and {} with one; \
             raise its limit (ulimit -n, systemd's LimitNOFILE=, a container's --ulimit nofile)",
            told(raised.to),
            limits.anonymous,
            limits.authenticated,
        );
    }
    limits
}

async fn bind(settings: &Settings) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(settings.listen).await;
    listener.with_context(|| format!("can't listen on {}; name another address with --listen", settings.listen))
}

/// The workers' tools: transport, store opener, clock and chance.
fn workshop(
    settings: &Settings,
    clock: &Clock,
    entropy: &Entropy,
    observer: &Arc<dyn Observer>,
) -> anyhow::Result<Arc<dyn Workshop>> {
    let opener =
        Stores::new(settings.store.clone(), Manner::production(), Process::this(clock, entropy), clock.clone())?;
    Ok(Arc::new(Tools {
        clock: clock.clone(),
        entropy: entropy.clone(),
        opener: Arc::new(opener),
        transports: Arc::new(Networks::through(settings.proxies.clone())),
        budgets: Arc::default(),
        claims: Arc::default(),
        answers: AnswerMemory::new(settings.answer_memory, Parsing::Blocking),
        observer: Arc::clone(observer),
    }))
}

fn setup(
    settings: &Settings,
    clock: Clock,
    entropy: Entropy,
    workshop: Arc<dyn Workshop>,
    observer: Arc<dyn Observer>,
) -> Setup {
    Setup {
        dir: settings.flows.clone(),
        default_interval: settings.interval,
        env: Arc::new(env),
        read_mongo: mongo_url,
        watch: Watch::new(&settings.flows, clock.clone()),
        looking: Looking::Blocking,
        clock,
        entropy,
        workshop,
        observer,
        probe: None,
        grace: Setup::GRACE,
    }
}

/// Answers HTTP while the flows are served and drained: `/health` tells of both.
async fn answer(listener: TcpListener, router: Router, limits: ConnectionLimits, clock: Clock) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!("answering on http://{address}");
    }
    admin::serve(listener, router, limits, clock).await;
}

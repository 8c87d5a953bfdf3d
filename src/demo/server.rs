//! `lockstep jira-sim`: a simulated Jira as a server of its own, for trying flows out and for tests in any language.
//!
//! It listens on three ports: the site itself, the host that downloads are served by, and the back door
//! ([`jira_sim::control`]), from which people are ordered about and faults are set. Nothing is kept
//! when it ends.

mod arguments;
mod flow_file;

use std::future::IntoFuture as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
pub use arguments::{ProjectArgument, Side, Span};
pub use flow_file::FlowFile;
use jira_sim::{Account, FaultPlan, Flavour, Limits, People, Project, Screen, Setup, Site, Transition, Workflow};

/// What the simulated Jira is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// Data Center rather than Cloud.
    pub data_center: bool,
    /// Where the site listens; a port of 0 takes any that is free.
    pub listen: SocketAddr,
    /// Where downloads are served; if absent, one port above the site's.
    pub media: Option<SocketAddr>,
    /// Where the back door listens; if absent, two ports above the site's.
    pub control: Option<SocketAddr>,
    /// The name by which others reach this machine, for the URLs that are told; if absent, the address listened on.
    pub host: Option<String>,
    /// All chance comes from it.
    pub seed: u64,
    /// Its projects.
    pub projects: Vec<ProjectArgument>,
    /// How busy people are between the customers' and the developers' projects, 1 being an office; if absent,
    /// they only act on order.
    pub people: Option<f64>,
    /// How long search takes to learn of a write.
    pub index_lag: Span,
    /// The chance that an issue vanishes from search for a moment.
    pub flicker: f64,
    /// How long a request takes.
    pub latency: Span,
    /// Begins with a bad day: errors, lost answers, late effects.
    pub rough: bool,
    /// Enforces the limits that Atlassian publishes.
    pub bursts: bool,
    /// The time zone of the account that programs use.
    pub time_zone: String,
    /// With the token, what that account logs in with.
    pub email: String,
    /// Its API token; on Data Center its personal access token.
    pub token: String,
}

/// A simulated Jira that is being served. Dropping it ends it.
pub struct JiraSim {
    site: Arc<Site>,
    clock: Clock,
    about: About,
    servers: JoinSet<io::Result<()>>,
}

/// Everything that one must know to use it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// `cloud` or `datacenter`.
    pub flavour: &'static str,
    /// The site's own URL.
    pub url: String,
    /// Where downloads come from.
    pub media_url: String,
    /// The back door.
    pub control_url: String,
    /// What the account for programs logs in with.
    pub email: String,
    /// It opens nothing but this simulation.
    pub token: String,
    /// The id of a person who can be ordered about from the back door.
    pub person: &'static str,
    /// A flow for the first pair of projects, if there is one.
    pub flow: Option<FlowFile>,
}

/// The id of the account that programs use.
const BOT: &str = "account-lockstep";

/// The id of the person who is always there.
const PERSON: &str = "account-ines";

/// How often people's errands and due effects are looked after while no request comes.
const TICK: Duration = Duration::from_secs(1);

impl JiraSim {
    /// Takes its addresses and begins to answer.
    ///
    /// # Errors
    /// When an address is taken, the time zone is unknown, or a project is named twice.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        arguments::check(&options.projects)?;
        let clock = Clock::system();
        let doors = Doors::open(options).await?;
        let about = About::of(options, &doors)?;
        let site = Site::new(setup(options, &about, clock.clone())?);
        if options.rough {
            site.faults(FaultPlan::rough());
        }
        if let Some(pace) = options.people {
            let until = clock.wall() + chrono::Duration::days(36_500);
            site.populate(People { pairs: arguments::pairs(&options.projects), until, pace });
        }
        let mut servers = JoinSet::new();
        servers.spawn(axum::serve(doors.site, site.router()).into_future());
        servers.spawn(axum::serve(doors.media, site.media_router()).into_future());
        servers.spawn(axum::serve(doors.control, site.control_router()).into_future());
        Ok(Self { site, clock, about, servers })
    }

    /// What one must know to use it.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Answers until `stop` is cancelled.
    ///
    /// # Errors
    /// When one of the servers gives up.
    pub async fn serve(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                Some(ended) = self.servers.join_next() => {
                    ended.context("a server broke")?.context("a server gave up")?;
                    anyhow::bail!("a server ended by itself");
                }
                () = self.clock.sleep(TICK) => self.site.settle(),
            }
        }
    }
}

/// The three places to listen.
struct Doors {
    site: TcpListener,
    media: TcpListener,
    control: TcpListener,
}

impl Doors {
    async fn open(options: &Options) -> anyhow::Result<Self> {
        let site = bind(options.listen, "--listen").await?;
        let beside = |offset| SocketAddr::new(options.listen.ip(), above(options.listen.port(), offset));
        let media = bind(options.media.unwrap_or(beside(1)), "--media").await?;
        let control = bind(options.control.unwrap_or(beside(2)), "--control").await?;
        Ok(Self { site, media, control })
    }
}

/// Any free port goes with any free port.
fn above(port: u16, offset: u16) -> u16 {
    if port == 0 { 0 } else { port.checked_add(offset).unwrap_or(0) }
}

async fn bind(address: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("can't listen on {address}; name another address with {option}"))
}

impl About {
    fn of(options: &Options, doors: &Doors) -> anyhow::Result<Self> {
        let url = |door: &TcpListener| anyhow::Ok(url(options.host.as_deref(), door.local_addr()?));
        let site = url(&doors.site)?;
        Ok(Self {
            flavour: if options.data_center { "datacenter" } else { "cloud" },
            flow: FlowFile::of(options, &site),
            url: site,
            media_url: url(&doors.media)?,
            control_url: url(&doors.control)?,
            email: options.email.clone(),
            token: options.token.clone(),
            person: PERSON,
        })
    }
}

/// The address to print: loopback for a server that listens on all addresses.
fn url(host: Option<&str>, address: SocketAddr) -> String {
    let found = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    match host {
        Some(host) => format!("http://{host}:{}", address.port()),
        None => format!("http://{}", SocketAddr::new(found, address.port())),
    }
}

fn setup(options: &Options, about: &About, clock: Clock) -> anyhow::Result<Setup> {
    let zone = options.time_zone.parse().ok();
    let zone =
        zone.with_context(|| format!("there is no time zone {:?}; try one as Europe/Berlin", options.time_zone))?;
    Ok(Setup {
        flavour: if options.data_center { Flavour::DataCenter } else { Flavour::Cloud },
        base_url: about.url.clone(),
        media_url: about.media_url.clone(),
        projects: options.projects.iter().map(project).collect(),
        accounts: vec![
            Account::new(BOT, "Lockstep", &options.email, &options.token, zone),
            Account::new(PERSON, "Ines", "ines@people.example", "", chrono_tz::UTC),
        ],
        index_lag: options.index_lag.range(),
        flicker: options.flicker,
        latency: options.latency.range(),
        limits: options.bursts.then(Limits::published),
        ..Setup::new(Arc::new(move || clock.wall()), options.seed)
    })
}

fn project(wanted: &ProjectArgument) -> Project {
    // As in Jira's own workflows: a user who resolves or closes may say how, and comment.
    let asks = |transition: Transition| transition.screen(Screen::of(&["resolution"]));
    let (name, workflow, types) = match wanted.side {
        Side::Customer => ("Customers of", Workflow::customer().changing("Resolve", asks), ["Support request", "Bug"]),
        Side::Development => ("Engineering of", Workflow::development().changing("Close", asks), ["Bug", "Task"]),
    };
    let issue_types = types.into_iter().map(str::to_owned).collect();
    Project { key: wanted.key.clone(), name: format!("{name} {}", wanted.key), workflow, issue_types }
}

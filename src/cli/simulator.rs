//! `lockstep jira-sim`: a simulated Jira as a server of its own.

use std::io::{self, Write};
use std::net::SocketAddr;

use anyhow::Context as _;
use clap::ValueEnum;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::signals::Signals;
use super::{Outcome, print_error};
use crate::demo::server::{About, JiraSim, Options, ProjectArgument, Span};

/// Serves a simulated Jira, to try flows out without an account, and to test against. Nothing of it is kept.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 stopped, 1 could not start, 2 wrong usage.\n\n\
                        A control address is served beside the site: it sets faults, holds and shows requests, and acts as \
                        the users. GET / on it lists what there is.")]
pub(super) struct Args {
    /// The kind of Jira
    #[arg(long, value_enum, default_value_t = Flavour::Cloud)]
    flavour: Flavour,
    /// Where the site listens; port 0 takes any
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2990")]
    listen: SocketAddr,
    /// Where downloads are served [default: one port above the site's]
    #[arg(long, value_name = "ADDR")]
    media: Option<SocketAddr>,
    /// Where the control interface listens; it has no authentication [default: two ports above the site's]
    #[arg(long, value_name = "ADDR")]
    control: Option<SocketAddr>,
    /// Host name used in URLs [default: the address listened on]
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Its projects, each customer or development; the first of one kind is paired with the first of the other
    #[arg(long, value_delimiter = ',', value_name = "KEY:KIND,…", default_value = "USER-A:customer,DEV-A:development")]
    projects: Vec<ProjectArgument>,
    /// Lets people work in the pairs, so many times as fast as in an office
    #[arg(long, value_name = "PACE", value_parser = pace)]
    people: Option<f64>,
    /// How long search takes to learn of a write, such as 2s or 1s..20s
    #[arg(long, value_name = "SPAN", default_value = "1s")]
    index_lag: Span,
    /// The chance, 0 to 1, that an issue vanishes from search for a moment
    #[arg(long, value_name = "CHANCE", default_value_t = 0.0, value_parser = chance)]
    flicker: f64,
    /// How long a request takes, such as 100ms or 20ms..300ms
    #[arg(long, value_name = "SPAN", default_value = "0ms")]
    latency: Span,
    /// Injects errors, lost answers and late effects
    #[arg(long)]
    rough: bool,
    /// Enforces the limits on bursts of requests that Atlassian publishes
    #[arg(long)]
    bursts: bool,
    /// The time zone of the account that programs use
    #[arg(long, value_name = "ZONE", default_value = "Asia/Ho_Chi_Minh")]
    time_zone: String,
    /// The e-mail address of that account
    #[arg(long, default_value = "lockstep@jira-sim.example")]
    email: String,
    /// Its API token; on Data Center its personal access token
    #[arg(long, default_value = "jira-sim-token-of-no-worth")]
    token: String,
    /// Says where it is on one line of JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Flavour {
    Cloud,
    #[value(name = "datacenter")]
    DataCenter,
}

pub(super) fn run(args: &Args) -> Outcome {
    match in_runtime(args) {
        Ok(()) => Outcome::Good,
        Err(error) => {
            print_error(format!("{error:#}"));
            Outcome::Bad
        }
    }
}

fn in_runtime(args: &Args) -> anyhow::Result<()> {
    Runtime::new().context("can't start the runtime")?.block_on(async {
        let stop = CancellationToken::new();
        let mut signals = tokio::task::JoinSet::new();
        signals.spawn(Signals::listen()?.then_cancel(stop.clone()));
        let jira = JiraSim::start(&args.options()).await?;
        let told = if args.json { serde_json::to_string(jira.about())? } else { welcome(jira.about())? };
        // A reader that went away does not need the addresses; the site is served all the same.
        let _ = writeln!(io::stdout(), "{told}");
        jira.serve(stop).await
    })
}

impl Args {
    fn options(&self) -> Options {
        Options {
            data_center: self.flavour == Flavour::DataCenter,
            listen: self.listen,
            media: self.media,
            control: self.control,
            host: self.host.clone(),
            seed: self.seed,
            projects: self.projects.clone(),
            people: self.people,
            index_lag: self.index_lag,
            flicker: self.flicker,
            latency: self.latency,
            rough: self.rough,
            bursts: self.bursts,
            time_zone: self.time_zone.clone(),
            email: self.email.clone(),
            token: self.token.clone(),
        }
    }
}

fn welcome(about: &About) -> anyhow::Result<String> {
    let About { flavour, url, media_url, control_url, email, token, person, flow } = about;
    let flow = match flow {
        Some(flow) => format!(
            "A flow for it. Save it as flows.d/jira-sim.json, and lockstep run will serve it:\n\n{}\n\n",
            serde_json::to_string_pretty(flow)?
        ),
        None => String::new(),
    };
    Ok(format!(
        "A simulated Jira ({flavour}).\n\n  \
           site       {url}\n  \
           downloads  {media_url}\n  \
           control    {control_url}\n  \
           account    {email}, token {token}\n  \
           person     {person}, for orders to the control address\n\n\
         {flow}Ctrl-C ends it, and nothing is kept.",
    ))
}

fn pace(text: &str) -> Result<f64, String> {
    let pace: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=1000.0).contains(&pace) { Ok(pace) } else { Err("between 0.1 and 1000, please".to_owned()) }
}

fn chance(text: &str) -> Result<f64, String> {
    let chance: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&chance) { Ok(chance) } else { Err("between 0 and 1, please".to_owned()) }
}

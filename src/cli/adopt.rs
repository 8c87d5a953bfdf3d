//! `lockstep adopt`: what the Node.js service left becomes the flows' own.

mod report;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use tokio::runtime::Runtime;

use super::{Outcome, complain, env};
use crate::clock::{Clock, Entropy};
use crate::config::{self, Around};
use crate::engine::Report;
use crate::flow::{Event, Flow, FlowName, Observer};
use crate::jira::Networks;
use crate::pulse::Pulse;
use crate::settings::{MongoUrl, Overrides, Settings, StoreUrl};
use crate::store::{Legacy, Manner, Opener, Process, Stores};
use crate::worker::Tools;

/// Takes over what the Node.js service left in MongoDB: reads each flow's database there, asks Jira for the issues behind
/// its keys, and writes both into the flow's own store. Jira is only read, and nothing that is there is removed. May be
/// run again: what is known already stays as it is. Stop that service first, and the daemon if it serves these flows.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 all was taken over; 1 a flow could not be, or its file is refused; 2 wrong usage."
)]
pub(super) struct Args {
    /// The flows [default: all]
    flow: Vec<FlowName>,
    /// The MongoDB of the Node.js service, such as mongodb://HOST
    #[arg(long, value_name = "URL")]
    from: String,
    /// The folder of flow files [default: $CONFIG_DIR, else flows.d]
    #[arg(long, value_name = "DIR")]
    flows: Option<PathBuf>,
    /// The flows' own store, such as sqlite:./data or mongodb://HOST [default: $DATABASE_URL, else sqlite:./data]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Say what would be taken over, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let overrides = Overrides { flows: args.flows.clone(), store: args.store.clone(), ..Overrides::default() };
    let (settings, from) = match (Settings::from_env(&env, &overrides), args.from.parse::<MongoUrl>()) {
        (Ok(settings), Ok(from)) => (settings, from),
        (Err(wrong), _) => return wrong_usage(wrong),
        (_, Err(no)) => return wrong_usage(format!("--from: {no}")),
    };
    let adopted = Runtime::new()
        .context("can't start the runtime")
        .and_then(|runtime| runtime.block_on(adopt(args, &settings, &from)));
    match adopted {
        Ok(outcome) => outcome,
        Err(error) => {
            complain(format!("{error:#}"));
            Outcome::Bad
        }
    }
}

fn wrong_usage(why: impl std::fmt::Display) -> Outcome {
    complain(why);
    Outcome::WrongUsage
}

async fn adopt(args: &Args, settings: &Settings, from: &MongoUrl) -> anyhow::Result<Outcome> {
    let (flows, mut outcome) = flows(args, settings)?;
    // A dry run does the same, into a store that nobody keeps.
    let nowhere = tempfile::tempdir().context("can't make a temporary folder")?;
    let heir = heir(args, settings, nowhere.path().to_owned())?;
    let mut taken = Vec::new();
    for flow in flows {
        let name = flow.name.clone();
        match take_over(args, &heir, flow, from).await {
            Ok(report) => taken.push((name, report)),
            Err(error) => {
                complain(format!("flow {name}: {error:#}"));
                outcome = Outcome::Bad;
            }
        }
    }
    // A reader that went away (`| head`) has seen what it wanted; the exit code still tells.
    let _ = show(args, &taken, &mut io::stdout().lock());
    Ok(outcome)
}

/// The flows that are meant; those whose files are refused are complained of.
fn flows(args: &Args, settings: &Settings) -> anyhow::Result<(Vec<Flow>, Outcome)> {
    let around = Around { env: &env, file: &config::beside, default_interval: settings.interval };
    let mut outcome = Outcome::Good;
    let mut flows = Vec::new();
    for verdict in config::set(&config::scan(&settings.flows)?, &[], &around) {
        match verdict.outcome {
            Ok(checked) => flows.push(checked.flow),
            Err(problems) => {
                problems.iter().for_each(complain);
                outcome = Outcome::Bad;
            }
        }
    }
    if let Some(unknown) = args.flow.iter().find(|name| !flows.iter().any(|flow| flow.name == **name)) {
        bail!("there is no flow {unknown} in {}", settings.flows.display());
    }
    flows.retain(|flow| args.flow.is_empty() || args.flow.contains(&flow.name));
    if flows.is_empty() {
        bail!("there are no flows in {}; name their folder with --flows", settings.flows.display());
    }
    Ok((flows, outcome))
}

/// Takes flows over, one after the other.
struct Heir {
    stores: Arc<Stores>,
    tools: Tools,
}

fn heir(args: &Args, settings: &Settings, nowhere: PathBuf) -> anyhow::Result<Heir> {
    let (clock, entropy) = (Clock::system(), Entropy::system()?);
    let store = if args.dry_run { StoreUrl::Sqlite(nowhere) } else { settings.store.clone() };
    let process = Process::this(&clock, &entropy);
    let stores = Arc::new(Stores::new(store, Manner::production(), process, clock.clone())?);
    let tools = Tools {
        clock,
        entropy,
        opener: Arc::clone(&stores) as Arc<dyn Opener>,
        transports: Arc::new(Networks::default()),
        budgets: Arc::default(),
        observer: Arc::new(Nobody),
    };
    Ok(Heir { stores, tools })
}

/// What happens to single issues is in the report, and in the flow's history.
struct Nobody;

impl Observer for Nobody {
    fn see(&self, _: Option<&FlowName>, _: &Event) {}
}

async fn take_over(args: &Args, heir: &Heir, mut flow: Flow, from: &MongoUrl) -> anyhow::Result<Report> {
    let legacy = only(heir.stores.legacies(from, &flow).await?, from)?;
    if args.dry_run {
        flow.database.at = None;
    }
    let pulse = Pulse::new(flow.name.as_str(), heir.tools.clock.clone(), None);
    Ok(heir.tools.take_over(&Arc::new(flow), &pulse, &legacy).await?)
}

/// That service's databases were named in two ways; nobody but a person can tell which of two is right.
fn only(mut found: Vec<Legacy>, from: &MongoUrl) -> anyhow::Result<Legacy> {
    match (found.pop(), found.pop()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(anyhow!("the Node.js service has no database for it at {from}")),
        (Some(one), Some(other)) => Err(anyhow!(
            "the Node.js service has two databases for it, {} and {}: name the right one in --from, as in \
             mongodb://HOST/NAME",
            other.place,
            one.place
        )),
    }
}

fn show(args: &Args, taken: &[(FlowName, Report)], out: &mut dyn Write) -> io::Result<()> {
    if args.json {
        return report::json(taken, args.dry_run, out);
    }
    taken.iter().try_for_each(|(flow, taken)| report::text(flow, taken, out))?;
    if args.dry_run { writeln!(out, "dry run: nothing was written") } else { Ok(()) }
}

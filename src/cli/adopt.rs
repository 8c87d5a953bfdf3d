//! `lockstep adopt`: takes over what the Node.js service left in MongoDB.

mod program;
mod rehearsal;
mod report;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::flows::{Folder, Place};
use super::text::Screen;
use super::{Outcome, print_error, print_note};
use crate::clock::{Clock, Entropy};
use crate::engine::Report;
use crate::files;
use crate::flow::{Event, Flow, FlowName, Observer};
use crate::jira::{AnswerMemory, Networks, Parsing};
use crate::pulse::Pulse;
use crate::settings::{MongoUrl, Settings, StoreUrl};
use crate::store::{Found, Legacy, Manner, Opener, Process, Stores, mongo_url};
use crate::worker::Tools;

/// A service that wrote within this time may still run: twice its usual interval.
const RECENTLY: Duration = Duration::from_secs(600);

/// How often progress is printed.
const BETWEEN_REMARKS: Duration = Duration::from_secs(2);

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
    #[arg(long, value_name = "URL", required_unless_present = "from_file")]
    from: Option<String>,
    /// The file with that address, for one with a password
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    from_file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Say what would be taken over, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// For programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    match origin(args) {
        Ok(from) => args.place.run(async |settings| adopt(args, settings, &from).await),
        Err(why) => {
            print_error(why);
            Outcome::WrongUsage
        }
    }
}

/// The address of the Node.js service's data. Not parsed by clap, which would print the password in its errors.
fn origin(args: &Args) -> Result<MongoUrl, String> {
    if let Some(file) = &args.from_file {
        let place = file.display();
        let line = files::secret_line(file).map_err(|why| format!("--from-file: the file {place} {why}"))?;
        let open = line.open_to_others.map(files::others_have_access);
        open.into_iter().for_each(|open| print_note(format!("--from-file: the file {place}: {open}")));
        return mongo_url(&line.text).map_err(|no| format!("--from-file: {no}"));
    }
    let from = mongo_url(args.from.as_deref().unwrap_or_default()).map_err(|no| format!("--from: {no}"))?;
    if from.has_password() {
        print_note(
            "--from: every user of this machine sees its password in the list of processes; write the address into a file \
             and name that in --from-file",
        );
    }
    Ok(from)
}

async fn adopt(args: &Args, settings: &Settings, from: &MongoUrl) -> anyhow::Result<Outcome> {
    let (flows, mut outcome) = flows(args, settings)?;
    // A dry run does the same, into a store that is thrown away.
    let scratch = tempfile::tempdir().context("can't make a temporary folder")?;
    let takeover = takeover(args, settings, scratch.path().to_owned())?;
    let mut taken = Vec::new();
    for flow in flows {
        let name = flow.name.clone();
        match take_over(&takeover, flow, from).await {
            Ok(report) => taken.push((name, report)),
            Err(error) => {
                print_error(format!("flow {name}: {error:#}"));
                outcome = Outcome::Bad;
            }
        }
    }
    // A reader that went away (`| head`) has seen what it wanted; the exit code still tells.
    let _ = show(args, &taken, &mut Screen::new(io::stdout().lock(), args.json));
    Ok(outcome)
}

/// The flows to take over; prints an error for each refused file.
fn flows(args: &Args, settings: &Settings) -> anyhow::Result<(Vec<Flow>, Outcome)> {
    let mut folder = Folder::read(settings)?;
    if !args.flow.is_empty() {
        let named: BTreeSet<_> = args.flow.iter().collect();
        let flows = named.into_iter().map(|name| folder.take(name, settings)).collect::<anyhow::Result<_>>()?;
        return Ok((flows, Outcome::Good));
    }
    folder.problems.iter().for_each(print_error);
    if folder.flows.is_empty() {
        bail!(
            "there are no flows in {} that could be taken over; name their folder with --flows",
            settings.flows.display()
        );
    }
    let outcome = if folder.problems.is_empty() { Outcome::Good } else { Outcome::Bad };
    Ok((folder.flows, outcome))
}

/// Takes flows over, one after the other.
struct Takeover {
    stores: Arc<Stores>,
    tools: Tools,
    /// In a dry run, the stores that the flows really have.
    own: Option<Stores>,
}

fn takeover(args: &Args, settings: &Settings, scratch: PathBuf) -> anyhow::Result<Takeover> {
    let (clock, entropy) = (Clock::system(), Entropy::system()?);
    let store = if args.dry_run { StoreUrl::Sqlite(scratch) } else { settings.store.clone() };
    let process = Process::this(&clock, &entropy);
    let look = |store| Stores::to_look(store, Manner::production(), process.clone(), clock.clone());
    let own = args.dry_run.then(|| look(settings.store.clone()));
    let stores = Arc::new(Stores::new(store, Manner::production(), process.clone(), clock.clone())?);
    let tools = Tools {
        clock,
        entropy,
        opener: Arc::clone(&stores) as Arc<dyn Opener>,
        transports: Arc::new(Networks::through(settings.proxies.clone())),
        budgets: Arc::default(),
        claims: Arc::default(),
        answers: AnswerMemory::new(settings.answer_memory, Parsing::Blocking),
        observer: Arc::new(Unobserved),
    };
    Ok(Takeover { stores, tools, own })
}

/// What happens to single issues is in the report, and in the flow's history.
struct Unobserved;

impl Observer for Unobserved {
    fn see(&self, _: Option<&FlowName>, _: &Event) {}
}

async fn take_over(takeover: &Takeover, mut flow: Flow, from: &MongoUrl) -> anyhow::Result<Report> {
    let found = takeover.stores.legacies(from, &flow).await?;
    warn_if_hidden(&flow.name, &found);
    let legacy = only(found, from, &flow)?;
    if let Some(own) = &takeover.own {
        let own = own.read(&flow);
        flow.database.at = None;
        rehearsal::furnish(&*own, &takeover.stores, &flow, &takeover.tools.clock).await?;
    }
    warn_if_written(&flow.name, &legacy, takeover.tools.clock.wall());
    let pulse = Pulse::new(flow.name.as_str(), takeover.tools.clock.clone(), None);
    let name = flow.name.clone();
    let progress = Progress::new(&takeover.tools.clock, &name, legacy.pairs.len());
    Ok(takeover.tools.take_over((&Arc::new(flow), &pulse), &legacy, &|seen| progress.tell(seen)).await?)
}

/// A database that may not be read is passed over when there is another one.
fn warn_if_hidden(flow: &FlowName, found: &Found) {
    if let (Some(legacy), [_, ..]) = (found.legacies.first(), &found.hidden[..]) {
        let hidden = found.hidden.join(", ");
        print_note(format!(
            "{flow}: the user in --from may not read the database {hidden}; {} is taken over",
            legacy.place
        ));
    }
}

/// What that service writes after this is not taken over.
fn warn_if_written(flow: &FlowName, legacy: &Legacy, now: DateTime<Utc>) {
    let age = legacy.last_written.and_then(|last| (now - last).to_std().ok());
    if let Some(age) = age.filter(|age| *age < RECENTLY) {
        let ago = age.as_secs();
        print_note(format!("{flow}: {} was written {ago} s ago; is the Node.js service stopped?", legacy.place));
    }
}

/// Prints now and then how far a long takeover has come.
struct Progress<'a> {
    clock: &'a Clock,
    flow: &'a FlowName,
    pairs: usize,
    told: Mutex<Instant>,
}

impl<'a> Progress<'a> {
    fn new(clock: &'a Clock, flow: &'a FlowName, pairs: usize) -> Self {
        Self { clock, flow, pairs, told: Mutex::new(clock.now()) }
    }

    fn tell(&self, seen: usize) {
        let mut told = self.told.lock();
        let now = self.clock.now();
        if now.duration_since(*told) >= BETWEEN_REMARKS {
            print_note(format!("{}: {seen} of {} pairs looked at", self.flow, self.pairs));
            *told = now;
        }
    }
}

/// The one database that the service left. It named its databases in two ways: of two, only the user can tell the right one.
fn only(mut found: Found, from: &MongoUrl, flow: &Flow) -> anyhow::Result<Legacy> {
    match (found.legacies.pop(), found.legacies.pop()) {
        (Some(one), None) => Ok(one),
        (None, _) if !found.hidden.is_empty() => Err(anyhow!(
            "whether the Node.js service left something for it at {from} can't be told: the user in --from has no right to \
             read the database {}; grant it the role read there, or name another user; if the data has another name, give \
             that in --from, as in mongodb://HOST/NAME",
            found.hidden.join(" or ")
        )),
        (None, _) => Err(anyhow!(
            "the Node.js service left nothing for it at {from}, neither in a database {} nor in {}; if it has another name, \
             give that in --from, as in mongodb://HOST/NAME",
            flow.name,
            flow.name.database()
        )),
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
        return program::json(taken, args.dry_run, out);
    }
    taken.iter().try_for_each(|(flow, taken)| report::text(flow, taken, args.dry_run, out))?;
    match (taken.is_empty(), args.dry_run) {
        (true, _) => Ok(()),
        (false, true) => writeln!(out, "Nothing was written: this was a dry run."),
        (false, false) => writeln!(out, "Keep the Node.js service stopped, and start `lockstep run` with this store."),
    }
}

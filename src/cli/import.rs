//! `lockstep import`: reads an export into the store of a flow.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::flows::{Folder, Place};
use super::{Outcome, print_note};
use crate::clock::{Clock, Entropy};
use crate::flow::{Flow, FlowName};
use crate::pulse::Pulse;
use crate::settings::Settings;
use crate::store::{Import, ImportError, Manner, Opener as _, Process, Store, Stores, Tally};

/// Reads what `lockstep export` wrote into a store that has no data of the flow. Nothing is written unless all of it is
/// sound. Stop the daemon first, if it serves the flow.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 all is there; 1 the export is refused, the flow has data already, or something can't be \
                        read or written; 2 wrong usage."
)]
pub(super) struct Args {
    /// The flow
    flow: FlowName,
    /// The file to read [default: standard input]
    #[arg(long = "in", value_name = "FILE")]
    from: Option<PathBuf>,
    /// The flow that the export is of, if it had another name then
    #[arg(long, value_name = "FLOW")]
    of: Option<FlowName>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &Args) -> Outcome {
    args.place.run(async |settings| import(args, settings).await)
}

async fn import(args: &Args, settings: &Settings) -> anyhow::Result<Outcome> {
    let flow = Folder::read(settings)?.take(&args.flow, settings)?;
    let export = Import::check(opened(args)?)?;
    refuse_other(args, export.flow())?;
    let at = export.at();
    let clock = Clock::system();
    let process = Process::this(&clock, &Entropy::system()?);
    let stores = Stores::new(settings.store.clone(), Manner::production(), process, clock.clone())?;
    let tally = written(&stores, &flow, &clock, export).await?;
    print_note(format!("imported {} as it was at {}: {tally}", flow.name, at.format("%Y-%m-%d %H:%M:%S UTC")));
    Ok(Outcome::Good)
}

/// The export as a file that can be read twice.
fn opened(args: &Args) -> anyhow::Result<File> {
    if let Some(path) = &args.from {
        return File::open(path).with_context(|| format!("can't read {}", path.display()));
    }
    let mut file = tempfile::tempfile().context("can't make a temporary file")?;
    io::copy(&mut io::stdin().lock(), &mut file).context("can't read standard input")?;
    Ok(file)
}

/// Another flow's pairs would be taken for those of this one.
fn refuse_other(args: &Args, of: &FlowName) -> anyhow::Result<()> {
    let (flow, expected) = (&args.flow, args.of.as_ref().unwrap_or(&args.flow));
    if of != expected {
        bail!(
            "the export is of the flow {of}, not of {expected}; if {flow} is the same flow under a new name, say `--of {of}`"
        );
    }
    Ok(())
}

/// Writes an export into the flow's store, as a worker would: no other one writes meanwhile.
pub(super) async fn written(stores: &Stores, flow: &Flow, clock: &Clock, export: Import) -> Result<Tally, ImportError> {
    let backend = stores.open(flow);
    let pulse = Pulse::new(flow.name.as_str(), clock.clone(), None);
    let end = async {
        let store = Store::open(Arc::clone(&backend), pulse).await?;
        export.write(&store).await
    };
    let end = end.await;
    backend.close().await;
    backend.drained().await;
    end
}

//! `lockstep export`: all that is kept of a flow, as JSON lines.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use super::flows::{Folder, Place};
use super::{Outcome, remark};
use crate::clock::{Clock, Entropy};
use crate::flow::FlowName;
use crate::settings::Settings;
use crate::store::{Export, Manner, Opener as _, Process, Reader, Stores, Tally};

/// Writes all that is kept of a flow as JSON lines: to keep it, or to read it into another store with `lockstep import`.
/// The daemon may go on; what it does meanwhile may be in the export or not. No secret is in it.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 all was written; 1 there is no such flow, or something can't be read or written; 2 \
                        wrong usage."
)]
pub(super) struct Args {
    /// The flow
    flow: FlowName,
    /// The file to write, which appears when it is whole [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &Args) -> Outcome {
    args.place.run(async |settings| export(args, settings).await)
}

async fn export(args: &Args, settings: &Settings) -> anyhow::Result<Outcome> {
    let flow = Folder::read(settings)?.take(&args.flow, settings)?;
    let clock = Clock::system();
    let process = Process::this(&clock, &Entropy::system()?);
    let stores = Stores::to_look(settings.store.clone(), Manner::production(), process, clock.clone());
    let source = Source { reader: &*stores.read(&flow), flow: &flow.name, clock };
    let written = match &args.out {
        Some(file) => source.into_file(file).await?,
        None => Export::new(source.reader, &mut io::stdout().lock()).write(source.flow, source.clock.wall()).await?,
    };
    remark(format!("exported {}: {written}", flow.name));
    Ok(Outcome::Good)
}

/// A flow's store.
struct Source<'a> {
    reader: &'a dyn Reader,
    flow: &'a FlowName,
    clock: Clock,
}

impl Source<'_> {
    /// The file is in its place when all is in it, and readable for nobody else.
    async fn into_file(self, file: &Path) -> anyhow::Result<Tally> {
        let what = || format!("can't write {}", file.display());
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let draft = NamedTempFile::new_in(folder).with_context(what)?;
        let mut out = BufWriter::new(draft);
        let tally = Export::new(self.reader, &mut out).write(self.flow, self.clock.wall()).await?;
        out.flush().with_context(what)?;
        let draft = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(what)?;
        draft.as_file().sync_all().with_context(what)?;
        draft.persist(file).with_context(what)?;
        Ok(tally)
    }
}

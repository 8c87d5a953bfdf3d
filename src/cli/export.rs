//! `lockstep export`: writes the data of a flow as JSON lines.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::NamedTempFile;

use super::flows::{Folder, Place};
use super::text::Screen;
use super::{Outcome, print_note};
use crate::clock::{Clock, Entropy};
use crate::flow::FlowName;
use crate::settings::Settings;
use crate::store::{Export, Manner, Opener as _, Process, Read, Stores, Tally};

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
        None => source.into_output().await?,
    };
    print_note(format!("exported {}: {written}", flow.name));
    Ok(Outcome::Good)
}

/// A flow's store.
struct Source<'a> {
    reader: &'a dyn Read,
    flow: &'a FlowName,
    clock: Clock,
}

impl Source<'_> {
    /// On a terminal, what others wrote is escaped, which means the same.
    async fn into_output(self) -> anyhow::Result<Tally> {
        let out = io::stdout().lock();
        let mut out: Box<dyn Write> = if out.is_terminal() { Box::new(Screen::new(out, true)) } else { Box::new(out) };
        Ok(Export::new(self.reader, &mut *out).write(self.flow, self.clock.wall()).await?)
    }

    /// The file is in its place when all is in it. A new one is for this user alone; one that is there keeps its mode and
    /// its owner.
    async fn into_file(self, file: &Path) -> anyhow::Result<Tally> {
        let what = || format!("can't write {}", file.display());
        // A link stays, and what it leads to is replaced.
        let target = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let former = former(&target).with_context(what)?;
        let file = &*target;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let draft = NamedTempFile::new_in(folder).with_context(what)?;
        let mut out = BufWriter::new(draft);
        let tally = Export::new(self.reader, &mut out).write(self.flow, self.clock.wall()).await?;
        out.flush().with_context(what)?;
        let draft = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(what)?;
        keep_access(draft.as_file(), former.as_ref()).with_context(what)?;
        draft.as_file().sync_all().with_context(what)?;
        draft.persist(file).with_context(what)?;
        Ok(tally)
    }
}

/// The file that is there already, if there is one.
fn former(file: &Path) -> anyhow::Result<Option<Metadata>> {
    match fs::metadata(file) {
        Ok(found) if found.is_file() => Ok(Some(found)),
        Ok(_) => bail!("it is there and no regular file"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives a new file the mode and the owner of the one that it will replace.
fn keep_access(new: &File, former: Option<&Metadata>) -> anyhow::Result<()> {
    let Some(former) = former else { return Ok(new.set_permissions(Permissions::from_mode(0o600))?) };
    let present = new.metadata()?;
    if (present.uid(), present.gid()) != (former.uid(), former.gid()) {
        fchown(new, Some(former.uid()), Some(former.gid()))
            .context("it belongs to another user or group; write to another file")?;
    }
    Ok(new.set_permissions(former.permissions())?)
}

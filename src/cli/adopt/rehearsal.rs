//! A dry run: the same takeover, into a store that is thrown away.

use std::io::{BufWriter, Write as _};

use anyhow::Context as _;

use crate::cli::{import, print_note};
use crate::clock::Clock;
use crate::flow::Flow;
use crate::store::{Error, Export, Import, Read, Revision, Stores};

/// Puts what the flow's own store has into the store of a dry run, so that this one knows what that one knows. The own
/// store is only looked into, and may be in use.
pub(super) async fn furnish(own: &dyn Read, stores: &Stores, flow: &Flow, clock: &Clock) -> anyhow::Result<()> {
    match own.state().await {
        Ok(state) if state.revision == Revision::default() => return Ok(()),
        Ok(_) => {}
        Err(nothing @ Error::Unavailable { .. }) => {
            print_note(format!("{}: taken as new: {nothing}", flow.name));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    }
    let mut copy = BufWriter::new(tempfile::tempfile().context("can't make a temporary file")?);
    Export::new(own, &mut copy).write(&flow.name, clock.wall()).await?;
    copy.flush()?;
    import::written(stores, flow, clock, Import::check(copy.into_inner()?)?).await?;
    Ok(())
}

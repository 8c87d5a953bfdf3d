//! Looking again at dev issues that name user issues under addresses which are not known as the site's
//! (docs/sync.md, "Another address").

use crate::engine::cx::{Cx, Error};
use crate::engine::handle;
use crate::engine::look::adopt::survey;
use crate::engine::look::observe;
use crate::engine::past::Past;
use crate::engine::write;
use crate::flow::Side;
use crate::jira::BATCH;
use crate::store::State;

/// Looks at all dev issues without a pair that name user issues, when a worker begins and then once a day, if some of
/// them did that under another address: perhaps the flow file lists it by now. Those that are left are counted.
pub(super) async fn look_at_other_addresses(cx: &Cx, state: State, past: Past) -> Result<State, Error> {
    let now = cx.clock.now();
    if !cx.memory.other_addresses.is_look_due(now) {
        return Ok(state);
    }
    let claimants: Vec<_> = survey::survey_all(cx).await?.into_iter().collect();
    cx.memory.other_addresses.begin_look(now);
    for some in claimants.chunks(BATCH) {
        let read = observe::fetch_all(cx, &some.iter().cloned().collect()).await?;
        let devs = read.issues.into_values().map(|dev| (dev.at.id.clone(), (Side::Dev, dev.at)));
        handle::handle_candidates(cx, devs.collect(), past).await?;
    }
    match cx.memory.other_addresses.are_seen() {
        true => Ok(state),
        false => write::commit(cx, State { named_elsewhere: false, ..state }).await,
    }
}

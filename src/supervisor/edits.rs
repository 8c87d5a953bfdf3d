//! How often a flow starts anew because its file changes: a few times in a row for a person at work on it, and then at a
//! steady pace for a program that writes it all the time.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::flow::FlowName;

/// So many starts may follow one another at once.
const IN_A_ROW: u32 = 3;

/// Each start is made up for by so much time without one.
pub(super) const PACE: Duration = Duration::from_secs(10);

/// The starts of flows that their files are to blame for. Flows that come and go are remembered by their names.
#[derive(Default)]
pub(super) struct Edits(BTreeMap<FlowName, Instant>);

impl Edits {
    /// When the flow may start, if that is not now.
    pub(super) fn not_before(&self, flow: &FlowName, now: Instant) -> Option<Instant> {
        let made_up_for = self.0.get(flow)?;
        let at = made_up_for.checked_sub(PACE * (IN_A_ROW - 1))?;
        (at > now).then_some(at)
    }

    /// The flow starts now.
    pub(super) fn started(&mut self, flow: &FlowName, now: Instant) {
        self.0.retain(|_, made_up_for| *made_up_for > now);
        let made_up_for = self.0.entry(flow.clone()).or_insert(now);
        *made_up_for += PACE;
    }
}

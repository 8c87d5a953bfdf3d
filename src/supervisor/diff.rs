//! Comparing the flows that are wanted with those that run: a pure function, so that every case fits in a table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::flow::{Flow, FlowName};

/// Flows by name.
pub type Flows = BTreeMap<FlowName, Arc<Flow>>;

/// What has to happen to one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is wanted and does not run.
    Start,
    /// It runs, but its meaning has changed.
    Restart,
    /// It runs and is no longer wanted.
    Stop,
    /// It runs as it should.
    Keep,
}

/// Compares by meaning ([`Flow`]'s equality): where a flow's file lies and how it is laid out plays no part.
#[must_use]
pub fn diff(wanted: &Flows, running: &Flows) -> BTreeMap<FlowName, Change> {
    let names: BTreeSet<_> = wanted.keys().chain(running.keys()).collect();
    let compare = |name: &FlowName| match (wanted.get(name), running.get(name)) {
        (Some(wanted), Some(running)) if wanted == running => Change::Keep,
        (Some(_), Some(_)) => Change::Restart,
        (Some(_), None) => Change::Start,
        (None, _) => Change::Stop,
    };
    names.into_iter().map(|name| (name.clone(), compare(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::testing::flow;

    #[test]
    fn only_what_differs_in_meaning_changes() {
        let flows = |of: &[(&str, u64)]| -> Flows {
            of.iter().map(|(name, minutes)| flow(name, *minutes)).map(|flow| (flow.name.clone(), flow)).collect()
        };
        use Change::{Keep, Restart, Start, Stop};
        let check = |wanted: &[(&str, u64)], running: &[(&str, u64)], expected: &[(&str, Change)]| {
            let changes = diff(&flows(wanted), &flows(running));
            let changes: Vec<_> = changes.iter().map(|(name, change)| (name.as_str(), *change)).collect();
            assert_eq!(changes, expected, "{wanted:?} against {running:?}");
        };
        check(&[], &[], &[]);
        check(&[("a", 5)], &[], &[("a", Start)]);
        check(&[("a", 5)], &[("a", 5)], &[("a", Keep)]);
        check(&[("a", 1)], &[("a", 5)], &[("a", Restart)]);
        check(&[], &[("a", 5)], &[("a", Stop)]);
        check(
            &[("a", 5), ("b", 1), ("d", 5)],
            &[("a", 5), ("b", 5), ("c", 5)],
            &[("a", Keep), ("b", Restart), ("c", Stop), ("d", Start)],
        );
    }
}

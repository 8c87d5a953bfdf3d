//! `table.md` is the specification of `plan`; these tests hold the one to the other.

mod notation;
mod table;

use super::*;
use crate::flow::{IntentKind, Step};
use table::Row;

#[test]
fn every_row_of_the_table_is_decided_as_it_says() {
    let rows = table::rows();
    let failures: Vec<_> = rows.iter().flat_map(failures).collect();
    assert!(failures.is_empty(), "{} of {} rows:\n{}", failures.len(), rows.len(), failures.join("\n"));
    assert!(rows.len() > 200, "only {} rows were read", rows.len());
}

fn failures(row: &Row) -> Vec<String> {
    let plan = plan(&row.rules, &row.seen);
    let said = [(&row.plan, notation::words(&plan)), (&row.changed, notation::sides(&plan.changed))];
    let wrong = said.into_iter().filter(|(expected, said)| expected.as_ref().is_some_and(|expected| expected != said));
    wrong.map(|(_, said)| format!("table.md:{}: {}\n  but plan says: {said}", row.line, row.text)).collect()
}

#[test]
fn every_draft_is_whole_and_names_its_source() {
    for row in table::rows() {
        let plan = plan(&row.rules, &row.seen);
        assert!(plan.hold.is_none() || (plan.draft.is_none() && plan.lost.is_none()), "{}", row.text);
        if let Some(draft) = plan.draft {
            let moved = draft.steps.iter().find_map(|step| moved(step, &row.seen));
            let source = moved.map_or(Side::User, Side::other);
            assert_eq!((draft.source, draft.kind == IntentKind::Mirror), (source, moved.is_some()), "{}", row.text);
            assert!(!draft.steps.is_empty(), "{}", row.text);
        }
    }
}

/// The side that a step moves; from where it stands.
fn moved(step: &Step, seen: &Observed) -> Option<Side> {
    let (Step::Transition(step), Observed::Paired { user, dev, .. }) = (step, seen) else { return None };
    let target = if step.side == Side::User { user } else { dev };
    assert_eq!(step.from, target.issue.status);
    Some(step.side)
}

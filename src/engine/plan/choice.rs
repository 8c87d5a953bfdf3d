//! Which rule a status has.

use crate::flow::{Rule, Rules, Side, StatusMatch, StatusName};

/// Whether the issue that a rule looks at has a counterpart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Paired {
    Yes,
    No,
}

/// The first rule in order that looks at `side` and names `status`; else the first for any status, unless `status` is
/// named by some rule or is intermediate. A rule that needs a counterpart is passed over where there is none.
///
/// Whether it acts on changes only has no say in this: drift must not be mended towards what another rule wants than the
/// one that answers a change.
pub(super) fn rule_for<'a>(rules: &'a Rules, side: Side, status: &StatusName, paired: Paired) -> Option<&'a Rule> {
    let of_side = || rules.in_order.iter().filter(move |rule| rule.from.includes(side));
    let names = |rule: &&Rule| matches!(&rule.on, StatusMatch::Named(named) if named == status);
    let fits = |rule: &&Rule| paired == Paired::Yes || !rule.requires_pair;
    if of_side().any(|rule| names(&rule)) {
        return of_side().filter(names).find(fits);
    }
    if is_intermediate(rules, side, status) {
        return None;
    }
    of_side().filter(|rule| rule.on == StatusMatch::Any).find(fits)
}

/// Whether only a rule that names `status` may act on it.
pub(super) fn is_intermediate(rules: &Rules, side: Side, status: &StatusName) -> bool {
    side == Side::Dev && rules.intermediate.contains(status)
}

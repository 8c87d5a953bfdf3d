//! Reads candidates and what belongs to them afresh.

pub(super) mod adopt;
pub(super) mod observe;
pub(super) mod projects;
pub(super) mod site;
pub(super) mod statuses;
pub(super) mod units;

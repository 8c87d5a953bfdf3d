//! Finds candidates: what a cycle does, and the searches by which it does it.

pub(super) mod full;
pub(super) mod incremental;
pub(super) mod mode;
pub(super) mod patrol;
pub(super) mod progress;
pub(super) mod short;

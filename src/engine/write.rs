//! The only writer: intents, their steps, and what becomes of them.

pub(super) mod bulk;
pub(super) mod executor;
pub(super) mod failing;
pub(super) mod failures;
pub(super) mod linking;
pub(super) mod marks;
pub(super) mod outcome;
pub(super) mod owing;
pub(super) mod pairs;
pub(super) mod recovery;
pub(super) mod steps;
pub(super) mod types;

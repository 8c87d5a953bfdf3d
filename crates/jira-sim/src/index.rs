//! The search index: what search believes, which is older than what is true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::issue::Issue;

/// For each issue that search can find, the version it knows.
#[derive(Default)]
pub(super) struct Index {
    known: BTreeMap<u64, Arc<Issue>>,
    /// Deleted issues, which a late indexing of an old version must not bring back.
    buried: BTreeSet<u64>,
}

impl Index {
    pub(super) fn rows(&self) -> impl Iterator<Item = &Arc<Issue>> {
        self.known.values()
    }

    /// The same, to be changed.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut Arc<Issue>> {
        self.known.values_mut()
    }

    /// Learns a version, unless a newer one is known already.
    pub(super) fn learn(&mut self, version: Arc<Issue>) {
        if self.is_news(&version) {
            self.known.insert(version.id, version);
        }
    }

    /// Whether learning this version would change anything.
    pub(super) fn is_news(&self, version: &Issue) -> bool {
        let newer = self.known.get(&version.id).is_none_or(|known| known.version < version.version);
        newer && !self.buried.contains(&version.id)
    }

    /// Forgets an issue for the moment; a later version brings it back.
    pub(super) fn lose(&mut self, id: u64) {
        self.known.remove(&id);
    }

    /// Forgets a deleted issue for good.
    pub(super) fn bury(&mut self, id: u64) {
        self.lose(id);
        self.buried.insert(id);
    }
}

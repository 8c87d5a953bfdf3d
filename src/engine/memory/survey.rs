//! What dev issues say of whom they belong to.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::{IntentId, IssueId, JiraTime};

/// What the dev project was seen to say of user issues without a pair, for the life of the worker.
#[derive(Debug)]
pub(in crate::engine) struct Survey {
    /// Every dev issue created from then on was looked at...
    pub from: JiraTime,
    /// ...until then. What came later is looked at before each create.
    pub until: JiraTime,
    pub claims: Claims,
}

/// What dev issues say of whom they belong to.
#[derive(Debug, Default)]
pub(in crate::engine) struct Claims {
    /// By user issue, the dev issues that name it.
    pub of: BTreeMap<IssueId, BTreeSet<IssueId>>,
    /// By intent, the dev issues that it marked under an address that is not known as this site's: ids may have shifted on
    /// the way from there.
    pub by_intent: BTreeMap<IntentId, BTreeSet<IssueId>>,
    /// Those that can't be read although Jira is there, or whose user issue can't be, with their names for people: they
    /// may belong to anybody.
    pub unread: BTreeMap<IssueId, String>,
}

impl Claims {
    /// How many are remembered.
    pub(in crate::engine) fn len(&self) -> usize {
        self.of.len() + self.by_intent.len()
    }

    /// The dev issues that may belong to a user issue.
    pub(in crate::engine) fn on<'a>(
        &'a self,
        user: &IssueId,
        linked_by: Option<&IntentId>,
    ) -> impl Iterator<Item = &'a IssueId> {
        let by_intent = linked_by.and_then(|intent| self.by_intent.get(intent));
        self.of.get(user).into_iter().chain(by_intent).flatten()
    }

    /// All dev issues that name any.
    pub(in crate::engine) fn all(&self) -> BTreeSet<IssueId> {
        self.of.values().chain(self.by_intent.values()).flatten().cloned().collect()
    }
}

//! What is known of open intents without asking the store: which issues they hold, and which links wait.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::{Mutex, MutexGuard};

use crate::flow::{Intent, IssueId, Pair, Side, StatusId};

/// The issues of open intents.
#[derive(Default)]
pub(in crate::engine) struct OpenIntents {
    /// The issues, of both sides, that an open intent is about: nothing else may be planned for them.
    busy: Mutex<BTreeSet<(Side, IssueId)>>,
    /// The user issues that are owed a link, with the status in which they could not be edited; the store has them too.
    owed_links: Mutex<BTreeMap<IssueId, Option<StatusId>>>,
}

impl OpenIntents {
    /// Whether an open intent is about this user issue.
    pub(in crate::engine) fn is_busy(&self, user: &IssueId) -> bool {
        self.busy().contains(&(Side::User, user.clone()))
    }

    pub(in crate::engine) fn set_busy(&self, intent: &Intent) {
        self.busy().extend(issues_of(intent));
    }

    pub(in crate::engine) fn set_free(&self, intent: &Intent) {
        let mut busy = self.busy();
        for issue in issues_of(intent) {
            busy.remove(&issue);
        }
    }

    /// Which user issues are owed a link, as the store has it: by these intents.
    pub(in crate::engine) fn remember_links<'a>(&self, waiting: impl Iterator<Item = &'a Intent>) {
        self.owed_links().clear();
        waiting.for_each(|intent| self.remember_link(intent));
    }

    pub(in crate::engine) fn remember_link(&self, intent: &Intent) {
        let locked_in = intent.owed_link().and_then(|owed| owed.locked_in.clone());
        self.owed_links().insert(intent.user.id.clone(), locked_in);
    }

    pub(in crate::engine) fn forget_link(&self, user: &IssueId) {
        self.owed_links().remove(user);
    }

    /// Links of these user issues are tried again wherever they stand: perhaps their workflow is another by now.
    pub(in crate::engine) fn try_links_again(&self, pairs: &[Pair]) {
        let mut owed = self.owed_links();
        for pair in pairs {
            if let Some(locked_in) = owed.get_mut(&pair.user.id) {
                *locked_in = None;
            }
        }
    }

    /// Whether a user issue is owed a link, and stands elsewhere than where it could not be made.
    pub(in crate::engine) fn is_link_due(&self, user: &IssueId, status: &StatusId) -> bool {
        self.owed_links().get(user).is_some_and(|locked_in| locked_in.as_ref() != Some(status))
    }

    fn busy(&self) -> MutexGuard<'_, BTreeSet<(Side, IssueId)>> {
        self.busy.lock()
    }

    fn owed_links(&self) -> MutexGuard<'_, BTreeMap<IssueId, Option<StatusId>>> {
        self.owed_links.lock()
    }
}

fn issues_of(intent: &Intent) -> impl Iterator<Item = (Side, IssueId)> {
    Side::BOTH.into_iter().filter_map(|side| Some((side, intent.on(side)?.id.clone())))
}

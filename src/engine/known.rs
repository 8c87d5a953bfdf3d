//! What is known of the issues of one page.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::{
    AttachmentId, Handled, Issue, IssueId, IssueKey, IssueRef, Mark, Observed, Pair, Side, Sighting, SiteUrl,
};
use crate::store::Failure;

/// Issues that may need something, with the side they are on.
pub(super) type Candidates = BTreeMap<IssueId, (Side, IssueRef)>;

/// What is known of the issues of one page: fresh reads, pairs, and what is stored about them.
#[derive(Default)]
pub(super) struct Known {
    pub issues: BTreeMap<IssueId, Issue>,
    pub handled: BTreeMap<IssueId, Handled>,
    pub pairs: Vec<Pair>,
    /// By the issue that they are told of: a pair's user issue.
    pub failures: BTreeMap<IssueId, Failure>,
    /// By user issue, how often rules wrote to its pair recently.
    pub recent_writes: BTreeMap<IssueId, u32>,
    /// By user issue, its files that need not be copied any more; empty if files are not followed.
    pub copied: BTreeMap<IssueId, BTreeSet<AttachmentId>>,
    /// Which issues answer to the keys that texts name; `None` for those that can't be read.
    pub by_key: BTreeMap<IssueKey, Option<IssueId>>,
    /// By unpaired user issue, the key of its dev issue if that could not be read when the pair was taken over; `None`
    /// for those of which nothing is recorded so.
    pub missing: BTreeMap<IssueId, Option<IssueKey>>,
    /// Why these issues can't be read although Jira is there; in words. Nothing may be concluded from their absence.
    pub unread: BTreeMap<IssueId, String>,
    /// Why the issues that answer to these keys can't be read.
    pub unread_keys: BTreeMap<IssueKey, String>,
    /// Dev issues of which nobody has ever seen whose they are, with their names for people.
    pub unseen: BTreeMap<IssueId, String>,
    /// Candidates that could not be read before, and whose time to be tried again has not come.
    pub resting: BTreeSet<IssueId>,
    /// The dev issues that name a user issue under an address that is not known as this site's, without proof.
    pub named_elsewhere: BTreeSet<IssueId>,
    /// Why no dev issue may be created for these unpaired user issues.
    pub obstacles: BTreeMap<IssueId, Obstacle>,
}

impl Known {
    pub(super) fn add_failures(&mut self, failures: Vec<Failure>) {
        self.failures.extend(failures.into_iter().map(|failure| (failure.issue.id.clone(), failure)));
    }

    /// The key of the dev issue that is missing for an unpaired user issue.
    pub(super) fn missing_dev_of(&self, user: &IssueId) -> Option<&IssueKey> {
        self.missing.get(user)?.as_ref()
    }
}

/// Why a pair can't be kept in step, by a fresh read of both its issues; in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Separation {
    /// One of them, or both, left its project.
    Left(String),
    /// One of them, or both, can't be read.
    Unreadable(String),
}

/// By what a dev issue names its user issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Proof {
    /// The last `User Link` line of its text.
    Line,
    /// Our mark.
    Mark,
}

/// Why no dev issue may be created for a user issue that has none by proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It names a dev issue that can't be read: hidden or deleted, nobody knows.
    Hidden(String),
    /// A dev issue that it names, or that may be its, can't be read although Jira is there; in words.
    Unread(String),
    /// When it was taken over it had a dev issue of this key, which can't be read.
    Missing(IssueKey),
    /// It links to a dev issue that does not link back, and that is nobody else's.
    OneWayLink,
    /// It or a dev issue names the other under this address, which is not known as this site's.
    Elsewhere(SiteUrl),
}

/// The sides of an observation.
pub(super) fn sightings(seen: &Observed) -> Vec<(Side, &Sighting)> {
    match seen {
        Observed::Unpaired { user, .. } => vec![(Side::User, user)],
        Observed::Paired { user, dev, .. } => vec![(Side::User, user), (Side::Dev, dev)],
    }
}

/// The user issue of an observation: the one by which people know it.
pub(super) fn user_of(seen: &Observed) -> &Sighting {
    match seen {
        Observed::Unpaired { user, .. } | Observed::Paired { user, .. } => user,
    }
}

pub(super) fn sighting(issue: &Issue, known: &Known) -> Sighting {
    Sighting { issue: issue.clone(), handled: known.handled.get(&issue.at.id).cloned() }
}

pub(super) fn pair_of<'a>(known: &'a Known, id: &IssueId) -> Option<&'a Pair> {
    known.pairs.iter().find(|pair| pair.user.id == *id || pair.dev.id == *id)
}

/// The issue that an issue's mark names.
pub(super) fn counterpart(issue: &Issue) -> Option<&IssueId> {
    match issue.mark.as_ref()? {
        Mark::Created { user_issue, .. } => Some(user_issue),
        Mark::Linked { dev_issue, .. } => Some(dev_issue),
    }
}

//! What a takeover found.

use crate::flow::{Event, Issue, IssueKey, Pair, PairState, Watermark};
use crate::store::{KeyPair, Legacy};

/// What the Node.js service left of a flow, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Which database it was.
    pub place: String,
    /// Its pairs.
    pub pairs: usize,
    /// Statuses that it had seen, of both sides.
    pub statuses: usize,
    /// Its watermark: its own clock at the end of its last cycle.
    pub last_sync: Option<Watermark>,
    /// Pairs taken over now.
    pub taken: usize,
    /// Of these, pairs that are not kept in step until both issues are back in their projects.
    pub suspended: Vec<Pair>,
    /// Pairs that the flow knew already.
    pub known: usize,
    /// Pairs of which an issue can't be read any more: deleted, or hidden from us. If the user issue can be, it gets no
    /// other dev issue by itself.
    pub lost: Vec<KeyPair>,
    /// Pairs that contradict what the flow knows, with the pair that it knows.
    pub contradicted: Vec<(KeyPair, Pair)>,
    /// Issues that have another key now: the old one, the new one.
    pub moved: Vec<(IssueKey, IssueKey)>,
    /// User issues that should have a dev issue and have none: they get it in the first cycle.
    pub failed_creates: Vec<IssueKey>,
    /// Dev issues without a pair, behind the user issue whose they say they are: paired in the first cycle if nothing
    /// speaks against it.
    pub single: Vec<(IssueKey, IssueKey)>,
    /// User issues with several dev issues; the paired one is the first, if there is one, or else the one that can't be
    /// read.
    pub twins: Vec<(IssueKey, Vec<IssueKey>)>,
    /// Dev issues that name a user issue which can't be read.
    pub strays: Vec<IssueKey>,
    /// Documents that could not be understood.
    pub unfit: Vec<String>,
    /// From where the first cycle goes on; `None`: with a full sync.
    pub goes_on_from: Option<Watermark>,
}

impl Report {
    pub(super) fn of(legacy: &Legacy) -> Self {
        Self {
            place: legacy.place.clone(),
            pairs: legacy.pairs.len(),
            statuses: legacy.user_statuses.len() + legacy.dev_statuses.len(),
            last_sync: legacy.last_sync,
            unfit: legacy.unfit.clone(),
            ..Self::default()
        }
    }

    pub(super) fn event(&self) -> Event {
        let odd = self.suspended.len()
            + self.lost.len()
            + self.contradicted.len()
            + self.twins.len()
            + self.strays.len()
            + self.unfit.len();
        let (failed_creates, odd) = (self.failed_creates.len() as u64, odd as u64);
        Event::TakenOver { pairs: self.taken as u64, failed_creates, odd, from: self.goes_on_from }
    }

    /// Pairs that were gone through so far.
    pub(super) fn seen(&self) -> usize {
        self.taken + self.known + self.lost.len() + self.contradicted.len()
    }

    pub(super) fn moved(&mut self, key: &IssueKey, issue: &Issue) {
        if *key != issue.at.key {
            self.moved.push((key.clone(), issue.at.key.clone()));
        }
    }

    /// Whether some dev issue says that it belongs to this user issue.
    pub(super) fn is_claimed(&self, user: &IssueKey) -> bool {
        self.single.iter().any(|(claimed, _)| claimed == user) || self.twins.iter().any(|(claimed, _)| claimed == user)
    }

    pub(super) fn taken(&mut self, pair: &Pair) {
        self.taken += 1;
        if pair.state == PairState::Suspended {
            self.suspended.push(pair.clone());
        }
    }
}

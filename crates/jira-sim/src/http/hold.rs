//! Requests that are held until they are released.
//!
//! What is held stays here, not with the handler that waits for it: a client may leave, and its request still has its
//! effect when it is released.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use super::call::Call;
use super::desk::Outcome;
use super::endpoint::Mounted;
use super::entry::Caller;

/// How many requests can be held at once; more would be a mistake in the rule.
const MOST: usize = 1_000;

/// Everything that is held now.
pub(super) struct Holds {
    /// By the number of its line in the request log, so that releasing all goes in the order of arrival.
    held: BTreeMap<usize, Held>,
    count: watch::Sender<usize>,
}

struct Held {
    waiting: Waiting,
    /// To the handler, which may be gone.
    reply: oneshot::Sender<Outcome>,
}

/// What is held.
pub(super) enum Waiting {
    /// Before its effect: the request is not yet decided.
    AtTheDoor(Arc<Mounted>, Box<Call>, Caller),
    /// After its effect.
    Decided(Outcome),
}

impl Holds {
    pub(super) fn new() -> Self {
        Self { held: BTreeMap::new(), count: watch::Sender::new(0) }
    }

    /// The numbers of what is held, in the order of arrival.
    pub(super) fn numbers(&self) -> Vec<usize> {
        self.held.keys().copied().collect()
    }

    /// Tells how many requests are held, and of each change of that.
    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    pub(super) fn is_full(&self) -> bool {
        self.held.len() >= MOST
    }

    /// Holds the request of this line; what comes of it is received at its release.
    pub(super) fn hold(&mut self, line: usize, waiting: Waiting) -> oneshot::Receiver<Outcome> {
        let (reply, released) = oneshot::channel();
        self.held.insert(line, Held { waiting, reply });
        self.count.send_replace(self.held.len());
        released
    }

    /// Lets a request go, if it is held.
    pub(super) fn take(&mut self, line: usize) -> Option<(Waiting, oneshot::Sender<Outcome>)> {
        let Held { waiting, reply } = self.held.remove(&line)?;
        self.count.send_replace(self.held.len());
        Some((waiting, reply))
    }
}

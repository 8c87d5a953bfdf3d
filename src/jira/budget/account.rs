//! What `myself` last said of an account, shared by all flows of it.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::jira::error::Fault;

/// `myself` is asked about a refusal so often at most, and its last word counts meanwhile.
pub(in crate::jira) const CHECK_EVERY: Duration = Duration::from_secs(60);

/// What `myself` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::jira) enum Verdict {
    /// The account is fine.
    Accepted,
    /// It is refused, and a person must act.
    Refused(String),
    /// There was no answer that tells.
    Unknown(Fault),
}

/// The last word of `myself`. A digest of the credentials tells those of an edited file from the ones before.
#[derive(Default)]
pub(in crate::jira) struct AccountCheck {
    asking: tokio::sync::Mutex<()>,
    last: Mutex<Option<Checked>>,
}

struct Checked {
    at: Instant,
    as_whom: [u8; 32],
    verdict: Verdict,
}

impl AccountCheck {
    /// Whoever holds it may ask `myself`; the others wait, and then find its answer.
    pub(in crate::jira) async fn one_at_a_time(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.asking.lock().await
    }

    /// The last word, if it still counts.
    pub(in crate::jira) fn last(&self, as_whom: &[u8; 32], now: Instant) -> Option<Verdict> {
        let last = self.last.lock();
        let counts = |checked: &&Checked| checked.as_whom == *as_whom && now < checked.at + CHECK_EVERY;
        last.as_ref().filter(counts).map(|checked| checked.verdict.clone())
    }

    /// When and why the account was refused, if that still counts.
    pub(in crate::jira) fn refused(&self, as_whom: &[u8; 32], now: Instant) -> Option<(Instant, String)> {
        let Verdict::Refused(why) = self.last(as_whom, now)? else { return None };
        self.last.lock().as_ref().map(|checked| (checked.at, why))
    }

    pub(in crate::jira) fn note(&self, as_whom: &[u8; 32], at: Instant, verdict: Verdict) {
        *self.last.lock() = Some(Checked { at, as_whom: *as_whom, verdict });
    }
}

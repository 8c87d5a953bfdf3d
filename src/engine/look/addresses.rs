//! Issues that are named under addresses which are not known as the site's (docs/sync.md, "Another address").
//!
//! Such a mark or line proves nothing, and no dev issue is created for the user issue that may be meant. That there are any
//! is kept in the state; which issues they are is looked up by each worker.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::engine::{Engine, Error, Past, Seen};
use crate::flow::{FlowName, IssueId, IssueKey, IssueRef, NoticeKind, Side, Site, SiteUrl};
use crate::jira::BATCH;
use crate::store::State;

/// User issues that are remembered at most.
const MOST: usize = 20_000;

/// User issues and addresses that are named as examples.
const EXAMPLES: usize = 3;

/// From one look at all of them to the next.
const LOOK_EVERY: Duration = Duration::from_secs(24 * 3600);

/// What a worker knows of issues that are named under other addresses.
#[derive(Debug, Default)]
pub(in crate::engine) struct OtherAddresses(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Whether issues were seen that name others so.
    seen: bool,
    /// When this worker has looked for all of them.
    looked: Option<Instant>,
    /// The user issues without a pair that may be meant, and the address by which.
    users: BTreeMap<IssueId, (IssueKey, SiteUrl)>,
}

impl OtherAddresses {
    /// Issues name each other under this address; these user issues may be meant.
    pub(in crate::engine) fn found<'a>(&self, address: &SiteUrl, users: impl IntoIterator<Item = &'a IssueRef>) {
        let mut inner = self.0.lock();
        inner.seen = true;
        for user in users {
            if inner.users.len() < MOST {
                inner.users.insert(user.id.clone(), (user.key.clone(), address.clone()));
            }
        }
    }

    /// This user issue is in a pair, or an operator decided about it.
    pub(in crate::engine) fn settled(&self, user: &IssueId) {
        self.0.lock().users.remove(user);
    }

    /// What the state says of them.
    pub(in crate::engine) fn recall(&self, seen: bool) {
        self.0.lock().seen |= seen;
    }

    pub(in crate::engine) fn are_seen(&self) -> bool {
        self.0.lock().seen
    }

    fn is_look_due(&self, now: Instant) -> bool {
        let inner = self.0.lock();
        inner.seen && inner.looked.is_none_or(|at| now.saturating_duration_since(at) >= LOOK_EVERY)
    }

    /// Whether dev issues are still named so is found again. What user issues alone say is not looked for.
    fn begin_look(&self, now: Instant) {
        let mut inner = self.0.lock();
        (inner.seen, inner.looked) = (false, Some(now));
    }
}

impl Engine {
    /// Where issues are named under other addresses, it proves nothing that the dev project was read: those dev issues are
    /// in no pair, and must be looked for before anything is created.
    pub(in crate::engine) fn with_other_addresses(&self, past: Past) -> Past {
        match past.dev_issues_seen {
            Seen::All if self.other_addresses.are_seen() => Past { dev_issues_seen: Seen::Some, ..past },
            Seen::All | Seen::Older | Seen::Some => past,
        }
    }

    /// Looks at all dev issues without a pair that name user issues, when a worker begins and then once a day, if some of
    /// them did that under another address: perhaps the flow file lists it by now. Those that are left are counted.
    pub(in crate::engine) async fn look_at_other_addresses(&self, state: State, past: Past) -> Result<State, Error> {
        let now = self.clock.now();
        if !self.other_addresses.is_look_due(now) {
            return Ok(state);
        }
        let claimants: Vec<_> = self.survey_all().await?.into_iter().collect();
        self.other_addresses.begin_look(now);
        for some in claimants.chunks(BATCH) {
            let read = self.fetch_all(&some.iter().cloned().collect()).await?;
            let devs = read.issues.into_values().map(|dev| (dev.at.id.clone(), (Side::Dev, dev.at)));
            self.handle_candidates(devs.collect(), past).await?;
        }
        match self.other_addresses.are_seen() {
            true => Ok(state),
            false => self.commit(State { named_elsewhere: false, ..state }).await,
        }
    }

    /// Tells the operator which user issues get no dev issue because of this.
    pub(in crate::engine) fn tell_other_addresses(&self) {
        let why = why(&self.other_addresses.0.lock().users, &self.jira.site(), &self.flow.name);
        self.notice(NoticeKind::ForeignMarks, why);
    }
}

fn why(users: &BTreeMap<IssueId, (IssueKey, SiteUrl)>, site: &Site, flow: &FlowName) -> Option<String> {
    let (first, _) = users.values().next()?;
    let keys = users.values().map(|(key, _)| key.to_string());
    let addresses: BTreeSet<_> = users.values().map(|(_, address)| address.to_string()).collect();
    let (keys, addresses) = (some(keys), some(addresses.into_iter()));
    let (count, get) = match users.len() {
        1 => ("1 user issue".to_owned(), "gets"),
        MOST => (format!("at least {MOST} user issues"), "get"),
        more => (format!("{more} user issues"), "get"),
    };
    Some(format!(
        "{count} without a pair ({keys}) {get} no dev issue: marks or links that tie them to dev issues are of {addresses}, \
         which is not known as an address of {site}. If this site had that address before, list it in jira.formerBaseUrls of \
         the flow file; else decide about each with `lockstep pair {flow} {first} KEY` or `lockstep recreate {flow} {first}`"
    ))
}

/// The first of them, and how many more there are.
fn some(all: impl Iterator<Item = String>) -> String {
    let mut all = all.collect::<Vec<_>>();
    let more = all.len().saturating_sub(EXAMPLES);
    all.truncate(EXAMPLES);
    let named = all.join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(users: &[(u32, &str)]) -> Option<String> {
        let of = |(number, address): &(u32, &str)| {
            let key = format!("USER-A-{number}").parse().unwrap();
            (number.to_string().parse().unwrap(), (key, address.parse().unwrap()))
        };
        let site = Site::new("https://issues.example.com".parse().unwrap(), Vec::new());
        why(&users.iter().map(of).collect(), &site, &"sync-ab".parse().unwrap())
    }

    #[test]
    fn the_notice_counts_issues_names_some_and_says_what_can_be_done() {
        assert_eq!(told(&[]), None);
        assert_eq!(
            told(&[(7, "https://jira.example.net")]).unwrap(),
            "1 user issue without a pair (USER-A-7) gets no dev issue: marks or links that tie them to dev issues are of \
             https://jira.example.net, which is not known as an address of https://issues.example.com. If this site had \
             that address before, list it in jira.formerBaseUrls of the flow file; else decide about each with `lockstep \
             pair sync-ab USER-A-7 KEY` or `lockstep recreate sync-ab USER-A-7`"
        );
        let many: Vec<_> = (1..=5).map(|number| (number, "https://jira.example.net")).collect();
        let several = told(&many).unwrap();
        assert!(several.starts_with("5 user issues without a pair (USER-A-1, USER-A-2, USER-A-3 and 2 more) get no"));
    }
}

//! Issues that are named under addresses which are not known as the site's (docs/sync.md, "Another address").
//!
//! Such a mark or line proves nothing, and no dev issue is created for the user issue that may be meant. That there are any
//! is kept in the state; which issues they are is looked up by each worker.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::flow::{FlowName, IssueId, IssueKey, IssueRef, Site, SiteUrl};

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
        let mut inner = self.lock();
        inner.seen = true;
        for user in users {
            if inner.users.len() < MOST {
                inner.users.insert(user.id.clone(), (user.key.clone(), address.clone()));
            }
        }
    }

    /// This user issue is in a pair, or an operator decided about it.
    pub(in crate::engine) fn settled(&self, user: &IssueId) {
        self.lock().users.remove(user);
    }

    /// What the state says of them.
    pub(in crate::engine) fn recall(&self, seen: bool) {
        self.lock().seen |= seen;
    }

    pub(in crate::engine) fn are_seen(&self) -> bool {
        self.lock().seen
    }

    pub(in crate::engine) fn is_look_due(&self, now: Instant) -> bool {
        let inner = self.lock();
        inner.seen && inner.looked.is_none_or(|at| now.saturating_duration_since(at) >= LOOK_EVERY)
    }

    /// Whether dev issues are still named so is found again. What user issues alone say is not looked for.
    pub(in crate::engine) fn begin_look(&self, now: Instant) {
        let mut inner = self.lock();
        (inner.seen, inner.looked) = (false, Some(now));
    }

    /// Why the flow shows that some user issues get no dev issue, if so.
    pub(in crate::engine) fn notice(&self, site: &Site, flow: &FlowName) -> Option<String> {
        why(&self.lock().users, site, flow)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock()
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

//! Which flow of this process serves which projects: of two that can't both be, the later one is refused.
//!
//! Flow files are compared by their keys before any flow starts. Keys can be renamed, so that two files with different keys
//! mean the same projects; that is known once Jira has told their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::flow::{FlowName, JiraTime, ProjectId, Served};

/// A worker that failed starts again within five minutes: until then its claim holds.
const HELD_AFTER_END: Duration = Duration::from_secs(10 * 60);

/// What the flows of this process serve.
#[derive(Default)]
pub struct Claims(Mutex<BTreeMap<FlowName, Held>>);

/// What one flow serves, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    site: String,
    user: ProjectId,
    dev: ProjectId,
    /// Whether a rule of it creates dev issues.
    creates: bool,
    /// Jira's clock when it first served them.
    since: JiraTime,
}

struct Held {
    claim: Claim,
    /// When it ends; `None` while its worker runs.
    until: Option<Instant>,
}

/// A flow's claim, held as long as this lives and for a while after.
pub struct ClaimGuard {
    claims: Arc<Claims>,
    flow: FlowName,
    clean: bool,
}

impl Claims {
    /// Claims what a flow serves.
    ///
    /// # Errors
    /// When an earlier flow has it; for people.
    pub fn claim(
        self: &Arc<Self>,
        flow: &FlowName,
        served: &Served,
        creates: bool,
        now: Instant,
    ) -> Result<ClaimGuard, String> {
        self.note(flow, served, creates, None, now);
        let guard = ClaimGuard { claims: Arc::clone(self), flow: flow.clone(), clean: true };
        guard.still_first()?;
        Ok(guard)
    }

    /// Another process serves the flow: what it serves is taken until then.
    pub fn taken_elsewhere(&self, flow: &FlowName, served: &Served, creates: bool, now: Instant) {
        self.note(flow, served, creates, Some(now + HELD_AFTER_END), now);
    }

    fn note(&self, flow: &FlowName, served: &Served, creates: bool, until: Option<Instant>, now: Instant) {
        let claim = Claim {
            site: served.site.without_scheme(),
            user: served.user.id.clone(),
            dev: served.dev.id.clone(),
            creates,
            since: served.since,
        };
        let mut held = self.0.lock();
        held.retain(|_, held| held.until.is_none_or(|until| until > now));
        held.insert(flow.clone(), Held { claim, until });
    }
}

impl ClaimGuard {
    /// Whether no earlier flow has claimed the same by now.
    ///
    /// # Errors
    /// When one has; for people.
    pub fn still_first(&self) -> Result<(), String> {
        let held = self.claims.0.lock();
        let Some(ours) = held.get(&self.flow).map(|held| &held.claim) else { return Ok(()) };
        let is_earlier = |name: &FlowName, claim: &Claim| (claim.since, name) < (ours.since, &self.flow);
        let earlier =
            held.iter().map(|(name, held)| (name, &held.claim)).filter(|(name, claim)| is_earlier(name, claim));
        conflict(ours, &earlier.collect::<Vec<_>>()).map_or(Ok(()), Err)
    }

    /// The worker did not end as it was told to: its claim holds until it has started again.
    pub fn keep_for(mut self, now: Instant) {
        self.clean = false;
        if let Some(held) = self.claims.0.lock().get_mut(&self.flow) {
            held.until = Some(now + HELD_AFTER_END);
        }
    }
}

impl Drop for ClaimGuard {
    fn drop(&mut self) {
        if self.clean {
            self.claims.0.lock().remove(&self.flow);
        }
    }
}

/// Why a flow can't be beside these.
fn conflict(ours: &Claim, earlier: &[(&FlowName, &Claim)]) -> Option<String> {
    let is_same = |claim: &Claim| (&claim.site, &claim.user, &claim.dev) == (&ours.site, &ours.user, &ours.dev);
    let same = earlier.iter().find(|(_, claim)| is_same(claim)).map(|(name, _)| {
        format!(
            "the flow {name} serves the same two projects (ids {} and {}) under other keys; nothing is read or written: \
             remove one of the two files",
            ours.user, ours.dev
        )
    });
    same.or_else(|| {
        (ours.creates && leads(ours, earlier)).then(|| {
            let names: Vec<_> = earlier.iter().filter(|(_, it)| it.creates).map(|(name, _)| name.as_str()).collect();
            format!(
                "its create rules would make a ring with those of other flows ({}), by the ids of their projects; nothing is \
                 read or written: take `createIssue` out of one of them",
                names.join(", ")
            )
        })
    })
}

/// Whether create rules lead from our dev project back to our user project.
fn leads(ours: &Claim, earlier: &[(&FlowName, &Claim)]) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![&ours.dev]);
    while let Some(project) = next.pop() {
        if seen.insert(project) {
            let from_there = earlier
                .iter()
                .map(|(_, claim)| claim)
                .filter(|claim| claim.creates && claim.site == ours.site && claim.user == *project);
            next.extend(from_there.map(|claim| &claim.dev));
        }
    }
    seen.contains(&ours.user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::flow::{Extent, ServedProject};

    fn served(user: &str, dev: &str, since: &str) -> Served {
        let project = |id: &str| ServedProject {
            id: id.parse().unwrap(),
            written: "UAB".parse().unwrap(),
            keys: Vec::new(),
            extent: Extent::AsTheFlow,
        };
        let (site, since) = ("https://a.example.net".parse().unwrap(), format!("2026-03-0{since}T00:00:00Z"));
        Served { site, since: since.parse().unwrap(), user: project(user), dev: project(dev) }
    }

    fn name(text: &str) -> FlowName {
        text.parse().unwrap()
    }

    struct Process(Arc<Claims>, Clock);

    impl Process {
        fn new() -> Self {
            Self(Arc::default(), Clock::system())
        }

        fn claim(&self, flow: &str, user: &str, dev: &str, since: &str) -> Result<ClaimGuard, String> {
            self.0.claim(&name(flow), &served(user, dev, since), true, self.1.now())
        }
    }

    #[test]
    fn of_two_flows_with_the_same_projects_the_later_is_refused() {
        let process = Process::new();
        let first = process.claim("first", "10000", "10001", "1").unwrap();
        let refused = process.claim("second", "10000", "10001", "2").err().unwrap();
        assert!(refused.contains("the flow first serves the same two projects (ids 10000 and 10001)"), "{refused}");
        assert!(process.claim("third", "10000", "10002", "3").is_ok(), "one project may be shared");
        drop(first);
        assert!(process.claim("second", "10000", "10001", "2").is_ok());
    }

    #[test]
    fn an_earlier_flow_takes_what_a_later_one_has() {
        let process = Process::new();
        let later = process.claim("later", "10000", "10001", "2").unwrap();
        assert!(later.still_first().is_ok());
        let _earlier = process.claim("earlier", "10000", "10001", "1").unwrap();
        assert!(later.still_first().unwrap_err().contains("the flow earlier"));
    }

    #[test]
    fn a_ring_of_creates_is_refused_however_long() {
        let process = Process::new();
        let _one = process.claim("one", "1", "2", "1").unwrap();
        let _two = process.claim("two", "2", "3", "2").unwrap();
        let refused = process.claim("three", "3", "1", "3").err().unwrap();
        assert!(refused.contains("a ring with those of other flows (one, two)"), "{refused}");
        let no_creates = process.0.claim(&name("three"), &served("3", "1", "3"), false, process.1.now());
        assert!(no_creates.is_ok());
    }

    #[test]
    fn what_a_failed_worker_or_another_process_serves_stays_taken_for_a_while() {
        let process = Process::new();
        process.claim("first", "10000", "10001", "1").unwrap().keep_for(process.1.now());
        assert!(process.claim("second", "10000", "10001", "2").is_err());
        let later = process.1.now() + HELD_AFTER_END;
        let second = process.0.claim(&name("second"), &served("10000", "10001", "2"), true, later).unwrap();
        process.0.taken_elsewhere(&name("first"), &served("10000", "10001", "1"), true, later);
        assert!(second.still_first().is_err());
    }
}

//! Killed without warning in the middle of a write, at each kind of write and with each kind of outcome: afterwards
//! everything has happened once.

use std::thread;
use std::time::Duration;

use http::Method;
use jira_sim::FaultPlan;
use jira_sim::faults::{Kind, Rule, When};

use testing::story::{InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town};
use testing::wait::eventually;

const SEARCH: &str = "/rest/api/3/search/jql";
const ISSUES: &str = "/rest/api/3/issue";
const ISSUE: &str = "/rest/api/3/issue/{issueIdOrKey}";
const TRANSITIONS: &str = "/rest/api/3/issue/{issueIdOrKey}/transitions";
const COMMENTS: &str = "/rest/api/3/issue/{issueIdOrKey}/comment";

/// When the process is killed: at the first such request of a ticket's life.
///
/// Where a write did not happen, or was not even sent, is left to the simulation: it takes minutes until it can't happen
/// any more and may be repeated.
const MOMENTS: [(&str, Method, &str, Fate); 8] = [
    ("the first search", Method::POST, SEARCH, Fate::Undone),
    ("create, done", Method::POST, ISSUES, Fate::Done),
    ("create, done late", Method::POST, ISSUES, Fate::Late),
    ("create, unheard", Method::POST, ISSUES, Fate::Unheard),
    ("link, done", Method::PUT, ISSUE, Fate::Done),
    ("link, answered", Method::PUT, ISSUE, Fate::Answered),
    ("transition, done", Method::POST, TRANSITIONS, Fate::Done),
    ("comment, done", Method::POST, COMMENTS, Fate::Done),
];

/// What becomes of the request.
#[derive(Clone, Copy)]
enum Fate {
    /// It has its effect, and no answer.
    Done,
    /// Neither.
    Undone,
    /// It has its effect when the next life has begun already.
    Late,
    /// It has its effect, and an answer that breaks off; the kill comes while that is noted.
    Unheard,
    /// All is well; the kill comes while the answer is digested.
    Answered,
}

impl Fate {
    fn kind(self) -> Kind {
        let span = |from, to| Kind::Latency { from: Duration::from_millis(from), to: Duration::from_millis(to) };
        match self {
            Self::Done => Kind::Stall { effect: jira_sim::faults::Effect::After },
            Self::Undone => Kind::Stall { effect: jira_sim::faults::Effect::Before },
            Self::Unheard => Kind::LostReply,
            // At most what a flow that trusts the search to lag a second allows for.
            Self::Late => span(1500, 2000),
            Self::Answered => span(0, 0),
        }
    }

    /// Whether the site has said something by the time of the kill.
    fn is_answered(self) -> bool {
        match self {
            Self::Done | Self::Undone | Self::Late => false,
            Self::Unheard | Self::Answered => true,
        }
    }
}

#[test]
fn a_ticket_is_served_once_whenever_the_process_is_killed() {
    // They wait most of the time: side by side they take as long as one.
    thread::scope(|scope| {
        for (name, method, path, fate) in MOMENTS {
            let life = move || killed_at(&method, path, fate);
            thread::Builder::new().name(name.into()).spawn_scoped(scope, life).unwrap();
        }
    });
}

fn killed_at(method: &Method, path: &str, fate: Fate) {
    let town = Town::with_flow("sync-ab.json");
    let ticket = town.accepted_ticket(USER_PROJECT);
    town.site.faults(Rule::on(method.clone(), path, When::Nth(1), fate.kind()).into());

    let mut first = town.start();
    eventually("the moment comes", || {
        close_the_work(&town, &ticket);
        has_come(&town, fate).then_some(())
    });
    first.kill();
    town.site.faults(FaultPlan::none());

    let second = town.start();
    eventually("the ticket is answered", || {
        close_the_work(&town, &ticket);
        (town.comment_texts(&ticket).len() >= 2).then_some(())
    });
    second.wait_cycles("sync-ab", 2);
    let work = town.dev_issue_of(&ticket);
    assert_eq!(town.comment_texts(&ticket), [format!("Dev issue: {work}"), format!("Fixed in {work}")]);
    assert_eq!(town.status(&ticket), "Resolved");
    assert_eq!(town.dev_count(), 1);
    assert_eq!(town.disagreements(), [""; 0]);
}

/// The engineers close the ticket's dev issue as soon as the ticket links to it.
fn close_the_work(town: &Town, ticket: &str) {
    if let Some(work) = town.linked_dev_issue(ticket)
        && town.site.issue(&work).is_some_and(|issue| issue.status != "Closed")
    {
        town.moves(PERSON, &work, "Closed");
    }
}

fn has_come(town: &Town, fate: Fate) -> bool {
    let met = town.site.requests().into_iter().find(|line| line.fault.is_some());
    met.is_some_and(|line| line.status.is_some() == fate.is_answered())
}

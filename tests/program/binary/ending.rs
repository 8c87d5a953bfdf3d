//! The process is told to stop, starts again, or may not start at all.

use std::time::Duration;

use http::Method;
use jira_sim::faults::{Kind, Rule, When};
use lockstep::clock::Clock;

use testing::story::{InJira as _, USER_PROJECT};
use testing::town::{PERSON, Town};
use testing::wait::eventually;

#[test]
fn sigterm_lets_the_step_in_hand_finish_and_the_next_run_continues() {
    let town = Town::with_flow("sync-ab.json");
    let slow = Kind::Latency { from: Duration::from_secs(1), to: Duration::from_secs(1) };
    town.site.faults(Rule::on(Method::PUT, "/rest/api/3/issue/{issueIdOrKey}", When::First(1), slow).into());
    let mut daemon = town.start();
    daemon.wait_told("sync-ab", "Initial sync completed", 1);

    let ticket = town.accepted_ticket(USER_PROJECT);
    eventually("the link is in hand", || town.site.requests().iter().any(|line| line.fault.is_some()).then_some(()));
    daemon.terminate();
    assert_eq!(daemon.ended().code(), Some(0));
    assert_eq!(daemon.told("sync-ab", "Worker stopped"), 1);
    let work = town.linked_dev_issue(&ticket).expect("the step in hand was finished");

    town.moves(PERSON, &work, "Closed");
    let daemon = town.start();
    town.wait_for_status(&ticket, "Resolved");
    daemon.wait_cycles("sync-ab", 2);
    assert_eq!(daemon.told("sync-ab", "Running initial full sync"), 0);
    assert!(daemon.lines().iter().all(|line| line["event"] != "step.doubtSettled"), "nothing was left in doubt");
    assert_eq!(town.comment_texts(&ticket), [format!("Dev issue: {work}"), format!("Fixed in {work}")]);
    assert_eq!(town.disagreements(), [""; 0]);
}

#[test]
fn a_second_process_on_the_same_data_is_refused_and_the_first_goes_on() {
    let town = Town::with_flow("sync-ab.json");
    let first = town.start();
    first.wait_cycles("sync-ab", 1);
    let mut second = town.start();
    assert_eq!(second.ended().code(), Some(1));
    let said = second.log().join("\n");
    let place = format!("lockstep: the data folder {} is in use by another process; ", town.data().display());
    assert!(said.contains(&place), "{said}");
    first.wait_cycles("sync-ab", 2);
}

/// Less than the 10 s that Docker gives, and far more than it takes.
const AT_ONCE: Duration = Duration::from_secs(5);

#[test]
fn a_read_without_an_answer_delays_no_stop() {
    let town = Town::with_flow("sync-ab.json");
    let stall = Kind::Stall { effect: jira_sim::faults::Effect::Before };
    town.site.faults(Rule::on(Method::POST, "/rest/api/3/search/jql", When::Always, stall).into());
    let mut daemon = town.start();
    eventually("a search is under way", || town.site.requests().iter().any(|line| line.fault.is_some()).then_some(()));
    let (clock, daemon) = (Clock::system(), &mut daemon);
    let asked = clock.now();
    daemon.terminate();
    assert_eq!(daemon.ended().code(), Some(0));
    let took = clock.now() - asked;
    assert!(took < AT_ONCE, "{took:?}");
}

#[test]
fn a_second_signal_ends_at_once_and_what_was_in_hand_is_not_done_twice() {
    let town = Town::with_flow("sync-ab.json");
    let stall = Kind::Stall { effect: jira_sim::faults::Effect::After };
    town.site.faults(Rule::on(Method::POST, "/rest/api/3/issue", When::First(1), stall).into());
    let mut daemon = town.start();
    let ticket = town.accepted_ticket(USER_PROJECT);
    eventually("the create is in hand", || town.site.requests().iter().any(|line| line.fault.is_some()).then_some(()));
    let clock = Clock::system();
    let asked = clock.now();
    daemon.terminate();
    daemon.wait_for("the stop waits for the write", |line| said(line, "SIGTERM: stopping"));
    daemon.terminate();
    assert_eq!(daemon.ended().code(), Some(3));
    let took = clock.now() - asked;
    assert!(took < AT_ONCE, "{took:?}");
    assert_eq!(daemon.told("sync-ab", "Worker was still busy when the grace period ended"), 1);

    let _daemon = town.start();
    town.dev_issue_of(&ticket);
    assert_eq!(town.dev_count(), 1);
}

fn said(line: &serde_json::Value, words: &str) -> bool {
    line["message"].as_str().is_some_and(|message| message.starts_with(words))
}

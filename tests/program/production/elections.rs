//! The primary of three members is killed in the middle of a first sync, and another one is elected.

use std::time::Duration;

use super::house::House;
use test_mongod::Replica;
use testing::story::InJira as _;
use testing::wait::{eventually, within};

/// Most of a first sync of five hundred issues, which are written as slowly as their Jira asks for.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_first_sync_continues_with_the_primary_elected_after_a_kill() {
    let replica = Replica::of(3);
    through_an_election(&replica, 60, 20);
}

/// For `.ci/soak-elections`: `LOCKSTEP_TEST_ROUNDS=20`.
#[test]
fn first_syncs_of_five_hundred_issues_in_rounds_from_the_environment() {
    let Ok(rounds) = std::env::var("LOCKSTEP_TEST_ROUNDS") else { return };
    let rounds: usize = rounds.parse().unwrap();
    let replica = Replica::of(3);
    for round in 0..rounds {
        let (issues, moment) = (500, 500 * round / rounds);
        through_an_election(&replica, issues, moment);
        println!("round {round}: killed at {moment} of {issues}; {issues} pairs, 0 twins, completed once");
    }
}

/// A first sync of so many issues; the primary is killed when so many of them have their dev issue.
fn through_an_election(replica: &Replica, issues: usize, moment: usize) {
    let house = House::on(&replica.uri());
    let tickets = house.tickets(issues);
    let daemon = house.start();
    eventually("the sync begins", || (daemon.told("sync-ab", "Running initial full sync") > 0).then_some(()));
    within(PATIENCE, "the moment comes", || (house.town.dev_count() >= moment).then_some(()));
    let primary = replica.wait_for_primary();
    replica.kill(primary);
    assert_eq!(daemon.told("sync-ab", "Initial sync completed"), 0, "it was killed in the middle");
    house.wait_until_paired(&daemon, &tickets);
    assert_eq!(daemon.told("sync-ab", "Initial sync completed"), 1);
    replica.restart(primary);
    replica.wait_for_primary();
}

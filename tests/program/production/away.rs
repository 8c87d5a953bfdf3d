//! The server is away: at the start, in the middle of a first sync, and while nothing is to be done.

use super::house::{House, cycles, status, trouble};
use test_mongod::Replica;
use testing::story::InJira as _;
use testing::wait::eventually;

#[test]
fn a_server_that_is_away_at_the_start_is_waited_for() {
    let replica = Replica::of(1);
    replica.kill(0);
    let house = House::on(&replica.uri());
    let tickets = house.tickets(3);
    let daemon = house.start();
    let place = format!("{}/{} is not available", replica.place(), house.database);
    let said = trouble(&daemon, &[&place]);
    assert!(said.contains("see that the server is up and can be reached from here"), "{said}");
    status(&daemon, &["sync-ab: backing_off since", &place]);
    assert_eq!(daemon.get("/health").status, 200);
    assert_eq!(house.town.dev_count(), 0);

    replica.restart(0);
    house.wait_until_paired(&daemon, &tickets);
    assert_eq!(daemon.told("sync-ab", "Initial sync completed"), 1);
    eventually("it is healthy", || (daemon.get("/health?strict").status == 200).then_some(()));
}

#[test]
fn a_server_killed_during_a_first_sync_is_waited_for_without_repeats() {
    let replica = Replica::of(1);
    let house = House::on(&replica.uri());
    let tickets = house.tickets(60);
    let daemon = house.start();
    eventually("some are paired", || (house.town.dev_count() >= 10).then_some(()));
    replica.kill(0);
    trouble(&daemon, &[&house.database, "is not available"]);
    assert_eq!(daemon.told("sync-ab", "Initial sync completed"), 0, "it was killed in the middle");
    replica.restart(0);
    house.wait_until_paired(&daemon, &tickets);
    assert_eq!(daemon.told("sync-ab", "Initial sync completed"), 1);

    // Nothing is to be done, and the server is away: that shows as well, and soon.
    cycles(&daemon, 1);
    replica.kill(0);
    status(&daemon, &["backing_off", "see that the server is up"]);
    // Also while it starts again.
    let starts = daemon.told("sync-ab", "Worker started") + 1;
    eventually("it has started once more", || {
        assert_eq!(daemon.get("/health?strict").status, 503);
        assert_eq!((daemon.get("/livez").status, daemon.get("/readyz").status), (200, 200));
        (daemon.told("sync-ab", "Worker started") >= starts).then_some(())
    });
    replica.restart(0);
    let all: Vec<_> = tickets.into_iter().chain(house.tickets(1)).collect();
    house.wait_until_paired(&daemon, &all);
    assert_eq!(daemon.told("sync-ab", "Initial sync completed"), 1, "what it knew before it knows still");
}

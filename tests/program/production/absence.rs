//! Two programs for one flow: one serves it and stops, or is gone, or seems to be; the other stands by.

use std::thread;
use std::time::Duration;

use http::Method;
use jira_sim::faults::{Kind, Rule, When};
use jira_sim::{FaultPlan, RequestLine};
use lockstep::clock::Clock;

use super::house::{House, cycles, status, trouble};
use test_mongod::Replica;
use testing::daemon::Daemon;
use testing::wait::{eventually, within};

const CREATE: &str = "/rest/api/3/issue";
const READ: &str = "/rest/api/3/issue/bulkfetch";

/// After so long in silence a program is followed by another.
const SILENCE: Duration = Duration::from_secs(60);

/// So long is a program frozen.
const FROZEN: Duration = Duration::from_secs(90);

/// What the other may need beyond that: it looks every ten seconds.
const MARGIN: Duration = Duration::from_secs(30);

#[test]
fn an_orderly_stop_lets_the_other_have_the_flow_soon() {
    let house = House::on(&Replica::shared().uri());
    let tickets = house.tickets(1);
    let mut first = house.start();
    house.wait_until_paired(&first, &tickets);
    let second = standing_by(&house, &first);
    first.terminate();
    assert_eq!(first.ended().code(), Some(0));
    within(Duration::from_secs(15), "the second takes over", || works(&second).then_some(()));
    let tickets: Vec<_> = tickets.into_iter().chain(house.tickets(1)).collect();
    house.wait_until_paired(&second, &tickets);
    assert_eq!(second.told("sync-ab", "Running initial full sync"), 0, "it goes on where the first left off");
    assert_eq!(second.told("sync-ab", "Worker started"), 2);
}

/// Each takes minutes, nearly all of it waiting: side by side they take as long as one.
#[test]
fn a_process_silent_for_a_minute_is_replaced_and_harmless_on_return() {
    thread::scope(|scope| {
        for (name, life) in LIVES {
            thread::Builder::new().name(name.into()).spawn_scoped(scope, life).unwrap();
        }
    });
}

const LIVES: [(&str, fn()); 4] = [
    ("killed", killed),
    ("frozen while a create is under way", || frozen(CREATE, SLOW, Served::Meanwhile)),
    ("frozen before a create", || frozen(READ, SLOW, Served::Meanwhile)),
    ("frozen while it waits to repeat a create", || frozen(CREATE, BUSY, Served::Later)),
];

const SLOW: Kind = Kind::Latency { from: Duration::from_secs(2), to: Duration::from_secs(2) };

const BUSY: Kind = Kind::TooMany { retry_after_secs: 10 };

/// When the ticket gets its dev issue that the frozen program had in hand.
#[derive(PartialEq, Eq)]
enum Served {
    /// From the other program.
    Meanwhile,
    /// Not before it is certain that the frozen program's request had no effect, which takes minutes.
    Later,
}

fn killed() {
    let house = House::on(&Replica::shared().uri());
    let tickets = house.tickets(1);
    let mut first = house.start();
    house.wait_until_paired(&first, &tickets);
    let second = standing_by(&house, &first);
    first.kill();
    let clock = Clock::system();
    let killed = clock.now();
    within(SILENCE + MARGIN, "the second takes over", || works(&second).then_some(()));
    // It may have been silent for ten seconds when it was killed.
    assert!(clock.now() - killed > SILENCE - Duration::from_secs(15), "no earlier");
    let tickets: Vec<_> = tickets.into_iter().chain(house.tickets(1)).collect();
    house.wait_until_paired(&second, &tickets);
}

/// The first program is frozen when its first such request is answered like this, and comes back long after the second
/// has taken over.
fn frozen(path: &str, answer: Kind, served: Served) {
    let house = House::on(&Replica::shared().uri());
    let first = house.start();
    cycles(&first, 2);
    let second = standing_by(&house, &first);
    house.town.site.faults(Rule::on(Method::POST, path, When::Nth(1), answer).into());
    let tickets = house.tickets(1);
    freeze(&house, &first, &served);
    let (clock, frozen) = (Clock::system(), Clock::system().now());

    within(SILENCE + MARGIN, "the second takes over", || works(&second).then_some(()));
    if served == Served::Meanwhile {
        house.wait_until_paired(&second, &tickets);
    }
    within(FROZEN, "it was frozen for long enough", || (clock.now() - frozen >= FROZEN).then_some(()));
    let so_far = house.town.site.requests().len();
    first.signal("CONT");
    is_told_of(&second, &house, &first);
    cycles(&second, 3);
    let since = house.town.site.requests().split_off(so_far);
    let written: Vec<_> = since.iter().filter(|line| is_write(line)).collect();
    assert!(written.is_empty(), "{written:?}");
}

/// Freezes the program while the request that met a fault is under way, or when it has just been answered.
fn freeze(house: &House, daemon: &Daemon, served: &Served) {
    eventually("the moment comes", || {
        let met = house.town.site.requests().into_iter().find(|line| line.fault.is_some())?;
        (met.status.is_some() || *served == Served::Meanwhile).then_some(())
    });
    if *served == Served::Later {
        // By the time that it has answered others it has read the answer, too.
        (0..20).for_each(|_| drop(daemon.get("/health")));
    }
    daemon.signal("STOP");
    house.town.site.faults(FaultPlan::none());
}

/// A second program, once it has said that the first one has the flow.
fn standing_by(house: &House, first: &Daemon) -> Daemon {
    let second = house.start();
    is_told_of(first, house, &second);
    assert!(!works(&second));
    second
}

/// Waits until the program that stands by has said who serves the flow.
fn is_told_of(serving: &Daemon, house: &House, standing_by: &Daemon) {
    let by = format!("is in use by process {} on host", serving.id());
    trouble(standing_by, &["Standing by", &house.database, &by]);
    status(standing_by, &["backing_off", &by]);
}

fn works(daemon: &Daemon) -> bool {
    daemon.told("sync-ab", "Sync cycle completed") > 0
}

fn is_write(line: &RequestLine) -> bool {
    let reads = line.path.ends_with("/bulkfetch") || line.path.ends_with("/search/jql");
    line.method != "GET" && !reads
}

//! User issues that can't be edited where they stand: what is said is said at once, the link follows when it can.

use std::time::Duration;

use http::{Method, StatusCode};
use jira_sim::faults::{Effect, Kind, Rule, When};
use jira_sim::{Flavour, Permission, Permissions, Setup};
use lockstep::flow::Order;
use lockstep::supervisor::OrderOutcome;
use testing::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, at_every_gate, cycles, on_a_paused_clock};
use testing::story::{CUSTOMER, InJira as _, USER_PROJECT};

const ONE_ISSUE: &str = "issue/{issueIdOrKey}";
const DAY: Duration = HOUR.saturating_mul(24);

/// One flow on a site where customers' issues can't be edited in these statuses.
fn company(flavour: Flavour, locked: &[&str]) -> House {
    House::quiet_with(7, |jira: &mut Setup| {
        jira.flavour = flavour;
        let project = jira.projects.iter_mut().find(|project| project.key == USER_PROJECT).unwrap();
        project.workflow = locked.iter().fold(project.workflow.clone(), |workflow, status| workflow.locking(status));
    })
}

/// A ticket that was accepted, and closed before Lockstep came by.
fn accepted_and_closed(house: &House) {
    let issue = house.reports_ticket();
    ["Will Do", "Resolved", "Closed"].iter().for_each(|status| house.moves(CUSTOMER, &issue, status));
}

/// A pair whose ticket is closed, so that it is owed its link.
async fn owed(flavour: Flavour, locked: &[&str]) -> House {
    let mut house = company(flavour, locked);
    house.live_for(MINUTE).await;
    accepted_and_closed(&house);
    house.live_for(6 * MINUTE).await;
    is_owed(&house, "at first");
    house
}

/// How often its text names the dev issue, and whether it carries the back-mark.
fn linked(house: &House) -> (usize, bool) {
    let user = house.site.issue("USER-A-1").unwrap();
    (user.description.matches("Dev Link: ").count(), user.properties.contains_key("lockstep"))
}

/// The dev issue is there and the customer knows, by one comment; the ticket names nothing.
fn is_owed(house: &House, when: &str) {
    let about = || house.about("USER-A-1");
    assert_eq!(house.comment_texts("USER-A-1"), ["Dev issue: DEV-A-1"], "{when}: {}", about());
    assert_eq!((linked(house), house.dev_count()), ((0, false), 1), "{when}: {}", about());
}

/// The dev side opens the ticket again: the link follows, and nothing is said twice.
async fn reopened_by_the_dev_side(house: &mut House, when: &str) {
    house.moves(CUSTOMER, "DEV-A-1", "In Progress");
    house.cycles(2).await;
    let about = || house.about("USER-A-1");
    assert_eq!(house.status("USER-A-1"), "In Progress", "{when}: {}", about());
    assert_eq!(
        (linked(house), house.comment_texts("USER-A-1")),
        ((1, true), vec!["Dev issue: DEV-A-1".to_owned()]),
        "{when}: {}",
        about()
    );
    assert_eq!((house.dev_count(), house.disagreements()), (1, vec![]), "{when}");
}

#[test]
fn a_link_refused_by_a_closed_ticket_follows_when_dev_reopens_it() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = owed(flavour, &["Closed"]).await;
            assert_eq!((house.events.audited("link.owed"), house.events.audited("issue.failed")), (1, 0));
            let edits = house.requests_to("PUT", ONE_ISSUE);
            house.live_for(2 * HOUR).await;
            assert_eq!(
                house.requests_to("PUT", ONE_ISSUE),
                edits,
                "nothing is tried while the ticket stands where it stood"
            );
            reopened_by_the_dev_side(&mut house, "after some hours").await;
            assert_eq!((house.events.audited("action.link"), house.events.audited("link.owed")), (1, 1));
        });
    }
}

#[test]
fn while_a_link_is_owed_statuses_cross_both_ways() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = owed(flavour, &["Closed", "Reopened", "Resolved"]).await;
            house.moves(CUSTOMER, "USER-A-1", "Reopened");
            house.cycles(2).await;
            assert_eq!(house.status("DEV-A-1"), "Reopened", "{}", house.about("USER-A-1"));
            house.moves(CUSTOMER, "DEV-A-1", "Closed");
            house.cycles(2).await;
            let (status, spoken) = (house.status("USER-A-1"), house.comment_texts("USER-A-1"));
            assert_eq!(status, "Resolved", "{}", house.about("USER-A-1"));
            assert_eq!(spoken, ["Dev issue: DEV-A-1", "DEV-A-1 is open again", "Fixed in DEV-A-1"]);
            assert_eq!((linked(&house), house.events.audited("issue.failed")), ((0, false), 0));
            house.moves(CUSTOMER, "USER-A-1", "In Progress");
            house.cycles(2).await;
            assert_eq!(linked(&house), (1, true), "{}", house.about("USER-A-1"));
        });
    }
}

#[test]
fn the_patrol_makes_a_link_once_an_unmoved_ticket_can_be_edited() {
    on_a_paused_clock(async {
        let mut house = company(Flavour::Cloud, &[]);
        house.site.set_permissions(Permissions::all().deny(
            "account-lockstep",
            USER_PROJECT,
            &[Permission::EditIssues],
        ));
        house.live_for(MINUTE).await;
        accepted_and_closed(&house);
        house.live_for(6 * MINUTE).await;
        is_owed(&house, "without permission");
        house.site.set_permissions(Permissions::all());
        house.live_for(2 * HOUR).await;
        is_owed(&house, "until the patrol");
        house.clock.sleep(DAY).await;
        house.cycles(2).await;
        assert_eq!(
            (linked(&house), house.comment_texts("USER-A-1").len()),
            ((1, true), 1),
            "{}",
            house.about("USER-A-1")
        );
    });
}

#[test]
fn a_store_that_is_lost_while_a_link_is_owed_costs_neither_twin_nor_link() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = owed(flavour, &["Closed"]).await;
            house.data.lose();
            house.live_for(20 * MINUTE).await;
            is_owed(&house, "after the loss");
            assert_eq!(house.events.audited("pair.adopted"), 1);
            reopened_by_the_dev_side(&mut house, "after the loss").await;
        });
    }
}

/// A ticket that is closed while its link is in conflict with another change, so that only the link is left to be done.
async fn about_to_be_linked(flavour: Flavour) -> House {
    let mut house = company(flavour, &["Closed"]);
    accepted_and_closed(&house);
    let conflict = Kind::ServerError { status: StatusCode::CONFLICT, effect: Effect::Before };
    house.site.add_fault(Rule::on(Method::PUT, &house.api(ONE_ISSUE), When::First(1), conflict));
    house.live_for(10 * Duration::from_secs(1)).await;
    assert_eq!((house.dev_count(), house.comment_texts("USER-A-1")), (1, vec![]));
    house.clock.sleep(MINUTE).await;
    house
}

#[test]
fn a_crash_at_any_gate_of_a_link_that_is_not_taken_says_and_links_once() {
    for (flavour, step) in FLAVOURS.into_iter().zip([1, 3]) {
        let places = at_every_gate(async |gate| {
            let mut house = about_to_be_linked(flavour).await;
            let crash = Crash::at(gate * step);
            house.live(End::Crash(crash.clone(), 4 * MINUTE)).await;
            let place = crash.place()?;
            house.cycles(2).await;
            let when = format!("{flavour:?}: after a crash at {place}");
            is_owed(&house, &when);
            reopened_by_the_dev_side(&mut house, &when).await;
            Some(place)
        });
        // Where every gate has its turn.
        for needed in ["editmeta", "/comment"].into_iter().filter(|_| step == 1) {
            assert!(places.iter().any(|place| place.contains(needed)), "{flavour:?} {needed}: {places:#?}");
        }
    }
}

#[test]
fn a_crash_at_any_gate_of_an_owed_link_makes_it_once() {
    let places = at_every_gate(async |gate| {
        let mut house = owed(Flavour::Cloud, &["Closed"]).await;
        house.moves(CUSTOMER, "USER-A-1", "Reopened");
        let crash = Crash::at(gate);
        house.live(End::Crash(crash.clone(), 6 * MINUTE)).await;
        let place = crash.place()?;
        house.cycles(2).await;
        let about = || house.about("USER-A-1");
        assert_eq!(linked(&house), (1, true), "after a crash at {place}: {}", about());
        let edits = house.site.issue("USER-A-1").unwrap().history;
        let edits = edits.iter().filter(|change| change.field == "description").count();
        assert_eq!((edits, house.disagreements()), (1, vec![]), "after a crash at {place}: {}", about());
        Some(place)
    });
    assert!(places.iter().any(|place| place.contains("PUT")), "{places:#?}");
}

#[test]
fn an_operator_takes_apart_a_pair_that_is_owed_its_link() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = owed(flavour, &["Closed"]).await;
            let (clock, order) = (house.clock.clone(), Order::Unpair { issue: "USER-A-1".parse().unwrap() });
            let mut answer = None;
            house
                .live_beside(End::At(cycles(2)), async |handle| {
                    clock.sleep(MINUTE).await;
                    answer = handle.order(&"sync-ab".parse().unwrap(), order).await;
                })
                .await;
            assert!(matches!(answer, Some(OrderOutcome::Executed(_))), "{answer:?}");
            house.moves(CUSTOMER, "USER-A-1", "Reopened");
            house.live_for(HOUR).await;
            is_owed(&house, "nothing follows");
            assert_eq!(house.status("DEV-A-1"), "To Do");
        });
    }
}

#[test]
fn a_comment_that_is_refused_costs_neither_link_nor_mark() {
    for flavour in FLAVOURS {
        on_a_paused_clock(async {
            let mut house = company(flavour, &[]);
            house.site.set_permissions(Permissions::all().deny(
                "account-lockstep",
                USER_PROJECT,
                &[Permission::AddComments],
            ));
            house.live_for(MINUTE).await;
            accepted_and_closed(&house);
            house.live_for(HOUR).await;
            assert_eq!(
                (linked(&house), house.comment_texts("USER-A-1")),
                ((1, true), vec![]),
                "{}",
                house.about("USER-A-1")
            );
            let told = house.events.about("Jira refuses the comment for USER-A-1");
            assert_eq!(told.lines().count(), 1, "{}", house.about("USER-A-1"));
        });
    }
}

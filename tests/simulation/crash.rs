//! Crashes at every gate of a story: everything in memory is dropped, the stores stay.

use std::time::Duration;

use super::house::{Crash, End, FLAVOURS, HOUR, House, MINUTE, at_every_gate, on_a_paused_clock};
use lockstep::sim::{Deed, Flavour};

/// A ticket that was reported and accepted.
fn accepted(house: &House) -> String {
    let (project, summary, text) = ("USER-A".to_owned(), "The printer is on fire".to_owned(), "Again.".to_owned());
    let ticket = house.act("customer-ines", Deed::Create { project, summary, text });
    house.act("customer-ines", Deed::Move { issue: ticket.clone(), status: "Will Do".to_owned() });
    ticket
}

fn company(flavour: Flavour) -> House {
    House::quiet(flavour, 7)
}

/// No twin, nothing lost, nothing said twice; and the pair still works.
async fn is_whole(house: &mut House, place: &str) {
    house.live_for(HOUR).await;
    let devs = house.site.issues("DEV-A");
    assert_eq!(devs.len(), 1, "{:?}: after a crash at {place}: {devs:#?}", house.flavour);
    assert_eq!(house.disagreements(), [""; 0], "after a crash at {place}");
    let dev = devs[0].key.clone();
    house.act("dev-bea", Deed::Move { issue: dev, status: "Closed".to_owned() });
    house.live_for(15 * MINUTE).await;
    assert_eq!(house.disagreements(), [""; 0], "after a crash at {place} and closing");
    assert_eq!(house.site.issues("USER-A")[0].status, "Resolved", "after a crash at {place}");
}

#[test]
fn a_crash_at_any_gate_of_a_create_leaves_no_twin_and_loses_nothing() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| {
            let mut house = company(flavour);
            accepted(&house);
            let crash = Crash::at(gate);
            house.live(End::Crash(crash.clone(), 12 * MINUTE)).await;
            let place = crash.place()?;
            is_whole(&mut house, &place).await;
            Some(place)
        });
        let create = company(flavour).api("issue");
        for needed in [format!("Before Jira POST {create}"), format!("After Jira POST {create}"), STORED.to_owned()] {
            assert!(places.contains(&needed), "{needed} is not among {places:#?}");
        }
    }
}

const STORED: &str = "Before Store write";

#[test]
fn a_crash_at_any_gate_of_a_mirrored_status_loses_nothing_and_says_nothing_twice() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| {
            let mut house = company(flavour);
            accepted(&house);
            house.live_for(6 * MINUTE).await;
            house.act("dev-bea", Deed::Move { issue: "DEV-A-1".to_owned(), status: "Closed".to_owned() });
            let crash = Crash::at(gate);
            house.live(End::Crash(crash.clone(), 12 * MINUTE)).await;
            let place = crash.place()?;
            house.live_for(HOUR).await;
            assert_eq!(house.disagreements(), [""; 0], "{flavour:?}: after a crash at {place}");
            let comments = &house.site.issues("USER-A")[0].comments;
            let fixed = comments.iter().filter(|comment| comment.text == "Fixed in DEV-A-1").count();
            assert_eq!(fixed, 1, "{flavour:?}: after a crash at {place}: {comments:#?}");
            Some(place)
        });
        assert!(places.iter().any(|place| place.ends_with("/transitions")), "{places:#?}");
        assert!(places.iter().any(|place| place.ends_with("/comment")), "{places:#?}");
    }
}

#[test]
fn a_crash_in_mid_air_leaves_no_twin_and_loses_nothing() {
    let cloud = (0..4_000).step_by(40).map(|millis| (Flavour::Cloud, millis));
    let data_center = (0..4_000).step_by(200).map(|millis| (Flavour::DataCenter, millis));
    for (flavour, millis) in cloud.chain(data_center) {
        on_a_paused_clock(async {
            let mut house = company(flavour);
            accepted(&house);
            house.live(End::Crash(Crash::never(), Duration::from_millis(millis))).await;
            is_whole(&mut house, &format!("{millis} ms")).await;
        });
    }
}

#[test]
fn two_crashes_in_a_row_leave_no_twin_and_lose_nothing() {
    for (first, second) in (8..40).step_by(3).flat_map(|first| (4..30).step_by(5).map(move |second| (first, second))) {
        on_a_paused_clock(async {
            let mut house = company(Flavour::Cloud);
            accepted(&house);
            house.live(End::Crash(Crash::at(first), 12 * MINUTE)).await;
            house.live(End::Crash(Crash::at(second), 12 * MINUTE)).await;
            is_whole(&mut house, &format!("gates {first} and {second}")).await;
        });
    }
}

#[test]
fn a_stop_in_order_at_any_gate_costs_the_next_life_no_waiting() {
    for flavour in FLAVOURS {
        let stops = at_every_gate(async |gate| {
            let mut house = company(flavour);
            let ticket = accepted(&house);
            let stop = Crash::at(gate);
            house.live(End::Stop(stop.clone())).await;
            let place = stop.place()?;
            house.live_for(MINUTE).await;
            assert_eq!(house.disagreements(), [""; 0], "{flavour:?}: after a stop at {place}");
            assert_eq!(house.site.issue(&ticket).unwrap().comments.len(), 1, "{flavour:?}: after a stop at {place}");
            assert_eq!(house.events.audited("step.inDoubt"), 0, "{flavour:?}: after a stop at {place}");
            Some(place)
        });
        assert!(stops.len() > 30, "{stops:#?}");
    }
}

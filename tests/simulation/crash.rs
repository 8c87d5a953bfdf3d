//! Crashes at every gate of a story: everything in memory is dropped, the stores stay.

use std::time::Duration;

use super::crashes::{a_create_crashes, a_create_stops, a_mirrored_status_crashes, company, is_whole};
use jira_sim::Flavour;
use testing::house::{Crash, End, FLAVOURS, at_every_gate, cycles, on_a_paused_clock};
use testing::story::{CUSTOMER, InJira as _};

#[test]
fn a_crash_at_any_gate_of_a_create_leaves_no_twin_and_loses_nothing() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| a_create_crashes(flavour, &Crash::at(gate)).await);
        let create = company(flavour).api("issue");
        for needed in [format!("Before Jira POST {create}"), format!("After Jira POST {create}"), STORED.to_owned()] {
            assert!(places.contains(&needed), "{needed} is not among {places:#?}");
        }
    }
}

const STORED: &str = "Before Store write";

#[test]
fn a_crash_at_any_gate_of_a_mirrored_status_loses_and_repeats_nothing() {
    for flavour in FLAVOURS {
        let places = at_every_gate(async |gate| a_mirrored_status_crashes(flavour, &Crash::at(gate)).await);
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
            house.accepts_ticket(CUSTOMER);
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
            house.accepts_ticket(CUSTOMER);
            house.live(End::Crash(Crash::at(first), cycles(2))).await;
            house.live(End::Crash(Crash::at(second), cycles(2))).await;
            is_whole(&mut house, &format!("gates {first} and {second}")).await;
        });
    }
}

#[test]
fn a_stop_in_order_at_any_gate_costs_the_next_life_no_waiting() {
    for flavour in FLAVOURS {
        let stops = at_every_gate(async |gate| a_create_stops(flavour, &Crash::at(gate)).await);
        assert!(stops.len() > 30, "{stops:#?}");
    }
}

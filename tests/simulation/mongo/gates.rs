//! Crashes and stops around each write of a story. Those around reads, which leave nothing behind, are tried on SQLite.

use std::sync::Arc;

use jira_sim::Flavour;

use super::on_a_paused_clock;
use crate::crashes::{a_create_crashes, a_create_stops, a_mirrored_status_crashes};
use testing::house::Crash;

/// Lives the story once undisturbed, and then once for each of its gates that something is written through. No story goes
/// through exactly the same gates twice. Answers where it was cut.
fn around_each_write(story: impl AsyncFn(&Arc<Crash>) -> Option<String>) -> Vec<String> {
    let undisturbed = Crash::never();
    assert_eq!(on_a_paused_clock(story(&undisturbed)), None);
    let passed = undisturbed.passed();
    // What comes later are cycles that find nothing.
    let last_write = passed.iter().rposition(|place| is_write_to_jira(place)).unwrap();
    let gates = (1..).zip(&passed[..last_write + 8]).filter(|(_, place)| is_write(place)).map(|(gate, _)| gate);
    gates.filter_map(|gate| on_a_paused_clock(story(&Crash::at(gate)))).collect()
}

fn is_write(place: &str) -> bool {
    place.ends_with("Store begin") || place.ends_with("Store write") || is_write_to_jira(place)
}

fn is_write_to_jira(place: &str) -> bool {
    let reads = ["/search", "/search/jql", "/bulkfetch"];
    (place.contains(" POST ") || place.contains(" PUT ")) && !reads.iter().any(|read| place.ends_with(read))
}

#[test]
fn a_crash_around_any_write_of_a_create_leaves_no_twin_and_loses_nothing() {
    let places = around_each_write(async |crash| a_create_crashes(Flavour::Cloud, crash).await);
    for needed in ["Before Store begin", "After Store write", "Before Jira POST /rest/api/3/issue"] {
        assert!(places.iter().any(|place| place == needed), "{needed} is not among {places:#?}");
    }
}

#[test]
fn a_crash_at_any_write_of_a_mirrored_status_loses_and_repeats_nothing() {
    let places = around_each_write(async |crash| a_mirrored_status_crashes(Flavour::DataCenter, crash).await);
    assert!(places.iter().any(|place| place.ends_with("/transitions")), "{places:#?}");
    assert!(places.iter().any(|place| place.ends_with("/comment")), "{places:#?}");
}

#[test]
fn a_stop_in_order_around_any_write_costs_the_next_life_no_waiting() {
    let places = around_each_write(async |stop| a_create_stops(Flavour::Cloud, stop).await);
    assert!(places.len() > 10, "{places:#?}");
}

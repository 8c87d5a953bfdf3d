//! Rough days, shorter than those on SQLite: a flow's sign of life every ten seconds costs real time here.

use jira_sim::Flavour;
use testing::data::on_mongo;

use crate::days::{Day, Flows, rough_days};
use testing::house::{HOUR, MINUTE};

/// Long enough for doubts to ripen and for failed issues to be tried again, and so busy that there are doubts.
const DAY: Day = Day { work: HOUR, evening: MINUTE.saturating_mul(90), pace: 6.0, flows: Flows::First };

/// Answers how often something was in doubt. A few hours may pass without that: crashes and lost connections are enough.
fn live_through(flavour: Flavour, seeds: std::ops::Range<u64>, flows: Flows) -> usize {
    on_mongo(|| rough_days(flavour, seeds, Day { flows, ..DAY }, async |_, _| {}))
}

#[test]
fn rough_days_leave_both_sides_in_agreement() {
    let doubts = live_through(Flavour::Cloud, 0..14, Flows::First);
    assert!(doubts > 0, "in fourteen days the weather was never rough");
}

#[test]
fn a_rough_day_of_three_flows_on_one_server_ends_in_agreement() {
    live_through(Flavour::Cloud, 14..15, Flows::All);
}

#[test]
fn rough_days_on_a_data_center_leave_both_sides_in_agreement() {
    live_through(Flavour::DataCenter, 15..20, Flows::First);
}

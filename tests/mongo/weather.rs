//! Rough days, shorter than those on SQLite: a sign of life every ten seconds costs real time here.

use lockstep::sim::Flavour;

use super::days::{Day, rough_days};
use super::house::{HOUR, MINUTE};

/// Long enough for doubts to ripen.
const DAY: Day = Day { work: HOUR.saturating_mul(3), evening: MINUTE.saturating_mul(90) };

/// So few hours may pass without anything in doubt: crashes and lost connections are enough.
fn live_through(flavour: Flavour, seeds: std::ops::Range<u64>) {
    rough_days(flavour, seeds, DAY);
}

#[test]
fn rough_days_leave_both_sides_in_agreement_seeds_0_to_6() {
    live_through(Flavour::Cloud, 0..7);
}

#[test]
fn rough_days_leave_both_sides_in_agreement_seeds_7_to_13() {
    live_through(Flavour::Cloud, 7..14);
}

#[test]
fn rough_days_on_a_data_center_leave_both_sides_in_agreement() {
    live_through(Flavour::DataCenter, 14..20);
}

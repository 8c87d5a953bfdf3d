//! Rough days, shorter than those on SQLite: a sign of life every ten seconds costs real time here.

use lockstep::sim::Flavour;

use super::days::{Day, rough_days};
use super::house::{HOUR, MINUTE};

/// Long enough for doubts to ripen.
const DAY: Day = Day { work: HOUR.saturating_mul(3), evening: MINUTE.saturating_mul(90) };

#[test]
fn rough_days_leave_both_sides_in_agreement_seeds_0_to_6() {
    rough_days(Flavour::Cloud, 0..7, DAY);
}

#[test]
fn rough_days_leave_both_sides_in_agreement_seeds_7_to_13() {
    rough_days(Flavour::Cloud, 7..14, DAY);
}

#[test]
fn rough_days_on_a_data_center_leave_both_sides_in_agreement() {
    rough_days(Flavour::DataCenter, 14..20, DAY);
}

//! Days of people in three pairs of projects.

use super::days::{Day, Flows, a_day_in, in_agreement, rough_days};
use super::digests::Lived;
use jira_sim::{FaultPlan, Flavour, Setup};
use lockstep::demo::world;
use testing::house::{FLAVOURS, HOUR, House, on_a_paused_clock};

/// People work until late; the evening is long enough for doubts to ripen and throttled flows to go on.
const DAY: Day = Day { work: HOUR.saturating_mul(22), evening: HOUR.saturating_mul(2), pace: 1.0, flows: Flows::All };

async fn a_day(flavour: Flavour, seed: u64, faults: FaultPlan) -> House {
    a_day_in(House::new(flavour, seed, faults), DAY).await
}

#[test]
fn a_day_of_people_leaves_both_sides_in_agreement() {
    for flavour in FLAVOURS {
        is_a_fine_day(&on_a_paused_clock(a_day(flavour, 1, FaultPlan::none())));
    }
}

fn is_a_fine_day(house: &House) {
    in_agreement(house, 1);
    assert!(house.events.audited("action.createIssue") > 20, "{}", house.events.audited("action.createIssue"));
    assert!(house.events.audited("action.syncStatus") > 20);
    assert_eq!(house.events.audited("step.inDoubt"), 0, "nothing was in doubt on a fine day");
}

/// Dates in queries are read by the minute and in the account's own zone, where on one of these days an hour is left
/// out, and on the other an hour comes twice.
#[test]
fn an_older_data_center_takes_only_quoted_dates() {
    for begin in ["2026-03-08T00:00:00Z", "2026-11-01T00:00:00Z"] {
        let older = |jira: &mut Setup| {
            jira.flavour = Flavour::DataCenter;
            jira.refuses_epoch_dates = true;
            jira.accounts[0].time_zone = chrono_tz::America::Los_Angeles;
        };
        let house = House::built_at(begin, 1, FaultPlan::none(), older);
        let house = on_a_paused_clock(a_day_in(house, DAY));
        is_a_fine_day(&house);
        let refused = house.site.requests().iter().filter(|line| line.status == Some(400)).count();
        assert_eq!(refused, world::FLOWS.len(), "each flow learns it once");
    }
}

/// In all other stories the account is in `Asia/Ho_Chi_Minh`.
#[test]
fn an_account_in_utc_loses_nothing_either() {
    let house = House::built(1, FaultPlan::none(), |jira| jira.accounts[0].time_zone = chrono_tz::UTC);
    is_a_fine_day(&on_a_paused_clock(a_day_in(house, DAY)));
}

#[test]
fn the_same_seed_replays_byte_for_byte() {
    let traces = [2, 2, 3].map(|seed| on_a_paused_clock(a_day(Flavour::Cloud, seed, FaultPlan::rough())).trace());
    assert!(traces[0].len() > 100_000);
    assert!(traces[0] == traces[1], "{}", first_difference(&traces[0], &traces[1]));
    assert!(traces[0] != traces[2]);
}

/// Run by the next test in processes of their own; by itself it only prints.
#[test]
fn print_the_trace_of_a_rough_day() {
    if std::env::var_os("LOCKSTEP_TEST_PRINT_TRACE").is_some() {
        println!("{}", on_a_paused_clock(a_day(Flavour::Cloud, 4, FaultPlan::rough())).trace());
    }
}

#[test]
fn two_processes_live_the_same_day_byte_for_byte() {
    let run = || {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "--nocapture", "day::print_the_trace_of_a_rough_day"]);
        let output = child.env("LOCKSTEP_TEST_PRINT_TRACE", "1").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        // The test runner says how long it took; that is no part of the day.
        text.lines()
            .filter(|line| line.starts_with("2026-") || line.starts_with("RequestLine"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let (one, other) = (run(), run());
    assert!(one.len() > 100_000, "{one}");
    assert!(one == other, "{}", first_difference(&one, &other));
}

fn first_difference(a: &str, b: &str) -> String {
    let differing = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    differing.map_or_else(|| "one is longer".to_owned(), |(a, b)| format!("{a}\n{b}"))
}

/// A hundred seeds, shared among tests so that they run side by side.
fn live_through(flavour: Flavour, seeds: std::ops::Range<u64>) {
    let mut lived = Lived::on(flavour);
    let doubts = rough_days(flavour, seeds, DAY, async |seed, house| lived.add(seed, house).await);
    assert!(doubts > 0, "the weather was not rough");
    lived.compare();
}

#[test]
fn rough_days_leave_both_sides_in_agreement_seeds_0_to_24() {
    live_through(Flavour::Cloud, 0..25);
}

#[test]
fn rough_days_leave_both_sides_in_agreement_seeds_25_to_49() {
    live_through(Flavour::Cloud, 25..50);
}

#[test]
fn rough_days_leave_both_sides_in_agreement_seeds_50_to_74() {
    live_through(Flavour::Cloud, 50..75);
}

#[test]
fn rough_days_leave_both_sides_in_agreement_seeds_75_to_99() {
    live_through(Flavour::Cloud, 75..100);
}

#[test]
fn rough_days_on_a_data_center_leave_both_sides_in_agreement() {
    live_through(Flavour::DataCenter, 0..6);
}

/// For `.ci/soak`: `LOCKSTEP_TEST_SEEDS=1000..2000`.
#[test]
fn rough_days_of_seeds_named_in_the_environment() {
    let Ok(range) = std::env::var("LOCKSTEP_TEST_SEEDS") else { return };
    let (from, to) = range.split_once("..").unwrap();
    for flavour in FLAVOURS {
        live_through(flavour, from.parse().unwrap()..to.parse().unwrap());
    }
}

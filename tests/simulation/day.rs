//! A day of people in three pairs of projects.

use super::house::{End, HOUR, House, MINUTE};
use lockstep::sim::FaultPlan;

/// Long enough after everybody went home: doubts ripen, throttled flows go on.
const EVENING: std::time::Duration = HOUR.saturating_mul(2);

async fn a_day(seed: u64, faults: FaultPlan) -> House {
    let mut house = House::new(seed, faults);
    house.people_work_for(22 * HOUR, 1.0);
    house.live_for(22 * HOUR + EVENING).await;
    house
}

fn on_a_paused_clock<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(story)
}

#[test]
fn a_day_of_people_leaves_both_sides_in_agreement() {
    let house = on_a_paused_clock(a_day(1, FaultPlan::none()));
    assert_eq!(house.disagreements(), [""; 0]);
    assert!(house.events.audited("action.createIssue") > 20, "{}", house.events.audited("action.createIssue"));
    assert!(house.events.audited("action.syncStatus") > 20);
}

#[test]
fn the_same_seed_replays_byte_for_byte() {
    let traces = [2, 2, 3].map(|seed| on_a_paused_clock(a_day(seed, FaultPlan::rough())).trace());
    assert!(traces[0].len() > 100_000);
    assert!(traces[0] == traces[1], "{}", first_difference(&traces[0], &traces[1]));
    assert!(traces[0] != traces[2]);
}

fn first_difference(a: &str, b: &str) -> String {
    let differing = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    differing.map_or_else(|| "one is longer".to_owned(), |(a, b)| format!("{a}\n{b}"))
}

#[test]
fn rough_days_leave_both_sides_in_agreement() {
    for seed in 0..10 {
        let house = on_a_paused_clock(a_day(seed, FaultPlan::rough()));
        let wrong = house.disagreements();
        let about = wrong.iter().filter_map(|it| it.split(' ').next()).map(|key| house.about(key)).collect::<String>();
        assert_eq!(wrong, [""; 0], "seed {seed}\n{about}");
    }
}

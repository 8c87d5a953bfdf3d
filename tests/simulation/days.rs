//! How a day is lived.

use std::time::Duration;

use jira_sim::{FaultPlan, Flavour};
use testing::house::{Crash, End, HOUR, House, on_a_paused_clock};

/// How long people work, and how long the daemon goes on when they are gone.
#[derive(Clone, Copy)]
pub struct Day {
    pub work: Duration,
    pub evening: Duration,
    /// How busy people are: 1.0 is as usual.
    pub pace: f64,
    pub flows: Flows,
}

/// Which of the shipped flows are served.
#[derive(Clone, Copy)]
pub enum Flows {
    All,
    First,
}

fn rough_house(flavour: Flavour, seed: u64, day: Day) -> House {
    let house = House::new(flavour, seed, FaultPlan::rough());
    match day.flows {
        Flows::All => house,
        Flows::First => house.only_the_first_flow(),
    }
}

pub async fn a_day_in(mut house: House, day: Day) -> House {
    house.people_work_for(day.work, day.pace);
    house.live_for(day.work + day.evening).await;
    house
}

/// A day on which the daemon crashes a few times, at gates that the seed names, and once in mid-air.
async fn a_bad_day(flavour: Flavour, seed: u64, day: Day) -> House {
    let mut house = rough_house(flavour, seed, day);
    house.people_work_for(day.work, day.pace);
    let begun = house.clock.now();
    for gate in [40 + 7 * seed, 400 + 31 * seed, 1600 + 53 * seed] {
        house.live(End::Crash(Crash::at(gate), (6 * HOUR).min(day.work / 3))).await;
    }
    house.live(End::Crash(Crash::never(), Duration::from_millis(700 + 10 * seed))).await;
    let lived = house.clock.now() - begun;
    house.live_for((day.work + day.evening).saturating_sub(lived).max(day.evening)).await;
    house
}

pub fn in_agreement(house: &House, seed: u64) {
    let wrong = house.disagreements();
    let about: String = wrong.iter().filter_map(|it| it.split(' ').next()).map(|key| house.about(key)).collect();
    assert_eq!(wrong, [""; 0], "seed {seed}\n{about}");
}

/// Every other day is a bad one. At the end of each, `look` sees what is left. Answers how often something was in doubt.
pub fn rough_days(
    flavour: Flavour,
    seeds: std::ops::Range<u64>,
    day: Day,
    mut look: impl AsyncFnMut(u64, &House),
) -> usize {
    let mut doubts = 0;
    for seed in seeds {
        let house = on_a_paused_clock(async {
            let house = match seed % 2 {
                0 => Box::pin(a_day_in(rough_house(flavour, seed, day), day)).await,
                _ => Box::pin(a_bad_day(flavour, seed, day)).await,
            };
            look(seed, &house).await;
            house
        });
        in_agreement(&house, seed);
        doubts += house.events.audited("step.inDoubt");
    }
    doubts
}

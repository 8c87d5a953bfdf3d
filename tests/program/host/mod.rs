//! One process on a host where much goes wrong at once: its log is stuck, strangers hold connections, MongoDB is away, the
//! clock jumps, flow files change all the time. `.ci/soak-host` runs it.

mod container;
mod trouble;

use std::env;
use std::time::Duration;

use lockstep::clock::{Clock, Entropy};

use container::Host;
use trouble::Trouble;

/// How long, in seconds; `.ci/soak-host` says it.
const SECONDS: &str = "LOCKSTEP_SOAK_SECONDS";

/// Which draws are made: what goes wrong beside what.
const SEED: &str = "LOCKSTEP_SOAK_SEED";

#[test]
#[ignore = "takes an hour, root and a package of Debian: `.ci/soak-host` runs it"]
fn every_ticket_gets_one_dev_issue_whatever_goes_wrong_on_the_host() {
    let number = |name: &str, default: u64| env::var(name).ok().map_or(default, |text| text.parse().unwrap());
    let (seconds, seed) = (number(SECONDS, 120), number(SEED, 1));
    let clock = Clock::system();
    let end = clock.now() + Duration::from_secs(seconds);
    let entropy = Entropy::seeded(seed);

    let mut host = Host::start();
    host.assert_only_wall_time_is_faked();
    host.assert_nothing_but_data_can_be_written();
    let mut round = 0;
    while clock.now() < end || round == 0 {
        for first in Trouble::ALL {
            // Most rounds have a second trouble beside the first, which may be the same.
            let second = Trouble::ALL[(entropy.unit() * Trouble::ALL.len() as f64) as usize];
            round += 1;
            println!("round {round}: {first:?} and {second:?}");
            host.live_through(&[first, second]);
            if clock.now() >= end {
                break;
            }
        }
    }
    host.reconcile();
    println!("host: {round} rounds in {seconds} s from seed {seed}: {}", host.summary());
}

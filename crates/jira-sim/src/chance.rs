//! Draws from the site's streams of chance.

use std::ops::RangeInclusive;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// A stream of its own for each use, so that one more draw here changes nothing there.
pub(super) fn stream(seed: u64, purpose: u64) -> StdRng {
    // An odd factor keeps the seeds of the streams apart; StdRng mixes the rest.
    StdRng::seed_from_u64(seed.wrapping_add(purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// A length of time within the range; its beginning if the range is empty.
pub(super) fn between(stream: &mut StdRng, range: &RangeInclusive<Duration>) -> Duration {
    if range.start() >= range.end() { *range.start() } else { stream.random_range(range.clone()) }
}

/// One of the choices, or none if there are none.
pub(super) fn one_of<'a, T>(stream: &mut StdRng, choices: &'a [T]) -> Option<&'a T> {
    choices.choose(stream)
}

/// One of the choices, each as likely as its weight says.
pub(super) fn weighted<'a, T>(stream: &mut StdRng, choices: &'a [(u32, T)]) -> Option<&'a T> {
    let total: u32 = choices.iter().map(|(weight, _)| weight).sum();
    let mut left = if total == 0 { return None } else { stream.random_range(0..total) };
    for (weight, choice) in choices {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return Some(choice),
        }
    }
    None
}

//! Waiting for something to come true.

use std::thread;
use std::time::Duration;

use lockstep::clock::Clock;

/// Far longer than anything here takes, even on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// What `look` finds as soon as it finds something; fails the test when it never does.
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look)
}

/// The same for what may take so long.
pub fn within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let clock = Clock::system();
    let deadline = clock.now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(clock.now() < deadline, "not within {patience:?}: {what}");
        thread::sleep(LOOK);
    }
}

//! How far a full sync has come, for people who wait for it.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::cx::{Cx, Error};
use crate::flow::Event;

/// Progress is told so often; a full sync that is over before tells only its end.
const EVERY: Duration = Duration::from_secs(30);

/// What is needed to tell how far a full sync has come.
pub(in crate::engine) struct Progress {
    begun: Instant,
    /// Issues that were done when this worker took it up.
    done_before: u64,
    told: Instant,
    /// Asked when it is first told.
    total: Total,
}

#[derive(Clone, Copy)]
enum Total {
    NotAsked,
    /// `None` where Jira does not count.
    Asked(Option<u64>),
}

impl Progress {
    /// Of a sync that goes on `now`, with so many issues done.
    pub(in crate::engine) fn new(now: Instant, done_before: u64) -> Self {
        Self { begun: now, done_before, told: now, total: Total::NotAsked }
    }

    fn event(&self, now: Instant, done: u64, total: Option<u64>) -> Event {
        let rate = Rate { issues: done - self.done_before, within: now.saturating_duration_since(self.begun) };
        let left = total.and_then(|total| rate.time_for(total.saturating_sub(done)));
        Event::InitialSyncProgress { done, total, per_minute: rate.per_minute(), left }
    }
}

/// So many issues within such a time.
#[derive(Clone, Copy)]
struct Rate {
    issues: u64,
    within: Duration,
}

impl Rate {
    fn per_minute(self) -> u64 {
        let millis = self.within.as_millis().max(1);
        u64::try_from(u128::from(self.issues) * 60_000 / millis).unwrap_or(u64::MAX)
    }

    /// How long so many more take; `None` as long as nothing was done.
    fn time_for(self, more: u64) -> Option<Duration> {
        let millis = (u128::from(more) * self.within.as_millis()).checked_div(self.issues.into())?;
        Some(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
    }
}

/// Tells how far a full sync has come, now and then. How many issues there are is asked only then.
pub(super) async fn tell_progress(cx: &Cx, progress: &mut Progress, done: u64) -> Result<(), Error> {
    let now = cx.clock.now();
    if now.saturating_duration_since(progress.told) < EVERY {
        return Ok(());
    }
    progress.told = now;
    let total = match progress.total {
        Total::Asked(total) => total,
        Total::NotAsked => cx.jira.count(&cx.sides.ids()).await?,
    };
    progress.total = Total::Asked(total);
    cx.teller.tell(&progress.event(now, done, total));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_time_left_come_from_what_this_worker_did() {
        let rate = Rate { issues: 300, within: Duration::from_secs(90) };
        assert_eq!(rate.per_minute(), 200);
        assert_eq!(rate.time_for(1000), Some(Duration::from_secs(300)));
    }

    #[test]
    fn nothing_done_yet_tells_no_time() {
        assert_eq!(Rate { issues: 0, within: Duration::from_secs(30) }.time_for(1000), None);
    }
}

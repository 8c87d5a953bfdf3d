//! Time and randomness as inputs.
//!
//! Only this module reads the machine's clocks and its randomness; all other code receives a [`Clock`] or an
//! [`Entropy`]. So a simulated day runs in seconds and replays byte for byte (docs/architecture.md, "Determinism").
//! Clippy's `disallowed-methods` forbids the ambient sources.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

/// This machine's clock: monotonic time for waiting, wall time for logs and records.
///
/// Never compared with Jira's clock: what Jira said about time is a [`crate::flow::JiraTime`].
#[derive(Clone, Debug)]
pub struct Clock(Source);

/// One moment, read from both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Monotonic time.
    pub now: Instant,
    /// Wall time.
    pub wall: DateTime<Utc>,
}

impl Moment {
    /// The time since `earlier`, by the clock that shows more: the monotonic clock stops while the machine sleeps, and
    /// the wall clock may have been set back.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let by_wall = (self.wall - earlier.wall).to_std().unwrap_or_default();
        self.now.saturating_duration_since(earlier.now).max(by_wall)
    }
}

#[derive(Clone, Debug)]
enum Source {
    System,
    /// Wall time is `wall` at `at` and moves with tokio's clock, which a test may pause.
    Simulated {
        wall: DateTime<Utc>,
        at: Instant,
    },
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows `wall` now and moves with tokio's (possibly paused) clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads tokio's clock")]
    pub fn simulated(wall: DateTime<Utc>) -> Self {
        Self(Source::Simulated { wall, at: Instant::now() })
    }

    /// Monotonic time, for deadlines and durations.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads tokio's clock")]
    pub fn now(&self) -> Instant {
        Instant::now()
    }

    /// Wall time, for logs and records that people read.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's wall clock")]
    pub fn wall(&self) -> DateTime<Utc> {
        match self.0 {
            Source::System => Utc::now(),
            Source::Simulated { wall, at } => wall + self.now().saturating_duration_since(at),
        }
    }

    /// This moment, by both clocks.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment { now: self.now(), wall: self.wall() }
    }

    /// Waits for `duration`. Cancel by dropping.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Waits until `deadline`. Cancel by dropping.
    pub async fn sleep_until(&self, deadline: Instant) {
        tokio::time::sleep_until(deadline).await;
    }
}

/// The source of all randomness: jitter, ids, marks.
///
/// Clones share one stream. [`Entropy::fork`] begins another one that depends only on the parent's seed and the label,
/// so that the draws of one flow never shift those of another.
#[derive(Clone)]
pub struct Entropy {
    seed: [u8; 32],
    stream: Arc<Mutex<StdRng>>,
}

impl Entropy {
    /// Seeded by the operating system.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn system() -> anyhow::Result<Self> {
        use rand::TryRng;
        let mut seed = [0; 32];
        SysRng.try_fill_bytes(&mut seed).map_err(|e| anyhow::anyhow!("the system has no randomness: {e}"))?;
        Ok(Self::from_bytes(seed))
    }

    /// A stream that replays: the same seed gives the same draws.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::from_bytes(Sha256::digest(seed.to_le_bytes()).into())
    }

    /// An independent stream named by `label`.
    #[must_use]
    pub fn fork(&self, label: &str) -> Self {
        Self::from_bytes(Sha256::new().chain_update(self.seed).chain_update(label).finalize().into())
    }

    /// A number in `0.0..1.0`.
    #[must_use]
    pub fn unit(&self) -> f64 {
        self.draw(|rng| rng.random())
    }

    /// A time-ordered id (UUID version 7) made at `wall`.
    #[must_use]
    pub fn id(&self, wall: DateTime<Utc>) -> Uuid {
        let random: [u8; 10] = self.draw(|rng| rng.random());
        // A clock that is set to before 1970 still gets a valid id.
        let millis = u64::try_from(wall.timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    fn from_bytes(seed: [u8; 32]) -> Self {
        Self { seed, stream: Arc::new(Mutex::new(StdRng::from_seed(seed))) }
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.stream.lock())
    }
}

/// Prints no seed: the ids of later intents could be computed from it.
impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_forks_do_not_disturb_each_other() {
        let wall = DateTime::UNIX_EPOCH;
        let (a, b) = (Entropy::seeded(7), Entropy::seeded(7));
        let _ = a.fork("left").unit();
        assert_eq!(a.id(wall), b.id(wall));
        assert_eq!(a.fork("right").unit().to_bits(), b.fork("right").unit().to_bits());
        assert_ne!(a.fork("left").id(wall), a.fork("right").id(wall));
    }

    #[tokio::test(start_paused = true)]
    async fn simulated_wall_time_moves_with_the_paused_clock() {
        let clock = Clock::simulated(DateTime::UNIX_EPOCH);
        clock.sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.wall(), DateTime::UNIX_EPOCH + Duration::from_secs(3600));
    }
}

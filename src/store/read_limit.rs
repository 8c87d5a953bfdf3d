//! A limit on reads from outside the workers: how many at once in a process, and how long each may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Error;
use super::executor::Lane;
use crate::clock::Clock;

/// The longest that a read may take, with its wait for a permit.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many read at once in a process: each has files open, and a thread while it reads.
const PERMITS: usize = 4;

/// One for the process. Clones are one.
#[derive(Clone)]
pub(super) struct ReadLimit {
    permits: Arc<Semaphore>,
    clock: Clock,
}

/// Held until a question is answered, also when its caller is gone.
pub(super) struct ReadPermit(
    #[expect(dead_code, reason = "held, and given up by dropping it")] Option<OwnedSemaphorePermit>,
);

impl ReadLimit {
    pub(super) fn new(clock: Clock) -> Self {
        Self { permits: Arc::new(Semaphore::new(PERMITS)), clock }
    }

    /// Reads as soon as there is a permit; `place` is what the caller wants to know about. `in_the_way` is asked for the
    /// reason when the time is up: all permits may be taken because the same server is away.
    pub(super) async fn visit<T, F>(
        &self,
        place: String,
        ask: impl FnOnce(ReadPermit) -> F,
        in_the_way: impl FnOnce() -> Option<String>,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let is_permitted = AtomicBool::new(false);
        let permitted = async {
            // Never closed: each caller gets one in its turn.
            let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
            is_permitted.store(true, Ordering::Relaxed);
            ask(ReadPermit(permit)).await
        };
        tokio::select! {
            biased;
            result = permitted => result,
            () = self.clock.sleep(PATIENCE) => {
                let why = in_the_way().unwrap_or_else(|| late(is_permitted.load(Ordering::Relaxed)));
                Err(Error::Unavailable { place, why })
            }
        }
    }

    /// [`ReadLimit::visit`] for work that blocks.
    pub(super) async fn read<T, F>(&self, place: String, lane: &Lane, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, Error> + Send + 'static,
    {
        let permitted = |permit| {
            lane.run(move || {
                let _permit: ReadPermit = permit;
                work()
            })
        };
        self.visit(place, permitted, || None).await
    }
}

fn late(is_permitted: bool) -> String {
    let why = if is_permitted { "" } else { ", as too much is asked at once" };
    format!("no answer within {} s{why}; ask again later", PATIENCE.as_secs())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures::future::join_all;
    use futures::poll;

    use super::super::Executor;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_permit_in_time_is_sent_away_and_the_next_one_is_served() {
        let (limit, lane) = limit();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(parking_lot::Mutex::new(held));
        let mut permitted: Vec<_> = (0..PERMITS)
            .map(|_| {
                let held = Arc::clone(&held);
                // Whether somebody released it or is gone does not matter here.
                let wait = move || Ok(held.lock().recv().is_ok());
                Box::pin(limit.read(String::new(), &lane, wait))
            })
            .collect();
        for one in &mut permitted {
            assert!(poll!(one).is_pending());
        }

        let mut next = Box::pin(limit.read("data/sync_ab.sqlite".to_owned(), &lane, || Ok(7)));
        assert!(poll!(&mut next).is_pending());
        assert_eq!(limit.permits.available_permits(), 0);
        drop(release);
        join_all(permitted).await;
        assert_eq!(next.await.unwrap(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let (limit, lane) = limit();
        let all = Arc::clone(&limit.permits).acquire_many_owned(u32::try_from(PERMITS).unwrap()).await.unwrap();
        let refused = limit.read("data/sync_ab.sqlite".to_owned(), &lane, || Ok(7)).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "data/sync_ab.sqlite is not available: no answer within 5 s, as too much is asked at once; ask again later"
        );
        drop(all);
        assert_eq!(limit.read(String::new(), &lane, || Ok(7)).await.unwrap(), 7);
    }

    fn limit() -> (ReadLimit, Lane) {
        let clock = Clock::simulated("2024-06-01T12:00:00Z".parse().unwrap());
        (ReadLimit::new(clock), Executor::blocking().lane())
    }
}

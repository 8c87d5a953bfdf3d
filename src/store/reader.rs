//! Looking into a flow's data from outside its worker: for people, and for programs that ask for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::executor::Lane;
use super::{Error, Failure, HandledIssue, State};
use crate::clock::Clock;
use crate::flow::{AttachmentId, Copied, HistoryQuery, Intent, IssueId, MissingDev, Pair, Side, Told};

/// The longest that somebody who looks has to wait, for a seat and for the answer together.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many look at once in a process: each has files open, and a thread while it reads.
const SEATS: usize = 4;

/// Reads one flow's data, whether its worker is busy, parked, stopped or was never there. It writes nothing, makes
/// nothing and stands in no writer's way; what it tells is what was last committed.
///
/// Each call answers within 5 s, and in all of a process only a few are served at once: others wait, and are sent away
/// ([`Error::Unavailable`]) when their time is up. A flow that has no data yet is [`Error::Unavailable`] too.
pub trait Reader: Send + Sync {
    /// The state document.
    fn state(&self) -> BoxFuture<'_, Result<State, Error>>;
    /// Intents that are not closed, those with a step in doubt among them; oldest first, at most `most`.
    fn open_intents(&self, most: u32) -> BoxFuture<'_, Result<Vec<Intent>, Error>>;
    /// Issues that failed and are to be tried again, in order of their next try; at most `most`.
    fn failures(&self, most: u32) -> BoxFuture<'_, Result<Vec<Failure>, Error>>;
    /// Pairs that are not kept in step, whatever the reason, at most `most`: by user issue, oldest first, and last of all
    /// those that an operator took apart.
    fn troubled_pairs(&self, most: u32) -> BoxFuture<'_, Result<Vec<Pair>, Error>>;
    /// At most `most` missing dev issues by their user issues, oldest first, beginning after the one of `after`.
    fn missing_after(&self, after: Option<IssueId>, most: u32) -> BoxFuture<'_, Result<Vec<MissingDev>, Error>>;
    /// Lines of history, latest first.
    fn history(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Told>, Error>>;
    /// All failures in pages of at most `most`, by side and id as texts, beginning after the issue of `after`.
    fn failures_after(&self, after: Option<(Side, IssueId)>, most: u32) -> BoxFuture<'_, Result<Vec<Failure>, Error>>;
    /// At most `most` pairs of whatever state, by user issue, oldest first, beginning after the one of `after`.
    fn pairs_after(&self, after: Option<IssueId>, most: u32) -> BoxFuture<'_, Result<Vec<Pair>, Error>>;
    /// At most `most` of the issues that were handled on a side, oldest first, beginning after `after`. Those whose key
    /// is known to be another issue's now are left out.
    fn handled_after(
        &self,
        side: Side,
        after: Option<IssueId>,
        most: u32,
    ) -> BoxFuture<'_, Result<Vec<HandledIssue>, Error>>;
    /// At most `most` entries of the ledger in the order of the files' ids as text, beginning after the file `after`.
    fn ledger_after(&self, after: Option<AttachmentId>, most: u32) -> BoxFuture<'_, Result<Vec<Copied>, Error>>;
    /// What a caller is told whose questions have shown that the flow's data is damaged.
    fn damaged(&self, what: String) -> Error;
}

/// Where those sit who read; one for the process. Clones are one.
#[derive(Clone)]
pub(super) struct Room {
    seats: Arc<Semaphore>,
    clock: Clock,
}

/// Held until a question is answered, also when nobody waits for the answer any more.
pub(super) struct Seat(#[expect(dead_code, reason = "held, and given up by dropping it")] Option<OwnedSemaphorePermit>);

impl Room {
    pub(super) fn new(clock: Clock) -> Self {
        Self { seats: Arc::new(Semaphore::new(SEATS)), clock }
    }

    /// Asks as soon as there is a seat; `place` is what the caller wants to know about. `in_the_way` is asked for the
    /// reason when the time is up: all seats may be taken because the same server is away.
    pub(super) async fn visit<T, F>(
        &self,
        place: String,
        ask: impl FnOnce(Seat) -> F,
        in_the_way: impl FnOnce() -> Option<String>,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let is_seated = AtomicBool::new(false);
        let seated = async {
            // Never closed: whoever waits gets a seat.
            let seat = Arc::clone(&self.seats).acquire_owned().await.ok();
            is_seated.store(true, Ordering::Relaxed);
            ask(Seat(seat)).await
        };
        tokio::select! {
            biased;
            result = seated => result,
            () = self.clock.sleep(PATIENCE) => {
                let why = in_the_way().unwrap_or_else(|| late(is_seated.load(Ordering::Relaxed)));
                Err(Error::Unavailable { place, why })
            }
        }
    }

    /// [`Room::visit`] for work that blocks.
    pub(super) async fn read<T, F>(&self, place: String, lane: &Lane, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, Error> + Send + 'static,
    {
        let seated = |seat| {
            lane.run(move || {
                let _seat: Seat = seat;
                work()
            })
        };
        self.visit(place, seated, || None).await
    }
}

fn late(is_seated: bool) -> String {
    let why = if is_seated { "" } else { ", as too much is asked at once" };
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
    async fn who_finds_no_seat_in_time_is_sent_away_and_the_next_one_is_served() {
        let (room, lane) = room();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(parking_lot::Mutex::new(held));
        let mut seated: Vec<_> = (0..SEATS)
            .map(|_| {
                let held = Arc::clone(&held);
                // Whether somebody released it or is gone does not matter here.
                let wait = move || Ok(held.lock().recv().is_ok());
                Box::pin(room.read(String::new(), &lane, wait))
            })
            .collect();
        for one in &mut seated {
            assert!(poll!(one).is_pending());
        }

        let mut next = Box::pin(room.read("data/sync_ab.sqlite".to_owned(), &lane, || Ok(7)));
        assert!(poll!(&mut next).is_pending());
        assert_eq!(room.seats.available_permits(), 0);
        drop(release);
        join_all(seated).await;
        assert_eq!(next.await.unwrap(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let (room, lane) = room();
        let all = Arc::clone(&room.seats).acquire_many_owned(u32::try_from(SEATS).unwrap()).await.unwrap();
        let refused = room.read("data/sync_ab.sqlite".to_owned(), &lane, || Ok(7)).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "data/sync_ab.sqlite is not available: no answer within 5 s, as too much is asked at once; ask again later"
        );
        drop(all);
        assert_eq!(room.read(String::new(), &lane, || Ok(7)).await.unwrap(), 7);
    }

    fn room() -> (Room, Lane) {
        let clock = Clock::simulated("2024-06-01T12:00:00Z".parse().unwrap());
        (Room::new(clock), Executor::blocking().lane())
    }
}

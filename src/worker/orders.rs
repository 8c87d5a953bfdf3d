//! Orders on their way to the worker that carries them out: a bounded queue, in which each order is answered once,
//! whatever becomes of its worker or of whoever gave it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::flow::{Obeyed, Order, Refused};

/// How many orders may wait for one worker.
const MOST_WAITING: usize = 16;

/// How an order ended, for whoever gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ordered {
    /// It was carried out, now or before.
    Obeyed(Obeyed),
    /// Something is in the way; nothing was changed.
    Refused(Refused),
    /// The flow can't do it now; nothing was changed, and nothing will be.
    NotNow {
        /// For people.
        why: String,
    },
    /// It was begun, and nobody can say how far it came; it may be given again.
    BrokenOff {
        /// For people.
        why: String,
    },
}

/// A queue of orders for one worker: the end at which they are given, and the worker's.
#[must_use]
pub fn queue() -> (Counter, Inbox) {
    let (give, take) = mpsc::channel(MOST_WAITING);
    (Counter(give), Inbox(take))
}

/// Where orders are given.
#[derive(Clone)]
pub struct Counter(mpsc::Sender<Slip>);

/// Where a worker finds its orders. Once it is dropped, whatever waited in it is answered.
pub struct Inbox(mpsc::Receiver<Slip>);

/// An order that waits, or is in hand. Dropping it answers it.
pub struct Slip {
    order: Order,
    stage: Arc<Mutex<Stage>>,
    answer: oneshot::Sender<Ordered>,
}

/// What has become of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    InHand,
    /// Whoever gave it no longer waits for it.
    Withdrawn,
}

impl Counter {
    /// Gives an order and waits for its answer: for at most `patience` until it is in hand, and then as long again.
    /// Whoever stops waiting before it is in hand has withdrawn it.
    pub async fn give(&self, order: Order, clock: &Clock, patience: Duration) -> Ordered {
        let (answer, answered) = oneshot::channel();
        let slip = Slip { order, stage: Arc::new(Mutex::new(Stage::Waiting)), answer };
        let mut ticket = Ticket { stage: Arc::clone(&slip.stage), answered };
        match self.0.try_send(slip) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return not_now("too many orders wait for it already"),
            Err(mpsc::error::TrySendError::Closed(_)) => return not_now("its worker is ending"),
        }
        if let Some(answer) = ticket.answer_within(clock, patience).await {
            return answer;
        }
        if ticket.withdraw() {
            return not_now("it is in a cycle that takes long; the order was withdrawn");
        }
        let still_in_hand = || Ordered::BrokenOff { why: "it is still at it".to_owned() };
        ticket.answer_within(clock, patience).await.unwrap_or_else(still_in_hand)
    }
}

impl Inbox {
    /// The next order, in hand now. Waits for one; for ever, if there can be none. Cancel by dropping.
    pub async fn next(&mut self) -> Slip {
        loop {
            match self.0.recv().await {
                Some(slip) if slip.take_in_hand() => return slip,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// The next order that waits already, in hand now.
    pub(super) fn waiting(&mut self) -> Option<Slip> {
        while let Ok(slip) = self.0.try_recv() {
            if slip.take_in_hand() {
                return Some(slip);
            }
        }
        None
    }
}

impl Slip {
    /// What is to be done.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Tells whoever gave it how it ended, if anybody still listens.
    pub fn answer(self, end: Ordered) {
        let _ = self.answer.send(end);
    }

    fn take_in_hand(&self) -> bool {
        let mut stage = self.stage.lock();
        let waits = *stage == Stage::Waiting;
        if waits {
            *stage = Stage::InHand;
        }
        waits
    }
}

/// The other end of a [`Slip`].
struct Ticket {
    stage: Arc<Mutex<Stage>>,
    answered: oneshot::Receiver<Ordered>,
}

impl Ticket {
    /// `None` when there was none in time.
    async fn answer_within(&mut self, clock: &Clock, patience: Duration) -> Option<Ordered> {
        tokio::select! {
            biased;
            answer = &mut self.answered => Some(answer.unwrap_or_else(|_| self.unanswered())),
            () = clock.sleep(patience) => None,
        }
    }

    /// The worker ended.
    fn unanswered(&self) -> Ordered {
        match *self.stage.lock() {
            Stage::InHand => Ordered::BrokenOff { why: "its worker ended in the middle of it".to_owned() },
            Stage::Waiting | Stage::Withdrawn => not_now("its worker ended before it came to it"),
        }
    }

    /// Whether that was still possible.
    fn withdraw(&self) -> bool {
        let mut stage = self.stage.lock();
        let waits = *stage == Stage::Waiting;
        if waits {
            *stage = Stage::Withdrawn;
        }
        waits
    }
}

/// Whoever goes away takes an order along that nobody has begun.
impl Drop for Ticket {
    fn drop(&mut self) {
        self.withdraw();
    }
}

fn not_now(why: &str) -> Ordered {
    Ordered::NotNow { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use futures::future::join;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn order() -> Order {
        Order::Unpair { issue: "USER-A-1".parse().unwrap() }
    }

    fn clock() -> Clock {
        Clock::simulated(DateTime::UNIX_EPOCH)
    }

    fn done() -> Ordered {
        Ordered::Obeyed(Obeyed { what: "done".into() })
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_is_answered_by_its_worker() {
        let (counter, mut inbox) = queue();
        let (answer, ()) = join(counter.give(order(), &clock(), PATIENCE), async {
            let slip = inbox.next().await;
            assert_eq!(*slip.order(), order());
            slip.answer(done());
        })
        .await;
        assert_eq!(answer, done());
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_began_in_time_is_withdrawn_and_never_carried_out() {
        let (counter, mut inbox) = queue();
        let answer = counter.give(order(), &clock(), PATIENCE).await;
        assert!(matches!(&answer, Ordered::NotNow { why } if why.contains("withdrawn")), "{answer:?}");
        let later = tokio::time::timeout(PATIENCE, inbox.next()).await;
        assert!(later.is_err(), "it was carried out all the same");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_away_takes_an_order_along_that_nobody_began() {
        let (counter, mut inbox) = queue();
        let gone = tokio::time::timeout(Duration::from_secs(1), counter.give(order(), &clock(), PATIENCE)).await;
        assert!(gone.is_err());
        assert!(tokio::time::timeout(PATIENCE, inbox.next()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_ends_answers_what_waits_and_what_is_in_hand() {
        let (counter, mut inbox) = queue();
        let clock = clock();
        let ends = async {
            let slip = inbox.next().await;
            drop((slip, inbox));
        };
        let (first, (second, ())) =
            join(counter.give(order(), &clock, PATIENCE), join(counter.give(order(), &clock, PATIENCE), ends)).await;
        assert!(matches!(&first, Ordered::BrokenOff { .. }), "{first:?}");
        assert!(matches!(&second, Ordered::NotNow { .. }), "{second:?}");
        assert!(matches!(counter.give(order(), &clock, PATIENCE).await, Ordered::NotNow { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_in_hand_is_waited_for_longer_and_never_withdrawn() {
        let (counter, mut inbox) = queue();
        let clock = clock();
        let slow = async {
            let slip = inbox.next().await;
            clock.sleep(PATIENCE + PATIENCE / 2).await;
            slip.answer(done());
        };
        let (answer, ()) = join(counter.give(order(), &clock, PATIENCE), slow).await;
        assert_eq!(answer, done());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_wait_than_the_queue_holds() {
        let (counter, _inbox) = queue();
        let clock = clock();
        let crowd = (0..=MOST_WAITING).map(|_| counter.give(order(), &clock, PATIENCE));
        let answers = futures::future::join_all(crowd).await;
        let crowded = |answer: &&Ordered| matches!(answer, Ordered::NotNow { why } if why.contains("too many"));
        assert_eq!(answers.iter().filter(crowded).count(), 1);
    }
}

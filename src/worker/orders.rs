//! Orders on their way to the worker that carries them out: a bounded queue, in which each order is answered once,
//! whatever becomes of its worker or of whoever gave it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::flow::{Executed, Order, Refused};

/// How many orders may wait for one worker.
const MOST_WAITING: usize = 16;

/// How an order ended, for whoever gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderOutcome {
    /// It was carried out, now or before.
    Executed(Executed),
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
pub fn order_channel() -> (OrderSender, OrderReceiver) {
    let (give, take) = mpsc::channel(MOST_WAITING);
    (OrderSender(give), OrderReceiver(take))
}

/// Where orders are given.
#[derive(Clone)]
pub struct OrderSender(mpsc::Sender<PendingOrder>);

/// Where a worker finds its orders. Once it is dropped, whatever waited in it is answered.
pub struct OrderReceiver(mpsc::Receiver<PendingOrder>);

/// An order that waits, or is in hand. Dropping it answers it.
pub struct PendingOrder {
    order: Order,
    stage: Arc<Mutex<Stage>>,
    answer: oneshot::Sender<OrderOutcome>,
}

/// What has become of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Executing,
    /// Whoever gave it no longer waits for it.
    Withdrawn,
}

impl OrderSender {
    /// Gives an order and waits for its answer: for at most `patience` until it is in hand, and then as long again.
    /// Whoever stops waiting before it is in hand has withdrawn it.
    pub async fn send(&self, order: Order, clock: &Clock, patience: Duration) -> OrderOutcome {
        let (answer, answered) = oneshot::channel();
        let pending = PendingOrder { order, stage: Arc::new(Mutex::new(Stage::Waiting)), answer };
        let mut awaited = AwaitedAnswer { stage: Arc::clone(&pending.stage), answered };
        match self.0.try_send(pending) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return not_now("too many orders wait for it already"),
            Err(mpsc::error::TrySendError::Closed(_)) => return not_now("its worker is ending"),
        }
        if let Some(answer) = awaited.answer_within(clock, patience).await {
            return answer;
        }
        if awaited.withdraw() {
            return not_now("it is in a cycle that takes long; the order was withdrawn");
        }
        let still_in_hand = || OrderOutcome::BrokenOff { why: "it is still at it".to_owned() };
        awaited.answer_within(clock, patience).await.unwrap_or_else(still_in_hand)
    }
}

impl OrderReceiver {
    /// The next order, in hand now. Waits for one; forever, if there can be none. Cancel by dropping.
    pub async fn next(&mut self) -> PendingOrder {
        loop {
            match self.0.recv().await {
                Some(pending) if pending.begin() => return pending,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// The next order that waits already, in hand now.
    pub(super) fn try_next(&mut self) -> Option<PendingOrder> {
        while let Ok(pending) = self.0.try_recv() {
            if pending.begin() {
                return Some(pending);
            }
        }
        None
    }
}

impl PendingOrder {
    /// What is to be done.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Tells whoever gave it how it ended, if anybody still listens.
    pub fn answer(self, end: OrderOutcome) {
        let _ = self.answer.send(end);
    }

    fn begin(&self) -> bool {
        let mut stage = self.stage.lock();
        let waits = *stage == Stage::Waiting;
        if waits {
            *stage = Stage::Executing;
        }
        waits
    }
}

/// The other end of a [`PendingOrder`].
struct AwaitedAnswer {
    stage: Arc<Mutex<Stage>>,
    answered: oneshot::Receiver<OrderOutcome>,
}

impl AwaitedAnswer {
    /// `None` when there was none in time.
    async fn answer_within(&mut self, clock: &Clock, patience: Duration) -> Option<OrderOutcome> {
        tokio::select! {
            biased;
            answer = &mut self.answered => Some(answer.unwrap_or_else(|_| self.unanswered())),
            () = clock.sleep(patience) => None,
        }
    }

    /// The worker ended.
    fn unanswered(&self) -> OrderOutcome {
        match *self.stage.lock() {
            Stage::Executing => OrderOutcome::BrokenOff { why: "its worker ended in the middle of it".to_owned() },
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
impl Drop for AwaitedAnswer {
    fn drop(&mut self) {
        self.withdraw();
    }
}

fn not_now(why: &str) -> OrderOutcome {
    OrderOutcome::NotNow { why: why.to_owned() }
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

    fn done() -> OrderOutcome {
        OrderOutcome::Executed(Executed { what: "done".into() })
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_is_answered_by_its_worker() {
        let (sender, mut receiver) = order_channel();
        let (answer, ()) = join(sender.send(order(), &clock(), PATIENCE), async {
            let pending = receiver.next().await;
            assert_eq!(*pending.order(), order());
            pending.answer(done());
        })
        .await;
        assert_eq!(answer, done());
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_began_in_time_is_withdrawn_and_never_carried_out() {
        let (sender, mut receiver) = order_channel();
        let answer = sender.send(order(), &clock(), PATIENCE).await;
        assert!(matches!(&answer, OrderOutcome::NotNow { why } if why.contains("withdrawn")), "{answer:?}");
        let later = tokio::time::timeout(PATIENCE, receiver.next()).await;
        assert!(later.is_err(), "it was carried out all the same");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_away_takes_an_order_along_that_nobody_began() {
        let (sender, mut receiver) = order_channel();
        let gone = tokio::time::timeout(Duration::from_secs(1), sender.send(order(), &clock(), PATIENCE)).await;
        assert!(gone.is_err());
        assert!(tokio::time::timeout(PATIENCE, receiver.next()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_ends_answers_what_waits_and_what_is_in_hand() {
        let (sender, mut receiver) = order_channel();
        let clock = clock();
        let ends = async {
            let pending = receiver.next().await;
            drop((pending, receiver));
        };
        let (first, (second, ())) =
            join(sender.send(order(), &clock, PATIENCE), join(sender.send(order(), &clock, PATIENCE), ends)).await;
        assert!(matches!(&first, OrderOutcome::BrokenOff { .. }), "{first:?}");
        assert!(matches!(&second, OrderOutcome::NotNow { .. }), "{second:?}");
        assert!(matches!(sender.send(order(), &clock, PATIENCE).await, OrderOutcome::NotNow { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_in_hand_is_waited_for_longer_and_never_withdrawn() {
        let (sender, mut receiver) = order_channel();
        let clock = clock();
        let slow = async {
            let pending = receiver.next().await;
            clock.sleep(PATIENCE + PATIENCE / 2).await;
            pending.answer(done());
        };
        let (answer, ()) = join(sender.send(order(), &clock, PATIENCE), slow).await;
        assert_eq!(answer, done());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_wait_than_the_queue_holds() {
        let (sender, _receiver) = order_channel();
        let clock = clock();
        let crowd = (0..=MOST_WAITING).map(|_| sender.send(order(), &clock, PATIENCE));
        let answers = futures::future::join_all(crowd).await;
        let crowded =
            |answer: &&OrderOutcome| matches!(answer, OrderOutcome::NotNow { why } if why.contains("too many"));
        assert_eq!(answers.iter().filter(crowded).count(), 1);
    }
}

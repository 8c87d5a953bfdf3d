//! Who is next: flows take turns, and within a flow whoever came first. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

/// A place in a queue; a later one has a higher number.
pub(super) type Ticket = u64;

/// Rung when its owner has come to the front.
pub(super) type Bell = Arc<Notify>;

/// Those who wait for the same thing. As long as its waiters, who leave it when they are dropped. Whatever happens to
/// one of them costs next to nothing however many wait: a crowd can be cancelled at once.
#[derive(Default)]
pub(super) struct Queue {
    /// The flows that have somebody waiting, in the order of their turns.
    turns: BTreeMap<u64, Arc<str>>,
    lines: BTreeMap<Arc<str>, Line>,
    last_turn: u64,
}

/// Those of one flow; never nobody.
struct Line {
    turn: u64,
    waiting: BTreeMap<Ticket, Bell>,
}

impl Queue {
    pub(super) fn join(&mut self, flow: &Arc<str>, ticket: Ticket, bell: Bell) {
        if let Some(line) = self.lines.get_mut(flow) {
            line.waiting.insert(ticket, bell);
        } else {
            self.line_up(Arc::clone(flow), BTreeMap::from([(ticket, bell)]));
        }
    }

    /// Whose turn it is.
    pub(super) fn front(&self) -> Option<(Ticket, &Bell)> {
        let line = self.lines.get(self.turns.first_key_value()?.1)?;
        line.waiting.first_key_value().map(|(ticket, bell)| (*ticket, bell))
    }

    /// The front has had its turn; its flow's next waits until all other flows had theirs.
    pub(super) fn served(&mut self) {
        let Some((_, flow)) = self.turns.pop_first() else { return };
        let Some(Line { mut waiting, .. }) = self.lines.remove(&flow) else { return };
        waiting.pop_first();
        if !waiting.is_empty() {
            self.line_up(flow, waiting);
        }
    }

    /// Somebody waits no longer; nobody else loses a place by it.
    pub(super) fn leave(&mut self, flow: &Arc<str>, ticket: Ticket) {
        let Some(line) = self.lines.get_mut(flow) else { return };
        line.waiting.remove(&ticket);
        if line.waiting.is_empty() {
            self.turns.remove(&line.turn);
            self.lines.remove(flow);
        }
    }

    fn line_up(&mut self, flow: Arc<str>, waiting: BTreeMap<Ticket, Bell>) {
        self.last_turn += 1;
        self.turns.insert(self.last_turn, Arc::clone(&flow));
        self.lines.insert(flow, Line { turn: self.last_turn, waiting });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(waiting: &[(&str, Ticket)]) -> Queue {
        let mut queue = Queue::default();
        waiting.iter().for_each(|(flow, ticket)| queue.join(&Arc::from(*flow), *ticket, Bell::default()));
        queue
    }

    fn order(mut queue: Queue) -> Vec<Ticket> {
        let mut order = Vec::new();
        while let Some((ticket, _)) = queue.front() {
            order.push(ticket);
            queue.served();
        }
        assert!(queue.is_empty() && queue.turns.is_empty());
        order
    }

    #[test]
    fn flows_take_turns_however_many_of_each_wait() {
        assert_eq!(
            order(queue(&[("a", 1), ("a", 2), ("a", 3), ("a", 4), ("b", 5), ("c", 6), ("c", 7)])),
            [1, 5, 6, 2, 7, 3, 4]
        );
    }

    #[test]
    fn who_leaves_takes_nobody_elses_place_with_him() {
        let mut queue = queue(&[("a", 1), ("a", 2), ("b", 3), ("b", 4)]);
        queue.leave(&Arc::from("a"), 1);
        queue.leave(&Arc::from("b"), 4);
        queue.leave(&Arc::from("c"), 9);
        assert_eq!(order(queue), [2, 3]);
    }

    #[test]
    fn a_flow_whose_only_one_leaves_is_forgotten() {
        let mut queue = queue(&[("a", 1), ("b", 2)]);
        queue.leave(&Arc::from("a"), 1);
        assert_eq!(order(queue), [2]);
    }
}

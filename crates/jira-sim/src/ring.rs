//! A bounded list of the latest things, each with the number it got when it came.

use std::collections::VecDeque;

/// How many entries are remembered: enough for a long day of a story, little enough for a demo that runs for weeks.
const CAPACITY: usize = 20_000;

/// The latest entries, at most [`CAPACITY`].
pub(super) struct Ring<T> {
    latest: VecDeque<T>,
    /// How many came before the oldest that is remembered.
    forgotten: usize,
}

impl<T> Ring<T> {
    pub(super) fn new() -> Self {
        Self { latest: VecDeque::new(), forgotten: 0 }
    }

    /// Remembers an entry and answers its number; numbers count from 0.
    pub(super) fn push(&mut self, entry: T) -> usize {
        if self.latest.len() == CAPACITY {
            self.latest.pop_front();
            self.forgotten += 1;
        }
        self.latest.push_back(entry);
        self.forgotten + self.latest.len() - 1
    }

    /// The number that the next entry will get.
    pub(super) fn next(&self) -> usize {
        self.forgotten + self.latest.len()
    }

    /// The entry of this number, if it is still remembered.
    pub(super) fn get(&self, number: usize) -> Option<&T> {
        self.latest.get(number.checked_sub(self.forgotten)?)
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.latest.get_mut(number.checked_sub(self.forgotten)?)
    }

    /// The entries from this number on, oldest first.
    pub(super) fn since(&self, number: usize) -> impl Iterator<Item = &T> {
        self.latest.iter().skip(number.saturating_sub(self.forgotten))
    }
}

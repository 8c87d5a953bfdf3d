//! Connections of idle flows that are kept open: as many as an ordinary deployment has flows, and no more however many
//! there are.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

/// How many are kept. Each has up to three files open.
const MOST: usize = 64;

/// The connections of the flows that came to rest last.
pub(super) struct Kept {
    most: usize,
    keys: AtomicU64,
    /// The one that has rested longest is the first.
    resting: Mutex<VecDeque<(Key, Connection)>>,
}

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u64);

impl Default for Kept {
    fn default() -> Self {
        Self::at_most(MOST)
    }
}

impl Kept {
    pub(super) fn at_most(most: usize) -> Self {
        Self { most, keys: AtomicU64::new(0), resting: Mutex::default() }
    }

    /// A key that nobody else has.
    pub(super) fn key(&self) -> Key {
        Key(self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Keeps a connection, and closes the one that has rested longest if there are too many now.
    pub(super) fn put(&self, key: Key, connection: Connection) {
        let mut resting = self.resting();
        resting.push_back((key, connection));
        let too_many = resting.len().saturating_sub(self.most);
        let closing: Vec<_> = resting.drain(..too_many).collect();
        // Closing writes to the disk: nobody else need wait for it.
        drop(resting);
        drop(closing);
    }

    /// Gives the connection back, if it is still there.
    pub(super) fn take(&self, key: Key) -> Option<Connection> {
        let mut resting = self.resting();
        let place = resting.iter().position(|(owner, _)| *owner == key)?;
        resting.remove(place).map(|(_, connection)| connection)
    }

    fn resting(&self) -> MutexGuard<'_, VecDeque<(Key, Connection)>> {
        // Nothing in here panics half-way.
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes in order, so that a process ends the same way every time.
impl Drop for Kept {
    fn drop(&mut self) {
        mem::take(&mut *self.resting()).into_iter().for_each(drop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_rested_longest_is_closed_when_there_are_too_many() {
        let kept = Kept::at_most(2);
        let [first, second, third] = [(); 3].map(|()| kept.key());
        for key in [first, second] {
            kept.put(key, open());
        }
        // Used again in between: now the second has rested longer.
        let again = kept.take(first).unwrap();
        kept.put(first, again);
        kept.put(third, open());
        assert_eq!([first, second, third].map(|key| kept.take(key).is_some()), [true, false, true]);
        assert!(kept.take(first).is_none(), "each is given back once");
    }

    fn open() -> Connection {
        Connection::open_in_memory().unwrap()
    }
}

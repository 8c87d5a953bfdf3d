//! Connections that are kept open between two uses: as many as an ordinary deployment has flows, and no more however many
//! there are, and however many of them are busy.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::store::Durability;

/// How many are kept in production. Each has up to three files open, of the 1,024 that a process may have as a rule.
const MOST: usize = 64;

/// The connections of the flows that used theirs last.
pub(super) struct Kept {
    most: usize,
    keys: AtomicU64,
    /// The one that was used longest ago is the first.
    unused: Mutex<VecDeque<(Key, Connection)>>,
}

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u64);

impl Kept {
    pub(super) fn of(durability: Durability) -> Self {
        match durability {
            Durability::PowerFailure => Self::at_most(MOST),
            Durability::ProcessEnd => Self::at_most(usize::MAX),
        }
    }

    pub(super) fn at_most(most: usize) -> Self {
        Self { most, keys: AtomicU64::new(0), unused: Mutex::default() }
    }

    /// A key that nobody else has.
    pub(super) fn key(&self) -> Key {
        Key(self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Keeps a connection, and closes the one that was used longest ago if there are too many now.
    pub(super) fn put(&self, key: Key, connection: Connection) {
        let mut unused = self.unused.lock();
        unused.push_back((key, connection));
        let too_many = unused.len().saturating_sub(self.most);
        let closing: Vec<_> = unused.drain(..too_many).collect();
        // Closing writes to the disk: nobody else need wait for it.
        drop(unused);
        drop(closing);
    }

    /// Gives the connection back, if it is still there.
    pub(super) fn take(&self, key: Key) -> Option<Connection> {
        let mut unused = self.unused.lock();
        // Whoever used his last is likely to want it next.
        let place = unused.iter().rposition(|(owner, _)| *owner == key)?;
        unused.remove(place).map(|(_, connection)| connection)
    }
}

/// Closes in order, so that a process ends the same way every time.
impl Drop for Kept {
    fn drop(&mut self) {
        mem::take(&mut *self.unused.lock()).into_iter().for_each(drop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_used_longest_ago_is_closed_when_there_are_too_many() {
        let kept = Kept::at_most(2);
        let [first, second, third] = [(); 3].map(|()| kept.key());
        for key in [first, second] {
            kept.put(key, open());
        }
        // Used again in between: now the second was used longer ago.
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

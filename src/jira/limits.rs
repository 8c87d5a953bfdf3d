//! How long and how large anything between us and Jira may be, in one place.
//!
//! A request waits for its turn (`budget`), is given a connection, is sent, waits for the head of its answer, reads its
//! body. No phase is without a limit:
//!
//! | phase | an API call | a file |
//! |---|---|---|
//! | turn | 120 s for a pause of Jira's, 10 min behind others | the same |
//! | connection | 10 s | 10 s |
//! | sending, head, each piece | the whole | 30 s of silence |
//! | answer after the last piece | the whole | 45 s |
//! | the whole | 45 s | 2 min and what it takes at 256 kbit/s, at most 30 min |

use std::time::Duration;

/// A connection must stand by then: more is an address that drops packets.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The longest that one API call of ours may live, from sending to the end of its answer. Whatever an unanswered request
/// does, Jira has begun with it by then. Below the minute after which an operator is promised to hear of it.
pub(crate) const REQUEST_LIMIT: Duration = Duration::from_secs(45);

/// The longest that is waited for an answer that is worth little.
pub(super) const GLANCE_LIMIT: Duration = Duration::from_secs(5);

/// The longest that the upload of any file may live: a gigabyte, which is Jira Cloud's own limit, at 5 Mbit/s.
const LONGEST_TRANSFER: Duration = Duration::from_secs(30 * 60);

/// The longest that the upload of the smallest file may live. Longer than an API call, so that whatever is wrong with
/// one hop ends it by its own limit.
const SHORTEST_TRANSFER: Duration = Duration::from_secs(2 * 60);

/// A way that is slower is too slow for large files: 256 kbit/s.
const BYTES_A_SECOND: u64 = 32 * 1024;

/// The longest that the upload of a file of so many bytes may live. A small one's is short, as whoever does not know
/// whether a file has arrived waits for longer than that.
pub(crate) const fn transfer_limit(bytes: u64) -> Duration {
    let seconds = SHORTEST_TRANSFER.as_secs() + bytes / BYTES_A_SECOND;
    let most = LONGEST_TRANSFER.as_secs();
    Duration::from_secs(if seconds < most { seconds } else { most })
}

/// The longest that nothing moves while a file is under way.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// The largest answer that is read, if there is memory for it: a hundred issues with full descriptions and changelogs fit
/// several times.
pub(super) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The largest answer to a write that is read: fifty issues that were created are some kilobytes.
pub(super) const MOST_WRITTEN: usize = 1024 * 1024;

/// As much of a complaint as is read: what Jira says of a field fits, and a login page's title.
pub(super) const MOST_SAID: usize = 64 * 1024;

/// Redirects in a row that are followed.
pub(super) const MOST_REDIRECTS: usize = 5;

/// The time limits of one caller; tests have shorter ones where sockets are real.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub request: Duration,
    pub silence: Duration,
}

impl Limits {
    pub(super) const STANDARD: Self = Self { request: REQUEST_LIMIT, silence: SILENCE_LIMIT };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_must_arrive_soon_and_a_large_one_has_half_an_hour() {
        let minutes = |bytes| transfer_limit(bytes).as_secs() / 60;
        assert_eq!([0, 10 << 20, 50 << 20, 1 << 30, u64::MAX].map(minutes), [2, 7, 28, 30, 30]);
    }
}

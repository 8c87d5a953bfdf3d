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
//! | the whole | 45 s | 30 min |

use std::time::Duration;

/// A connection must stand by then: more is an address that drops packets.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The longest that one API call of ours may live, from sending to the end of its answer. Whatever an unanswered request
/// does, Jira has begun with it by then. Below the minute after which an operator is promised to hear of it.
pub(crate) const REQUEST_LIMIT: Duration = Duration::from_secs(45);

/// The longest that the upload of a file may live: a gigabyte, which is Jira Cloud's own limit, at 5 Mbit/s.
pub(crate) const TRANSFER_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The longest that nothing moves while a file is under way.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// The largest answer that is read: a hundred issues with full descriptions and changelogs fit several times.
pub(super) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// As much of a complaint as is read: what Jira says of a field fits, and a login page's title.
pub(super) const MOST_SAID: usize = 64 * 1024;

/// Redirects in a row that are followed.
pub(super) const MOST_REDIRECTS: usize = 5;

/// The time limits of one caller; tests have shorter ones where sockets are real.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub request: Duration,
    pub transfer: Duration,
    pub silence: Duration,
}

impl Limits {
    pub(super) const STANDARD: Self = Self { request: REQUEST_LIMIT, transfer: TRANSFER_LIMIT, silence: SILENCE_LIMIT };
}

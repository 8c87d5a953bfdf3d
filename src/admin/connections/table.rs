//! Which connections there may be, and which one is closed so that another can be kept. Pure: time is handed in.

use std::collections::BTreeMap;
use std::net::IpAddr;

use tokio::time::Instant;

use crate::settings::ConnectionLimits;

/// One connection. A later one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(u64);

/// What a client has shown to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::admin) enum Credential {
    /// The API's token.
    ApiToken,
}

/// The limit that a connection counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// No valid credential has been shown on it so far.
    Anonymous,
    /// A request with this credential was let in.
    Authenticated(Credential),
}

/// A connection that was closed so that another can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Displaced {
    pub id: Id,
    pub class: Class,
}

/// How a connection stands once a credential was shown on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promotion {
    /// It counts as authenticated; for it, this one was closed, if any.
    Done(Option<Displaced>),
    /// There are as many as there may be, and all of them are being answered.
    Full,
    /// It has been closed itself.
    Gone,
}

/// The connections that are kept.
#[derive(Debug)]
pub(super) struct ConnectionTable {
    limits: ConnectionLimits,
    next: u64,
    kept: BTreeMap<Id, Kept>,
}

#[derive(Debug)]
struct Kept {
    /// `None` is loopback, which has no limit of its own.
    address: Option<IpAddr>,
    class: Class,
    activity: Activity,
}

/// In the order in which connections are closed: idle ones first, and among equals the one that has been so for longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Activity {
    IdleSince(Instant),
    /// An answer is in progress, however slowly: an event stream is one.
    AnsweringSince(Instant),
}

impl ConnectionTable {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self { limits, next: 0, kept: BTreeMap::new() }
    }

    /// Takes a new connection in, and closes an anonymous one if there are too many. It is the newest and so never closed
    /// itself. If all of them are being answered, the one that has been for longest is closed: nothing that is answered
    /// without a credential takes long, unless the client does not read it.
    pub(super) fn admit(&mut self, peer: IpAddr, now: Instant) -> (Id, Option<Displaced>) {
        let peer = peer.to_canonical();
        let address = Some(peer).filter(|peer| !peer.is_loopback());
        let is_anonymous = |kept: &Kept| kept.class == Class::Anonymous;
        let same_address = |kept: &Kept| is_anonymous(kept) && kept.address == address;
        let displaced = if address.is_some() && self.count(same_address) >= self.limits.anonymous_per_address {
            self.displace(same_address)
        } else if self.count(is_anonymous) >= self.limits.anonymous {
            self.displace(is_anonymous)
        } else {
            None
        };
        let id = Id(self.next);
        self.next += 1;
        self.kept.insert(id, Kept { address, class: Class::Anonymous, activity: Activity::IdleSince(now) });
        (id, displaced)
    }

    /// A request has come, and its answer begins; false if the connection has been closed.
    pub(super) fn begin(&mut self, id: Id, now: Instant) -> bool {
        self.set(id, Activity::AnsweringSince(now))
    }

    /// The answer has been given.
    pub(super) fn end(&mut self, id: Id, now: Instant) {
        self.set(id, Activity::IdleSince(now));
    }

    /// Whether an answer is in progress on a connection that is kept.
    pub(super) fn is_answering(&self, id: Id) -> bool {
        self.kept.get(&id).is_some_and(|kept| matches!(kept.activity, Activity::AnsweringSince(_)))
    }

    /// A valid credential was shown. If there are too many such connections, the one that has been idle for longest is
    /// closed; an answer in progress is not cut short.
    pub(super) fn authenticate(&mut self, id: Id, credential: Credential) -> Promotion {
        let is_authenticated = |kept: &Kept| kept.class != Class::Anonymous;
        let Some(kept) = self.kept.get(&id) else { return Promotion::Gone };
        let displaced = if is_authenticated(kept) || self.count(is_authenticated) < self.limits.authenticated {
            None
        } else {
            let idle = |kept: &Kept| is_authenticated(kept) && matches!(kept.activity, Activity::IdleSince(_));
            let Some(displaced) = self.displace(idle) else { return Promotion::Full };
            Some(displaced)
        };
        if let Some(kept) = self.kept.get_mut(&id) {
            kept.class = Class::Authenticated(credential);
        }
        Promotion::Done(displaced)
    }

    /// Closes the anonymous connection that has been idle for longest, if there is one.
    pub(super) fn close_idle_anonymous(&mut self) -> Option<Displaced> {
        self.displace(|kept| kept.class == Class::Anonymous && matches!(kept.activity, Activity::IdleSince(_)))
    }

    /// The connection is closed.
    pub(super) fn leave(&mut self, id: Id) {
        self.kept.remove(&id);
    }

    fn set(&mut self, id: Id, activity: Activity) -> bool {
        self.kept.get_mut(&id).map(|kept| kept.activity = activity).is_some()
    }

    fn count(&self, which: impl Fn(&Kept) -> bool) -> usize {
        self.kept.values().filter(|kept| which(kept)).count()
    }

    fn displace(&mut self, which: impl Fn(&Kept) -> bool) -> Option<Displaced> {
        let candidates = self.kept.iter().filter(|(_, kept)| which(kept));
        let (&id, _) = candidates.min_by_key(|(id, kept)| (kept.activity, **id))?;
        self.kept.remove(&id).map(|kept| Displaced { id, class: kept.class })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;

    const LOOPBACK: &str = "127.0.0.1";

    /// A table with small limits, and the seconds that have passed.
    struct Stage {
        table: ConnectionTable,
        begun: Instant,
        seconds: u64,
    }

    impl Stage {
        fn new(anonymous: usize, anonymous_per_address: usize, authenticated: usize) -> Self {
            let limits = ConnectionLimits { anonymous, anonymous_per_address, authenticated };
            Self { table: ConnectionTable::new(limits), begun: Clock::system().now(), seconds: 0 }
        }

        /// A second later.
        fn later(&mut self) -> Instant {
            self.seconds += 1;
            self.begun + Duration::from_secs(self.seconds)
        }

        fn admit(&mut self, peer: &str) -> (u64, Option<u64>) {
            let now = self.later();
            let (id, displaced) = self.table.admit(peer.parse().unwrap(), now);
            (id.0, displaced.map(|displaced| displaced.id.0))
        }

        fn admitted(&mut self, peers: &[&str]) -> Vec<Option<u64>> {
            peers.iter().map(|peer| self.admit(peer).1).collect()
        }

        fn begin(&mut self, id: u64) -> bool {
            let now = self.later();
            self.table.begin(Id(id), now)
        }

        fn end(&mut self, id: u64) {
            let now = self.later();
            self.table.end(Id(id), now);
        }

        fn authenticate(&mut self, id: u64) -> Promotion {
            self.table.authenticate(Id(id), Credential::ApiToken)
        }
    }

    fn done(displaced: Option<u64>) -> Promotion {
        let class = Class::Authenticated(Credential::ApiToken);
        Promotion::Done(displaced.map(|id| Displaced { id: Id(id), class }))
    }

    #[tokio::test]
    async fn a_newcomer_displaces_the_connection_that_was_idle_for_longest() {
        let mut stage = Stage::new(3, 16, 8);
        assert_eq!(stage.admitted(&[LOOPBACK; 3]), [None; 3]);
        assert!(stage.begin(0));
        stage.end(0);
        assert_eq!(stage.admitted(&[LOOPBACK; 3]), [Some(1), Some(2), Some(0)]);
    }

    #[tokio::test]
    async fn a_connection_that_is_being_answered_is_displaced_last() {
        let mut stage = Stage::new(2, 16, 8);
        stage.admitted(&[LOOPBACK; 2]);
        assert!(stage.begin(0));
        assert_eq!(stage.admit(LOOPBACK), (2, Some(1)));
        assert!(stage.begin(2));
        assert_eq!(stage.admit(LOOPBACK), (3, Some(0)), "none is idle: the one that takes longest");
        assert!(!stage.begin(0), "it is closed, and begins nothing");
    }

    #[tokio::test]
    async fn one_address_displaces_only_its_own_connections() {
        let mut stage = Stage::new(100, 2, 8);
        let mapped = "::ffff:10.0.0.7";
        assert_eq!(stage.admitted(&["10.0.0.8", "10.0.0.7", mapped]), [None; 3]);
        assert_eq!(stage.admit("10.0.0.7").1, Some(1));
        assert_eq!(stage.admit(mapped).1, Some(2));
        assert_eq!(stage.admit("fd00::1").1, None);
        for loopback in [LOOPBACK, "::1", "127.0.0.9", "::ffff:127.0.0.1"] {
            assert_eq!(stage.admitted(&[loopback; 3]), [None; 3], "{loopback}");
        }
    }

    #[tokio::test]
    async fn an_authenticated_connection_is_not_displaced_by_anonymous_ones() {
        let mut stage = Stage::new(2, 16, 8);
        stage.admitted(&[LOOPBACK; 2]);
        assert_eq!(stage.authenticate(0), done(None));
        assert_eq!(stage.admitted(&[LOOPBACK; 4]), [None, Some(1), Some(2), Some(3)]);
        assert!(stage.begin(0));
    }

    #[tokio::test]
    async fn authenticated_connections_have_a_limit_of_their_own() {
        let mut stage = Stage::new(100, 16, 2);
        stage.admitted(&[LOOPBACK; 5]);
        assert_eq!((stage.authenticate(0), stage.authenticate(1)), (done(None), done(None)));
        assert!(stage.begin(0), "an event stream, say");
        assert_eq!(stage.authenticate(2), done(Some(1)), "the idle one, though it is newer");
        assert_eq!(stage.authenticate(2), done(None), "once counted is counted");
        assert!(stage.begin(2) && stage.begin(3));
        assert_eq!(stage.authenticate(3), Promotion::Full, "answers in progress are not cut short");
        stage.end(0);
        assert_eq!(stage.authenticate(3), done(Some(0)));
        assert_eq!(stage.authenticate(0), Promotion::Gone);
    }

    #[tokio::test]
    async fn a_connection_that_ends_leaves_its_place() {
        let mut stage = Stage::new(2, 16, 8);
        stage.admitted(&[LOOPBACK; 2]);
        stage.table.leave(Id(0));
        assert_eq!(stage.admitted(&[LOOPBACK; 2]), [None, Some(1)]);
    }

    #[tokio::test]
    async fn only_an_idle_anonymous_connection_is_spared_for_a_descriptor() {
        let mut stage = Stage::new(8, 16, 8);
        stage.admitted(&[LOOPBACK; 3]);
        assert_eq!(stage.authenticate(0), done(None));
        assert!(stage.begin(1));
        assert_eq!(stage.table.close_idle_anonymous(), Some(Displaced { id: Id(2), class: Class::Anonymous }));
        assert_eq!(stage.table.close_idle_anonymous(), None);
    }
}

//! The connections of the admin server: HTTP/1, bounded in number, in size and in how long a client is waited for.
//!
//! Any client that reaches the port could else use up the process' file descriptors and memory, and with them what the flows
//! need. [`table`] decides which connection is closed for another; [`timeouts`] how long a client is waited for.

mod table;
mod timeouts;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::clock::Clock;
use crate::descriptors;
use crate::settings::ConnectionLimits;
pub(super) use table::Credential;
use table::{Class, ConnectionTable, Displaced, Id, Promotion};
use timeouts::{TimedBody, TimedWrites};

/// The longest wait for a whole head, and for the next request on a connection that is kept.
const HEAD: Duration = Duration::from_secs(30);

/// What is read ahead of a connection, and so the most that a head may be long.
const HEAD_BYTES: usize = 16 << 10;

/// As many as any client or proxy sends, several times over.
const HEADERS: usize = 64;

/// How often the same trouble is told.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Pauses before the next try when a connection can't be accepted: until the one that was closed for it is gone, and when
/// there was none to close.
const SOON: Duration = Duration::from_millis(50);
const LATER: Duration = Duration::from_secs(1);

/// Serves `router` on `listener` until it is dropped. No more connections are kept than `limits` says, so that strangers
/// leave the flows their file descriptors and memory.
pub async fn serve(listener: TcpListener, router: Router, limits: ConnectionLimits, clock: Clock) {
    let connections = Connections::new(limits, clock.clone());
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            Some(_) = open.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                // Answers are short and whole; should it fail, they come a little later.
                let _ = socket.set_nodelay(true);
                let connection = connections.admit(peer.ip());
                open.spawn(connection.serve(socket, router.clone()));
            }
            Err(error) => clock.sleep(connections.not_accepted(&error)).await,
        }
    }
}

/// All connections of one server.
#[derive(Clone)]
struct Connections {
    clock: Clock,
    limits: ConnectionLimits,
    inside: Arc<Mutex<Inside>>,
}

struct Inside {
    table: ConnectionTable,
    /// Cancelled when a connection is displaced.
    closings: BTreeMap<Id, CancellationToken>,
    displacing: RepeatedMessage,
    refusing: RepeatedMessage,
}

impl Connections {
    fn new(limits: ConnectionLimits, clock: Clock) -> Self {
        let inside = Inside {
            table: ConnectionTable::new(limits),
            closings: BTreeMap::new(),
            displacing: RepeatedMessage::default(),
            refusing: RepeatedMessage::default(),
        };
        Self { clock, limits, inside: Arc::new(Mutex::new(inside)) }
    }

    fn admit(&self, peer: IpAddr) -> Connection {
        let closed = CancellationToken::new();
        let mut inside = self.inside.lock();
        let (id, displaced) = inside.table.admit(peer, self.clock.now());
        inside.closings.insert(id, closed.clone());
        self.close(&mut inside, displaced);
        Connection(Arc::new(Kept { id, closed, connections: self.clone() }))
    }

    /// Tells that a connection can't be accepted, closes one if that may help, and says how long to wait.
    fn not_accepted(&self, error: &io::Error) -> Duration {
        // The client's doing: the next one may be fine.
        if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
            return Duration::ZERO;
        }
        let mut inside = self.inside.lock();
        if let Some(times) = inside.refusing.tell(self.clock.now()) {
            let error = descriptors::explained(error);
            tracing::error!("connections to the admin server can't be accepted ({times} so far): {error}");
        }
        let spared = descriptors::shortage(error).and_then(|_| inside.table.close_idle_anonymous());
        self.close(&mut inside, spared);
        if spared.is_some() { SOON } else { LATER }
    }

    fn close(&self, inside: &mut Inside, displaced: Option<Displaced>) {
        let Some(Displaced { id, class }) = displaced else { return };
        if let Some(closed) = inside.closings.remove(&id) {
            closed.cancel();
        }
        if let Some(times) = inside.displacing.tell(self.clock.now()) {
            tracing::warn!("{}", self.displacing(class, times));
        }
    }

    fn displacing(&self, class: Class, times: u64) -> String {
        let ConnectionLimits { anonymous, anonymous_per_address, authenticated } = self.limits;
        let (which, limit) = match class {
            Class::Anonymous => (
                "has shown no valid token",
                format!(
                    "at most {anonymous} such are kept (LOCKSTEP_ANONYMOUS_CONNECTIONS), and {anonymous_per_address} from one \
                     address (LOCKSTEP_ANONYMOUS_PER_ADDRESS)"
                ),
            ),
            Class::Authenticated(_) => (
                "was idle",
                format!("at most {authenticated} with a valid token are kept (LOCKSTEP_AUTHENTICATED_CONNECTIONS)"),
            ),
        };
        format!(
            "a connection to the admin server that {which} was closed for a newer one ({times} so far): {limit}; see which \
             clients keep so many open"
        )
    }
}

/// Something that may happen very often, and is told once in a while.
#[derive(Default)]
struct RepeatedMessage {
    times: u64,
    told: Option<Instant>,
}

impl RepeatedMessage {
    /// How often it has happened, if that is to be told now.
    fn tell(&mut self, now: Instant) -> Option<u64> {
        self.times += 1;
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < TELL_EVERY) {
            return None;
        }
        self.told = Some(now);
        Some(self.times)
    }
}

/// One connection, as the requests on it know it.
#[derive(Clone)]
pub(super) struct Connection(Arc<Kept>);

struct Kept {
    id: Id,
    closed: CancellationToken,
    connections: Connections,
}

/// Why a request on a connection is not answered as it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowded {
    /// Too many authenticated connections are being answered.
    TooMany,
    /// This connection has been closed for another.
    Closed,
}

impl Connection {
    /// The connection that a request came on; `None` if it came on none, as in tests.
    pub(super) fn of(request: &Request) -> Option<Self> {
        request.extensions().get().cloned()
    }

    /// From now on it counts among the authenticated ones.
    pub(super) fn authenticate(&self, credential: Credential) -> Result<(), Crowded> {
        let connections = &self.0.connections;
        let mut inside = connections.inside.lock();
        match inside.table.authenticate(self.0.id, credential) {
            Promotion::Done(displaced) => {
                connections.close(&mut inside, displaced);
                Ok(())
            }
            Promotion::Full => Err(Crowded::TooMany),
            Promotion::Gone => Err(Crowded::Closed),
        }
    }

    /// Answers what comes on `socket` until its client leaves or it is displaced: then answers in progress are given first.
    async fn serve<S>(self, socket: S, router: Router)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request| self.answer(router.clone(), request));
        let socket = TokioIo::new(TimedWrites::new(socket, &self.0.connections.clock));
        let mut exchange = pin!(protocol().serve_connection(socket, service));
        tokio::select! {
            biased;
            () = self.0.closed.cancelled() => {}
            // How it ended concerns its client alone.
            _ = exchange.as_mut() => return,
        }
        exchange.as_mut().graceful_shutdown();
        // Polled once in any case: what has been answered already is then on its way.
        poll_fn(|cx| match exchange.as_mut().poll(cx) {
            Poll::Pending if self.is_answering() => Poll::Pending,
            Poll::Pending | Poll::Ready(_) => Poll::Ready(()),
        })
        .await;
    }

    async fn answer(&self, router: Router, request: hyper::Request<Incoming>) -> Result<Response, io::Error> {
        // A request that came when the connection was being closed was not begun, and can be sent again.
        let answering = self.begin().ok_or(io::ErrorKind::ConnectionAborted)?;
        let clock = &self.0.connections.clock;
        let mut request = request.map(|body| Body::new(TimedBody::new(body, clock)));
        request.extensions_mut().insert(self.clone());
        let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
        Ok(response.map(|body| Body::new(TrackedBody { body, _answering: answering })))
    }

    fn begin(&self) -> Option<Answering> {
        let connections = &self.0.connections;
        let begun = connections.inside.lock().table.begin(self.0.id, connections.clock.now());
        begun.then(|| Answering(self.clone()))
    }

    fn is_answering(&self) -> bool {
        self.0.connections.inside.lock().table.is_answering(self.0.id)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut inside = self.connections.inside.lock();
        inside.table.leave(self.id);
        inside.closings.remove(&self.id);
    }
}

/// HTTP/1 within our limits.
fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    protocol
}

/// While it lives, its connection is not idle.
struct Answering(Connection);

impl Drop for Answering {
    fn drop(&mut self) {
        let connections = &self.0.0.connections;
        connections.inside.lock().table.end(self.0.0.id, connections.clock.now());
    }
}

/// A response's body: its answer is in progress until it has been taken.
struct TrackedBody {
    body: Body,
    _answering: Answering,
}

impl http_body::Body for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;

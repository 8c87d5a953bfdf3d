//! Connections without sockets, on the paused clock.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use futures::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::Notify;

use super::*;
use crate::admin::access::{Access, guard};
use crate::flow::Secret;

/// Longer than anything is waited for.
const LONG: Duration = Duration::from_secs(120);

/// A server without a listener.
struct Stage {
    connections: Connections,
    router: Router,
    /// Lets `/slow` answer.
    release: Arc<Notify>,
    open: JoinSet<()>,
}

impl Stage {
    fn new(anonymous: usize) -> Self {
        let limits = ConnectionLimits { anonymous, anonymous_per_address: 16, authenticated: 8 };
        let release = Arc::new(Notify::new());
        Self {
            connections: Connections::new(limits, Clock::system()),
            router: router(Arc::clone(&release)),
            release,
            open: JoinSet::new(),
        }
    }

    /// A client on loopback.
    fn connect(&mut self) -> Client {
        let (client, server) = tokio::io::duplex(4096);
        let connection = self.connections.admit("127.0.0.1".parse().unwrap());
        self.open.spawn(connection.serve(server, self.router.clone()));
        Client(client)
    }

    async fn all_closed(&mut self) {
        while within(self.open.join_next()).await.is_some() {}
    }
}

fn router(release: Arc<Notify>) -> Router {
    let access = Access::new(Secret::new("hunter2".into()), "127.0.0.1:3000".parse().unwrap(), &[]);
    let slow = move || async move {
        release.notified().await;
        "at last"
    };
    Router::new()
        .route("/api", get(|| async { "let in" }))
        .layer(middleware::from_fn_with_state(access, guard))
        .route("/livez", get(|| async { "ok" }))
        .route("/slow", get(slow))
        .route("/stream", get(|| async { Body::from_stream(ticks()) }))
        .route("/flood", get(|| async { "x".repeat(1 << 20) }))
        .route("/echo", post(|body: Bytes| async move { body }))
}

/// Fails rather than waiting forever.
async fn within<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, wait).await.expect("nothing comes, and nothing is closed")
}

/// A line every 15 s, forever.
fn ticks() -> impl futures::Stream<Item = Result<String, io::Error>> {
    stream::unfold(0_u32, |nth| async move {
        Clock::system().sleep(Duration::from_secs(15)).await;
        Some((Ok(format!("tick {nth}\n")), nth + 1))
    })
}

struct Client(DuplexStream);

impl Client {
    async fn send(&mut self, text: &str) {
        // The server may have closed while we send.
        let _ = self.0.write_all(text.as_bytes()).await;
    }

    async fn ask(&mut self, path: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hunter2\r\n\r\n")).await;
    }

    /// Reads until `end` has come; what came, if the connection was closed before.
    async fn until(&mut self, end: &str) -> Result<String, String> {
        let mut said = Vec::new();
        loop {
            let mut piece = [0; 1024];
            let read = within(self.0.read(&mut piece)).await.unwrap_or(0);
            said.extend_from_slice(&piece[..read]);
            let text = String::from_utf8_lossy(&said).into_owned();
            match (text.ends_with(end), read) {
                (true, _) => return Ok(text),
                (false, 0) => return Err(text),
                (false, _) => {}
            }
        }
    }

    async fn is_answered(&mut self, path: &str, end: &str) -> bool {
        self.ask(path).await;
        self.until(end).await.is_ok()
    }

    /// How long it takes until the server closes it.
    async fn closed_after(&mut self) -> Duration {
        let begun = Clock::system().now();
        let _ = self.until("never").await;
        Clock::system().now() - begun
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_no_whole_head_is_left() {
    let mut stage = Stage::new(8);
    for begin in ["", "GET /livez HTTP/1.1\r\nHost: local"] {
        let mut client = stage.connect();
        client.send(begin).await;
        assert_eq!(client.closed_after().await, HEAD, "{begin:?}");
    }
    let mut client = stage.connect();
    assert!(client.is_answered("/livez", "ok").await);
    assert_eq!(client.closed_after().await, HEAD, "between two requests too");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_long_or_has_too_many_fields_is_refused() {
    let mut stage = Stage::new(8);
    let long = format!("x-long: {}\r\n", "x".repeat(HEAD_BYTES));
    let many: String = (0..=HEADERS).map(|nth| format!("x-{nth}: 1\r\n")).collect();
    for fields in [long, many] {
        let mut client = stage.connect();
        client.send(&format!("GET /livez HTTP/1.1\r\n{fields}\r\n")).await;
        let said = client.until("never").await.unwrap_err();
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_waited_for_no_longer_than_its_limit() {
    let mut stage = Stage::new(8);
    let mut client = stage.connect();
    client.send("POST /echo HTTP/1.1\r\nContent-Length: 4\r\n\r\nab").await;
    assert_eq!(client.closed_after().await, timeouts::BODY);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_take_its_answer_is_left() {
    let mut stage = Stage::new(8);
    let mut client = stage.connect();
    client.ask("/flood").await;
    let begun = stage.connections.clock.now();
    stage.all_closed().await;
    assert_eq!(stage.connections.clock.now() - begun, timeouts::WRITE);
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_is_answered_however_many_are_idle() {
    let mut stage = Stage::new(4);
    let idle: Vec<_> = (0..400).map(|_| stage.connect()).collect();
    let mut newcomer = stage.connect();
    assert!(newcomer.is_answered("/livez", "ok").await);
    assert_eq!(stage.connections.inside.lock().closings.len(), 4);
    drop(idle);
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_a_valid_token_outlives_a_crowd_of_strangers() {
    let mut stage = Stage::new(4);
    let mut ours = stage.connect();
    assert!(ours.is_answered("/api", "let in").await);
    let mut stranger = stage.connect();
    stranger.send("GET /api HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hunter3\r\n\r\n").await;
    stranger.until("\"the token is wrong\"}").await.unwrap();
    let crowd: Vec<_> = (0..100).map(|_| stage.connect()).collect();
    assert!(!stranger.is_answered("/livez", "ok").await, "a wrong token is none");
    assert!(ours.is_answered("/api", "let in").await);
    drop(crowd);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_events_is_not_idle_however_long_it_takes() {
    let mut stage = Stage::new(2);
    let mut stream = stage.connect();
    stream.ask("/stream").await;
    stream.until("tick 0\n\r\n").await.unwrap();
    for nth in 1..20 {
        let mut newcomer = stage.connect();
        assert!(newcomer.is_answered("/livez", "ok").await);
        stream.until(&format!("tick {nth}\n\r\n")).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn connections_that_are_closed_give_the_answers_begun_first() {
    let mut stage = Stage::new(8);
    let (mut idle, mut kept, mut slow) = (stage.connect(), stage.connect(), stage.connect());
    assert!(kept.is_answered("/livez", "ok").await);
    slow.ask("/slow").await;
    stage.connections.clock.sleep(Duration::from_secs(1)).await;
    stage.connections.inside.lock().closings.values().for_each(CancellationToken::cancel);
    assert_eq!((idle.closed_after().await, kept.closed_after().await), (Duration::ZERO, Duration::ZERO));
    stage.release.notify_one();
    assert!(slow.until("at last").await.is_ok());
    stage.all_closed().await;
}

#[tokio::test(start_paused = true)]
async fn without_descriptors_an_idle_anonymous_connection_is_closed() {
    let mut stage = Stage::new(8);
    let mut stranger = stage.connect();
    let none_left = io::Error::from_raw_os_error(24);
    assert_eq!(stage.connections.not_accepted(&none_left), SOON);
    assert_eq!(stranger.closed_after().await, Duration::ZERO);
    assert_eq!(stage.connections.not_accepted(&none_left), LATER, "there is none to close");
    assert_eq!(stage.connections.not_accepted(&io::ErrorKind::ConnectionAborted.into()), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_happens_often_is_told_once_a_minute() {
    let (mut recurring, clock) = (RepeatedMessage::default(), Clock::system());
    let told: Vec<_> = (0..50).map(|_| recurring.tell(clock.now())).collect();
    assert_eq!((told[0], told[1..].iter().all(Option::is_none)), (Some(1), true));
    clock.sleep(TELL_EVERY).await;
    assert_eq!(recurring.tell(clock.now()), Some(51));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_finds_no_place_among_the_authenticated_is_refused() {
    let mut stage = Stage::new(8);
    let limits = ConnectionLimits { anonymous: 8, anonymous_per_address: 8, authenticated: 1 };
    stage.connections = Connections::new(limits, Clock::system());
    let ours = stage.connections.admit("127.0.0.1".parse().unwrap());
    let _answering = ours.begin().unwrap();
    ours.authenticate(Credential::ApiToken).unwrap();
    let mut other = stage.connect();
    other.ask("/api").await;
    let said = other.until("}").await.unwrap();
    let status = format!("HTTP/1.1 {}", StatusCode::SERVICE_UNAVAILABLE);
    assert!(said.starts_with(&status) && said.contains("LOCKSTEP_AUTHENTICATED_CONNECTIONS"), "{said}");
}

//! Files over real sockets. Real time, so limits are short and everything else waits for what it needs to see.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::clock::{Clock, Entropy};
use crate::flow::{Credentials, Deployment, JiraAccess, JiraTime, Secret, Teller};
use crate::jira::budget::Budget;
use crate::jira::call::Way;
use crate::jira::limits::Limits;
use crate::jira::transport::{InMemory, Network, Transport, full};
use crate::jira::{AnswerMemory, Effect, Parsing};
use crate::pulse::Pulse;

const MIB: usize = 1024 * 1024;

/// Takes one connection, whose request's head it has read, and does `act` with it.
#[expect(clippy::disallowed_methods, reason = "the test's own server, which the runtime's end ends")]
async fn server<F: Future<Output = ()> + Send + 'static>(
    act: impl FnOnce(TcpStream, String) -> F + Send + 'static,
) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = head(&mut stream).await;
        act(stream, head).await;
    });
    (address, served)
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

fn length(head: &str) -> usize {
    let line =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    line.expect("the length should be told").parse().unwrap()
}

async fn say(stream: &mut TcpStream, head: &str, body: &str) {
    let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// Sends a file of `size` bytes, or as many of them as somebody takes; counts them.
async fn send_file(mut stream: TcpStream, size: usize, sent: Arc<AtomicUsize>) {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {size}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = [7; 16 * 1024];
    while sent.load(Ordering::SeqCst) < size && stream.write_all(&piece).await.is_ok() {
        sent.fetch_add(piece.len(), Ordering::SeqCst);
    }
}

async fn source_of(size: usize) -> (String, Arc<AtomicUsize>) {
    let sent = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&sent);
    (server(move |stream, _| send_file(stream, size, counted)).await.0, sent)
}

fn caller(base: &str, silence: Duration) -> Caller {
    caller_over(base, silence, Arc::new(Network::new(&Arc::default()).unwrap()))
}

fn caller_over(base: &str, silence: Duration, transport: Arc<dyn Transport>) -> Caller {
    let clock = Clock::system();
    let access = JiraAccess {
        base: base.parse().unwrap(),
        former: Vec::new(),
        credentials: Credentials::Bearer { token: Secret::new("hunter2-token".into()) },
        deployment: Deployment::Cloud,
        authority: None,
    };
    let pulse = Pulse::new("sync-ab", clock.clone(), None);
    let share = Arc::<Budget>::default().share("sync-ab");
    let answers = AnswerMemory::new(0, Parsing::Inline).share();
    Caller::new(
        &access,
        Way { transport, budget: share, answers, teller: Teller::default() },
        pulse,
        clock,
        Entropy::seeded(1),
    )
    .with_limits(Limits { silence, ..Limits::STANDARD })
}

async fn copy(source: &str, sink: &str, size: usize, silence: Duration) -> Result<AttachmentId, Error> {
    copy_between(&caller(source, silence), &caller(sink, silence), size).await
}

async fn copy_between(source: &Caller, sink: &Caller, size: usize) -> Result<AttachmentId, Error> {
    route(source, sink).copy(&attachment(size)).await
}

fn route<'a>(source: &'a Caller, sink: &'a Caller) -> Route<'a> {
    Route {
        source,
        sink,
        path: "/rest/api/3/issue/10002/attachments".to_owned(),
        limits: "/rest/api/3/attachment/meta".to_owned(),
    }
}

fn attachment(size: usize) -> Attachment {
    Attachment {
        id: "1".parse().unwrap(),
        filename: "a \"b\" é.png".to_owned(),
        size: size as u64,
        mime: "image/png".to_owned(),
        author: None,
        created: JiraTime::FIRST,
        content: "http://a.example.net/rest/api/3/attachment/content/1".to_owned(),
    }
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_file_arrives_whole_under_its_name() {
    let (source, _) = source_of(2 * MIB).await;
    let (sink, served) = server(|mut stream, head| async move {
        assert!(head.starts_with("POST /rest/api/3/issue/10002/attachments HTTP/1.1\r\n"), "{head}");
        assert!(head.to_lowercase().contains("x-atlassian-token: no-check"), "{head}");
        let mut body = vec![0; length(&head)];
        stream.read_exact(&mut body).await.unwrap();
        let form = String::from_utf8_lossy(&body);
        assert!(form.contains(r#"name="file"; filename="a \"b\" é.png""#));
        assert_eq!(body.iter().filter(|byte| **byte == 7).count(), 2 * MIB);
        say(&mut stream, "200 OK\r\ncontent-type: application/json", r#"[{"id":"77","size":2097152}]"#).await;
    })
    .await;
    let copied = copy(&source, &sink, 2 * MIB, LONG).await.unwrap();
    assert_eq!(copied.as_str(), "77");
    served.await.unwrap();
}

#[tokio::test]
async fn a_file_comes_no_faster_than_it_is_taken() {
    const SIZE: usize = 64 * MIB;
    let (source, sent) = source_of(SIZE).await;
    let seen = Arc::clone(&sent);
    let (sink, served) = server(move |mut stream, head| async move {
        // Until nothing comes any more, everything on the way is full.
        let mut before = usize::MAX;
        while before != seen.load(Ordering::SeqCst) {
            before = seen.load(Ordering::SeqCst);
            Clock::system().sleep(Duration::from_millis(200)).await;
        }
        assert!(before < SIZE / 2, "{before} bytes are held");
        let mut body = vec![0; length(&head)];
        stream.read_exact(&mut body).await.unwrap();
        say(&mut stream, "200 OK", &format!(r#"[{{"id":"77","size":{SIZE}}}]"#)).await;
    })
    .await;
    copy(&source, &sink, SIZE, LONG).await.unwrap();
    served.await.unwrap();
}

/// What a sink sees of an upload that breaks off: fewer bytes than were promised, and the end.
async fn broken_upload(mut stream: TcpStream, head: String) {
    let mut body = Vec::new();
    let _ = stream.read_to_end(&mut body).await;
    assert!(body.len() < length(&head), "the upload should break off");
}

#[tokio::test]
async fn a_file_that_ends_early_breaks_the_upload_and_nothing_is_stored() {
    let (source, _) = server(|mut stream, _| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\nonly this").await.unwrap();
    })
    .await;
    let (sink, served) = server(broken_upload).await;
    let error = copy(&source, &sink, MIB, LONG).await.unwrap_err();
    assert!(error.to_string().contains("9 of 1048576 bytes"), "{error}");
    assert_eq!(error.effect(), Effect::None);
    served.await.unwrap();
}

#[tokio::test]
async fn a_file_that_stops_coming_is_given_up_as_the_sources_fault() {
    let (source, _source) = server(|mut stream, _| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\nonly this").await.unwrap();
        let _ = stream.read_u8().await;
    })
    .await;
    let (sink, served) = server(broken_upload).await;
    let error = copy(&source, &sink, MIB, SHORT).await.unwrap_err();
    assert!(error.request.starts_with("GET ") && error.to_string().contains("stopped coming"), "{error}");
    assert_eq!(error.effect(), Effect::None);
    served.await.unwrap();
}

#[tokio::test]
async fn an_upload_that_is_no_longer_taken_is_given_up_with_nothing_done() {
    let (source, _) = source_of(64 * MIB).await;
    let (sink, _sink) = server(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let error = copy(&source, &sink, 64 * MIB, SHORT).await.unwrap_err();
    assert!(matches!(&error.what, Fault::NotSent(why) if why.contains("stopped taking")), "{error}");
}

#[tokio::test]
async fn an_upload_whose_answer_is_lost_is_in_doubt() {
    let (source, _) = source_of(16 * 1024).await;
    let (sink, _) = server(|mut stream, head| async move {
        let mut body = vec![0; length(&head)];
        stream.read_exact(&mut body).await.unwrap();
    })
    .await;
    let error = copy(&source, &sink, 16 * 1024, LONG).await.unwrap_err();
    assert_eq!(error.effect(), Effect::Unknown, "{error}");
}

#[test]
fn a_login_page_is_not_the_file() {
    let fits = |headers: &[(&str, &str)]| {
        let builder = headers.iter().fold(Response::builder(), |builder, (name, value)| builder.header(*name, *value));
        fits(&builder.body(full("")).unwrap(), &attachment(21)).is_ok()
    };
    let page = ("content-type", "text/html;charset=UTF-8");
    assert!(!fits(&[page]));
    assert!(fits(&[page, ("content-disposition", "attachment")]));
    assert!(fits(&[("content-type", "image/png"), ("content-length", "21")]));
    assert!(!fits(&[("content-type", "image/png"), ("content-length", "20")]));
}

/// A site that gives files of any size and takes none, for the reason `status`; it takes 10 bytes at most.
fn unwilling(status: u16) -> Caller {
    let status = http::StatusCode::from_u16(status).unwrap();
    let json = [("content-type", "application/json")];
    let refusal = (status, json, r#"{"errorMessages":["no"],"errors":{}}"#);
    let limits = (json, r#"{"enabled":true,"uploadLimit":10}"#);
    let site = Router::new()
        .route("/rest/api/3/issue/10002/attachments", post(move || async move { refusal }))
        .route("/rest/api/3/attachment/content/1", axum::routing::get(|| async { "x".repeat(11) }))
        .route("/rest/api/3/attachment/meta", axum::routing::get(move || async move { limits }));
    caller_over("http://a.example.net", LONG, Arc::new(InMemory::new(site)))
}

#[tokio::test]
async fn a_file_above_the_limit_is_too_large_whichever_way_jira_says_so() {
    for (status, large) in [(413, true), (404, true), (403, false)] {
        let site = unwilling(status);
        let error = copy_between(&site, &site, 11).await.unwrap_err();
        assert_eq!(matches!(error.what, Fault::TooLarge(_)), large, "{error}");
        assert_eq!(error.effect(), Effect::Never);
    }
}

#[tokio::test]
async fn a_small_file_for_a_missing_issue_is_missing() {
    let site = unwilling(404);
    let missing = Fault::Missing("404".to_owned());
    let error = Error { request: String::new(), what: missing.clone(), only_reads: false };
    assert_eq!(route(&site, &site).too_large_after_all(error, &attachment(10)).await.what, missing);
}

#[tokio::test]
async fn another_host_is_not_told_who_we_are() {
    let (media, served) = server(|mut stream, head| async move {
        assert!(!head.to_lowercase().contains("authorization"), "{head}");
        assert!(!head.contains("hunter2"), "{head}");
        say(&mut stream, "200 OK\r\ncontent-type: image/png", "file").await;
    })
    .await;
    let (site, _) = server(move |mut stream, head| async move {
        assert!(head.contains("Bearer hunter2-token"), "{head}");
        say(&mut stream, &format!("303 See Other\r\nlocation: {media}/f?token=t"), "").await;
    })
    .await;
    let caller = caller(&site, LONG);
    let fetch = get("/x".to_owned(), "attachment");
    let body = caller.open(&fetch, &caller.url("/x").unwrap(), |_| Ok(())).await.unwrap();
    assert_eq!(body.collect().await.unwrap().to_bytes(), "file");
    served.await.unwrap();
}

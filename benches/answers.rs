//! What large answers of Jira take of the memory: `cargo bench --bench answers` (or `cargo test --bench answers`, which is as
//! good: allocations are the same).
//!
//! Two flows read a hundred issues each, at once, from answers as long as one that is read may be. For each kind of answer
//! a process of its own is begun, and Linux asked for the most memory that was resident in it (`VmHWM`) beyond what was
//! before the requests, which includes the answers themselves: this process is the server, too. Divided by the answers'
//! length this is the factor in `src/jira/memory.rs`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use lockstep::clock::{Clock, Entropy};
use lockstep::flow::{Credentials, Deployment, IssueId, JiraAccess, Secret, Teller};
use lockstep::jira::{AnswerMemory, Budget, Client, DEFAULT_ANSWER_BYTES, InMemory, Parsing, Tools};
use lockstep::pulse::Pulse;
use serde_json::{Value, json};

const ISSUES: usize = 100;

fn issue(n: usize) -> Value {
    json!({
        "id": (10_000 + n).to_string(), "key": format!("ED-{n}"),
        "fields": {
            "project": {"id": "10000", "key": "ED"}, "summary": "An issue", "issuetype": {"name": "Bug"}, "status": {"id": "1", "name": "Open"},
            "created": "2024-11-29T10:00:00.000-0800", "updated": "2024-11-29T10:44:51.887-0800",
            "attachment": [], "issuelinks": [],
        },
        "changelog": {"startAt": 0, "maxResults": 0, "total": 0, "histories": []},
    })
}

/// A document of many small nodes: what takes most memory once it is opened.
fn small_nodes(bytes: usize) -> Value {
    let node = json!({"type": "paragraph", "content": [{"type": "text", "text": "x", "marks": [{"type": "strong"}]}]});
    let count = bytes / node.to_string().len();
    json!({"type": "doc", "version": 1, "content": vec![node; count]})
}

fn edits(count: usize, field: &str, text: &str) -> Value {
    let history = |n: usize| {
        json!({"id": n.to_string(), "author": {"accountId": "5b10"}, "created": "2024-11-29T10:44:51.887-0800",
            "items": [{"field": field, "from": null, "fromString": text, "to": null, "toString": text}]})
    };
    json!({"startAt": 0, "maxResults": count, "total": count, "histories": (0..count).map(history).collect::<Vec<_>>()})
}

/// Kinds of answers.
const KINDS: [&str; 4] =
    ["documents of small nodes", "long texts", "changelogs of long texts", "changelogs of other fields"];

/// An answer of that kind, about so long. Issue by issue, so that it takes hardly more than itself.
fn answer(kind: &str, bytes: usize) -> Bytes {
    let each = bytes / ISSUES - 1_000;
    let text = "y".repeat(each / 80 - 100);
    let mut answer = String::with_capacity(bytes + bytes / 8);
    answer.push_str(r#"{"issues": ["#);
    for n in 0..ISSUES {
        let mut issue = issue(n);
        let place =
            if kind.starts_with("changelogs") { &mut issue["changelog"] } else { &mut issue["fields"]["description"] };
        *place = match kind {
            "documents of small nodes" => small_nodes(each),
            "long texts" => json!("z".repeat(each)),
            "changelogs of long texts" => edits(39, "description", &text),
            _ => edits(39, "customfield_1", &text),
        };
        answer.push_str(if n > 0 { "," } else { "" });
        answer.push_str(&issue.to_string());
    }
    answer.push_str("]}");
    answer.shrink_to_fit();
    Bytes::from(answer)
}

fn server(answer: Bytes) -> Router {
    Router::new().fallback(move |request: Request| {
        let answer = answer.clone();
        async move {
            let json = |value: Value| Body::from(value.to_string());
            let body = match request.uri().path() {
                path if path.ends_with("serverInfo") => {
                    json(json!({"deploymentType": "Cloud", "serverTime": "2026-03-02T12:00:00.000+0000"}))
                }
                path if path.ends_with("myself") => json(json!({"accountId": "5b10"})),
                path if !path.ends_with("issue/bulkfetch") => json(json!([])),
                // In pieces, and of a length that is not told, as Jira does.
                _ => {
                    let pieces = (0..answer.len()).step_by(16 * 1024);
                    let pieces: Vec<_> = pieces.map(|at| answer.slice(at..answer.len().min(at + 16 * 1024))).collect();
                    Body::from_stream(futures::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>)))
                }
            };
            let mut response = Response::new(body);
            response.headers_mut().insert("content-type", "application/json".parse().unwrap());
            response
        }
    })
}

async fn client(answer: &Bytes, answers: &AnswerMemory, name: &str) -> Client {
    let access = JiraAccess {
        base: "https://a.example.net".parse().unwrap(),
        former: Vec::new(),
        credentials: Credentials::Bearer { token: Secret::new("s3cret".to_owned()) },
        deployment: Deployment::Auto,
        authority: None,
    };
    let clock = Clock::system();
    let tools = Tools {
        transport: Arc::new(InMemory::new(server(answer.clone()))),
        budget: Arc::new(Budget::default()).share(name),
        answers: answers.share(),
        pulse: Pulse::new(name, clock.clone(), None),
        clock,
        entropy: Entropy::seeded(1),
        teller: Teller::default(),
    };
    Client::connect(&access, tools).await.unwrap()
}

/// A line of `/proc/self/status`, in bytes.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

async fn measure(kind: &str, answer: Bytes) {
    let answers = AnswerMemory::new(DEFAULT_ANSWER_BYTES, Parsing::Blocking);
    let (one, other) = (client(&answer, &answers, "one").await, client(&answer, &answers, "other").await);
    let ids: Vec<IssueId> = (0..ISSUES).map(|n| (10_000 + n).to_string().parse().unwrap()).collect();
    let ids: Vec<&IssueId> = ids.iter().collect();
    let before = status("VmRSS");
    // Forgets the most that was resident so far.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let (one, other) = tokio::join!(one.fetch(&ids), other.fetch(&ids));
    let most = status("VmHWM") - before;
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.issues.len(), other.issues.len()), (ISSUES, ISSUES), "{:?}", one.unread.values().next());
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let factor = most as f64 / (2 * answer.len()) as f64;
    println!("{kind:<28} {:>8.1} MiB {:>8.1} MiB {factor:>8.2}", mib(answer.len()), mib(most));
}

fn main() {
    // A quarter of the budget, by the factor that is to be found; or as many MiB as asked for.
    let mib = std::env::var("ANSWER_MIB").map_or((DEFAULT_ANSWER_BYTES / 4 / 3) >> 20, |mib| mib.parse().unwrap());
    let bytes = (mib << 20) - 500_000;
    let asked = std::env::args().nth(1).filter(|arg| !arg.starts_with('-'));
    let Some(asked) = asked else {
        println!("{:<28} {:>12} {:>12} {:>8}", "two answers of", "each", "resident", "factor");
        for kind in KINDS {
            std::process::Command::new(std::env::current_exe().unwrap()).arg(kind).status().unwrap();
        }
        return;
    };
    let answer = answer(&asked, bytes);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure(&asked, answer));
}

//! The machinery of these tests: a small site with a bot and a person, called through its router on a paused clock.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Account, Action, Flavour, Now, Project, Setup, Site, Workflow};

pub(super) const BOT: &str = "bot";
pub(super) const USER: &str = "USER-A";
pub(super) const DEV: &str = "DEV-A";

pub(super) struct Stage {
    pub site: Arc<Site>,
    /// What the paths of requests are relative to.
    pub root: &'static str,
    credentials: String,
}

/// An answer, read to its end.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Whether the body broke off.
    pub broken: bool,
}

impl Reply {
    /// The body as JSON, or null.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The keys or ids of the issues it lists.
    pub(super) fn listed(&self, member: &str) -> Vec<String> {
        let body = self.json();
        body["issues"].as_array().unwrap().iter().map(|it| it[member].as_str().unwrap().into()).collect()
    }
}

/// Noon of a Monday; all stories begin then.
pub(super) fn dawn() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

/// Tokio's clock, beginning at [`dawn`].
#[expect(clippy::disallowed_methods, reason = "the paused clock of the test is the site's time")]
fn clock() -> Now {
    let start = tokio::time::Instant::now();
    Arc::new(move || dawn() + start.elapsed())
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = Setup {
            projects: vec![project(USER, Workflow::customer()), project(DEV, Workflow::development())],
            accounts: vec![account(BOT, "Lockstep", Tz::Asia__Ho_Chi_Minh), account("ann", "Ann", Tz::UTC)],
            index_lag: Duration::from_secs(2)..=Duration::from_secs(2),
            ..Setup::new(clock(), 7)
        };
        change(&mut setup);
        let flavour = setup.flavour;
        let root = match flavour {
            Flavour::Cloud => "/rest/api/3",
            Flavour::DataCenter => "/rest/api/2",
        };
        let mut stage = Self { root, credentials: String::new(), site: Site::new(setup) };
        stage.log_in_as_bot(flavour);
        stage
    }

    fn log_in_as_bot(&mut self, flavour: Flavour) {
        self.log_in(match flavour {
            Flavour::Cloud => "bot@x.example:bot-token",
            Flavour::DataCenter => "Bearer bot-token",
        });
    }

    /// From now on paths are relative to `/rest/api/2`, whatever kind of Jira it is.
    pub(super) fn version_two(mut self) -> Self {
        self.root = "/rest/api/2";
        self
    }

    /// From now on requests come with these credentials: `email:token`, `Bearer token`, or none if empty.
    pub(super) fn log_in(&mut self, credentials: &str) {
        self.credentials = credentials.into();
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, Some(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, Some(body)).await
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.send_as("application/json", method, path, body).await
    }

    pub(super) async fn send_as(&self, content_type: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
        let body = body.map(|body| body.to_string());
        let request = self.request(method, &format!("{}/{path}", self.root)).header("Content-Type", content_type);
        self.call(request.body(body.map_or_else(Body::empty, Body::from)).unwrap()).await
    }

    /// A request without a body for a whole path.
    pub(super) async fn at(&self, method: &str, path: &str) -> Reply {
        self.call(self.request(method, path).body(Body::empty()).unwrap()).await
    }

    /// The beginning of a request to a whole path, with the credentials in force.
    pub(super) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        match self.credentials.split_once(' ') {
            Some(_) => request.header("Authorization", &self.credentials),
            None if self.credentials.is_empty() => request,
            None => request.header("Authorization", format!("Basic {}", BASE64_STANDARD.encode(&self.credentials))),
        }
    }

    pub(super) async fn call(&self, request: Request<Body>) -> Reply {
        read(self.site.router().oneshot(request).await.unwrap()).await
    }

    /// Creates an issue through the API and answers its key.
    pub(super) async fn create(&self, project: &str, summary: &str) -> String {
        let reply = self.post("issue", new_issue(project, summary)).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()["key"].as_str().unwrap().into()
    }

    /// Ann does something.
    pub(super) fn ann(&self, deed: Action) -> String {
        self.site.act("Ann", deed).unwrap()
    }

    pub(super) fn ann_reports(&self, summary: &str) -> String {
        self.ann(Action::Create { project: USER.into(), summary: summary.into(), text: "It hurts.".into() })
    }

    pub(super) fn ann_moves(&self, issue: &str, status: &str) {
        self.ann(Action::Move { issue: issue.into(), status: status.into() });
    }

    pub(super) async fn search(&self, jql: &str) -> Reply {
        let reply = self.post("search/jql", json!({"jql": jql, "fields": ["summary", "status", "updated"]})).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply
    }
}

/// From so many seconds to so many.
pub(super) fn secs(range: RangeInclusive<u64>) -> RangeInclusive<Duration> {
    Duration::from_secs(*range.start())..=Duration::from_secs(*range.end())
}

/// Lets time pass.
pub(super) async fn wait(secs: u64) {
    tokio::time::sleep(Duration::from_secs(secs)).await;
}

pub(super) fn new_issue(project: &str, summary: &str) -> Value {
    json!({"fields": {"project": {"key": project}, "issuetype": {"name": "Bug"}, "summary": summary}})
}

/// An ADF document of one paragraph.
pub(super) fn adf(text: &str) -> Value {
    json!({"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": text}]},
    ]})
}

fn project(key: &str, workflow: Workflow) -> Project {
    Project {
        key: key.into(),
        name: format!("Project {key}"),
        workflow,
        issue_types: vec!["Bug".into(), "Task".into()],
    }
}

fn account(id: &str, name: &str, time_zone: Tz) -> Account {
    Account::new(id, name, &format!("{id}@x.example"), &format!("{id}-token"), time_zone)
}

pub(super) async fn read(response: Response) -> Reply {
    let (head, mut body) = response.into_parts();
    let (mut text, mut broken) = (Vec::new(), false);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => text.extend(frame.into_data().unwrap_or_default()),
            Err(_) => broken = true,
        }
    }
    let text = String::from_utf8(text).unwrap();
    Reply { status: head.status.as_u16(), headers: head.headers, text, broken }
}

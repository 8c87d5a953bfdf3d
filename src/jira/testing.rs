//! A Jira that answers from a script, for tests of what the client asks and how it takes answers.

use std::fmt::Write;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::transport::{Body, full};
use super::{AnswerMemory, Budgets, Client, Parsing, Tools, Transport, Unreachable};
use crate::clock::{Clock, Entropy};
use crate::flow::{Credentials, Deployment, JiraAccess, Secret, Teller};
use crate::pulse::Pulse;

/// A request that must come, and its answer.
pub(super) struct Exchange {
    request: String,
    body: Option<Value>,
    status: u16,
    answer: Value,
}

/// `request` is method and path with query, such as `GET /rest/api/3/myself`.
pub(super) fn on(request: &str) -> Exchange {
    Exchange { request: request.to_owned(), body: None, status: 200, answer: Value::Null }
}

impl Exchange {
    /// What the request must hold, exactly.
    pub(super) fn saying(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(super) fn answers(self, answer: Value) -> Self {
        Self { answer, ..self }
    }

    pub(super) fn ends(self, status: u16, answer: Value) -> Self {
        Self { status, answer, ..self }
    }
}

/// The exchanges that are still to come, in any order: some requests are sent at once.
#[derive(Clone)]
pub(super) struct Script(Arc<Mutex<Vec<Exchange>>>);

impl Script {
    /// A client of that kind of Jira, in a conversation of which the greeting is over.
    pub(super) async fn client(deployment: Deployment, exchanges: Vec<Exchange>) -> (Client, Self) {
        let script = Self(Arc::new(Mutex::new(greeting(deployment))));
        let access = JiraAccess {
            base: "https://a.example.net".parse().unwrap(),
            former: Vec::new(),
            credentials: Credentials::Bearer { token: Secret::new("s3cret".to_owned()) },
            deployment: Deployment::Auto,
            authority: None,
        };
        let clock = Clock::system();
        let tools = Tools {
            transport: Arc::new(script.clone()),
            budget: Budgets::default().of(&access).share("sync-ab"),
            answers: AnswerMemory::new(0, Parsing::Inline).share(),
            pulse: Pulse::new("sync-ab", clock.clone(), None),
            clock,
            entropy: Entropy::seeded(1),
            teller: Teller::default(),
        };
        let client = Client::connect(&access, tools).await.unwrap();
        script.0.lock().extend(exchanges);
        (client, script)
    }

    /// How much is still to come.
    pub(super) fn left(&self) -> usize {
        self.0.lock().len()
    }

    /// Nothing that had to be asked was left out.
    pub(super) fn done(&self) {
        let left: Vec<_> = self.0.lock().iter().map(|exchange| exchange.request.clone()).collect();
        assert_eq!(left, [""; 0], "never asked");
    }

    fn answer(&self, request: &str, body: &[u8]) -> Response<Body> {
        let body: Option<Value> = (!body.is_empty()).then(|| serde_json::from_slice(body).unwrap());
        let mut exchanges = self.0.lock();
        let ours = |exchange: &Exchange| {
            exchange.request == request && exchange.body.as_ref().is_none_or(|wanted| body.as_ref() == Some(wanted))
        };
        let Some(place) = exchanges.iter().position(ours) else { panic!("{}", unexpected(request, &body, &exchanges)) };
        let Exchange { status, answer, .. } = exchanges.remove(place);
        let text = if answer.is_null() { String::new() } else { answer.to_string() };
        Response::builder()
            .status(status)
            .header("content-type", "application/json;charset=UTF-8")
            .header("date", "Fri, 29 Nov 2024 18:44:51 GMT")
            .body(full(text))
            .unwrap()
    }
}

fn unexpected(request: &str, body: &Option<Value>, awaited: &[Exchange]) -> String {
    let mut told = format!("unexpected: {request} {}", body.clone().unwrap_or_default());
    for exchange in awaited {
        write!(told, "\nawaited: {} {}", exchange.request, exchange.body.clone().unwrap_or_default()).unwrap();
    }
    told
}

impl Transport for Script {
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, Unreachable>> {
        async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.path_and_query().unwrap().as_str();
            let body = body.collect().await.unwrap().to_bytes();
            if parts.method == Method::DELETE {
                let kind = parts.headers.get("content-type");
                assert!(body.is_empty() && kind.is_some(), "a DELETE has no body and says of what type: {kind:?}");
            }
            Ok(self.answer(&format!("{} {path}", parts.method), &body))
        }
        .boxed()
    }
}

/// What `connect` asks: what the site is, and who we are.
fn greeting(deployment: Deployment) -> Vec<Exchange> {
    let about = on("GET /rest/api/2/serverInfo");
    match deployment {
        Deployment::Cloud | Deployment::Auto => vec![
            about
                .answers(json!({"baseUrl": "https://a.example.net", "deploymentType": "Cloud", "version": "1001.0.0"})),
            on("GET /rest/api/3/myself").answers(json!({"accountId": "5b10a2844c20165700ede21g",
                "displayName": "Mia Krystof", "timeZone": "Australia/Sydney"})),
        ],
        Deployment::DataCenter => vec![
            about
                .answers(json!({"baseUrl": "https://a.example.net", "deploymentType": "Server", "version": "10.3.24"})),
            on("GET /rest/api/2/myself").answers(json!({"key": "JIRAUSER10100", "name": "bot",
                "displayName": "Bot", "timeZone": "America/Los_Angeles"})),
        ],
    }
}

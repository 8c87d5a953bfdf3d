//! One request and its answer: credentials, budget, limits, retries of what may be repeated, and what an answer means.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::budget::{Errand, NoTurn, Scope, Share, Verb};
use super::error::{Error, Fault, no_result};
use super::transport::{Body, Transport, full};
use super::wire::{Complaint, parse_date};
use crate::clock::{Clock, Entropy};
use crate::flow::{Credentials, JiraAccess, JiraTime, SiteUrl};
use crate::pulse::{Gate, Pulse};

/// The longest that one request of ours may live, from sending to the end of its answer. Whatever an unanswered request
/// does, Jira has begun with it by then.
pub(crate) const REQUEST_LIMIT: Duration = Duration::from_secs(45);

/// The largest answer that is read: a hundred issues with full descriptions and changelogs fit several times.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Tries of a request that may be repeated, as Atlassian advises.
const TRIES: u32 = 4;

/// A pause that Jira asks for and that is waited for on the spot; a longer one ends the cycle instead.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// What to ask Jira.
pub(super) struct Ask {
    pub method: Method,
    /// Below the site's address, with its query.
    pub path: String,
    pub body: Option<Value>,
    /// The budget it draws on.
    pub endpoint: &'static str,
    /// Whether it only reads, so that it may be repeated whatever happened to it.
    pub reads: bool,
    /// Whether it concerns one issue, so that a 403 says nothing of the others.
    pub of_one_issue: bool,
}

/// What Jira answered, and when.
pub(super) struct Answer<T> {
    pub value: T,
    /// Jira's clock when it answered (`Date`), to the second and never late.
    pub date: Option<JiraTime>,
    /// From sending to the whole answer, waiting for our turn not counted.
    pub round_trip: Duration,
    /// When the answer was there.
    pub arrived: Instant,
}

/// Sends requests as one account to one site.
pub(super) struct Caller {
    base: SiteUrl,
    authorization: HeaderValue,
    transport: Arc<dyn Transport>,
    budget: Share,
    pulse: Pulse,
    clock: Clock,
    entropy: Entropy,
}

impl Caller {
    pub(super) fn new(
        access: &JiraAccess,
        transport: Arc<dyn Transport>,
        budget: Share,
        pulse: Pulse,
        clock: Clock,
        entropy: Entropy,
    ) -> Self {
        let authorization = authorization(&access.credentials);
        Self { base: access.base.clone(), authorization, transport, budget, pulse, clock, entropy }
    }

    /// Asks, and reads the answer as `T`.
    pub(super) async fn json<T: DeserializeOwned>(&self, ask: Ask) -> Result<Answer<T>, Error> {
        let answer = self.bytes(&ask).await?;
        let value = serde_json::from_slice(&answer.value)
            .map_err(|e| error(&ask, Fault::NotJira(format!("{e} in {}", glimpse(&answer.value)))))?;
        Ok(Answer { value, date: answer.date, round_trip: answer.round_trip, arrived: answer.arrived })
    }

    /// Asks, and needs no more than to know that it was done.
    pub(super) async fn done(&self, ask: Ask) -> Result<(), Error> {
        self.bytes(&ask).await.map(|_| ())
    }

    /// Tries as often as the request allows.
    async fn bytes(&self, ask: &Ask) -> Result<Answer<Bytes>, Error> {
        let mut tried = 0;
        loop {
            tried += 1;
            let fault = match self.once(ask).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            match self.pause_before_retry(ask, &fault, tried) {
                Some(pause) if self.pulse.rest_until(self.clock.now() + pause).await => {}
                Some(_) | None => return Err(error(ask, fault)),
            }
        }
    }

    /// How long to wait before the request is repeated; `None` when it must not be.
    fn pause_before_retry(&self, ask: &Ask, fault: &Fault, tried: u32) -> Option<Duration> {
        let at_least = match fault {
            // Nothing happened: even a write may be repeated.
            Fault::Throttled(wait) => *wait,
            Fault::NotSent(_) => Duration::ZERO,
            Fault::Unanswered(_) | Fault::NotJira(_) if ask.reads => Duration::ZERO,
            Fault::Unanswered(_)
            | Fault::NotJira(_)
            | Fault::Refused(_)
            | Fault::Forbidden(_)
            | Fault::Missing(_)
            | Fault::Conflict(_)
            | Fault::Invalid(_)
            | Fault::Cancelled => return None,
        };
        if tried >= TRIES || at_least > LONGEST_PAUSE || self.pulse.stopping() {
            return None;
        }
        // Doubling from half a second, with Atlassian's jitter of 0.7 to 1.3.
        let doubling = Duration::from_millis(500) * 2u32.pow(tried - 1);
        Some(doubling.max(at_least).mul_f64(1.0 + 0.3 * self.entropy.unit()))
    }

    async fn once(&self, ask: &Ask) -> Result<Answer<Bytes>, Fault> {
        let errand = Errand { endpoint: ask.endpoint, verb: Verb::of(&ask.method), issue: None };
        self.wait_for_turn(&errand).await?;
        let request = self.request(ask)?;
        let sent = self.clock.now();
        let what = format!("{} {}", ask.method, ask.path.split('?').next().unwrap_or_default());
        let exchange = self.exchange(request);
        let (status, headers, body) =
            self.pulse.through(Gate::Jira, &what, REQUEST_LIMIT, exchange).await.map_err(no_result)??;
        let arrived = self.clock.now();
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(self.throttled(&errand, &headers, arrived));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE && headers.contains_key(header::RETRY_AFTER) {
            self.throttled(&errand, &headers, arrived);
        }
        judge(status, &headers, &body)?;
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok()).and_then(parse_date);
        Ok(Answer { value: body, date, round_trip: arrived - sent, arrived })
    }

    /// The whole exchange, body included, so that one limit covers every phase.
    async fn exchange(&self, request: Request<Body>) -> Result<(StatusCode, HeaderMap, Bytes), Fault> {
        let response = self.transport.send(request).await.map_err(|e| match e.begun {
            true => Fault::Unanswered(e.why),
            false => Fault::NotSent(e.why),
        })?;
        let (parts, body) = Response::into_parts(response);
        Ok((parts.status, parts.headers, read(body).await?))
    }

    async fn wait_for_turn(&self, errand: &Errand) -> Result<(), Fault> {
        self.budget.turn(errand, &self.pulse, &self.clock).await.map_err(|end| match end {
            NoTurn::Held(wait) => Fault::Throttled(wait),
            NoTurn::Crowded => Fault::NotSent("too many flows share this account".to_owned()),
            NoTurn::Stopping => Fault::NotSent("the worker is stopping".to_owned()),
        })
    }

    fn request(&self, ask: &Ask) -> Result<Request<Body>, Fault> {
        let builder = Request::builder()
            .method(&ask.method)
            .uri(format!("{}{}", self.base, ask.path))
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, &self.authorization);
        let request = match &ask.body {
            Some(json) => builder.header(header::CONTENT_TYPE, "application/json").body(full(json.to_string())),
            None => builder.body(full(Bytes::new())),
        };
        request.map_err(|e| Fault::NotSent(e.to_string()))
    }

    fn throttled(&self, errand: &Errand, headers: &HeaderMap, now: Instant) -> Fault {
        let wait = headers.get(header::RETRY_AFTER).and_then(|text| text.to_str().ok()?.trim().parse().ok());
        // Without a word from Jira a second is what its burst limits count in.
        let wait = Duration::from_secs(wait.unwrap_or(1).min(86_400));
        self.budget.hold(errand, Scope::Endpoint, now, now + wait);
        Fault::Throttled(wait)
    }
}

/// A whole body, if it is whole and not too large.
async fn read(mut body: Body) -> Result<Bytes, Fault> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| Fault::Unanswered(e.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > MOST_BYTES {
            return Err(Fault::NotJira(format!("more than {MOST_BYTES} bytes")));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// What an answer's status and headers mean.
fn judge(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Fault> {
    if was_given_to_nobody(headers) {
        return Err(Fault::Refused("the credentials were not accepted; check the e-mail and the API token".to_owned()));
    }
    let said = || complaint(body);
    match status.as_u16() {
        200..=299 if is_json(headers) || body.is_empty() => Ok(()),
        200..=299 => Err(Fault::NotJira(format!("not JSON: {}", glimpse(body)))),
        300..=399 => Err(Fault::NotJira(format!("{status}: is the address of the site right?"))),
        401 => Err(Fault::Refused(format!("{status}: {}", said()))),
        403 => Err(Fault::Forbidden(format!("{status}: {}", said()))),
        // A gateway gave up waiting; Jira may not have.
        408 => Err(Fault::Unanswered(format!("{status}: {}", said()))),
        400..=499 if !is_json(headers) && !body.is_empty() => Err(Fault::NotJira(format!("{status}: {}", said()))),
        404 | 410 => Err(Fault::Missing(format!("{status}: {}", said()))),
        409 => Err(Fault::Conflict(said())),
        400..=499 => Err(Fault::Invalid(format!("{status}: {}", said()))),
        _ => Err(Fault::Unanswered(format!("{status}: {}", said()))),
    }
}

/// With an expired credential Jira can answer as to an anonymous visitor, with 200 and nothing in it.
fn was_given_to_nobody(headers: &HeaderMap) -> bool {
    headers
        .get("x-seraph-loginreason")
        .and_then(|reason| reason.to_str().ok())
        .is_some_and(|reason| reason.contains("AUTHENTICATED_FAILED") || reason.contains("AUTHENTICATION_DENIED"))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json") || kind.starts_with("application/problem+json"))
}

fn complaint(body: &[u8]) -> String {
    let said = serde_json::from_slice::<Complaint>(body).unwrap_or_default().text();
    if said.is_empty() { glimpse(body) } else { glimpse(said.as_bytes()) }
}

/// The beginning of a text from outside, on one line: enough to recognise a login page, no more.
fn glimpse(body: &[u8]) -> String {
    const ENOUGH: usize = 300;
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * ENOUGH)]);
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "nothing was said".to_owned() } else { line.chars().take(ENOUGH).collect() }
}

fn error(ask: &Ask, what: Fault) -> Error {
    let what = if let (Fault::Forbidden(said), false) = (&what, ask.of_one_issue) {
        Fault::Refused(said.clone())
    } else {
        what
    };
    Error { request: format!("{} {}", ask.method, ask.path), what, only_reads: ask.reads }
}

fn authorization(credentials: &Credentials) -> HeaderValue {
    let text = match credentials {
        Credentials::Basic { email, token } => {
            let pair = format!("{email}:{}", token.expose());
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        }
        Credentials::Bearer { token } => format!("Bearer {}", token.expose()),
    };
    // A token with a line break can't be sent; without one Jira refuses us, which tells the operator what to mend.
    let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Bearer"));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, kind: &'static str, body: &str) -> Result<(), Fault> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
        judge(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes())
    }

    #[test]
    fn each_bad_answer_leads_where_it_should() {
        const JSON: &str = "application/json;charset=UTF-8";
        assert_eq!(judged(204, "text/plain", ""), Ok(()));
        assert_eq!(judged(200, JSON, "{}"), Ok(()));
        assert!(matches!(judged(200, "text/html", "<html>Log in"), Err(Fault::NotJira(_))));
        assert!(matches!(judged(302, JSON, ""), Err(Fault::NotJira(_))));
        assert!(matches!(judged(401, JSON, ""), Err(Fault::Refused(_))));
        assert!(matches!(judged(403, JSON, ""), Err(Fault::Forbidden(_))));
        assert!(matches!(judged(404, JSON, ""), Err(Fault::Missing(_))));
        assert!(matches!(judged(408, JSON, ""), Err(Fault::Unanswered(_))));
        assert!(matches!(judged(404, "text/html", "<html>"), Err(Fault::NotJira(_))));
        assert!(matches!(judged(409, JSON, ""), Err(Fault::Conflict(_))));
        assert!(
            matches!(judged(400, JSON, r#"{"errorMessages":["no"]}"#), Err(Fault::Invalid(said)) if said.contains("no"))
        );
        assert!(matches!(judged(503, JSON, ""), Err(Fault::Unanswered(_))));
    }

    #[test]
    fn a_403_on_one_issue_stops_no_other() {
        let ask = |of_one_issue| Ask { of_one_issue, ..super::super::get("/x".to_owned(), "issue") };
        let forbidden = || Fault::Forbidden("no".to_owned());
        assert!(error(&ask(true), forbidden()).is_local());
        assert!(matches!(error(&ask(false), forbidden()).what, Fault::Refused(_)));
    }

    #[test]
    fn an_empty_answer_given_to_nobody_is_a_refusal() {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-seraph-loginreason"),
            HeaderValue::from_static("AUTHENTICATED_FAILED"),
        )]);
        let end = judge(StatusCode::OK, &headers, br#"{"issues":[],"isLast":true}"#);
        assert!(matches!(end, Err(Fault::Refused(_))), "{end:?}");
    }

    #[test]
    fn credentials_are_hidden_from_debug() {
        let value = authorization(&Credentials::Bearer { token: crate::flow::Secret::new("hunter2".into()) });
        assert!(!format!("{value:?}").contains("hunter2"));
    }
}

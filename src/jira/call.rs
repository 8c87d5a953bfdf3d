//! One request and its answer: credentials, our turn, limits, redirects, retries of what may be repeated.
//!
//! What an answer means is decided by pure functions: `judge` (good or how bad), `throttle` (what to hold back),
//! `redirect` (where to go on), `retry` (whether to try again). Files go their own way, in `transfer`.

mod account;
mod denied;
mod judge;
mod own_keys;
mod redirect;
mod retry;
mod throttle;
mod transfer;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, request};
use http_body_util::BodyExt;
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::ABOUT;
use super::budget::{Errand, HoldCause, LONGEST_PAUSE, NoTurn, Pass, Scope, Share, SiteClock, Verb};
use super::error::{Error, Fault, mask, no_result, told};
use super::limits::{GLANCE_LIMIT, Limits, MOST_REDIRECTS, MOST_SAID, MOST_WRITTEN};
use super::memory::{AnswerShare, Charge, Short};
use super::text_limit::TextLimit;
use super::transport::{Body, ThroughProxy, ToStranger, Transport, full};
use super::wire::parse_date;
use crate::clock::{Clock, Entropy};
use crate::flow::{Credentials, Event, JiraAccess, JiraTime, SiteUrl, Teller};
use crate::foreign::Mask;
use crate::pulse::{Gate, Pulse, Purpose};
use account::asks_who;
use denied::DeniedRequests;
use judge::{is_compressed, judge, judge_json, judge_proxy};
use redirect::Reach;

pub(super) use retry::TRIES;
pub(super) use transfer::Upload;

/// What to ask Jira.
pub(super) struct Ask {
    pub method: Method,
    /// Below the site's address, with its query.
    pub path: String,
    pub body: Option<Value>,
    /// The budget it draws on.
    pub endpoint: &'static str,
    /// What for. What only reads may be repeated whatever happened to it.
    pub purpose: Purpose,
    /// Whether it concerns one issue, so that a 403 says nothing of the others.
    pub of_one_issue: bool,
    /// How often it is sent at most if no good answer comes; what may not be repeated is sent once in any case.
    pub tries: u32,
}

/// What Jira answered, and when.
pub(super) struct Answer<T> {
    pub value: T,
    /// Jira's clock when it answered (`Date`), to the second and never late, as far as the site's clocks are known.
    pub date: Option<JiraTime>,
    /// The `Date` itself, which may be a proxy's.
    pub stamped: Option<JiraTime>,
    /// From sending to the whole answer, waiting for our turn not counted.
    pub round_trip: Duration,
    /// When the answer was there.
    pub arrived: Instant,
}

/// Sends requests as one account to one site.
pub(super) struct Caller {
    base: SiteUrl,
    authorization: HeaderValue,
    /// Tells the credentials from others of the same account.
    as_whom: [u8; 32],
    denied: DeniedRequests,
    mask: Mask,
    transport: Arc<dyn Transport>,
    budget: Share,
    answers: AnswerShare,
    teller: Teller,
    pulse: Pulse,
    clock: Clock,
    entropy: Entropy,
    limits: Limits,
}

/// Where a caller's requests leave, and what it shares with others.
pub(super) struct Way {
    pub transport: Arc<dyn Transport>,
    pub budget: Share,
    pub answers: AnswerShare,
    /// Is told of requests that are repeated.
    pub teller: Teller,
}

/// One try that failed, and what Jira said of the next.
struct Failed {
    fault: Fault,
    at_least: Duration,
    /// Whether it was a write that was done as by no account.
    as_nobody: bool,
    /// Whether asking again at once would tell no more.
    is_final: bool,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        let at_least = if let Fault::Throttled(wait) = fault { wait } else { Duration::ZERO };
        Self { fault, at_least, as_nobody: false, is_final: false }
    }
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.into())
    }
}

impl From<Failed> for Ended {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<Short> for Ended {
    fn from(short: Short) -> Self {
        Self::Short(short)
    }
}

/// How one try ended without an answer.
enum Ended {
    Failed(Failed),
    /// A good answer came for which there is no memory now.
    Short(Short),
}

/// Where an answer's bytes go.
enum Room<'a> {
    /// As many as there is memory for.
    Charged { answers: &'a AnswerShare, charge: &'a mut Charge },
    /// So many. What a write answers is short, and the write must not be repeated for the sake of it.
    Fixed(usize),
}

impl Room<'_> {
    /// The most bytes that a good answer may have.
    fn most(&self) -> usize {
        match self {
            Self::Charged { answers, .. } => answers.most_bytes(),
            Self::Fixed(most) => *most,
        }
    }

    /// Makes room for so many bytes in all.
    fn make(&mut self, bytes: usize) -> Result<(), Short> {
        match self {
            Self::Charged { answers, charge } => answers.extend(charge, bytes),
            Self::Fixed(_) => Ok(()),
        }
    }

    /// What an answer is that is larger. Asking for it again would not make it smaller.
    fn too_large(&self) -> Fault {
        match self {
            Self::Charged { .. } => Fault::TooLarge(format!("its answer has more than {} bytes", self.most())),
            Self::Fixed(most) => Fault::NotJira(format!("more than {most} bytes")),
        }
    }
}

/// Who answered: only the site's word goes for our account there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Site,
    /// A host that keeps files.
    Stranger,
}

/// The head of an answer.
struct Head {
    status: StatusCode,
    headers: HeaderMap,
    /// The proxy that it came through, if it came through one.
    proxy: Option<ThroughProxy>,
}

impl Caller {
    pub(super) fn new(access: &JiraAccess, way: Way, pulse: Pulse, clock: Clock, entropy: Entropy) -> Self {
        let (authorization, basic) = authorization(&access.credentials);
        let mask = mask(&access.credentials, basic.as_deref(), &way.transport.secrets());
        let as_whom = Sha256::digest(authorization.as_bytes()).into();
        let (base, limits) = (access.base.clone(), Limits::STANDARD);
        let Way { transport, budget, answers, teller } = way;
        Self {
            base,
            authorization,
            as_whom,
            denied: DeniedRequests::default(),
            mask,
            transport,
            budget,
            answers,
            teller,
            pulse,
            clock,
            entropy,
            limits,
        }
    }

    /// The same, with other limits of time.
    #[cfg(test)]
    pub(super) fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Asks, and reads the answer as `T`.
    pub(super) async fn json<T: DeserializeOwned + Send + 'static>(&self, ask: Ask) -> Result<Answer<T>, Error> {
        let (answer, charge) = self.bytes(&ask).await?;
        let Answer { value: body, date, stamped, round_trip, arrived } = answer;
        let length = body.len();
        let parse = move || {
            let parsed = serde_json::from_slice(&body).map_err(|e| (e.to_string(), begin_of(&body)));
            drop((body, charge));
            parsed
        };
        let parsed = self.answers.parse(length, parse).await;
        let value = match parsed {
            Some(parsed) => parsed.map_err(|(why, begin)| {
                self.error(&ask, Fault::NotJira(format!("{why} in {}", told(&self.mask.clean(&begin)))))
            })?,
            None => return Err(self.error(&ask, Fault::Cancelled)),
        };
        Ok(Answer { value, date, stamped, round_trip, arrived })
    }

    /// Asks, and needs no more than to know that it was done.
    pub(super) async fn done(&self, ask: Ask) -> Result<(), Error> {
        self.bytes(&ask).await.map(|_| ())
    }

    /// Asks once, without credentials, what any site may leave unanswered: whatever comes but a good answer is `None`, and
    /// says nothing of the site or of our account.
    pub(super) async fn glance<T: DeserializeOwned>(&self, ask: &Ask) -> Option<T> {
        self.turn(ask).await.ok()?;
        let exchange = async {
            let url = self.url(&ask.path)?;
            let request = self.request(&ask.method, &url, Whose::Stranger).header(header::ACCEPT, "application/json");
            let response = self.send(request.body(full(Bytes::new())).map_err(unsendable)?).await?;
            whole(response, Room::Fixed(MOST_SAID)).await
        };
        let limit = self.limits.request.min(GLANCE_LIMIT);
        let (head, body) =
            self.pulse.through((Gate::Jira, ask.purpose), &ask.told(), limit, exchange).await.ok()?.ok()?;
        if head.status.is_success() { serde_json::from_slice(&body).ok() } else { None }
    }

    /// Tries as often as the request allows. Where the memory for an answer is lacking the answer is given up, and asked
    /// for again once it is there.
    async fn bytes(&self, ask: &Ask) -> Result<(Answer<Bytes>, Charge), Error> {
        self.wait_to_ask_who(ask).await.map_err(|fault| self.error(ask, fault))?;
        let (mut tried, mut needed) = (0, 0);
        loop {
            let pass = self.turn(ask).await?;
            let mut charge = self.memory(ask, needed).await?;
            tried += 1;
            match self.once(ask, &pass, &mut charge).await {
                Ok(answer) => return Ok((answer, charge)),
                Err(Ended::Short(Short(bytes))) => {
                    // Jira answered well, so this was no failed try.
                    (needed, tried) = (bytes.max(needed.saturating_mul(2)), tried - 1);
                }
                Err(Ended::Failed(failed)) => {
                    drop(charge);
                    self.pause(ask, self.settle(ask, failed).await, tried).await?;
                }
            }
        }
    }

    /// Waits for the memory of an answer of so many bytes. Other answers that are being read are parsed before long, so
    /// that this is no stall.
    async fn memory(&self, ask: &Ask, bytes: usize) -> Result<Charge, Error> {
        if bytes == 0 {
            return Ok(Charge::default());
        }
        let charge = self.pulse.queue(self.answers.wait_for(bytes)).await;
        charge.map_err(|end| self.error(ask, no_result(end)))
    }

    /// Waits for our turn.
    pub(super) async fn turn(&self, ask: &Ask) -> Result<Pass, Error> {
        let turn = self.budget.turn(&ask.errand(), &self.pulse, &self.clock).await;
        turn.map_err(|end| {
            let fault = match end {
                NoTurn::Held(wait) => Fault::Throttled(wait),
                NoTurn::IssueHeld(wait) => Fault::IssueThrottled(wait),
                NoTurn::Crowded => Fault::NotSent(CROWDED.to_owned()),
                NoTurn::Stopping => Fault::Stopping,
            };
            self.error(ask, fault)
        })
    }

    /// Waits until the request may be repeated; ends with its error when it must not be.
    async fn pause(&self, ask: &Ask, failed: Failed, tried: u32) -> Result<(), Error> {
        let Some(pause) = retry::pause(&failed, ask, tried, self.entropy.unit()) else {
            return Err(self.error(ask, failed.fault));
        };
        self.note_repeated(ask, &failed.fault, tried, pause);
        match self.pulse.rest_until(self.clock.now() + pause).await {
            true => Ok(()),
            // What is repeated has changed nothing, and is asked for again by the next worker.
            false => Err(self.error(ask, Fault::Stopping)),
        }
    }

    /// Tells that a request is repeated: once, at its first failure, as all its tries may take minutes.
    fn note_repeated(&self, ask: &Ask, fault: &Fault, tried: u32, again_in: Duration) {
        let Error { request, what, .. } = self.masked(ask, fault.clone());
        let why = what.to_string();
        self.pulse.failed(format!("{request}: {why}"));
        if tried == 1 {
            self.teller.tell(&Event::RequestRepeated { request, why, again_in });
        }
    }

    async fn once(&self, ask: &Ask, pass: &Pass, charge: &mut Charge) -> Result<Answer<Bytes>, Ended> {
        let sent = self.clock.now();
        let room = match ask.reads() {
            true => Room::Charged { answers: &self.answers, charge },
            false => Room::Fixed(MOST_WRITTEN),
        };
        let exchange = async {
            self.refuse_unless_ours(ask)?;
            let url = self.url(&ask.path)?;
            let response = match ask.method {
                Method::GET => self.get(url, Reach::Site, "application/json").await?.0,
                _ => self.send(self.with_body(ask, &url)?).await?,
            };
            whole(response, room).await
        };
        let end = self.pulse.through((Gate::Jira, ask.purpose), &ask.told(), self.limits.request, exchange).await;
        let (head, body) = end.map_err(no_result)??;
        let arrived = self.clock.now();
        self.verdict(ask, pass, &head, &body)?;
        judge_json(&head.headers, &body)?;
        if !is_greeting(ask) {
            self.pulse.succeeded();
        }
        let stamped = head.headers.get(header::DATE).and_then(|date| date.to_str().ok()).and_then(parse_date);
        let date = stamped.map(|stamped| stamped.earlier(self.site_clock().ahead()));
        Ok(Answer { value: body, date, stamped, round_trip: arrived - sent, arrived })
    }

    /// Asked as late as can be, without asking anybody: the process may have been frozen until now.
    fn refuse_unless_ours(&self, ask: &Ask) -> Result<(), Fault> {
        if ask.reads() || self.pulse.may_write() { Ok(()) } else { Err(Fault::NotOurs) }
    }

    /// Whether Jira did what it was asked; what it said of going slower is obeyed from now.
    fn verdict(&self, ask: &Ask, pass: &Pass, head: &Head, body: &[u8]) -> Result<(), Failed> {
        let now = self.clock.now();
        let pause = throttle::asked_for(head.status, &head.headers, JiraTime::new(self.clock.wall()));
        let of_account = pause.filter(|pause| pause.scope == Scope::Account);
        pass.answered(now, of_account.map(|pause| (now + pause.wait, pause.cause)));
        if let Some(pause) = pause {
            let until = now + pause.wait;
            if pause.cause == HoldCause::RateLimit {
                self.pulse.limited(until);
            }
            self.budget.hold(&ask.errand(), pause.scope, now, (until, pause.cause));
            if pause.slower {
                self.budget.slow(&ask.errand(), now);
            }
        }
        let at_least = pause.map_or(Duration::ZERO, |pause| pause.wait);
        if head.status == StatusCode::TOO_MANY_REQUESTS {
            let of_issue = pause.is_some_and(|pause| pause.scope == Scope::Issue && pause.wait > LONGEST_PAUSE);
            let fault = if of_issue { Fault::IssueThrottled(at_least) } else { Fault::Throttled(at_least) };
            return Err(Failed { at_least, ..fault.into() });
        }
        if let Some(ThroughProxy(proxy)) = &head.proxy {
            judge_proxy(proxy, head.status, &head.headers, body)?;
        }
        let judged = judge(head.status, &head.headers, body).inspect(|()| self.denied.clear(ask));
        judged.map_err(|fault| {
            // It was done, if not by the account that was meant.
            let as_nobody =
                matches!(fault, Fault::Refused(_) | Fault::Denied(_)) && head.status.is_success() && !ask.reads();
            let fault = if let (Fault::Refused(said) | Fault::Denied(said), true) = (&fault, as_nobody) {
                Fault::Unanswered(said.clone())
            } else if let (Fault::Forbidden(said), false) = (&fault, ask.of_one_issue) {
                // It says nothing of the account, which only `myself` tells of.
                Fault::Denied(said.clone())
            } else {
                fault
            };
            Failed { fault, at_least, as_nobody, is_final: false }
        })
    }

    /// Reads from `url`, going where it sends us, as far as `reach` allows. Only the site itself is told who we are, and
    /// no stranger who sends us back to it gets anything by our name.
    async fn get(&self, mut url: Url, reach: Reach, accept: &'static str) -> Result<(Response<Body>, Whose), Fault> {
        let site = self.url("")?;
        let mut whose = Whose::Site;
        for _ in 0..=MOST_REDIRECTS {
            if url.origin() != site.origin() {
                whose = Whose::Stranger;
            }
            let request = self.request(&Method::GET, &url, whose).header(header::ACCEPT, accept);
            let response = self.send(request.body(full(Bytes::new())).map_err(unsendable)?).await?;
            if !redirect::is_redirect(response.status()) {
                return Ok((response, whose));
            }
            let next = redirect::next(&url, &site, response.headers().get(header::LOCATION), reach);
            url = next.map_err(|fault| match (fault, whose) {
                (Fault::Denied(why), Whose::Stranger) => Fault::NotJira(why),
                (fault, Whose::Site | Whose::Stranger) => fault,
            })?;
        }
        Err(Fault::NotJira(format!(
            "it sends us on more than {MOST_REDIRECTS} times: is the address of the site right?"
        )))
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Fault> {
        let response = self.transport.send(request).await.map_err(|e| match e.begun {
            true => Fault::Unanswered(e.why),
            false => Fault::NotSent(e.why),
        })?;
        match is_compressed(response.headers()) {
            true => Err(Fault::NotJira("it is compressed, though nobody asked for that".to_owned())),
            false => Ok(response),
        }
    }

    fn with_body(&self, ask: &Ask, url: &Url) -> Result<Request<Body>, Fault> {
        let mut builder = self.request(&ask.method, url, Whose::Site).header(header::ACCEPT, "application/json");
        // A DELETE that says nothing of its content can be refused with 415, though it has none.
        if ask.body.is_some() || ask.method == Method::DELETE {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        }
        let body = ask.body.as_ref().map_or_else(Bytes::new, |json| json.to_string().into());
        builder.body(full(body)).map_err(unsendable)
    }

    /// Begins a request, with our credentials if it goes to the site.
    fn request(&self, method: &Method, url: &Url, whose: Whose) -> request::Builder {
        let builder = Request::builder().method(method).uri(url.as_str());
        // Without a word any encoding would do, and a compressed answer is not bounded by what is read of it.
        let builder = builder.header(header::ACCEPT_ENCODING, "identity");
        match whose {
            Whose::Site => builder.header(header::AUTHORIZATION, &self.authorization),
            Whose::Stranger => {
                let site =
                    self.base.to_string().parse::<Url>().ok().and_then(|site| site.host_str().map(str::to_owned));
                builder.extension(ToStranger { site: site.unwrap_or_default() })
            }
        }
    }

    /// An address below the site's own.
    pub(super) fn url(&self, path: &str) -> Result<Url, Fault> {
        format!("{}{path}", self.base).parse().map_err(|e| Fault::NotSent(format!("{}{path}: {e}", self.base)))
    }

    /// The kinds of requests that Jira refuses though it accepts the account, and what it says.
    pub(super) fn denied(&self) -> Vec<String> {
        self.denied.list()
    }

    /// What is known of the site's clocks.
    pub(super) fn site_clock(&self) -> &SiteClock {
        self.budget.site_clock()
    }

    /// How long texts may be on the site.
    pub(super) fn text_limit(&self) -> &TextLimit {
        self.budget.text_limit()
    }

    /// What hides our credentials in foreign texts.
    pub(super) fn mask(&self) -> &Mask {
        &self.mask
    }

    /// A foreign text as it is told: one short line without our credentials.
    pub(super) fn tell(&self, said: &str) -> String {
        self.mask.tell(said)
    }

    /// All that is told of a failure goes through here, so that no foreign text tells our credentials on.
    pub(super) fn error(&self, ask: &Ask, what: Fault) -> Error {
        let error = self.masked(ask, what);
        if let Fault::Denied(said) = &error.what {
            self.denied.note(ask, said);
        }
        error
    }

    fn masked(&self, ask: &Ask, what: Fault) -> Error {
        let what = what.reword(|said| self.mask.tell(&said));
        // Jira has a part in paths too: it names the places of files.
        let request = told(&self.mask.clean(&format!("{} {}", ask.method, ask.path)));
        Error { request, what, only_reads: ask.reads() }
    }
}

/// Why a turn did not come though Jira did not hold us.
const CROWDED: &str =
    "too many requests of other flows wait for the same account; give flows longer intervals or accounts of their own";

impl Ask {
    /// Whether it changes nothing.
    pub(super) fn reads(&self) -> bool {
        match self.purpose {
            Purpose::Read | Purpose::Record => true,
            Purpose::Write => false,
        }
    }

    /// What Jira counts it under.
    fn errand(&self) -> Errand {
        let issue = if self.reads() { None } else { self.issue().map(str::to_owned) };
        Errand { endpoint: self.endpoint, verb: Verb::of(&self.method), issue }
    }

    /// The issue that it concerns, as its path names it: `/rest/api/3/issue/10001/comment`.
    fn issue(&self) -> Option<&str> {
        let mut segments = self.path.split('?').next()?.split('/').skip_while(|segment| *segment != "issue");
        segments.nth(1).filter(|_| self.of_one_issue)
    }

    /// How it is told to the gate.
    fn told(&self) -> String {
        format!("{} {}", self.method, self.path.split('?').next().unwrap_or_default())
    }
}

/// A whole answer, if it is whole and not too large. Of a complaint only the beginning matters.
async fn whole(response: Response<Body>, mut room: Room<'_>) -> Result<(Head, Bytes), Ended> {
    let (parts, mut body) = response.into_parts();
    let good = parts.status.is_success();
    let most = if good { room.most() } else { MOST_SAID };
    let mut bytes = BytesMut::new();
    if let Some(told) = length(&parts.headers).filter(|_| good) {
        if told > most {
            return Err(room.too_large().into());
        }
        room.make(told)?;
        bytes.reserve(told);
    }
    while let Some(frame) = body.frame().await {
        let data = match frame {
            Ok(frame) => frame.into_data().unwrap_or_default(),
            Err(e) if good => return Err(Fault::Unanswered(e.to_string()).into()),
            // The status says enough.
            Err(_) => break,
        };
        let free = most - bytes.len();
        if good {
            room.make(bytes.len() + data.len().min(free))?;
        }
        bytes.extend_from_slice(&data[..data.len().min(free)]);
        match (data.len() > free, good) {
            (true, true) => return Err(room.too_large().into()),
            (true, false) => break,
            (false, _) => {}
        }
    }
    own_keys::rename(&mut bytes);
    Ok((Head { proxy: parts.extensions.get().cloned(), status: parts.status, headers: parts.headers }, bytes.freeze()))
}

/// A whole answer of those that are short: to a write, or a complaint.
async fn short(response: Response<Body>) -> Result<(Head, Bytes), Fault> {
    whole(response, Room::Fixed(MOST_WRITTEN)).await.map_err(|end| match end {
        Ended::Failed(failed) => failed.fault,
        Ended::Short(_) => Fault::Unanswered("there is no memory for its answer".to_owned()),
    })
}

/// Whether it only asks what the site is or who we are. A site can answer that well while it answers nothing else, so it is
/// no progress.
fn is_greeting(ask: &Ask) -> bool {
    asks_who(ask) || ask.endpoint == ABOUT
}

/// How long a body is said to be.
fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The beginning of an answer that can't be read.
fn begin_of(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(MOST_SAID)]).into_owned()
}

fn unsendable(error: http::Error) -> Fault {
    Fault::NotSent(error.to_string())
}

/// What a request says of us, and the pair of e-mail and token in it, encoded.
fn authorization(credentials: &Credentials) -> (HeaderValue, Option<String>) {
    let (text, basic) = match credentials {
        Credentials::Basic { email, token } => {
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{email}:{}", token.expose()));
            (format!("Basic {pair}"), Some(pair))
        }
        Credentials::Bearer { token } => (format!("Bearer {}", token.expose()), None),
    };
    // A token with a line break can't be sent; without one Jira refuses us, which tells the operator what to mend.
    let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Bearer"));
    value.set_sensitive(true);
    (value, basic)
}

#[cfg(test)]
mod tests;

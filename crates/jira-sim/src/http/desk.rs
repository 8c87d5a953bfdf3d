//! Where requests are received and answers handed out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use chrono::{DateTime, Utc};
use rand::RngExt;
use tokio::sync::{oneshot, watch};

use super::answer::Answer;
use super::call::Call;
use super::downloads::to_login;
use super::endpoint::{Access, Endpoint, Mounted, Plan, Read};
use super::entry::{Caller, LOGIN_REASON};
use super::hold::{Holds, Waiting};
use crate::chance;
use crate::faults::{Effect, Fate, Faults, Paging, Reply, RequestFacts, Verdict};
use crate::flavour::Flavour;
use crate::issue::Via;
use crate::limits::Meter;
use crate::log::{RequestLine, Ring};
use crate::state::State;
use crate::write::Effect as WriteEffect;

/// What a site keeps of requests: which of them go wrong, which are held, and the log.
pub(crate) struct Desk {
    faults: Faults,
    holds: Holds,
    pub(super) meter: Meter,
    requests: Ring<RequestLine>,
    /// How often each `METHOD path-template` was called.
    counters: BTreeMap<String, u64>,
    /// How many requests showed credentials to the media host.
    leaks: u64,
}

/// What a request is to be answered, and when.
pub(super) struct PendingAnswer {
    pub wait: Wait,
    pub facts: AnswerFacts,
}

/// What must be known of a request until it is answered.
pub(super) struct AnswerFacts {
    /// Its number in the request log.
    line: usize,
    /// The account id of the caller; empty for a stranger.
    account: String,
    /// Whether credentials were shown that no account has.
    failed_login: bool,
    reply: Reply,
}

/// What a request waits for before its answer.
pub(super) enum Wait {
    For(Duration, Outcome),
    UntilReleased(oneshot::Receiver<Outcome>),
    ForEver,
}

/// What a request led to.
pub(super) enum Outcome {
    Settled(Answer),
    /// Reads look at the site when they are answered, not when they arrive.
    Read(Read, Box<Call>),
    Written {
        answer: Answer,
        effects: Vec<u64>,
    },
}

impl Wait {
    /// Waits until it is time for the answer.
    pub(super) async fn over(self) -> Outcome {
        match self {
            Self::For(latency, outcome) => {
                tokio::time::sleep(latency).await;
                outcome
            }
            // What is never released is dropped with its site: then there is no client left.
            Self::UntilReleased(released) => match released.await {
                Ok(outcome) => outcome,
                Err(_) => std::future::pending().await,
            },
            Self::ForEver => std::future::pending().await,
        }
    }
}

impl Desk {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            faults: Faults::new(chance::stream(seed, 1)),
            holds: Holds::new(),
            meter: Meter::default(),
            requests: Ring::new(),
            counters: BTreeMap::new(),
            leaks: 0,
        }
    }

    pub(crate) fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// The lines of the requests that are held, in the order of their arrival, as far as the log remembers them.
    pub(crate) fn holding(&self) -> Vec<RequestLine> {
        self.holds.numbers().into_iter().filter_map(|number| self.requests.get(number).cloned()).collect()
    }

    /// Tells how many requests are held, and of each change of that.
    pub(crate) fn watch_held(&self) -> watch::Receiver<usize> {
        self.holds.watch()
    }

    /// The lines of the log from this number on, oldest first.
    pub(crate) fn requests_since(&self, number: usize) -> impl Iterator<Item = &RequestLine> {
        self.requests.since(number)
    }

    pub(crate) fn counters(&self) -> &BTreeMap<String, u64> {
        &self.counters
    }

    pub(crate) fn leaks(&self) -> u64 {
        self.leaks
    }

    /// Decides what becomes of a request; a read is carried out when it is answered. Nothing here waits.
    pub(super) fn arrive(&mut self, state: &mut State, at: &Arc<Mounted>, mut call: Call) -> PendingAnswer {
        let caller = state.caller(&call.credentials);
        let account = caller.account().unwrap_or_default().to_owned();
        let failed_login = matches!(caller, Caller::Impostor);
        let (method, template, path) = (&call.method, at.template.as_str(), call.path.as_str());
        let issues = if self.faults.ask_for_issues() { state.named(&call) } else { Vec::new() };
        let mut verdict =
            self.faults.judge(&RequestFacts { method, template, path, account: caller.account(), issues: &issues });
        if verdict.reply == Reply::Compressed && call.header("accept-encoding") == "identity" {
            verdict.reply = Reply::True;
        }
        let latency = chance::between(&mut self.faults.stream, &state.setup.latency) + verdict.slower;
        // Drawn for every request, needed or not, so that the stream does not depend on what requests ask for.
        let effect_after = latency.mul_f64(self.faults.stream.random_range(0.0..=1.0));
        let line = self.log(state.now, at, &call, &caller, &verdict);
        if at.route.access == Access::Signed && call.presents_credentials() {
            self.leaks += 1;
        }
        if verdict.reply == Reply::Paging(Paging::FirstAgain) {
            call.ask_for_first_page();
        }
        let outcome = match verdict.fate {
            Fate::InTime => self.decide(state, at, call, &caller, effect_after),
            Fate::Late(after) => self.decide(state, at, call, &caller, after),
            Fate::Never => Outcome::Settled(Answer::unreachable()),
            Fate::Held(_) if self.holds.is_full() => Outcome::Settled(Answer::unreachable()),
            Fate::Held(effect) => {
                let released = self.hold(state, line, effect, at, call, caller);
                let facts = AnswerFacts { line, account, failed_login, reply: verdict.reply };
                return PendingAnswer { wait: Wait::UntilReleased(released), facts };
            }
        };
        let wait = if verdict.reply == Reply::None { Wait::ForEver } else { Wait::For(latency, outcome) };
        PendingAnswer { wait, facts: AnswerFacts { line, account, failed_login, reply: verdict.reply } }
    }

    /// Holds a request. What comes first comes at once: the effect of a write, or the look of a read, which then is of
    /// the past when it is answered.
    fn hold(
        &mut self,
        state: &mut State,
        line: usize,
        effect: Effect,
        at: &Arc<Mounted>,
        call: Call,
        caller: Caller,
    ) -> oneshot::Receiver<Outcome> {
        let waiting = match effect {
            Effect::Before => Waiting::AtTheDoor(Arc::clone(at), Box::new(call), caller),
            Effect::After => {
                let outcome = self.decide(state, at, call, &caller, Duration::ZERO);
                Waiting::Decided(Outcome::Settled(state.truth(outcome)))
            }
        };
        self.holds.hold(line, waiting)
    }

    /// Lets the held request of this line go on. Says whether there was one.
    pub(crate) fn release(&mut self, state: &mut State, line: usize) -> bool {
        let Some((waiting, reply)) = self.holds.take(line) else { return false };
        let outcome = match waiting {
            Waiting::AtTheDoor(at, call, caller) => self.decide(state, &at, *call, &caller, Duration::ZERO),
            Waiting::Decided(outcome) => outcome,
        };
        // Its client may have left; the effect does not depend on that.
        drop(reply.send(outcome));
        true
    }

    /// Lets all held requests go on, in the order of their arrival. Says how many they were.
    pub(crate) fn release_all(&mut self, state: &mut State) -> usize {
        self.holds.numbers().into_iter().filter(|number| self.release(state, *number)).count()
    }

    /// Authenticates the caller, validates a write and schedules its effect.
    fn decide(
        &mut self,
        state: &mut State,
        at: &Mounted,
        mut call: Call,
        caller: &Caller,
        effect_after: Duration,
    ) -> Outcome {
        let route = &at.route;
        if state.setup.delete_needs_content_type && call.is_untyped_delete() {
            return Outcome::Settled(Answer::unsupported_media_type(&call, ""));
        }
        call.account = match state.admit(route.access, caller, &call.credentials) {
            Ok(account) => account,
            Err(_) if route.access == Access::Page => return Outcome::Settled(to_login(state, &call.path)),
            Err(refusal) => return Outcome::Settled(refusal),
        };
        if let Err(refusal) = self.check(state, at, &call) {
            return Outcome::Settled(refusal);
        }
        match route.endpoint(&call.method) {
            None if route.leads_nowhere() => Outcome::Settled(Answer::unknown_path(&call)),
            None => Outcome::Settled(Answer::wrong_method(&call, &route.allowed())),
            Some(Endpoint::Read(read)) => Outcome::Read(read, Box::new(call)),
            Some(Endpoint::Write(write)) => match write(state, &call) {
                Ok(plan) => state.commit(plan, &call.account, effect_after),
                Err(refusal) => Outcome::Settled(refusal),
            },
        }
    }

    /// Refuses a request beyond the rate limits or the permissions of its caller.
    fn check(&mut self, state: &State, at: &Mounted, call: &Call) -> Result<(), Answer> {
        if at.route.endpoint(&call.method).is_none() {
            return Ok(());
        }
        self.check_limits(state, at, call)?;
        state.check_sight(call)?;
        state.check_right(&at.route, call)
    }

    /// The answer, when it is time for it.
    pub(super) fn answer(&mut self, state: &mut State, facts: &AnswerFacts, outcome: Outcome) -> Response {
        let truth = state.truth(outcome);
        let now = state.now;
        let signed = state.signed(truth, facts.line, &facts.account);
        let signed = if facts.failed_login { signed.with(LOGIN_REASON, "AUTHENTICATED_FAILED") } else { signed };
        let seen = signed.suffer(&facts.reply, now);
        if let Some(line) = self.requests.get_mut(facts.line) {
            line.status = Some(seen.status.as_u16());
        }
        // What stands before the site stamps the answer by its own clock.
        seen.arrive(&facts.reply, now.checked_add_signed(state.setup.date_ahead).unwrap_or(now))
    }

    fn log(&mut self, now: DateTime<Utc>, at: &Mounted, call: &Call, caller: &Caller, verdict: &Verdict) -> usize {
        // Methods are whatever a client makes up; only those that the resource knows are counted by name.
        let method = at.route.endpoint(&call.method).map_or("other", |_| call.method.as_str());
        *self.counters.entry(format!("{method} {}", at.template)).or_default() += 1;
        self.requests.push(RequestLine {
            number: self.requests.next(),
            at: now,
            method: call.method.to_string(),
            path: call.path.clone(),
            account: caller.account().map(String::from),
            status: None,
            fault: verdict.name,
        })
    }
}

impl State {
    /// Ids and keys of the issues that a request names.
    fn named(&self, call: &Call) -> Vec<String> {
        let known = call.issues_named().into_iter().filter_map(|name| self.issues.find(&name));
        known.flat_map(|issue| [issue.id.to_string(), issue.key()]).collect()
    }

    fn commit(&mut self, plan: Plan, account: &str, after: Duration) -> Outcome {
        let due = self.now + after;
        let mut effects = Vec::new();
        for write in plan.writes {
            let id = self.next_id();
            self.schedule(due, WriteEffect { id, author: account.into(), via: Via::Api, write });
            effects.push(id);
        }
        // What is due at once happens at once, so that nothing lies between a request and its effect but latency.
        self.settle();
        Outcome::Written { answer: plan.answer, effects }
    }

    /// The answer as of now, before any fault spoils it.
    fn truth(&mut self, outcome: Outcome) -> Answer {
        match outcome {
            Outcome::Settled(answer) => answer,
            Outcome::Read(read, call) => {
                // The answer is of now, and so must be what may be seen in it.
                self.check_sight(&call).and_then(|()| read(self, &call)).unwrap_or_else(|refusal| refusal)
            }
            Outcome::Written { answer, effects } => {
                let misfired = effects.iter().filter(|effect| self.misfired(**effect)).count();
                if misfired > 0 { Answer::conflict() } else { answer }
            }
        }
    }

    /// The headers by which Jira's operators find a request again.
    fn signed(&self, answer: Answer, line: usize, account: &str) -> Answer {
        match self.setup.flavour {
            Flavour::Cloud => answer.with("atl-traceid", format!("{:032x}", line + 1)),
            Flavour::DataCenter => {
                let minute = self.now.timestamp() / 60 % (24 * 60);
                let name = self.accounts.get(account).map_or("anonymous", |account| &account.user_name);
                let signed = answer.with("X-AREQUESTID", format!("{minute}x{}x1", line + 1)).with("X-AUSERNAME", name);
                // It gives a reason for success too.
                if account.is_empty() { signed } else { signed.with(LOGIN_REASON, "OK") }
            }
        }
    }
}

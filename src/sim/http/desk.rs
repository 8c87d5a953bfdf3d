//! Where requests are received and answers handed out.

use std::time::Duration;

use axum::response::Response;
use rand::RngExt;

use super::answer::Answer;
use super::call::Call;
use super::entry::{Caller, LOGIN_REASON};
use super::routes::{Endpoint, Mounted, Plan, Read};
use crate::sim::chance;
use crate::sim::faults::{Fate, Reply, Verdict};
use crate::sim::setup::Flavour;
use crate::sim::site::{RequestLine, Site};
use crate::sim::state::State;
use crate::sim::write::{Effect, Via};

/// What a request is to be answered, and when.
pub(super) struct Ticket {
    /// For ever if absent.
    pub wait: Option<Duration>,
    /// Its number in the request log.
    line: usize,
    /// The account id of the caller; empty for a stranger.
    account: String,
    reply: Reply,
    outcome: Outcome,
}

enum Outcome {
    Settled(Answer),
    /// Reads look at the site when they are answered, not when they arrive.
    Read(Read, Call),
    Written {
        answer: Answer,
        effects: Vec<u64>,
    },
}

impl Site {
    /// Decides everything about a request but what a read will see. Nothing here waits.
    pub(super) fn arrive(&self, at: &Mounted, call: Call) -> Ticket {
        self.settled().arrive(at, call)
    }

    pub(super) fn answer(&self, ticket: Ticket) -> Response {
        self.settled().answer(ticket)
    }
}

impl State {
    fn arrive(&mut self, at: &Mounted, call: Call) -> Ticket {
        let verdict = self.faults.judge(&call.method, &at.template, &call.path);
        let latency = chance::between(&mut self.faults.stream, &self.setup.latency) + verdict.slower;
        // Drawn for every request, needed or not, so that the stream does not depend on what requests ask for.
        let effect_after = latency.mul_f64(self.faults.stream.random_range(0.0..=1.0));
        let caller = self.caller(&call.credentials);
        let line = self.log(at, &call, &caller, &verdict);
        let effect_after = match verdict.fate {
            Fate::InTime => Some(effect_after),
            Fate::Late(after) => Some(after),
            Fate::Never => None,
        };
        let outcome = match effect_after {
            None => Outcome::Settled(Answer::unreachable()),
            Some(after) => self.decide(at, call, &caller, after),
        };
        let wait = (verdict.reply != Reply::None).then_some(latency);
        Ticket { wait, line, account: caller.account().unwrap_or_default().into(), reply: verdict.reply, outcome }
    }

    /// Lets the caller in, validates a write and notes its effect.
    fn decide(&mut self, at: &Mounted, mut call: Call, caller: &Caller, effect_after: Duration) -> Outcome {
        call.account = match self.admit(at.route.access, caller, &call.credentials) {
            Ok(account) => account,
            Err(refusal) => return Outcome::Settled(refusal),
        };
        if let Err(refusal) = self.check(at, &call) {
            return Outcome::Settled(refusal);
        }
        let route = &at.route;
        match route.endpoint(&call.method) {
            None if route.leads_nowhere() => Outcome::Settled(Answer::unknown_path(&call)),
            None => Outcome::Settled(Answer::wrong_method(&call, &route.allowed())),
            Some(Endpoint::Read(read)) => Outcome::Read(read, call),
            Some(Endpoint::Write(write)) => match write(self, &call) {
                Ok(plan) => self.commit(plan, &call.account, effect_after),
                Err(refusal) => Outcome::Settled(refusal),
            },
        }
    }

    /// Whether the caller has not asked too much lately, and may see and do what it asks for.
    fn check(&mut self, at: &Mounted, call: &Call) -> Result<(), Answer> {
        if at.route.endpoint(&call.method).is_none() {
            return Ok(());
        }
        self.check_limits(at, call)?;
        self.check_sight(call)?;
        self.check_right(&at.route, call)
    }

    fn commit(&mut self, plan: Plan, account: &str, after: Duration) -> Outcome {
        let due = self.now + after;
        let mut effects = Vec::new();
        for write in plan.writes {
            let id = self.next_id();
            self.schedule(due, Effect { id, author: account.into(), via: Via::Api, write });
            effects.push(id);
        }
        // What is due at once happens at once, so that nothing lies between a request and its effect but latency.
        self.settle();
        Outcome::Written { answer: plan.answer, effects }
    }

    fn answer(&mut self, ticket: Ticket) -> Response {
        let truth = match ticket.outcome {
            Outcome::Settled(answer) => answer,
            Outcome::Read(read, call) => {
                // The answer is of now, and so must be what may be seen in it.
                self.check_sight(&call).and_then(|()| read(self, &call)).unwrap_or_else(|refusal| refusal)
            }
            Outcome::Written { answer, effects } => {
                let misfired = effects.iter().filter(|effect| self.misfired(**effect)).count();
                if misfired > 0 { Answer::conflict() } else { answer }
            }
        };
        let now = self.now;
        let traced = truth.suffer(ticket.reply, now);
        let seen = self.signed(traced, ticket.line, &ticket.account);
        if let Some(line) = self.requests.get_mut(ticket.line) {
            line.status = Some(seen.status.as_u16());
        }
        match ticket.reply {
            Reply::Broken => seen.into_broken(now),
            Reply::Truncated => seen.into_truncated(now),
            Reply::True | Reply::None | Reply::TooMany { .. } | Reply::Error(_) | Reply::LoginPage => {
                seen.into_response(now)
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

    fn log(&mut self, at: &Mounted, call: &Call, caller: &Caller, verdict: &Verdict) -> usize {
        *self.counters.entry(format!("{} {}", call.method, at.template)).or_default() += 1;
        self.requests.push(RequestLine {
            at: self.now,
            method: call.method.to_string(),
            path: call.path.clone(),
            account: caller.account().map(String::from),
            status: None,
            fault: verdict.name,
        })
    }
}

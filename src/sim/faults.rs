//! What goes wrong on the way: rules that spoil requests, and what they do to effect and answer.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::{Method, StatusCode};
use rand::RngExt;
use rand::rngs::StdRng;

use super::chance;

/// A list of rules; of those that match a request the first that strikes decides.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    /// In the order in which they are tried.
    pub rules: Vec<Rule>,
}

/// Which requests meet which fault.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The requests it looks at.
    pub target: Target,
    /// Which of them it spoils.
    pub when: When,
    /// How it spoils them.
    pub kind: Kind,
}

/// Which requests a rule looks at.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Any method if absent.
    pub method: Option<Method>,
    /// A path template as in Atlassian's document (`/rest/api/3/issue/{issueIdOrKey}`), or with a trailing `*` the
    /// beginning of a path. Anything if absent.
    pub path: Option<String>,
}

/// Which of the requests that a rule looks at it spoils.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// Each with this probability, 0 to 1.
    Chance(f64),
    /// Only this one, counted from 1 since the plan was set.
    Nth(u64),
    /// The first so many.
    First(u64),
}

/// What goes wrong.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the line above each variant tells what its fields are")]
pub enum Kind {
    /// All is well, but slow by so much more.
    Latency(RangeInclusive<Duration>),
    /// 429 with the headers of Cloud's burst limit; no effect.
    TooMany { retry_after_secs: u64 },
    /// An error status, with or without the effect.
    ServerError { status: StatusCode, effect: Effect },
    /// The effect happens; the answer breaks off half-way.
    LostReply,
    /// No answer ever comes; the effect happens or not.
    Stall { effect: bool },
    /// The answer is bad at once, and the effect happens so much later.
    LateEffect { after: RangeInclusive<Duration>, reply: LateReply },
    /// The answer says 200 and is not what was asked for.
    Garbage(Garbage),
}

/// Whether a failing request did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It failed before its effect.
    Before,
    /// Its effect happened.
    After,
}

/// What the client of a late effect sees meanwhile.
#[derive(Clone, Copy, Debug)]
pub enum LateReply {
    /// 503.
    Unavailable,
    /// An answer that breaks off.
    Broken,
}

/// A success that is none.
#[derive(Clone, Copy, Debug)]
pub enum Garbage {
    /// A proxy's login page in the site's stead; no effect.
    LoginPage,
    /// The right answer, cut short by a middleman who vouches for its length; the effect happens.
    TruncatedJson,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// A bad day: a few requests of a hundred meet one of all the faults there are; late effects take up to a minute.
    pub fn rough() -> Self {
        let late = |reply| Kind::LateEffect { after: secs(1)..=secs(60), reply };
        let server_error = |status, effect| Kind::ServerError { status, effect };
        let mix = [
            (0.010, Kind::Latency(secs(1)..=secs(20))),
            (0.005, Kind::TooMany { retry_after_secs: 3 }),
            (0.005, server_error(StatusCode::SERVICE_UNAVAILABLE, Effect::Before)),
            (0.003, server_error(StatusCode::INTERNAL_SERVER_ERROR, Effect::After)),
            (0.003, server_error(StatusCode::BAD_GATEWAY, Effect::After)),
            (0.005, Kind::LostReply),
            (0.001, Kind::Stall { effect: true }),
            (0.001, Kind::Stall { effect: false }),
            (0.003, late(LateReply::Unavailable)),
            (0.002, late(LateReply::Broken)),
            (0.001, Kind::Garbage(Garbage::LoginPage)),
            (0.002, Kind::Garbage(Garbage::TruncatedJson)),
        ];
        let rules = mix.map(|(chance, kind)| Rule::anywhere(When::Chance(chance), kind));
        Self { rules: rules.into() }
    }
}

impl From<Rule> for FaultPlan {
    fn from(rule: Rule) -> Self {
        Self { rules: vec![rule] }
    }
}

impl Rule {
    /// A rule for one endpoint; see [`Target::path`].
    pub fn on(method: Method, path: &str, when: When, kind: Kind) -> Self {
        Self { target: Target { method: Some(method), path: Some(path.into()) }, when, kind }
    }

    /// A rule for every request.
    pub fn anywhere(when: When, kind: Kind) -> Self {
        Self { target: Target::default(), when, kind }
    }
}

impl Target {
    fn matches(&self, method: &Method, template: &str, path: &str) -> bool {
        let in_path = |wanted: &String| match wanted.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => wanted == template,
        };
        self.method.as_ref().is_none_or(|wanted| wanted == method) && self.path.as_ref().is_none_or(in_path)
    }
}

impl Kind {
    /// The name it has in the request log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Latency(_) => "latency",
            Self::TooMany { .. } => "too many",
            Self::ServerError { effect: Effect::Before, .. } => "server error before effect",
            Self::ServerError { effect: Effect::After, .. } => "server error after effect",
            Self::LostReply => "lost reply",
            Self::Stall { .. } => "stall",
            Self::LateEffect { .. } => "late effect",
            Self::Garbage(Garbage::LoginPage) => "login page",
            Self::Garbage(Garbage::TruncatedJson) => "truncated json",
        }
    }
}

/// What becomes of one request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    /// Added to the site's usual latency.
    pub slower: Duration,
    pub fate: Fate,
    pub reply: Reply,
    pub name: Option<&'static str>,
}

/// What becomes of a request's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    InTime,
    Late(Duration),
    Never,
}

/// What becomes of a request's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    True,
    Broken,
    None,
    TooMany { retry_after_secs: u64 },
    Error(StatusCode),
    LoginPage,
    Truncated,
}

/// The plan in force, and what it has seen so far.
pub(super) struct Faults {
    plan: FaultPlan,
    /// For each rule the number of requests it looked at.
    seen: Vec<u64>,
    /// While set, nobody gets through.
    pub deaf: bool,
    pub stream: StdRng,
}

impl Faults {
    pub(super) fn new(stream: StdRng) -> Self {
        Self { plan: FaultPlan::none(), seen: Vec::new(), deaf: false, stream }
    }

    pub(super) fn set(&mut self, plan: FaultPlan) {
        self.seen = vec![0; plan.rules.len()];
        self.plan = plan;
    }

    pub(super) fn judge(&mut self, method: &Method, template: &str, path: &str) -> Verdict {
        if self.deaf {
            return Verdict { fate: Fate::Never, reply: Reply::Broken, name: Some("deaf"), ..Verdict::FAIR };
        }
        match self.strike(method, template, path) {
            Some(kind) => self.carry_out(&kind),
            None => Verdict::FAIR,
        }
    }

    fn strike(&mut self, method: &Method, template: &str, path: &str) -> Option<Kind> {
        for (rule, seen) in self.plan.rules.iter().zip(&mut self.seen) {
            if rule.target.matches(method, template, path) {
                *seen += 1;
                if rule.when.strikes(*seen, &mut self.stream) {
                    return Some(rule.kind.clone());
                }
            }
        }
        None
    }

    fn carry_out(&mut self, kind: &Kind) -> Verdict {
        let (fate, reply) = match kind {
            Kind::Latency(_) => (Fate::InTime, Reply::True),
            Kind::TooMany { retry_after_secs } => (Fate::Never, Reply::TooMany { retry_after_secs: *retry_after_secs }),
            Kind::ServerError { status, effect } => (Fate::of(*effect == Effect::After), Reply::Error(*status)),
            Kind::LostReply => (Fate::InTime, Reply::Broken),
            Kind::Stall { effect } => (Fate::of(*effect), Reply::None),
            Kind::LateEffect { after, reply } => (Fate::Late(chance::between(&mut self.stream, after)), reply.seen()),
            Kind::Garbage(Garbage::LoginPage) => (Fate::Never, Reply::LoginPage),
            Kind::Garbage(Garbage::TruncatedJson) => (Fate::InTime, Reply::Truncated),
        };
        let slower =
            if let Kind::Latency(range) = kind { chance::between(&mut self.stream, range) } else { Duration::ZERO };
        Verdict { slower, fate, reply, name: Some(kind.name()) }
    }
}

impl When {
    fn strikes(self, seen: u64, stream: &mut StdRng) -> bool {
        match self {
            Self::Chance(probability) => stream.random_bool(probability.clamp(0.0, 1.0)),
            Self::Nth(nth) => seen == nth,
            Self::First(count) => seen <= count,
        }
    }
}

impl LateReply {
    fn seen(self) -> Reply {
        match self {
            Self::Unavailable => Reply::Error(StatusCode::SERVICE_UNAVAILABLE),
            Self::Broken => Reply::Broken,
        }
    }
}

impl Fate {
    fn of(happens: bool) -> Self {
        if happens { Self::InTime } else { Self::Never }
    }
}

impl Verdict {
    const FAIR: Self = Self { slower: Duration::ZERO, fate: Fate::InTime, reply: Reply::True, name: None };
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(plan: FaultPlan, requests: &[(Method, &str, &str)]) -> Vec<Option<&'static str>> {
        let mut faults = Faults::new(chance::stream(1, 0));
        faults.set(plan);
        requests.iter().map(|(method, template, path)| faults.judge(method, template, path).name).collect()
    }

    #[test]
    fn a_rule_strikes_the_nth_request_of_its_endpoint_only() {
        let rule = Rule::on(Method::POST, "/issue", When::Nth(2), Kind::LostReply);
        let post = (Method::POST, "/issue", "/issue");
        let other = (Method::POST, "/issue/bulk", "/issue/bulk");
        let seen = names(rule.into(), &[post.clone(), other, post.clone(), post]);
        assert_eq!(seen, [None, None, Some("lost reply"), None]);
    }

    #[test]
    fn a_star_matches_the_beginning_of_the_path_itself() {
        let rule = Rule::on(Method::GET, "/issue/7*", When::First(9), Kind::LostReply);
        let request = |path| (Method::GET, "/issue/{id}", path);
        assert_eq!(names(rule.into(), &[request("/issue/8"), request("/issue/77")]), [None, Some("lost reply")]);
    }

    #[test]
    fn a_rough_day_spoils_a_few_requests_of_a_hundred_and_keeps_late_effects_within_a_minute() {
        let mut faults = Faults::new(chance::stream(7, 0));
        faults.set(FaultPlan::rough());
        let verdicts: Vec<_> = (0..10_000).map(|_| faults.judge(&Method::GET, "/x", "/x")).collect();
        let spoiled = verdicts.iter().filter(|it| it.name.is_some()).count();
        assert!((200..700).contains(&spoiled), "{spoiled}");
        assert!(verdicts.iter().all(|it| !matches!(it.fate, Fate::Late(after) if after > secs(60))));
    }
}

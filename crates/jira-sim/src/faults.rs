//! Faults: rules that spoil requests, and what they do to effect and answer.
//!
//! A [`FaultPlan`] is a list of [`Rule`]s; [`rule`] says which requests they look at and which of those they spoil,
//! [`kind`] what goes wrong with them, and `verdict` what that means for one request. Chance is drawn only for a rule
//! that looks at a request, so a rule for one endpoint never shifts what happens at another.

pub mod kind;
pub mod rule;

mod verdict;

use std::time::Duration;

use http::StatusCode;
use rand::rngs::StdRng;
use serde::Serialize;

pub use kind::{Denied, Effect, Garbage, Kind, LateReply, LoginReason, Paging, Redirect};
pub(super) use rule::RequestFacts;
pub use rule::{Rule, When};
pub(super) use verdict::{Fate, Reply, Verdict};

/// A list of rules; of those that match a request the first that strikes decides.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    /// In the order in which they are tried.
    pub rules: Vec<Rule>,
}

/// A rule in force, and what it did so far.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// The rule.
    pub rule: Rule,
    /// How many requests it looked at.
    pub seen: u64,
    /// How many of them it spoiled.
    pub struck: u64,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// A bad day: a few requests of a hundred meet an ordinary fault; late effects take up to a minute.
    pub fn rough() -> Self {
        let late = |reply| Kind::LateEffect { from: secs(1), to: secs(60), reply };
        let server_error = |status, effect| Kind::ServerError { status, effect };
        let mix = [
            (0.010, Kind::Latency { from: secs(1), to: secs(20) }),
            (0.005, Kind::TooMany { retry_after_secs: 3 }),
            (0.005, server_error(StatusCode::SERVICE_UNAVAILABLE, Effect::Before)),
            (0.003, server_error(StatusCode::INTERNAL_SERVER_ERROR, Effect::After)),
            (0.003, server_error(StatusCode::BAD_GATEWAY, Effect::After)),
            (0.005, Kind::LostReply),
            (0.001, Kind::Stall { effect: Effect::After }),
            (0.001, Kind::Stall { effect: Effect::Before }),
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

/// The plan in force, and what it has seen so far.
pub(super) struct Faults {
    rules: Vec<Standing>,
    /// While set, no request has an effect or an answer.
    pub deaf: bool,
    pub stream: StdRng,
}

impl Faults {
    pub(super) fn new(stream: StdRng) -> Self {
        Self { rules: Vec::new(), deaf: false, stream }
    }

    /// Replaces what was in force; counting begins anew.
    pub(super) fn set(&mut self, plan: FaultPlan) {
        self.rules = plan.rules.into_iter().map(Standing::from).collect();
    }

    /// The last to be tried; the others keep their counts.
    pub(super) fn add(&mut self, rule: Rule) {
        self.rules.push(rule.into());
    }

    /// Whether any rule looks at the issues that requests name.
    pub(super) fn ask_for_issues(&self) -> bool {
        self.rules.iter().any(|standing| standing.rule.issue.is_some())
    }

    pub(super) fn standing(&self) -> &[Standing] {
        &self.rules
    }

    pub(super) fn judge(&mut self, asked: &RequestFacts<'_>) -> Verdict {
        if self.deaf {
            return Verdict { fate: Fate::Never, reply: Reply::Broken, name: Some("deaf"), ..Verdict::fair() };
        }
        match self.strike(asked) {
            Some(kind) => Verdict::of(&kind, asked.path, &mut self.stream),
            None => Verdict::fair(),
        }
    }

    fn strike(&mut self, asked: &RequestFacts<'_>) -> Option<Kind> {
        for Standing { rule, seen, struck } in &mut self.rules {
            if rule.matches(asked) {
                *seen += 1;
                if rule.when.strikes(*seen, &mut self.stream) {
                    *struck += 1;
                    return Some(rule.kind.clone());
                }
            }
        }
        None
    }
}

impl From<Rule> for Standing {
    fn from(rule: Rule) -> Self {
        Self { rule, seen: 0, struck: 0 }
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::chance;

    /// The names of the faults that requests meet; of each request method, template, path and account.
    fn names(plan: FaultPlan, requests: &[(Method, &str, &str, Option<&str>)]) -> Vec<Option<&'static str>> {
        let mut faults = Faults::new(chance::stream(1, 0));
        faults.set(plan);
        let judge = |(method, template, path, account): &(Method, &str, &str, Option<&str>)| {
            faults.judge(&RequestFacts { method, template, path, account: *account, issues: &[] }).name
        };
        requests.iter().map(judge).collect()
    }

    /// Which of the first ten requests a rule spoils.
    fn struck(when: When) -> Vec<usize> {
        let requests = vec![(Method::GET, "/x", "/x", None); 10];
        let met = names(Rule::anywhere(when, Kind::LostReply).into(), &requests);
        (1..).zip(met).filter_map(|(n, name)| name.map(|_| n)).collect()
    }

    #[test]
    fn a_rule_strikes_the_nth_request_of_its_endpoint_only() {
        let rule = Rule::on(Method::POST, "/issue", When::Nth(2), Kind::LostReply);
        let post = (Method::POST, "/issue", "/issue", None);
        let other = (Method::POST, "/issue/bulk", "/issue/bulk", None);
        let seen = names(rule.into(), &[post.clone(), other, post.clone(), post]);
        assert_eq!(seen, [None, None, Some("lost reply"), None]);
    }

    #[test]
    fn requests_are_counted_in_several_ways() {
        assert_eq!(struck(When::Nth(3)), [3]);
        assert_eq!(struck(When::First(2)), [1, 2]);
        assert_eq!(struck(When::Every(4)), [4, 8]);
        assert_eq!(struck(When::Every(0)), [0; 0]);
        assert_eq!(struck(When::After(7)), [8, 9, 10]);
        assert_eq!(struck(When::Always).len(), 10);
    }

    #[test]
    fn a_star_matches_the_beginning_of_the_path_itself() {
        let rule = Rule::on(Method::GET, "/issue/7*", When::First(9), Kind::LostReply);
        let request = |path| (Method::GET, "/issue/{id}", path, None);
        assert_eq!(names(rule.into(), &[request("/issue/8"), request("/issue/77")]), [None, Some("lost reply")]);
    }

    #[test]
    fn a_rule_for_an_account_leaves_others_and_strangers_alone() {
        let rule = Rule::anywhere(When::Always, Kind::LostReply).by("bot");
        let request = |account| (Method::GET, "/x", "/x", account);
        let met = names(rule.into(), &[request(None), request(Some("ann")), request(Some("bot"))]);
        assert_eq!(met, [None, None, Some("lost reply")]);
    }

    #[test]
    fn a_rule_for_an_issue_strikes_only_requests_that_name_it() {
        let mut faults = Faults::new(chance::stream(1, 0));
        faults.set(Rule::anywhere(When::Always, Kind::LostReply).naming("A-1").into());
        let mut name = |issues: &[&str]| {
            let issues: Vec<_> = issues.iter().map(|it| (*it).to_owned()).collect();
            faults
                .judge(&RequestFacts {
                    method: &Method::GET,
                    template: "/x",
                    path: "/x",
                    account: None,
                    issues: &issues,
                })
                .name
        };
        assert_eq!(name(&["A-2", "10001", "A-1", "10000"]), Some("lost reply"));
        assert_eq!((name(&["A-2", "10001"]), name(&[])), (None, None));
    }

    #[test]
    fn a_rule_that_does_not_look_at_a_request_draws_nothing() {
        let strangers = Rule::on(Method::PUT, "/y", When::Chance(0.5), Kind::LostReply);
        let fickle = Rule::anywhere(When::Chance(0.5), Kind::LostReply);
        let requests = vec![(Method::GET, "/x", "/x", None); 50];
        let alone = names(fickle.clone().into(), &requests);
        assert_eq!(names(FaultPlan { rules: vec![strangers, fickle] }, &requests), alone);
        assert!(alone.contains(&None) && alone.contains(&Some("lost reply")));
    }

    #[test]
    fn a_rule_that_is_added_leaves_the_counts_of_the_others() {
        let mut faults = Faults::new(chance::stream(1, 0));
        faults.set(Rule::anywhere(When::First(1), Kind::LostReply).into());
        let asked = RequestFacts { method: &Method::GET, template: "/x", path: "/x", account: None, issues: &[] };
        let mut name = || faults.judge(&asked).name;
        assert_eq!((name(), name()), (Some("lost reply"), None));
        faults.add(Rule::anywhere(When::Always, Kind::Stall { effect: Effect::Before }));
        assert_eq!(faults.judge(&asked).name, Some("stall"));
        let counts: Vec<_> = faults.standing().iter().map(|it| (it.seen, it.struck)).collect();
        assert_eq!(counts, [(3, 1), (1, 1)]);
    }

    #[test]
    fn a_rough_day_spoils_few_requests_and_bounds_late_effects() {
        let mut faults = Faults::new(chance::stream(7, 0));
        faults.set(FaultPlan::rough());
        let asked = RequestFacts { method: &Method::GET, template: "/x", path: "/x", account: None, issues: &[] };
        let verdicts: Vec<_> = (0..10_000).map(|_| faults.judge(&asked)).collect();
        let spoiled = verdicts.iter().filter(|it| it.name.is_some()).count();
        assert!((200..700).contains(&spoiled), "{spoiled}");
        assert!(verdicts.iter().all(|it| !matches!(it.fate, Fate::Late(after) if after > secs(60))));
    }
}

//! Which requests a rule looks at, and which of those it spoils.

use http::Method;
use rand::RngExt;
use rand::rngs::StdRng;

use super::kind::Kind;

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
    /// The id of the account that asks, once it has proved who it is. Anybody if absent.
    pub account: Option<String>,
    /// The id or present key of an issue: only requests that name it, alone or among others, by path or in
    /// `issueIdsOrKeys`. Any if absent.
    pub issue: Option<String>,
}

/// Which of the requests that a rule looks at it spoils. They are counted from 1 since the rule was set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// Every one.
    Always,
    /// Each with this probability, 0 to 1.
    Chance(f64),
    /// Only this one.
    Nth(u64),
    /// The first so many.
    First(u64),
    /// All but the first so many.
    After(u64),
    /// Each time so many have come, the last of them; none for 0.
    Every(u64),
}

/// A request as rules look at it.
pub(crate) struct Asked<'a> {
    pub method: &'a Method,
    /// The template of its endpoint.
    pub template: &'a str,
    pub path: &'a str,
    /// The id of the account that asks.
    pub account: Option<&'a str>,
    /// The ids and present keys of the issues that it names.
    pub issues: &'a [String],
}

impl Rule {
    /// A rule for one endpoint; see [`Target::path`].
    pub fn on(method: Method, path: &str, when: When, kind: Kind) -> Self {
        Self { target: Target { method: Some(method), path: Some(path.into()), ..Target::default() }, when, kind }
    }

    /// A rule for every request.
    pub fn anywhere(when: When, kind: Kind) -> Self {
        Self { target: Target::default(), when, kind }
    }

    /// The same for requests of this account only.
    #[must_use]
    pub fn by(mut self, account: &str) -> Self {
        self.target.account = Some(account.into());
        self
    }

    /// The same for requests that name this issue only; see [`Target::issue`].
    #[must_use]
    pub fn naming(mut self, issue: &str) -> Self {
        self.target.issue = Some(issue.into());
        self
    }
}

impl Target {
    pub(super) fn matches(&self, asked: &Asked<'_>) -> bool {
        let in_path = |wanted: &String| match wanted.strip_suffix('*') {
            Some(prefix) => asked.path.starts_with(prefix),
            None => wanted == asked.template,
        };
        self.method.as_ref().is_none_or(|wanted| wanted == asked.method)
            && self.path.as_ref().is_none_or(in_path)
            && self.account.as_ref().is_none_or(|wanted| asked.account == Some(wanted))
            && self.issue.as_ref().is_none_or(|wanted| asked.issues.contains(wanted))
    }
}

impl When {
    pub(super) fn strikes(self, seen: u64, stream: &mut StdRng) -> bool {
        match self {
            Self::Always => true,
            Self::Chance(probability) => stream.random_bool(probability.clamp(0.0, 1.0)),
            Self::Nth(nth) => seen == nth,
            Self::First(count) => seen <= count,
            Self::After(count) => seen > count,
            Self::Every(count) => count > 0 && seen.is_multiple_of(count),
        }
    }
}

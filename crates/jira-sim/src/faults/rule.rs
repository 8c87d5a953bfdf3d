//! Which requests a rule looks at, and which of those it spoils.

use http::Method;
use rand::RngExt;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// Which requests meet which fault.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Any method if absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "method")]
    pub method: Option<Method>,
    /// A path template as in Atlassian's document (`/rest/api/3/issue/{issueIdOrKey}`), or with a trailing `*` the
    /// beginning of a path. Anything if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The id of the account that asks, once it has proved who it is. Any if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The id or present key of an issue: only requests that name it, alone or among others, by path or in
    /// `issueIdsOrKeys`. Any if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// Which of the requests that it looks at it spoils.
    #[serde(default)]
    pub when: When,
    /// How it spoils them.
    pub kind: Kind,
}

/// Which of the requests that a rule looks at it spoils. They are counted from 1 since the rule was set.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub enum When {
    /// Every one.
    #[default]
    #[serde(rename = "always")]
    Always,
    /// Each with this probability, 0 to 1.
    #[serde(rename = "chance")]
    Chance(f64),
    /// Only this one.
    #[serde(rename = "nth")]
    Nth(u64),
    /// The first so many.
    #[serde(rename = "first")]
    First(u64),
    /// All but the first so many.
    #[serde(rename = "after")]
    After(u64),
    /// Each time so many have come, the last of them; none for 0.
    #[serde(rename = "every")]
    Every(u64),
}

/// A request as rules look at it.
pub(crate) struct RequestFacts<'a> {
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
    /// A rule for one endpoint; see [`Rule::path`].
    pub fn on(method: Method, path: &str, when: When, kind: Kind) -> Self {
        Self { method: Some(method), path: Some(path.into()), ..Self::anywhere(when, kind) }
    }

    /// A rule for every request.
    pub fn anywhere(when: When, kind: Kind) -> Self {
        Self { method: None, path: None, account: None, issue: None, when, kind }
    }

    /// The same for requests of this account only.
    #[must_use]
    pub fn by(mut self, account: &str) -> Self {
        self.account = Some(account.into());
        self
    }

    /// The same for requests that name this issue only; see [`Rule::issue`].
    #[must_use]
    pub fn naming(mut self, issue: &str) -> Self {
        self.issue = Some(issue.into());
        self
    }

    pub(super) fn matches(&self, asked: &RequestFacts<'_>) -> bool {
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

/// A method as JSON has it: its name.
mod method {
    use super::{Deserialize, Method, Serialize};
    use serde::de::{Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(method: &Option<Method>, to: S) -> Result<S::Ok, S::Error> {
        method.as_ref().map(Method::as_str).serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Method>, D::Error> {
        let name = Option::<String>::deserialize(from)?;
        let wrong = |name| D::Error::custom(format!("{name:?} is none of GET, POST, PUT and DELETE"));
        name.map(|name| name.parse().map_err(|_| wrong(name))).transpose()
    }
}

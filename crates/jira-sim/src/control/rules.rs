//! Fault rules as they are written in JSON. Durations are in milliseconds unless the name says otherwise.
//!
//! ```json
//! {"method": "POST", "path": "/rest/api/3/issue", "account": "bot", "when": {"nth": 2}, "kind": {"hold": {"effect": "before"}}}
//! ```
//!
//! `issue` makes it a rule for requests that name this issue, alone or among others. `method`, `path`, `account` and `issue`
//! may be left out; so may `when`, which then is `"always"`.

mod kind;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::faults::{self, Target};
use crate::site::Site;
use kind::Kind;

/// See [`faults::Rule`].
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issue: Option<String>,
    #[serde(default)]
    when: When,
    kind: Kind,
}

/// See [`faults::When`].
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum When {
    #[default]
    Always,
    Chance(f64),
    Nth(u64),
    First(u64),
    After(u64),
    Every(u64),
}

impl Rule {
    /// What the site makes of it.
    ///
    /// # Errors
    /// Names the field that makes no sense: a rule that could never match would only look like a rule.
    pub(super) fn check(self, site: &Site) -> Result<faults::Rule, String> {
        let method = self.method.map(|method| method_named(&method)).transpose()?;
        if let Some(path) = self.path.as_deref().filter(|path| !site.serves(path)) {
            return Err(format!(
                "path: the site has no {path}; give the template of an endpoint as Atlassian's document spells it, \
                 such as /rest/api/2/issue/{{issueIdOrKey}}, or the beginning of a path with a * behind it"
            ));
        }
        if let Some(account) = self.account.as_ref().filter(|id| !site.accounts().iter().any(|known| known.id == **id))
        {
            return Err(format!("account: there is no account {account}; GET /accounts lists their ids"));
        }
        if let Some(issue) = self.issue.as_ref().filter(|issue| site.issue(issue).is_none()) {
            return Err(format!("issue: there is no issue {issue}"));
        }
        let target = Target { method, path: self.path, account: self.account, issue: self.issue };
        Ok(faults::Rule { target, when: self.when.check()?, kind: self.kind.check()? })
    }
}

/// Methods are compared exactly; `post` would never match.
fn method_named(name: &str) -> Result<Method, String> {
    const KNOWN: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
    let known = KNOWN.into_iter().find(|known| known.as_str() == name);
    known.ok_or_else(|| format!("method: {name:?} is none of GET, POST, PUT and DELETE"))
}

impl When {
    fn check(self) -> Result<faults::When, String> {
        Ok(match self {
            Self::Always => faults::When::Always,
            Self::Chance(chance) if (0.0..=1.0).contains(&chance) => faults::When::Chance(chance),
            Self::Chance(_) => return Err("when.chance: from 0 to 1".into()),
            Self::Nth(0) | Self::Every(0) => return Err("when: requests are counted from 1".into()),
            Self::Nth(nth) => faults::When::Nth(nth),
            Self::First(count) => faults::When::First(count),
            Self::After(count) => faults::When::After(count),
            Self::Every(count) => faults::When::Every(count),
        })
    }
}

impl From<faults::Rule> for Rule {
    fn from(rule: faults::Rule) -> Self {
        let faults::Rule { target: Target { method, path, account, issue }, when, kind } = rule;
        Self { method: method.map(|it| it.to_string()), path, account, issue, when: when.into(), kind: kind.into() }
    }
}

impl From<faults::When> for When {
    fn from(when: faults::When) -> Self {
        match when {
            faults::When::Always => Self::Always,
            faults::When::Chance(chance) => Self::Chance(chance),
            faults::When::Nth(nth) => Self::Nth(nth),
            faults::When::First(count) => Self::First(count),
            faults::When::After(count) => Self::After(count),
            faults::When::Every(count) => Self::Every(count),
        }
    }
}

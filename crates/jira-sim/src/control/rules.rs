//! Which fault rules make sense. In JSON, durations are in milliseconds unless the name says otherwise.
//!
//! ```json
//! {"method": "POST", "path": "/rest/api/3/issue", "account": "bot", "when": {"nth": 2}, "kind": {"hold": {"effect": "before"}}}
//! ```
//!
//! `issue` makes it a rule for requests that name this issue, alone or among others. `method`, `path`, `account` and `issue`
//! may be left out; so may `when`, which then is `"always"`.

use std::time::Duration;

use http::{Method, StatusCode};

use crate::faults::{Kind, Redirect, Rule, When};
use crate::site::Site;

/// No wait of any fault is longer than a day.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Far beyond what any client should read.
const MOST_BYTES: u64 = 1 << 30;

/// The rule as the site takes it.
///
/// # Errors
/// Names the field that makes no sense: a rule that could never match would only look like a rule.
pub(super) fn checked(mut rule: Rule, site: &Site) -> Result<Rule, String> {
    check_method(&rule)?;
    if let Some(path) = rule.path.as_deref().filter(|path| !site.serves(path)) {
        return Err(format!(
            "path: the site has no {path}; give the template of an endpoint as Atlassian's document spells it, \
             such as /rest/api/2/issue/{{issueIdOrKey}}, or the beginning of a path with a * behind it"
        ));
    }
    if let Some(account) = rule.account.as_ref().filter(|id| !site.accounts().iter().any(|known| known.id == **id)) {
        return Err(format!("account: there is no account {account}; GET /accounts lists their ids"));
    }
    if let Some(issue) = rule.issue.as_ref().filter(|issue| site.issue(issue).is_none()) {
        return Err(format!("issue: there is no issue {issue}"));
    }
    check_when(rule.when)?;
    check_kind(&rule.kind)?;
    if let Kind::SlowBody { piece, .. } = &mut rule.kind {
        *piece = (*piece).max(1);
    }
    Ok(rule)
}

/// Methods are compared exactly; `post` would never match.
fn check_method(rule: &Rule) -> Result<(), String> {
    const KNOWN: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
    match rule.method.as_ref().filter(|method| !KNOWN.contains(method)) {
        Some(method) => Err(format!("method: {:?} is none of GET, POST, PUT and DELETE", method.as_str())),
        None => Ok(()),
    }
}

fn check_when(when: When) -> Result<(), String> {
    match when {
        When::Chance(chance) if !(0.0..=1.0).contains(&chance) => Err("when.chance: from 0 to 1".into()),
        When::Nth(0) | When::Every(0) => Err("when: requests are counted from 1".into()),
        When::Always | When::Chance(_) | When::Nth(_) | When::First(_) | When::After(_) | When::Every(_) => Ok(()),
    }
}

fn check_kind(kind: &Kind) -> Result<(), String> {
    match kind {
        Kind::Latency { from, to } | Kind::LateEffect { from, to, .. } => check_span(*from, *to),
        Kind::SlowBody { pause, .. } => check_span(*pause, *pause),
        Kind::ServerError { status, .. } | Kind::Gateway { status, .. } => check_status(*status),
        Kind::Oversized { bytes } if *bytes > MOST_BYTES => Err(format!("kind.oversized.bytes: at most {MOST_BYTES}")),
        Kind::Redirect(Redirect::Host(origin)) if !is_origin(origin) => {
            Err("kind.redirect.host: an origin such as http://127.0.0.1:8080".into())
        }
        Kind::TooMany { .. } | Kind::Unavailable { .. } | Kind::LostReply | Kind::Stall { .. } => Ok(()),
        Kind::Hold { .. } | Kind::Oversized { .. } | Kind::Redirect(_) | Kind::Denied(_) => Ok(()),
        Kind::ToNobody(_) | Kind::NoEndpoint | Kind::Compressed | Kind::Garbage(_) | Kind::Paging(_) => Ok(()),
    }
}

/// Scheme, host and perhaps a port, and nothing behind them.
fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|host| {
        !host.is_empty() && host.chars().all(|it| it.is_ascii_alphanumeric() || ".:-[]".contains(it))
    })
}

fn check_span(from: Duration, to: Duration) -> Result<(), String> {
    if from > to || to > LONGEST {
        let (from, to) = (from.as_millis(), to.as_millis());
        return Err(format!("kind: milliseconds from {from} to {to} are no span within a day"));
    }
    Ok(())
}

fn check_status(status: StatusCode) -> Result<(), String> {
    if status.is_client_error() || status.is_server_error() {
        return Ok(());
    }
    Err(format!("kind: {} is no error status, from 400 to 599", status.as_u16()))
}

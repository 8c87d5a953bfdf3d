//! When Jira asks us to go slower: for how long, and with what. Pure.

use std::time::Duration;

use chrono::NaiveDateTime;
use http::{HeaderMap, StatusCode, header};

use crate::flow::JiraTime;
use crate::jira::budget::{HoldCause, LONGEST_BELIEVED, LONGEST_PAUSE, Scope};
use crate::jira::wire::parse_date;

/// Without a word from Jira: what its burst limits count in.
const UNSAID: Duration = Duration::from_secs(1);

/// The longest pause for an early warning, which no request has yet been refused for.
const LONGEST_WARNING: Duration = Duration::from_secs(60);

/// A pause that an answer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pause {
    /// What is held back.
    pub scope: Scope,
    pub wait: Duration,
    /// Whether the endpoint was too busy, so that it should go slower afterwards.
    pub slower: bool,
    pub cause: HoldCause,
}

/// The pause that an answer asks for, if it does. `now` stands in for Jira's clock where the answer lacks a `Date`.
pub(super) fn asked_for(status: StatusCode, headers: &HeaderMap, now: JiraTime) -> Option<Pause> {
    let now = text(headers, header::DATE.as_str()).and_then(parse_date).unwrap_or(now);
    let wait = text(headers, header::RETRY_AFTER.as_str()).and_then(|said| retry_after(said, now));
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            let said = wait.or_else(|| until_reset(headers, now));
            let wait = said.unwrap_or(UNSAID).min(LONGEST_BELIEVED);
            let cause = if said.is_some() { HoldCause::RateLimit } else { HoldCause::Other };
            let scope = refused(headers);
            Some(Pause { scope: widened(scope, wait), wait, slower: scope == Scope::Endpoint, cause })
        }
        StatusCode::SERVICE_UNAVAILABLE => wait.map(|wait| {
            let wait = wait.min(LONGEST_BELIEVED);
            Pause { scope: widened(Scope::Endpoint, wait), wait, slower: false, cause: HoldCause::Other }
        }),
        _ => warned(headers, now),
    }
}

/// A pause that is too long to be waited for ends the cycle of every flow that meets it: it is the account's.
fn widened(scope: Scope, wait: Duration) -> Scope {
    match scope {
        Scope::Endpoint if wait > LONGEST_PAUSE => Scope::Account,
        Scope::Issue | Scope::Endpoint | Scope::Account => scope,
    }
}

/// What a 429 is about. Only Data Center tells of a bucket that fills, and that is the account's.
fn refused(headers: &HeaderMap) -> Scope {
    match text(headers, "ratelimit-reason") {
        Some(reason) if reason.contains("per-issue") => Scope::Issue,
        Some(reason) if reason.contains("quota") => Scope::Account,
        Some(_) => Scope::Endpoint,
        None if headers.contains_key("x-ratelimit-interval-seconds") => Scope::Account,
        None => Scope::Endpoint,
    }
}

/// Nothing remains: the next request would be refused.
fn warned(headers: &HeaderMap, now: JiraTime) -> Option<Pause> {
    if text(headers, "x-ratelimit-remaining") != Some("0") {
        return None;
    }
    let wait = until_reset(headers, now)?.min(LONGEST_WARNING);
    Some(Pause { scope: refused(headers), wait, slower: false, cause: HoldCause::RateLimit })
}

/// Cloud names the instant, Data Center the seconds after which its bucket gains something.
fn until_reset(headers: &HeaderMap, now: JiraTime) -> Option<Duration> {
    let instant = text(headers, "x-ratelimit-reset").and_then(instant).map(|reset| reset.since(now));
    instant.or_else(|| text(headers, "x-ratelimit-interval-seconds")?.parse().ok().map(Duration::from_secs))
}

/// Seconds or an HTTP date.
fn retry_after(said: &str, now: JiraTime) -> Option<Duration> {
    let number = !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit());
    // A number beyond all numbers is still one.
    let seconds = number.then(|| Duration::from_secs(said.parse().unwrap_or(u64::MAX)));
    seconds.or_else(|| parse_date(said).map(|then| then.since(now)))
}

/// ISO 8601; Atlassian's own examples leave the seconds out.
fn instant(said: &str) -> Option<JiraTime> {
    let short = || NaiveDateTime::parse_from_str(said, "%Y-%m-%dT%H:%MZ").ok();
    said.parse().ok().or_else(|| short().map(|at| JiraTime::new(at.and_utc())))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    const BURST: Scope = Scope::Endpoint;

    fn pause(status: u16, headers: &[(&'static str, &'static str)]) -> Option<(Scope, u64)> {
        let pairs = headers.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)));
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let pause = asked_for(StatusCode::from_u16(status).unwrap(), &pairs.collect(), now)?;
        Some((pause.scope, pause.wait.as_secs()))
    }

    #[test]
    fn a_429_holds_what_its_reason_names() {
        let held = |reason| pause(429, &[("retry-after", "7"), ("ratelimit-reason", reason)]);
        assert_eq!(held("jira-burst-based"), Some((BURST, 7)));
        assert_eq!(held("jira-per-issue-on-write"), Some((Scope::Issue, 7)));
        assert_eq!(held("jira-quota-global-based"), Some((Scope::Account, 7)));
        assert_eq!(held("jira-quota-tenant-based"), Some((Scope::Account, 7)));
        assert_eq!(held("something-new"), Some((BURST, 7)));
    }

    #[test]
    fn data_centers_bucket_is_the_accounts() {
        let headers = [("x-ratelimit-interval-seconds", "60"), ("x-ratelimit-remaining", "0")];
        assert_eq!(pause(429, &headers), Some((Scope::Account, 60)));
        assert_eq!(pause(200, &headers), Some((Scope::Account, 60)));
        assert_eq!(pause(429, &[headers[0], ("retry-after", "3")]), Some((Scope::Account, 3)));
    }

    #[test]
    fn a_pause_is_seconds_or_a_date_on_the_servers_own_clock() {
        let then = ("retry-after", "Fri, 02 Jan 2026 03:04:35 GMT");
        let date = ("date", "Fri, 02 Jan 2026 03:04:05 GMT");
        assert_eq!(pause(429, &[then, date]), Some((BURST, 30)));
        assert_eq!(pause(503, &[then, date]), Some((BURST, 30)));
        assert_eq!(pause(429, &[("retry-after", "Thu, 01 Jan 2026 00:00:10 GMT")]), Some((BURST, 10)));
        assert_eq!(pause(429, &[("retry-after", "Wed, 31 Dec 2025 00:00:00 GMT")]), Some((BURST, 0)));
    }

    #[test]
    fn nonsense_is_a_second_and_nothing_is_believed_beyond_half_an_hour() {
        assert_eq!(pause(429, &[]), Some((BURST, 1)));
        assert_eq!(pause(429, &[("retry-after", "soon")]), Some((BURST, 1)));
        for long in ["1801", "4000000000", "999999999999", "99999999999999999999999"] {
            assert_eq!(pause(429, &[("retry-after", long)]), Some((Scope::Account, 1800)), "{long}");
            assert_eq!(pause(503, &[("retry-after", long)]), Some((Scope::Account, 1800)), "{long}");
        }
        assert_eq!(pause(429, &[("retry-after", "1799")]), Some((Scope::Account, 1799)));
        assert_eq!(pause(429, &[("retry-after", "-5")]), Some((BURST, 1)));
        assert_eq!(pause(429, &[("x-ratelimit-reset", "9999-12-31T23:59Z")]), Some((Scope::Account, 1800)));
        assert_eq!(pause(503, &[]), None);
    }

    #[test]
    fn only_a_429_that_says_for_how_long_is_a_stated_rate_limit() {
        let cause = |status: u16, headers: &[(&'static str, &'static str)]| {
            let pairs = headers.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)));
            let now = "2026-01-01T00:00:00Z".parse().unwrap();
            asked_for(StatusCode::from_u16(status).unwrap(), &pairs.collect(), now).unwrap().cause
        };
        let after = ("retry-after", "7");
        assert_eq!(cause(429, &[after]), HoldCause::RateLimit);
        assert_eq!(cause(429, &[("x-ratelimit-interval-seconds", "60")]), HoldCause::RateLimit);
        assert_eq!(cause(429, &[]), HoldCause::Other);
        assert_eq!(cause(503, &[after]), HoldCause::Other);
    }

    #[test]
    fn when_nothing_remains_the_next_request_waits_for_the_reset() {
        let nothing = ("x-ratelimit-remaining", "0");
        assert_eq!(pause(200, &[nothing, ("x-ratelimit-reset", "2026-01-01T00:00:09Z")]), Some((BURST, 9)));
        assert_eq!(pause(200, &[nothing, ("x-ratelimit-reset", "2026-01-01T00:30Z")]), Some((BURST, 60)));
        assert_eq!(pause(200, &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "2026-01-01T00:30Z")]), None);
        assert_eq!(pause(200, &[nothing]), None);
    }
}

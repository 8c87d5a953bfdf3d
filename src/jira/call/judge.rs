//! What an answer's status, headers and body mean. Pure.

use http::{HeaderMap, StatusCode, header};
use reqwest::Url;
use serde_json::Value;

use super::redirect::is_login;
use crate::jira::error::{Fault, Refusal, Shape, said, told};
use crate::jira::transport::wants_login;
use crate::settings::Proxy;

/// Whether Jira did what it was asked; if not, what that leads to. [`Fault::Denied`] is a suspicion here: only `myself`
/// tells whether the account is refused or this request alone.
pub(super) fn judge(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Fault> {
    if demands_captcha(headers) {
        return Err(Fault::Refused(
            "Jira wants this account to solve a CAPTCHA: log in once with a browser".to_owned(),
        ));
    }
    if let Some(reason) = given_to_nobody(headers) {
        return Err(Fault::Denied(format!("{status}, given to no account (X-Seraph-LoginReason: {reason})")));
    }
    if status.is_success() {
        return Ok(());
    }
    let said = said(headers, body);
    let text = format!("{status}: {}", said.text);
    Err(match status.as_u16() {
        300..=399 if leads_to_login(headers) => Fault::Denied(format!("{status}: it leads to the login page")),
        300..=399 => Fault::NotJira(format!("{status}: is the address of the site right?")),
        401 | 403 if lacks_scope(headers, &said.text) => Fault::Denied(format!("{text}; {}", scope_lacks(headers))),
        401 => Fault::Denied(text),
        403 => Fault::Forbidden(text),
        404 if matches!(said.shape, Shape::Jira | Shape::Empty) => Fault::Missing(text),
        404 if is_problem(headers) && said.shape == Shape::Gateway => Fault::NoEndpoint(text),
        404 => Fault::NotJira(format!("{text}; is the address of the site right?")),
        407 => Fault::NotSent(format!("the proxy wants us to log in: {text}")),
        // A gateway gave up waiting; Jira may not have.
        408 => Fault::Unanswered(text),
        409 => Fault::Conflict(text),
        413 => Fault::TooLarge(text),
        400..=499 if said.shape == Shape::Page => Fault::NotJira(text),
        // A bulk create that complains as a whole, and made some of its issues.
        400..=499 if names_issues(body) => Fault::Unanswered(text),
        410 => Fault::Removed(text),
        400..=499 => Fault::Invalid(Refusal::new(text, said)),
        _ => Fault::Unanswered(text),
    })
}

/// What the proxy did with the request, if the answer that came through it is its own: it refuses to pass it on. A site
/// behind it says 403 in Jira's words, or with one of Jira's headers.
pub(super) fn judge_proxy(proxy: &Proxy, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Fault> {
    match status {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(Fault::NotSent(wants_login(proxy))),
        StatusCode::FORBIDDEN if !is_from_jira(headers) => match said(headers, body) {
            said if said.shape == Shape::Jira => Ok(()),
            said => Err(Fault::BlockedByProxy(format!("{proxy} says {status}: {}", said.text))),
        },
        _ => Ok(()),
    }
}

/// Whether an answer has a header that only Jira, or Atlassian's gateway before it, gives.
fn is_from_jira(headers: &HeaderMap) -> bool {
    const NAMES: [&str; 5] = ["x-arequestid", "x-anodeid", "x-ausername", "x-asessionid", "x-aaccountid"];
    let of_jira = |name: &str| NAMES.contains(&name) || name.starts_with("x-seraph-") || name.starts_with("atl-");
    headers.keys().any(|name| of_jira(name.as_str()))
        || headers.contains_key("x-authentication-denied-reason")
        || says(headers, header::SERVER.as_str(), "Atlassian")
}

fn names_issues(body: &[u8]) -> bool {
    let told = serde_json::from_slice::<Value>(body).ok();
    told.and_then(|told| Some(!told.get("issues")?.as_array()?.is_empty())).unwrap_or(false)
}

/// A good answer must be JSON, if it is anything.
pub(super) fn judge_json(headers: &HeaderMap, body: &[u8]) -> Result<(), Fault> {
    if body.is_empty() || is_json(headers) {
        return Ok(());
    }
    Err(Fault::NotJira(format!("not JSON: {}", said(headers, body).text)))
}

/// Nobody asks for compressed answers; one that comes all the same can't be read.
pub(super) fn is_compressed(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity")
}

/// After too many bad attempts Data Center wants to see a person; further logins only make it worse.
fn demands_captcha(headers: &HeaderMap) -> bool {
    says(headers, "x-authentication-denied-reason", "CAPTCHA")
}

/// With an expired credential Jira can answer as to an anonymous visitor, with 200 and nothing in it.
fn given_to_nobody(headers: &HeaderMap) -> Option<&'static str> {
    let nobody = ["AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED", "AUTHORISATION_FAILED"];
    nobody.into_iter().find(|word| says(headers, "x-seraph-loginreason", word))
}

fn says(headers: &HeaderMap, name: &str, word: &str) -> bool {
    texts(headers, name).any(|value| value.contains(word))
}

fn texts<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// The gateway before Jira Cloud says so in words, an OAuth server in a header.
fn lacks_scope(headers: &HeaderMap, said: &str) -> bool {
    said.to_ascii_lowercase().contains("scope does not match")
        || says(headers, "www-authenticate", "insufficient_scope")
}

fn scope_lacks(headers: &HeaderMap) -> String {
    let named = texts(headers, "www-authenticate").find_map(|value| {
        let (_, rest) = value.split_once("scope=\"")?;
        rest.split('"').next().filter(|scope| !scope.is_empty())
    });
    match named {
        Some(scope) => format!("the token lacks the scope {}", told(scope)),
        None => "the token lacks a scope that this request needs (docs/jira.md, \"The requests\")".to_owned(),
    }
}

/// Of an address that is relative only the path matters.
fn leads_to_login(headers: &HeaderMap) -> bool {
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    let anywhere = Url::parse("https://site.invalid/");
    location.zip(anywhere.ok()).and_then(|(to, base)| base.join(to).ok()).is_some_and(|to| is_login(&to))
}

fn is_problem(headers: &HeaderMap) -> bool {
    texts(headers, header::CONTENT_TYPE.as_str()).any(|kind| kind.starts_with("application/problem+json"))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json") || kind.starts_with("application/problem+json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    const JSON: &str = "application/json;charset=UTF-8";
    const OURS: &str = r#"{"errorMessages":["no"],"errors":{}}"#;

    fn judged(status: u16, kind: &'static str, body: &str) -> Result<(), Fault> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
        judge(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes())
    }

    fn given_to(name: &'static str, value: &'static str) -> Result<(), Fault> {
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
        judge(StatusCode::OK, &headers, br#"{"issues":[],"isLast":true}"#)
    }

    #[test]
    fn each_bad_answer_leads_where_it_should() {
        assert_eq!(judged(204, "text/plain", ""), Ok(()));
        assert_eq!(judged(200, JSON, "{}"), Ok(()));
        assert!(matches!(judged(302, JSON, ""), Err(Fault::NotJira(_))));
        assert!(matches!(judged(401, "text/html", "<html>"), Err(Fault::Denied(_))));
        assert!(matches!(judged(403, JSON, ""), Err(Fault::Forbidden(_))));
        assert!(matches!(judged(407, "text/html", "<html>"), Err(Fault::NotSent(_))));
        assert!(matches!(judged(408, JSON, ""), Err(Fault::Unanswered(_))));
        assert!(matches!(judged(409, JSON, OURS), Err(Fault::Conflict(_))));
        assert!(matches!(judged(413, "text/html", "<html>"), Err(Fault::TooLarge(_))));
        assert!(matches!(judged(400, JSON, OURS), Err(Fault::Invalid(said)) if said.contains("no")));
        assert!(matches!(judged(400, "text/html", "<html>"), Err(Fault::NotJira(_))));
        assert!(matches!(judged(415, "application/problem+json", r#"{"title":"x"}"#), Err(Fault::Invalid(_))));
        assert!(matches!(judged(503, JSON, ""), Err(Fault::Unanswered(_))));
    }

    #[test]
    fn a_complaint_that_names_what_was_created_leaves_it_in_doubt() {
        let some = r#"{"issues":[{"id":"10000","key":"ED-24"}],"errors":[{"status":400,"failedElementNumber":0}]}"#;
        assert!(matches!(judged(400, JSON, some), Err(Fault::Unanswered(_))));
        assert!(matches!(judged(400, JSON, r#"{"issues":[],"errors":[{}]}"#), Err(Fault::Invalid(_))));
    }

    #[test]
    fn an_issue_that_is_missing_is_told_from_a_path_that_does_not_exist() {
        assert!(matches!(judged(404, JSON, OURS), Err(Fault::Missing(_))));
        assert!(matches!(judged(404, JSON, ""), Err(Fault::Missing(_))));
        for (kind, body) in [
            ("text/html", "<html><title>Not found</title>"),
            (JSON, r#"{"code":404,"message":"HTTP 404 Not Found"}"#),
            ("application/xml", "<status><status-code>404</status-code></status>"),
        ] {
            let end = judged(404, kind, body);
            assert!(matches!(&end, Err(Fault::NotJira(said)) if said.contains("is the address")), "{body}: {end:?}");
        }
    }

    #[test]
    fn a_404_that_is_a_problem_had_no_effect_and_a_gateways_may_have() {
        let problem = |body| judged(404, "application/problem+json", body);
        assert!(matches!(problem(r#"{"title":"Not Found","status":404}"#), Err(Fault::NoEndpoint(_))));
        assert!(matches!(problem("<html>"), Err(Fault::NotJira(_))));
        assert!(matches!(judged(404, JSON, r#"{"code":404,"message":"Not Found"}"#), Err(Fault::NotJira(_))));
    }

    #[test]
    fn a_scope_that_a_token_lacks_is_told_by_name_where_it_is_said() {
        let gateway = judged(401, JSON, r#"{"code":401,"message":"Unauthorized; scope does not match"}"#);
        assert!(matches!(&gateway, Err(Fault::Denied(said)) if said.contains("lacks a scope")), "{gateway:?}");
        let named = r#"Bearer error="insufficient_scope", scope="read:attachment:jira""#;
        for status in [401, 403] {
            let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, HeaderValue::from_static(named))]);
            let end = judge(StatusCode::from_u16(status).unwrap(), &headers, b"");
            assert!(matches!(&end, Err(Fault::Denied(said)) if said.contains("read:attachment:jira")), "{end:?}");
        }
    }

    #[test]
    fn an_answer_that_leads_to_the_login_page_is_a_refusal_of_that_request() {
        let led = |to: &'static str| {
            let headers = HeaderMap::from_iter([(header::LOCATION, HeaderValue::from_static(to))]);
            judge(StatusCode::FOUND, &headers, b"")
        };
        assert!(matches!(led("/jira/login.jsp?os_destination=%2Fsecure"), Err(Fault::Denied(_))));
        assert!(matches!(led("https://id.atlassian.com/login"), Err(Fault::Denied(_))));
        assert!(matches!(led("https://a.example.net/x"), Err(Fault::NotJira(_))));
    }

    #[test]
    fn a_request_that_atlassian_removed_is_no_missing_issue() {
        let body = r#"{"errorMessages":["The requested API has been removed."],"errors":{}}"#;
        assert!(matches!(judged(410, JSON, body), Err(Fault::Removed(_))));
    }

    #[test]
    fn an_empty_answer_given_to_nobody_is_a_refusal() {
        assert_eq!(given_to("x-seraph-loginreason", "OK"), Ok(()));
        for reason in ["AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED", "AUTHORISATION_FAILED"] {
            assert!(matches!(given_to("x-seraph-loginreason", reason), Err(Fault::Denied(_))), "{reason}");
        }
        let captcha = given_to("x-authentication-denied-reason", "CAPTCHA_CHALLENGE; login-url=https://a/login.jsp");
        assert!(matches!(captcha, Err(Fault::Refused(said)) if said.contains("browser")));
    }

    #[test]
    fn a_good_answer_that_is_a_page_is_not_jiras() {
        let page = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/html"))]);
        let end = judge_json(&page, b"<title>Log in</title>");
        assert!(matches!(&end, Err(Fault::NotJira(said)) if said.contains("Log in")), "{end:?}");
        assert_eq!(judge_json(&page, b""), Ok(()));
    }

    fn through_proxy(status: u16, kind: &'static str, name: &'static str, body: &str) -> Result<(), Fault> {
        let env = |name: &str| (name == "HTTPS_PROXY").then(|| "http://bot:hunter2@proxy:3128".to_owned());
        let proxies = crate::settings::Proxies::from_env(&env).unwrap();
        let proxy = proxies.of("https", "jira.corp.test", 443).unwrap();
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let named = (HeaderName::from_static(name), HeaderValue::from_static("x"));
        let headers = HeaderMap::from_iter([kind, named]);
        judge_proxy(proxy, StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes())
    }

    #[test]
    fn a_403_or_407_of_the_proxy_is_told_as_the_proxys() {
        let blocked = through_proxy(403, "text/html", "via", "<title>Blocked by policy</title>");
        let Err(Fault::BlockedByProxy(said)) = blocked else { panic!("{blocked:?}") };
        assert!(said.contains("proxy:3128 (HTTPS_PROXY)") && said.contains("Blocked by policy"), "{said}");
        assert!(matches!(through_proxy(403, "text/plain", "x-squid-error", ""), Err(Fault::BlockedByProxy(_))));
        let login = through_proxy(407, "text/html", "via", "<html>");
        assert!(matches!(&login, Err(Fault::NotSent(said)) if said.contains("HTTPS_PROXY")), "{login:?}");
    }

    #[test]
    fn a_403_of_jira_behind_a_proxy_stays_jiras() {
        for (kind, name, body) in [
            (JSON, "via", OURS),
            ("text/html", "x-arequestid", "<html>"),
            ("text/plain", "x-seraph-loginreason", "XSRF check failed"),
            (JSON, "atl-traceid", r#"{"code":403,"message":"no"}"#),
        ] {
            assert_eq!(through_proxy(403, kind, name, body), Ok(()), "{name}");
        }
        assert_eq!(through_proxy(401, "text/html", "via", ""), Ok(()));
        assert_eq!(through_proxy(200, JSON, "via", "{}"), Ok(()));
    }
}

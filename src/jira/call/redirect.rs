//! Where an answer sends us on to, and whether we go there. Pure.

use http::{HeaderValue, StatusCode};
use reqwest::Url;

use crate::jira::error::{Fault, told};

/// How far a request may be sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jira) enum Reach {
    /// Within the site: only it can answer an API call.
    Site,
    /// Anywhere: files are kept on hosts of their own, which learn nothing of our credentials.
    Anywhere,
}

/// Whether an answer sends us on. Others of the three hundreds (304) answer what we never ask.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where to go from `from`; `site` is the site's own address.
pub(super) fn next(from: &Url, site: &Url, location: Option<&HeaderValue>, reach: Reach) -> Result<Url, Fault> {
    let said = location.and_then(|location| location.to_str().ok());
    let to = said.and_then(|said| from.join(said).ok()).map(bare);
    let Some(to) = to else { return Err(Fault::NotJira("it sends us on without saying where to".to_owned())) };
    if is_login(&to) {
        let why = format!("it sends us to its login page, {}", shown(&to));
        return Err(Fault::Denied(why));
    }
    let objection = match (from.scheme(), to.scheme()) {
        ("http", "http") | (_, "https") if reach == Reach::Anywhere || to.origin() == site.origin() => return Ok(to),
        ("http", "http") | (_, "https") => "is the address of the site right?",
        ("https", "http") => "that would no longer be encrypted",
        _ => "that is no address to go to",
    };
    Err(Fault::NotJira(format!("it sends us to {}: {objection}", shown(&to))))
}

/// A user and password in an address are not taken over, nor is a place within a page.
fn bare(mut url: Url) -> Url {
    // Fails only for addresses without a host, which have neither.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_fragment(None);
    url
}

/// An address without its query, which may open a file to anybody who has it.
pub(super) fn shown(url: &Url) -> String {
    told(&format!("{}://{}{}", url.scheme(), url.authority(), url.path()))
}

pub(super) fn is_login(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let ends = ["/login.jsp", "/login.action", "/login", "/samlsso"];
    let hosts = ["id.atlassian.com", "auth.atlassian.com"];
    ends.iter().any(|end| path.ends_with(end))
        || url.host_str().is_some_and(|host| hosts.contains(&host))
        || url.query().is_some_and(|query| query.contains("os_destination="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes(from: &str, location: &str, reach: Reach) -> Result<String, Fault> {
        let site = "https://a.example.net/jira".parse().unwrap();
        next(&from.parse().unwrap(), &site, HeaderValue::from_str(location).ok().as_ref(), reach)
            .map(|to| to.to_string())
    }

    const FILE: &str = "https://a.example.net/jira/rest/api/3/attachment/content/1";

    #[test]
    fn a_file_may_be_anywhere_but_not_unencrypted_and_not_behind_another_scheme() {
        let goes = |location| goes(FILE, location, Reach::Anywhere);
        assert_eq!(goes("https://media.example.org/f?token=t#x").unwrap(), "https://media.example.org/f?token=t");
        assert_eq!(goes("../2").unwrap(), "https://a.example.net/jira/rest/api/3/attachment/2");
        assert_eq!(goes("https://u:p@media.example.org/f").unwrap(), "https://media.example.org/f");
        for bad in ["http://media.example.org/f", "ftp://media.example.org/f", "file:///etc/passwd"] {
            let end = goes(bad);
            assert!(matches!(end, Err(Fault::NotJira(_))), "{bad}: {end:?}");
        }
    }

    #[test]
    fn an_api_call_stays_within_the_site() {
        let goes = |location| goes("https://a.example.net/jira/rest/api/3/myself", location, Reach::Site);
        assert!(goes("/jira/rest/api/3/me").is_ok());
        for away in ["https://b.example.net/", "https://a.example.net:8443/", "http://a.example.net/"] {
            let end = goes(away);
            assert!(matches!(&end, Err(Fault::NotJira(_))), "{away}: {end:?}");
        }
    }

    #[test]
    fn a_login_page_is_a_refusal_of_that_request() {
        for page in [
            "/jira/login.jsp?os_destination=%2Fsecure",
            "/secure/x?os_destination=%2F",
            "https://id.atlassian.com/login?continue=x",
        ] {
            assert!(matches!(goes(FILE, page, Reach::Anywhere), Err(Fault::Denied(_))), "{page}");
        }
    }

    #[test]
    fn what_is_told_of_an_address_opens_no_file() {
        let end = goes(FILE, "http://media.example.org/f?token=hunter2", Reach::Anywhere).unwrap_err();
        assert!(!end.to_string().contains("hunter2"), "{end}");
    }
}

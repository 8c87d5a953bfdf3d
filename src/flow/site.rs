//! Where a Jira is.

use std::fmt;
use std::str::FromStr;

use super::name::{IssueKey, NotA};

/// The address of a Jira site, without a slash at its end. May carry a path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteUrl(String);

impl SiteUrl {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where people look at an issue.
    #[must_use]
    pub fn browse(&self, key: &IssueKey) -> String {
        format!("{}/browse/{key}", self.0)
    }

    /// The issue at which people look under `address`; `None` when that is no issue's page of this site.
    #[must_use]
    pub fn key_in(&self, address: &str) -> Option<IssueKey> {
        let (site, rest) = address.trim().rsplit_once("/browse/")?;
        let key = rest.split(['?', '#']).next()?.trim_end_matches('/');
        // Jira's pages take keys in small letters too.
        if site.parse::<Self>().ok()? == *self { key.to_ascii_uppercase().parse().ok() } else { None }
    }
}

impl FromStr for SiteUrl {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Self, NotA> {
        let trimmed = text.trim().trim_end_matches('/');
        let not = |rule| NotA::new("site address", text, rule);
        let uri: http::Uri = trimmed.parse().map_err(|_| not("it must be a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(not("it must begin with https:// or http://"));
        }
        if uri.query().is_some() || uri.authority().is_none_or(|a| a.as_str().contains('@')) {
            return Err(not("a host and perhaps a path, without user, password or query"));
        }
        // Hosts have no case; two spellings of one site must share its budget and its marks.
        let host = uri.authority().map_or("", |a| a.as_str()).to_lowercase();
        let scheme = uri.scheme_str().unwrap_or("https");
        Ok(Self(format!("{scheme}://{host}{}", uri.path().trim_end_matches('/'))))
    }
}

impl fmt::Display for SiteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SiteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_site_are_one() {
        let site: SiteUrl = "https://A.Example.net/jira/".parse().unwrap();
        assert_eq!(site.to_string(), "https://a.example.net/jira");
        assert_eq!(site.browse(&"AB-1".parse().unwrap()), "https://a.example.net/jira/browse/AB-1");
    }

    #[test]
    fn the_address_of_an_issue_of_this_site_tells_its_key() {
        let site: SiteUrl = "https://a.example.net/jira".parse().unwrap();
        let key = |address: &str| site.key_in(address).map(|key| key.to_string());
        for same in ["/browse/AB-1", "/browse/AB-1/", "/browse/ab-1", "/browse/AB-1?focusedId=7", "/browse/AB-1#top"] {
            assert_eq!(key(&format!("https://A.example.net/jira{same}")).as_deref(), Some("AB-1"), "{same}");
        }
        for other in [
            "https://a.example.net/browse/AB-1",
            "https://b.example.net/jira/browse/AB-1",
            "https://a.example.net/jira/browse/AB",
            "https://a.example.net/jira/issues/AB-1",
            "AB-1",
        ] {
            assert_eq!(key(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_site_is_refused_and_a_password_is_not_repeated() {
        for wrong in ["", "a.example.net", "ftp://a", "https://a?x=1"] {
            assert!(wrong.parse::<SiteUrl>().is_err(), "{wrong}");
        }
        let error = "https://me:hunter2@a.example.net".parse::<SiteUrl>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

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
    fn what_is_no_site_is_refused_and_a_password_is_not_repeated() {
        for wrong in ["", "a.example.net", "ftp://a", "https://a?x=1"] {
            assert!(wrong.parse::<SiteUrl>().is_err(), "{wrong}");
        }
        let error = "https://me:hunter2@a.example.net".parse::<SiteUrl>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

//! Addresses of Jira sites, and links to their issues.

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

    /// The address of an issue's page.
    #[must_use]
    pub fn browse(&self, key: &IssueKey) -> String {
        format!("{}/browse/{key}", self.0)
    }

    /// Whether both are spellings of one address: with http or https, with the usual port or none. Sites on one host
    /// differ by path or port.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        self.place() == other.place()
    }

    /// Host, port and path, equal for all spellings of one address.
    #[must_use]
    pub fn without_scheme(&self) -> String {
        let (host, port, path) = self.place();
        port.map_or_else(|| format!("{host}{path}"), |port| format!("{host}:{port}{path}"))
    }

    /// The site's cloud id, if this is its address at Atlassian's gateway.
    #[must_use]
    pub fn cloud_id(&self) -> Option<CloudId> {
        let (host, port, path) = self.place();
        let id = path.strip_prefix("/ex/jira/").filter(|_| (host, port) == ("api.atlassian.com", None))?;
        CloudId::new(id)
    }

    /// Host, port unless it is the usual one, and path.
    fn place(&self) -> (&str, Option<&str>, &str) {
        let (rest, usual) = match self.0.strip_prefix("http://") {
            Some(rest) => (rest, "80"),
            None => (self.0.strip_prefix("https://").unwrap_or(&self.0), "443"),
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        match authority.rsplit_once(':') {
            Some((host, port)) if is_port(port) => (host, Some(port).filter(|port| *port != usual), path),
            Some(_) | None => (authority, None, path),
        }
    }
}

/// Atlassian's id of a Cloud site, which stays the same whatever its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudId(String);

impl CloudId {
    /// `None` if the text can't be one.
    #[must_use]
    pub fn new(id: &str) -> Option<Self> {
        let fits = (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fits.then(|| Self(id.to_ascii_lowercase()))
    }
}

/// A Jira site with all its known addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    own: SiteUrl,
    known_as: Vec<SiteUrl>,
    cloud: Option<CloudId>,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// An issue of this site.
    Here(IssueKey),
    /// An issue under an address that is not known as one of this site.
    Elsewhere(SiteUrl, IssueKey),
    /// Something else than the page of an issue.
    ToNoIssue,
}

impl Site {
    /// A site that reports the address `own`, which is used in new links, and is also known under the others.
    #[must_use]
    pub fn new(own: SiteUrl, known_as: Vec<SiteUrl>) -> Self {
        let cloud = std::iter::once(&own).chain(&known_as).find_map(SiteUrl::cloud_id);
        Self { own, known_as, cloud }
    }

    /// The same site with its cloud id.
    #[must_use]
    pub fn called(self, id: CloudId) -> Self {
        Self { cloud: Some(id), ..self }
    }

    /// Its cloud id, if known.
    #[must_use]
    pub fn cloud_id(&self) -> Option<&CloudId> {
        self.cloud.as_ref()
    }

    /// The address used in new links and marks.
    #[must_use]
    pub fn own(&self) -> &SiteUrl {
        &self.own
    }

    /// The address of an issue's page.
    #[must_use]
    pub fn browse(&self, key: &IssueKey) -> String {
        self.own.browse(key)
    }

    /// Whether an address is known as one of this site.
    #[must_use]
    pub fn is_at(&self, address: &SiteUrl) -> bool {
        let mut known = std::iter::once(&self.own).chain(&self.known_as);
        known.any(|ours| ours.is_same_place(address)) || (self.cloud.is_some() && self.cloud == address.cloud_id())
    }

    /// What a link leads to.
    #[must_use]
    pub fn leads(&self, link: &str) -> Leads {
        match issue_page(link) {
            Some((site, key)) if self.is_at(&site) => Leads::Here(key),
            Some((site, key)) => Leads::Elsewhere(site, key),
            None => Leads::ToNoIssue,
        }
    }

    /// The issue to which `link` leads; `None` if it does not lead to an issue of this site.
    #[must_use]
    pub fn key_in(&self, link: &str) -> Option<IssueKey> {
        match self.leads(link) {
            Leads::Here(key) => Some(key),
            Leads::Elsewhere(..) | Leads::ToNoIssue => None,
        }
    }
}

/// As [`Site::own`].
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.own.fmt(f)
    }
}

fn issue_page(link: &str) -> Option<(SiteUrl, IssueKey)> {
    let (site, rest) = link.trim().rsplit_once("/browse/")?;
    let key = rest.split(['?', '#']).next()?.trim_end_matches('/');
    // Jira's pages take keys in small letters too.
    Some((site.parse().ok()?, key.to_ascii_uppercase().parse().ok()?))
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
        // Case is ignored in hosts: all spellings of one site must share its budget and its marks.
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

    fn url(text: &str) -> SiteUrl {
        text.parse().unwrap()
    }

    fn site(own: &str, known_as: &[&str]) -> Site {
        Site::new(url(own), known_as.iter().map(|known| url(known)).collect())
    }

    #[test]
    fn two_spellings_of_one_site_are_one() {
        let site: SiteUrl = "https://A.Example.net/jira/".parse().unwrap();
        assert_eq!(site.to_string(), "https://a.example.net/jira");
        assert_eq!(site.browse(&"AB-1".parse().unwrap()), "https://a.example.net/jira/browse/AB-1");
    }

    #[test]
    fn the_address_of_an_issue_of_this_site_tells_its_key() {
        let site = site("https://a.example.net/jira", &[]);
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
    fn the_scheme_and_its_usual_port_make_no_other_site() {
        for (one, other) in [
            ("https://a.example.net", "http://a.example.net"),
            ("https://a.example.net:443", "https://a.example.net"),
            ("http://a.example.net:80/", "https://A.example.net"),
            ("http://a.example.net:8080/jira", "https://a.example.net:8080/jira/"),
            ("http://[::1]:80", "https://[::1]"),
        ] {
            assert!(url(one).is_same_place(&url(other)), "{one} {other}");
        }
        for (one, other) in [
            ("https://a.example.net", "https://a.example.net:8443"),
            ("https://a.example.net:80", "https://a.example.net"),
            ("http://a.example.net:443", "http://a.example.net"),
            ("http://a.example.net:8080", "https://a.example.net:8443"),
            ("https://a.example.net/jira", "https://a.example.net"),
            ("https://a.example.net/jira", "https://a.example.net/JIRA"),
            ("https://a.example.net", "https://a.example.net.evil.example"),
        ] {
            assert!(!url(one).is_same_place(&url(other)), "{one} {other}");
        }
    }

    #[test]
    fn links_under_every_known_address_lead_here_and_others_elsewhere() {
        let site = site("https://new.example.net", &["http://old.example.net:8080/jira"]);
        let leads = |link: &str| site.leads(link);
        let key: IssueKey = "AB-1".parse().unwrap();
        for here in ["http://new.example.net/browse/AB-1", "https://OLD.example.net:8080/jira/browse/ab-1/"] {
            assert_eq!(leads(here), Leads::Here(key.clone()), "{here}");
        }
        let elsewhere = Leads::Elsewhere(url("https://old.example.net"), key);
        assert_eq!(leads("https://old.example.net/browse/AB-1"), elsewhere);
        assert_eq!(leads("https://new.example.net/projects/AB"), Leads::ToNoIssue);
        assert_eq!(leads("https://me:hunter2@old.example.net/browse/AB-1"), Leads::ToNoIssue);
    }

    #[test]
    fn a_cloud_site_is_known_at_atlassians_gateway_by_its_id() {
        let gateway = url("https://api.atlassian.com/ex/jira/35273B54-3f06-40d2-880f-dd28cf8daafa");
        let id = gateway.cloud_id().unwrap();
        let named = site("https://a.atlassian.net", &[]);
        assert!(!named.is_at(&gateway));
        assert!(named.called(id).is_at(&gateway));
        // What the flow file says is enough.
        let behind = site("https://a.atlassian.net", &[gateway.as_str()]);
        assert!(behind.is_at(&url("http://api.atlassian.com/ex/jira/35273b54-3f06-40d2-880f-dd28cf8daafa/")));
        for other in [
            "https://api.atlassian.com/ex/jira/11111111-3f06-40d2-880f-dd28cf8daafa",
            "https://api.atlassian.com/ex/confluence/35273b54-3f06-40d2-880f-dd28cf8daafa",
            "https://api.atlassian.com:8443/ex/jira/35273b54-3f06-40d2-880f-dd28cf8daafa",
            "https://api.example.com/ex/jira/35273b54-3f06-40d2-880f-dd28cf8daafa",
            "https://api.atlassian.com/ex/jira/",
        ] {
            assert!(!behind.is_at(&url(other)), "{other}");
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

//! From the JSON of `jira` to [`JiraAccess`].

use super::super::finding::Placed;
use super::super::raw;
use super::super::scan::NamedFile;
use super::super::words::AuthType;
use super::Checker;
use crate::files::{others_have_access, trimmed};
use crate::flow::{Authority, Credentials, Deployment, JiraAccess, NotA, Secret, SiteUrl};

impl Checker<'_> {
    pub fn jira(&self, raw: &Placed<raw::Jira>) -> Option<JiraAccess> {
        let base = raw.value.base_url.as_ref().and_then(|url| self.site(url));
        let former = self.former_sites(&raw.value);
        let credentials = self.credentials(raw);
        let deployment = raw.value.deployment.as_ref().map_or(Deployment::Auto, |named| named.value.0);
        let authority = raw.value.ca_file.as_ref().map_or(Some(None), |path| self.authority(path).map(Some));
        Some(JiraAccess { base: base?, former: former?, credentials: credentials?, deployment, authority: authority? })
    }

    fn site(&self, raw: &Placed<String>) -> Option<SiteUrl> {
        let url = self.expanded(raw, &raw.value)?;
        let page = Page::at(&url);
        // The address itself is not repeated: it may contain a password or token.
        match url.parse() {
            Ok(site) => {
                page.into_iter().for_each(|page| self.warn(raw, page.advice()));
                Some(site)
            }
            Err(not) => {
                let not: NotA = not;
                let advice = page.map(|page| format!("; it {}", page.advice())).unwrap_or_default();
                self.problem(raw, format!("is not a site address: {}{advice}", not.rule()));
                None
            }
        }
    }

    fn former_sites(&self, raw: &raw::Jira) -> Option<Vec<SiteUrl>> {
        let named: Vec<_> = raw.former_base_urls.iter().flat_map(|urls| &urls.value).collect();
        // All of them are checked before any is refused, so that one mistake does not hide another.
        let former: Vec<_> = named.into_iter().map(|url| self.site(url)).collect();
        former.into_iter().collect()
    }

    fn credentials(&self, raw: &Placed<raw::Jira>) -> Option<Credentials> {
        let token = self.token(&raw.value);
        match raw.value.auth_type.as_ref().map_or(AuthType::Basic, |named| named.value.0) {
            AuthType::Basic => {
                let email = self.email(raw);
                Some(Credentials::Basic { email: email?, token: token? })
            }
            AuthType::Pat => Some(Credentials::Bearer { token: token? }),
        }
    }

    fn email(&self, jira: &Placed<raw::Jira>) -> Option<String> {
        let Some(raw) = &jira.value.email else {
            let message = "is missing; authType \"basic\" needs it (\"pat\" does not)";
            self.findings.problem(&jira.at.missing("email"), message);
            return None;
        };
        let email = self.expanded(raw, &raw.value)?.trim().to_owned();
        let whole = self.demand(!email.is_empty(), raw, "is empty; write the account's e-mail")
            && self.demand(!email.contains([':', '\n', '\r']), raw, "holds a colon or a line break, as no e-mail does");
        whole.then_some(email)
    }

    fn token(&self, raw: &raw::Jira) -> Option<Secret> {
        match (&raw.api_token, &raw.api_token_file) {
            (Some(token), None) => {
                self.findings.hide(token.value.expose());
                self.whole(token, &self.expanded(token, token.value.expose())?)
            }
            (None, Some(path)) => self.whole(path, &self.secret_file(path)?),
            (Some(_), Some(path)) => {
                self.problem(path, "apiToken is given too; keep one of them");
                None
            }
            (None, None) => None,
        }
    }

    /// The token in a text, which in files often ends with a line break.
    fn whole<T>(&self, raw: &Placed<T>, token: &str) -> Option<Secret> {
        let token = Secret::new(trimmed(token).to_owned());
        let text = token.expose();
        self.findings.hide(text);
        let whole = self.demand(!text.is_empty(), raw, "holds no token: it is empty")
            && self.demand(!text.contains(char::is_control), raw, "holds a line break or another control character");
        if let (true, Some(why)) = (whole, token.unfit()) {
            self.warn(raw, format!("holds a token that can't work: it {why}"));
        }
        whole.then_some(token)
    }

    fn authority(&self, raw: &Placed<String>) -> Option<Authority> {
        let authority = Authority::new(self.file(raw)?.text);
        let message = "names a file without a certificate; it must hold some in PEM (\"-----BEGIN CERTIFICATE-----\")";
        self.demand(authority.is_some(), raw, message);
        authority
    }

    /// The text of a secret's file, which a field names.
    fn secret_file(&self, raw: &Placed<String>) -> Option<String> {
        let file = self.file(raw)?;
        if let Some(mode) = file.open_to_others {
            self.warn(raw, format!("names a file with the token: {}", others_have_access(mode)));
        }
        Some(file.text)
    }

    /// The file that a field names. Problems don't repeat the path: the token may have been written there by mistake.
    fn file(&self, raw: &Placed<String>) -> Option<NamedFile> {
        let path = self.expanded(raw, &raw.value)?;
        if !self.demand(!path.trim().is_empty(), raw, "is empty; name a file") {
            return None;
        }
        let text = (self.inputs.file)(&self.folder.join(path));
        let refuse = |why| self.problem(raw, format!("the file that it names {why}"));
        text.map_err(refuse).ok()
    }
}

/// A page of Jira, recognised by its address.
struct Page {
    what: &'static str,
    /// The first part of the page's path.
    begins: &'static str,
}

/// The first parts of pages' paths, behind the site's own path.
const PAGES: [(&str, &str); 10] = [
    ("browse", "an issue or project"),
    ("rest", "the REST API"),
    ("projects", "a project"),
    ("issues", "a list of issues"),
    ("boards", "a board"),
    ("servicedesk", "a customer portal"),
    ("wiki", "Confluence"),
    ("plugins", "a page of an app"),
    ("login", "the login page"),
    ("login.jsp", "the login page"),
];

/// Pages that Jira Cloud has below `/jira`. Many Data Center sites have that as their own path.
const CLOUD_PAGES: [(&str, &str); 9] = [
    ("software", "a board or project"),
    ("core", "a board or project"),
    ("servicedesk", "a service project"),
    ("projects", "the list of projects"),
    ("dashboards", "a dashboard"),
    ("people", "a person"),
    ("filters", "a filter"),
    ("your-work", "a page of Jira"),
    ("for-you", "a page of Jira"),
];

impl Page {
    /// The page at an address; `None` if the address may be that of a site.
    fn at(url: &str) -> Option<Self> {
        let (_, behind_scheme) = url.split_once("://")?;
        let path = behind_scheme.split(['?', '#']).next().unwrap_or_default();
        let parts: Vec<_> = path.split('/').skip(1).map(str::to_lowercase).collect();
        let at = |place: usize| parts.get(place).map_or("", String::as_str);
        let known = |pages: &'static [(&str, &str)], part: &str| pages.iter().find(|(begins, _)| *begins == part);
        (0..parts.len()).find_map(|place| match (at(place), at(place + 1)) {
            ("secure", "rapidboard.jspa") => Some(Self { what: "a board", begins: "secure" }),
            ("secure", "dashboard.jspa") => Some(Self { what: "a dashboard", begins: "secure" }),
            ("secure", _) => Some(Self { what: "a page of Jira", begins: "secure" }),
            ("jira", next) if known(&CLOUD_PAGES, next).is_some() => {
                known(&CLOUD_PAGES, next).map(|(_, what)| Self { what, begins: "jira" })
            }
            (part, _) => known(&PAGES, part).map(|(begins, what)| Self { what, begins }),
        })
    }

    fn advice(&self) -> String {
        let Self { what, begins } = self;
        format!("looks like the address of {what}, not of a site; leave out \"/{begins}\" and what follows it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(url: &str) -> Option<(&'static str, &'static str)> {
        Page::at(url).map(|page| (page.what, page.begins))
    }

    #[test]
    fn addresses_of_pages_are_told_from_those_of_sites() {
        for (path, found) in [
            ("/browse/AB-1", ("an issue or project", "browse")),
            ("/jira/browse/AB-1", ("an issue or project", "browse")),
            ("/rest/api/3/", ("the REST API", "rest")),
            ("/secure/RapidBoard.jspa?rapidView=7", ("a board", "secure")),
            ("/jira/software/c/projects/AB/boards/7", ("a board or project", "jira")),
            ("/jira/secure/Dashboard.jspa", ("a dashboard", "secure")),
            ("/projects/AB/issues", ("a project", "projects")),
            ("/issues/?jql=project%3DAB", ("a list of issues", "issues")),
        ] {
            assert_eq!(page(&format!("https://a.example.net{path}")), Some(found), "{path}");
        }
        for path in ["", "/", "/jira", "/jira/", "/ex/jira/11223344-a1b2-3b33-c444-def123456789", "/it/tracker"] {
            assert_eq!(page(&format!("https://a.example.net{path}")), None, "{path}");
        }
        assert_eq!(page("browse/AB-1"), None);
    }
}

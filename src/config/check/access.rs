//! From the JSON of `jira` to [`JiraAccess`].

use super::super::finding::Placed;
use super::super::raw;
use super::super::words::AuthType;
use super::Checker;
use crate::flow::{Authority, Credentials, Deployment, JiraAccess, NotA, Secret, SiteUrl};

impl Checker<'_> {
    pub fn jira(&self, raw: &Placed<raw::Jira>) -> Option<JiraAccess> {
        let base = raw.value.base_url.as_ref().and_then(|url| self.site(url));
        let credentials = self.credentials(raw);
        let deployment = raw.value.deployment.as_ref().map_or(Deployment::Auto, |named| named.value.0);
        let authority = raw.value.ca_file.as_ref().map_or(Some(None), |path| self.authority(path).map(Some));
        Some(JiraAccess { base: base?, credentials: credentials?, deployment, authority: authority? })
    }

    fn site(&self, raw: &Placed<String>) -> Option<SiteUrl> {
        let url = self.expanded(raw, &raw.value)?;
        // The address itself is not repeated: a password or token may have slipped into it.
        url.parse().map_err(|not: NotA| self.problem(raw, format!("is no site address: {}", not.rule()))).ok()
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
            (Some(token), None) => self.whole(token, self.expanded(token, token.value.expose())?),
            (None, Some(path)) => self.whole(path, self.file(path)?),
            (Some(_), Some(path)) => {
                self.problem(path, "apiToken is given too; keep one of them");
                None
            }
            (None, None) => None,
        }
    }

    /// Secrets in files often end with a line break that is no part of them.
    fn whole<T>(&self, raw: &Placed<T>, token: String) -> Option<Secret> {
        let token = Secret::new(token.trim().to_owned());
        let text = token.expose();
        let whole = self.demand(!text.is_empty(), raw, "holds no token: it is empty")
            && self.demand(!text.contains(char::is_control), raw, "holds a line break or another control character");
        whole.then_some(token)
    }

    fn authority(&self, raw: &Placed<String>) -> Option<Authority> {
        let authority = Authority::new(self.file(raw)?);
        let message = "names a file without a certificate; it must hold some in PEM (\"-----BEGIN CERTIFICATE-----\")";
        self.demand(authority.is_some(), raw, message);
        authority
    }

    /// The text of the file that a field names. The path is not repeated: somebody may have taken the field for the
    /// token.
    fn file(&self, raw: &Placed<String>) -> Option<String> {
        let path = self.expanded(raw, &raw.value)?;
        if !self.demand(!path.trim().is_empty(), raw, "is empty; name a file") {
            return None;
        }
        let text = (self.around.file)(&self.folder.join(path));
        let refuse = |why| self.problem(raw, format!("the file that it names {why}"));
        text.map_err(refuse).ok()
    }
}

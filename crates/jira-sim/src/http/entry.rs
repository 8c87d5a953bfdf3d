//! Who may come in: Cloud asks for an e-mail address and an API token, Data Center for a name and a password or for a
//! personal access token.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use serde_json::json;

use super::answer::Answer;
use super::endpoint::Access;
use crate::accounts::Account;
use crate::flavour::Flavour;
use crate::state::State;

/// The credentials that a request presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    None,
    Basic {
        /// An e-mail address on Cloud, a name on Data Center.
        user: String,
        /// A token, on Data Center also a password.
        secret: String,
    },
    Bearer(String),
    /// Something that Jira does not understand.
    Other,
}

/// The caller of a request, as far as its credentials tell.
pub(super) enum Caller {
    /// By account id.
    Known(String),
    Anonymous,
    /// A caller whose credentials are wrong.
    Impostor,
    /// A caller whose credentials are not looked at before a CAPTCHA is solved.
    Denied,
}

/// The header in which Jira says what became of the credentials.
pub(super) const LOGIN_REASON: &str = "X-Seraph-LoginReason";

impl Caller {
    /// The account id of a caller that is logged in.
    pub(super) fn account(&self) -> Option<&str> {
        match self {
            Self::Known(account) => Some(account),
            Self::Anonymous | Self::Impostor | Self::Denied => None,
        }
    }
}

impl Credentials {
    /// From the value of the `Authorization` header.
    pub(super) fn read(header: &str) -> Self {
        if header.is_empty() {
            return Self::None;
        }
        let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => basic(value.trim()).unwrap_or(Self::Other),
            "bearer" => Self::Bearer(value.trim().into()),
            _ => Self::Other,
        }
    }
}

fn basic(encoded: &str) -> Option<Credentials> {
    let decoded = BASE64_STANDARD.decode(encoded).ok()?;
    let (user, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Credentials::Basic { user: user.into(), secret: secret.into() })
}

impl State {
    pub(super) fn caller(&self, credentials: &Credentials) -> Caller {
        if *credentials == Credentials::None {
            return Caller::Anonymous;
        }
        let flavour = self.setup.flavour;
        match self.accounts.all().find(|account| account.is_presented(flavour, credentials)) {
            Some(account) if account.must_solve(flavour, credentials) => Caller::Denied,
            Some(account) => Caller::Known(account.id.clone()),
            None => Caller::Impostor,
        }
    }

    /// The account to act as, or the refusal of a caller that is not logged in.
    pub(super) fn admit(&self, access: Access, caller: &Caller, credentials: &Credentials) -> Result<String, Answer> {
        let flavour = self.setup.flavour;
        // On Data Center a wrong password stops a request before anything else looks at it.
        let stopped = flavour == Flavour::DataCenter && matches!(credentials, Credentials::Basic { .. });
        match (caller, access) {
            (_, Access::Signed) => Ok(String::new()),
            (Caller::Known(account), _) => Ok(account.clone()),
            (Caller::Anonymous, Access::Anyone) => Ok(String::new()),
            (Caller::Anonymous, Access::Search) if self.setup.silent_auth_failure => {
                Err(Answer::nothing_found(flavour))
            }
            (Caller::Impostor, _) if flavour == Flavour::Cloud && matches!(credentials, Credentials::Bearer(_)) => {
                Err(bad_bearer())
            }
            (Caller::Impostor, Access::Search) if self.setup.silent_auth_failure && !stopped => {
                Err(Answer::nothing_found(flavour))
            }
            (Caller::Impostor, Access::Anyone) if flavour == Flavour::Cloud => Ok(String::new()),
            (Caller::Impostor, Access::Hidden) if flavour == Flavour::Cloud && self.setup.silent_auth_failure => {
                Err(Answer::no_issue())
            }
            (Caller::Anonymous, _) => Err(self.stranger()),
            (Caller::Impostor, _) if stopped => Err(login_page(StatusCode::UNAUTHORIZED, "AUTHENTICATED_FAILED")),
            (Caller::Impostor, _) => Err(self.stranger()),
            (Caller::Denied, _) => Err(self.denied()),
        }
    }

    fn stranger(&self) -> Answer {
        Answer::unauthorized(&self.setup.base_url)
    }

    fn denied(&self) -> Answer {
        let login = format!("CAPTCHA_CHALLENGE; login-url={}/login.jsp", self.setup.base_url);
        login_page(StatusCode::FORBIDDEN, "AUTHENTICATION_DENIED")
            .with(LOGIN_REASON, "AUTHENTICATION_DENIED")
            .with("X-Authentication-Denied-Reason", login)
    }
}

/// What Cloud says to a bearer token that is none.
fn bad_bearer() -> Answer {
    Answer::json(StatusCode::FORBIDDEN, json!({"error": "Failed to parse Connect Session Auth Token"}))
}

/// What Data Center answers to a failed login by name.
fn login_page(status: StatusCode, reason: &str) -> Answer {
    let title = format!("{} ({})", status.canonical_reason().unwrap_or_default(), status.as_u16());
    Answer::page(status, &title, &format!("Basic Authentication Failure - Reason : {reason}"))
}

impl Account {
    /// Whether these are its credentials. An empty secret is none.
    fn is_presented(&self, flavour: Flavour, credentials: &Credentials) -> bool {
        let matches = |own: &str, secret: &str| !own.is_empty() && own == secret;
        match (flavour, credentials) {
            (Flavour::Cloud, Credentials::Basic { user, secret }) => {
                self.email.eq_ignore_ascii_case(user) && matches(&self.token, secret)
            }
            (Flavour::DataCenter, Credentials::Basic { user, secret }) => {
                self.is_named(user)
                    && (self.must_solve_captcha || matches(&self.password, secret) || matches(&self.token, secret))
            }
            (Flavour::DataCenter, Credentials::Bearer(token)) => matches(&self.token, token),
            // Cloud's bearer tokens are OAuth's, which no account has here.
            (Flavour::Cloud, Credentials::Bearer(_)) | (_, Credentials::None | Credentials::Other) => false,
        }
    }

    fn is_named(&self, user: &str) -> bool {
        !user.is_empty() && self.user_name.eq_ignore_ascii_case(user)
    }

    /// Whether a login by name needs a CAPTCHA first; personal access tokens never do.
    fn must_solve(&self, flavour: Flavour, credentials: &Credentials) -> bool {
        let by_name = matches!(credentials, Credentials::Basic { .. });
        flavour == Flavour::DataCenter && by_name && self.must_solve_captcha
    }
}

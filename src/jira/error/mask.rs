//! Credentials that come back in a foreign text are not told on.

use crate::flow::{Credentials, Secret};

/// What must not be seen, in every spelling in which it could come back.
pub(in crate::jira) struct Mask(Vec<Secret>);

/// A shorter one is no credential, and would star whole texts.
const LEAST: usize = 4;

impl Mask {
    /// Hides the token, and `basic`, the encoded pair of e-mail and token, if that is how we log in.
    pub(in crate::jira) fn new(credentials: &Credentials, basic: Option<&str>) -> Self {
        let (Credentials::Basic { token, .. } | Credentials::Bearer { token }) = credentials;
        let plain = [Some(token.expose()), basic].into_iter().flatten().filter(|text| text.len() >= LEAST);
        let mut spellings: Vec<_> = plain.flat_map(|text| [text.to_owned(), in_url(text)]).collect();
        // A longer one may contain a shorter one.
        spellings.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self(spellings.into_iter().map(Secret::new).collect())
    }

    /// `text` with stars where a credential was.
    pub(in crate::jira) fn clean(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), "***"))
    }
}

fn in_url(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_starred_in_every_spelling() {
        let token = Secret::new("hunter2/=".into());
        let mask = Mask::new(&Credentials::Basic { email: "me".into(), token }, Some("bWU6aHVudGVyMi89"));
        for text in ["hunter2/=", "hunter2%2F%3D", "bWU6aHVudGVyMi89"] {
            assert_eq!(mask.clean(&format!("you sent {text}!")), "you sent ***!");
        }
    }

    #[test]
    fn a_token_of_no_length_hides_nothing() {
        let mask = Mask::new(&Credentials::Bearer { token: Secret::new(String::new()) }, None);
        assert_eq!(mask.clean("all is well"), "all is well");
    }
}

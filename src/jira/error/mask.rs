//! Credentials that come back in a foreign text are not told on.

use base64::Engine as _;

use crate::flow::{Credentials, Secret};

/// What must not be seen, in every spelling in which it could come back.
pub(in crate::jira) struct Mask(Vec<Secret>);

/// A shorter one is no credential, and would star whole texts.
const LEAST: usize = 4;

impl Mask {
    /// Hides the token, and `basic`, the encoded pair of e-mail and token, if that is how we log in.
    pub(in crate::jira) fn new(credentials: &Credentials, basic: Option<&str>) -> Self {
        let (Credentials::Basic { token, .. } | Credentials::Bearer { token }) = credentials;
        let encoded = base64::engine::general_purpose::STANDARD.encode(token.expose());
        let plain = [Some(token.expose()), basic, Some(&encoded)].into_iter().flatten();
        let plain = plain.filter(|text| text.len() >= LEAST);
        let mut spellings: Vec<_> = plain.flat_map(spellings).collect();
        // A longer one may contain a shorter one.
        spellings.sort_by_key(|text| std::cmp::Reverse(text.len()));
        spellings.dedup();
        Self(spellings.into_iter().map(Secret::new).collect())
    }

    /// `text` with stars where a credential was, also where it was broken over lines or cut off by the text's end.
    pub(in crate::jira) fn clean(&self, text: &str) -> String {
        let mut cleaned = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let hidden = self.0.iter().find_map(|secret| begin(rest, secret.expose()));
            cleaned.push_str(if hidden.is_some() { "***" } else { &rest[..first.len_utf8()] });
            rest = &rest[hidden.unwrap_or(first.len_utf8())..];
        }
        cleaned
    }
}

/// As a page, an address or JSON would write it.
fn spellings(text: &str) -> [String; 4] {
    let upper = in_url(text, |byte| format!("%{byte:02X}"));
    [text.to_owned(), upper, in_url(text, |byte| format!("%{byte:02x}")), text.replace('/', "\\/")]
}

fn in_url(text: &str, escape: impl Fn(u8) -> String) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { escape(byte) }).collect()
}

/// How many bytes of `text` are `secret`, with whatever white space came between; `None` if it begins otherwise. A text
/// that ends too early for more than [`LEAST`] characters was cut.
fn begin(text: &str, secret: &str) -> Option<usize> {
    let mut wanted = secret.chars().peekable();
    for (at, c) in text.char_indices() {
        match wanted.peek() {
            None => return Some(at),
            Some(next) if *next == c => drop(wanted.next()),
            Some(_) if at > 0 && c.is_whitespace() => {}
            Some(_) => return None,
        }
    }
    let left = wanted.count();
    (left == 0 || secret.chars().count() - left >= LEAST).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_starred_in_every_spelling() {
        let token = Secret::new("hunter2/=".into());
        let mask = Mask::new(&Credentials::Basic { email: "me".into(), token }, Some("bWU6aHVudGVyMi89"));
        let spellings =
            ["hunter2/=", "hunter2%2F%3D", "hunter2%2f%3d", "hunter2\\/=", "bWU6aHVudGVyMi89", "aHVudGVyMi89"];
        for text in spellings {
            assert_eq!(mask.clean(&format!("you sent {text}!")), "you sent ***!");
        }
    }

    #[test]
    fn a_credential_that_is_broken_or_cut_is_no_less_a_credential() {
        let mask = Mask::new(&Credentials::Bearer { token: Secret::new("hunter2-token".into()) }, None);
        assert_eq!(mask.clean("sent: hunter2\r\n -token, so"), "sent: ***, so");
        assert_eq!(mask.clean("sent: hunter2-tok"), "sent: ***");
        assert_eq!(mask.clean("hunters hunt"), "hunters ***", "which is little lost");
        assert_eq!(mask.clean("hun"), "hun");
        assert_eq!(mask.clean("hunter2-töken"), "hunter2-töken");
    }

    #[test]
    fn a_token_of_no_length_hides_nothing() {
        let mask = Mask::new(&Credentials::Bearer { token: Secret::new(String::new()) }, None);
        assert_eq!(mask.clean("all is well"), "all is well");
    }
}

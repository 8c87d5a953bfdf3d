//! Secrets, which are never printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A token or password. Prints as stars everywhere and is wiped when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret with this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The text. Only for building a request's credentials.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Why it can't be a token, as in "is one character only"; `None` if it may be one.
    #[must_use]
    pub fn unfit(&self) -> Option<&'static str> {
        match self.expose() {
            text if text.chars().count() == 1 => Some("is one character only; was it cut off?"),
            text if !text.is_ascii() => {
                Some("holds characters outside of ASCII, as no token does; was it copied with something else?")
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Compares the texts, to tell whether a flow's meaning changed.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_one_character_or_beyond_ascii_can_not_work() {
        let unfit = |text: &str| Secret::new(text.to_owned()).unfit().is_some();
        assert_eq!(["x", "hunter2…", "hüntér", "hunter2"].map(unfit), [true, true, true, false]);
    }

    #[test]
    fn a_secret_prints_as_stars() {
        let secret = Secret::new("hunter2".into());
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    }
}

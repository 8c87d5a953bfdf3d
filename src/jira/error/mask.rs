//! Credentials that come back in a foreign text are not told on.

use crate::flow::{Credentials, Secret};
use crate::foreign::Mask;

/// Hides the token, `basic` (the encoded pair of e-mail and token, if that is how we log in), and what the way to Jira
/// knows.
pub(in crate::jira) fn mask(credentials: &Credentials, basic: Option<&str>, of_way: &[Secret]) -> Mask {
    let (Credentials::Basic { token, .. } | Credentials::Bearer { token }) = credentials;
    Mask::of([token.expose()].into_iter().chain(basic).chain(of_way.iter().map(Secret::expose)))
}

//! How long a text may be on this site. Data Center's administrators choose (`jira.text.field.character.limit`); Jira
//! names its limit when it refuses a longer text, in no other place.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Client, Error, Fault};
use crate::flow::Body;

/// A smaller number in a refusal is no limit of texts.
const LEAST: usize = 100;

/// The site's limit as far as it is known: in memory, for all flows of the site, until the process ends.
pub(super) struct TextLimit(AtomicUsize);

impl Default for TextLimit {
    fn default() -> Self {
        Self(AtomicUsize::new(jira_markup::MOST))
    }
}

impl TextLimit {
    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes a limit that is lower than the one known; says whether it is.
    pub(super) fn learn(&self, limit: usize) -> bool {
        self.0.fetch_min(limit, Ordering::Relaxed) > limit
    }
}

impl Client {
    /// The most characters of a text that this site takes, as far as refusals have told.
    #[must_use]
    pub fn text_limit(&self) -> usize {
        self.caller.text_limit().get()
    }

    /// Learns from a refused write that had the text `sent` in `field` (`description`, `comment`); says whether that has
    /// to be shorter than was known. A number above what was sent is no limit of texts.
    pub(super) fn learn_text_limit(&self, error: &Error, field: &str, sent: &Body) -> bool {
        let Fault::Invalid(refusal) = &error.what else { return false };
        let named = refusal.of_field(field).and_then(limit_named_in);
        named
            .filter(|limit| *limit < jira_markup::length(sent))
            .is_some_and(|limit| self.caller.text_limit().learn(limit))
    }
}

/// The number of characters that Jira's words about a text name as its limit, in any language: `It exceeds the allowed
/// limit of 32,767 characters.` The smallest number if there are several: the other is how many there were.
#[must_use]
pub fn limit_named_in(said: &str) -> Option<usize> {
    numbers_in(said).into_iter().filter(|number| *number >= LEAST).min()
}

/// The whole numbers in a text. Between their digits may be what parts thousands in some language; a sign that is not
/// followed by two or three digits ends the number.
fn numbers_in(said: &str) -> Vec<usize> {
    let chars: Vec<char> = said.chars().collect();
    let (mut numbers, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let first = digits_at(&chars, at);
        if first.is_empty() {
            at += 1;
            continue;
        }
        at += first.len();
        let mut digits = first;
        while let Some(group) = group_at(&chars, at, digits.len()) {
            at += 1 + group.len();
            digits.extend(group);
        }
        numbers.extend(digits.iter().try_fold(0_usize, |number, digit| number.checked_mul(10)?.checked_add(*digit)));
    }
    numbers
}

/// The next group of a number of which `before` digits are read.
fn group_at(chars: &[char], at: usize, before: usize) -> Option<Vec<usize>> {
    let parts = |c: &char| matches!(c, ',' | '.' | '\'' | '’' | '٬' | '،' | '_') || c.is_whitespace();
    chars.get(at).filter(|c| parts(c))?;
    let group = digits_at(chars, at + 1);
    let fits = group.len() == 3 || (group.len() == 2 && before <= 2);
    fits.then_some(group)
}

fn digits_at(chars: &[char], at: usize) -> Vec<usize> {
    chars[at.min(chars.len())..].iter().map_while(|c| digit(*c)).collect()
}

/// A decimal digit of the scripts that Jira is translated into, or its host formats numbers in.
fn digit(c: char) -> Option<usize> {
    const ZEROS: [char; 5] = ['0', '٠', '۰', '०', '０'];
    ZEROS
        .iter()
        .find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|digit| *digit < 10))
        .map(|d| d as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Deployment;
    use crate::jira::Refusal;
    use crate::jira::error::said;
    use crate::jira::testing::Script;

    #[tokio::test(start_paused = true)]
    async fn a_number_above_what_was_sent_is_no_limit_and_one_below_it_is() {
        let (client, _) = Script::client(Deployment::DataCenter, Vec::new()).await;
        let sent = Body::Wiki("x".repeat(600));
        for (field, shown, learnt, known) in [
            ("comment", 700, false, jira_markup::MOST),
            ("summary", 500, false, jira_markup::MOST),
            ("comment", 500, true, 500),
            ("comment", 550, false, 500),
        ] {
            let body = format!(r#"{{"errors":{{"{field}":"It exceeds the limit of {shown} characters."}}}}"#);
            let said = said(&http::HeaderMap::new(), body.as_bytes());
            let what = Fault::Invalid(Refusal::new(said.text.clone(), said));
            let error = Error { request: "POST comment".to_owned(), what, only_reads: false };
            assert_eq!(client.learn_text_limit(&error, "comment", &sent), learnt, "{body}");
            assert_eq!(client.text_limit(), known, "{body}");
        }
    }

    #[test]
    fn a_limit_is_read_however_its_digits_are_parted() {
        for (shown, limit) in [
            ("32,767", 32_767),
            ("32.767", 32_767),
            ("32 767", 32_767),
            ("32\u{a0}767", 32_767),
            ("32\u{202f}767", 32_767),
            ("32\u{2009}767", 32_767),
            ("32'767", 32_767),
            ("32’767", 32_767),
            ("32767", 32_767),
            ("1,000,000", 1_000_000),
            ("1,00,000", 100_000),
            ("٣٢٬٧٦٧", 32_767),
            ("３２７６７", 32_767),
            ("500", 500),
        ] {
            let said = format!("The entered text is too long. It exceeds the allowed limit of {shown} characters.");
            assert_eq!(limit_named_in(&said), Some(limit), "{said}");
        }
    }

    #[test]
    fn what_names_no_limit_is_no_limit() {
        for said in ["", "Description is required.", "Field 'x' cannot be set.", "7", "99999999999999999999999999"] {
            assert_eq!(limit_named_in(said), None, "{said}");
        }
        assert_eq!(limit_named_in("40,213 of 30,000 characters."), Some(30_000), "how many there were is no limit");
        assert_eq!(limit_named_in("at most 2,000. 17 lines"), Some(2_000), "too small for a limit");
    }
}

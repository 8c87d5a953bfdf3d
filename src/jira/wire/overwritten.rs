//! Whether our last edit of a description replaced a text that it did not know.
//!
//! A description is read immediately before it is edited, and what is written is what was read with our link line. If
//! somebody saves another text in between, the changelog shows it: our change replaces words that are not those that it
//! leaves, and right before it stands the change that brought them.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::flow::{Body, JiraTime};

/// A change of an issue's description. Its texts are wiki markup on every kind of Jira.
pub(super) struct TextChange<'a> {
    pub at: JiraTime,
    /// Whether our account made it.
    pub ours: bool,
    pub from: &'a RawText,
    pub to: &'a RawText,
}

/// A text of a changelog as it came, opened only where it matters: there may be any number of long ones.
pub(super) struct RawText(pub Option<Box<RawValue>>);

impl RawText {
    /// One that is none counts as empty.
    fn open(&self) -> String {
        self.0.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}

/// No edit of ours comes longer after the read that it rests on: waiting for its turn, its request, and what Jira has
/// begun with it. What was there before is what we read; should somebody else edit by our account, that is no accident.
pub(super) const LONGEST_UNREAD: Duration = Duration::from_secs(15 * 60);

/// The lines that are ours.
const LABELS: [&str; 2] = ["Dev Link", "User Link"];

/// The text that our edit replaced unread, if the newest of these changes, oldest first, did so. Once it was put back
/// the newest two are ours, so that it is not put back again.
pub(super) fn overwritten(changes: &[TextChange<'_>]) -> Option<Body> {
    let [.., before, last] = changes else { return None };
    let is_race = last.ours && !before.ours && before.at >= last.at.earlier(LONGEST_UNREAD);
    (is_race && words_differ(last)).then(|| Body::Wiki(last.from.open()))
}

/// Whether the changes that are known don't tell, and older ones might: of the changelog everything since `known_from`
/// is there.
pub(super) fn is_open(changes: &[TextChange<'_>], known_from: Option<JiraTime>) -> bool {
    let [last] = changes else { return false };
    last.ours && known_from.is_some_and(|known| known >= last.at.earlier(LONGEST_UNREAD)) && words_differ(last)
}

fn words_differ(change: &TextChange<'_>) -> bool {
    own_words(&change.from.open()) != own_words(&change.to.open())
}

/// What a person reads in a text, line for line, without our lines and without looks.
fn own_words(text: &str) -> Vec<String> {
    let words = jira_markup::text_of(&Body::Wiki(text.to_owned()));
    let mut lines = words.lines().peekable();
    let mut own = Vec::new();
    while let Some(line) = lines.next() {
        match after_label(line) {
            Some("") if lines.peek().is_some_and(|next| is_address(next)) => drop(lines.next()),
            Some(address) if is_address(address) => {}
            Some(_) | None => own.push(line.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }
    own
}

/// What follows one of our labels.
fn after_label(line: &str) -> Option<&str> {
    let (head, rest) = line.split_once(':')?;
    LABELS.iter().any(|label| head.trim().eq_ignore_ascii_case(label)).then(|| rest.trim())
}

fn is_address(words: &str) -> bool {
    let words = words.trim().trim_matches(['<', '>']);
    words.contains("://") && !words.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "Dev Link: [https://a.example.net/browse/DEV-1]";

    fn raw(text: &str) -> RawText {
        RawText(Some(serde_json::value::to_raw_value(text).unwrap()))
    }

    /// Who saved it, minutes from the first, and what it says afterwards; each replaces the one before.
    type Saved<'a> = (&'a str, u64, &'a str);

    /// What is found in the history of a text that began as `first`.
    fn found(first: &str, saved: &[Saved<'_>]) -> Option<String> {
        let start = JiraTime::from_epoch_millis(1_700_000_000_000).unwrap();
        let texts: Vec<_> = [first].into_iter().chain(saved.iter().map(|(_, _, to)| *to)).map(raw).collect();
        let changes: Vec<_> = saved
            .iter()
            .zip(texts.windows(2))
            .map(|((who, minutes, _), texts)| {
                let at = start.later(Duration::from_secs(60 * minutes));
                TextChange { at, ours: *who == "us", from: &texts[0], to: &texts[1] }
            })
            .collect();
        overwritten(&changes).map(|body| match body {
            Body::Wiki(text) | Body::Adf(text) => text,
        })
    }

    #[test]
    fn a_text_that_was_saved_between_our_read_and_our_write_is_found() {
        let linked = &format!("It burns.\n\n{LINK}");
        let newer = &format!("It burns badly.\n\n{LINK}");
        let table: [(&str, &[Saved<'_>], Option<&str>); 13] = [
            ("nothing happened", &[], None),
            ("we added the link", &[("us", 1, linked)], None),
            ("... to what somebody wrote", &[("mia", 0, "It burns."), ("us", 1, linked)], None),
            ("somebody saved meanwhile", &[("mia", 0, "It burns badly."), ("us", 1, linked)], Some("It burns badly.")),
            ("and emptied it", &[("mia", 0, ""), ("us", 1, linked)], Some("")),
            ("it was edited since", &[("mia", 0, "No."), ("us", 1, linked), ("mia", 2, "Yes.")], None),
            ("it was put back", &[("mia", 0, "It burns badly."), ("us", 1, linked), ("us", 2, newer)], None),
            (
                "while somebody saved again",
                &[("mia", 0, "No."), ("us", 1, linked), ("mia", 2, "Help!"), ("us", 3, newer)],
                Some("Help!"),
            ),
            ("looks alone changed", &[("mia", 0, "*It*  burns."), ("us", 1, linked)], None),
            (
                "a card was made of the link",
                &[("mia", 0, linked), ("us", 1, "It burns.\nDev Link:\nhttps://x/1")],
                None,
            ),
            (
                "words about a link are words",
                &[("mia", 0, "Dev Link: the red one"), ("us", 1, linked)],
                Some("Dev Link: the red one"),
            ),
            ("too late for an accident", &[("mia", 0, "It burns badly."), ("us", 16, linked)], None),
            ("what came first was read", &[("us", 1, "Something else.")], None),
        ];
        for (case, saved, expected) in table {
            assert_eq!(found("It burns.", saved).as_deref(), expected, "{case}");
        }
    }

    #[test]
    fn older_changes_are_asked_for_only_where_they_could_tell() {
        let at = JiraTime::from_epoch_millis(1_700_000_000_000).unwrap();
        let from = raw("It burns badly.");
        let (calm, same, linked) =
            (raw("It burns."), raw("It burns badly."), raw("It burns badly.\nDev Link: https://x/1"));
        let change = |ours, to| [TextChange { at, ours, from: &from, to }];
        let (just_before, long_before) = (at.earlier(Duration::from_secs(60)), at.earlier(Duration::from_secs(3600)));
        assert!(is_open(&change(true, &calm), Some(just_before)));
        assert!(!is_open(&change(true, &calm), Some(long_before)), "it would be among those that are known");
        assert!(!is_open(&change(true, &linked), Some(just_before)));
        assert!(!is_open(&change(true, &same), Some(just_before)));
        assert!(!is_open(&change(false, &calm), Some(just_before)));
        assert!(!is_open(&[], Some(just_before)));
    }
}

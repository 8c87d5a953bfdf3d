//! Plain words in wiki markup: whatever could be taken for markup is escaped.
//!
//! Jira takes a backslash away only before the characters of [`ESCAPABLE`], and knows no other way to say a character.
//! Where no backslash helps:
//!
//! - `h1.` and `bq.` follow a forced line break, so that they do not begin a line;
//! - a backslash that would break the line, or vanish, is parted from what follows it by a [`GAP`];
//! - `:D`, `:P` and `:p` stay as they are: Jira draws a picture for them, as it would for a person who typed them there.

use super::lexis::{ESCAPABLE, GAP};

/// Before words that would make a heading or a quote of their line: behind a forced line break nothing begins one.
pub const NOT_AT_BEGIN: &str = "\\\\ ";

/// `text`, without line breaks, so that it reads as itself.
///
/// A character is escaped if it could mean something to its neighbours in `text`; at the ends of `text` any neighbour
/// is thought possible. `begins_line` says that nothing precedes them on their line.
///
/// Bare addresses in it would still become links: a caller that minds takes them out before.
pub fn escape(text: &str, begins_line: bool) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (before, rest) = (text[..at].chars().next_back(), &text[at..]);
        let begins_line = begins_line && text[..at].trim().is_empty();
        if begins_line && begins_block(rest) {
            escaped.push_str(NOT_AT_BEGIN);
        }
        let length = share(rest);
        if length > 0 {
            escaped.push_str(&rest[..length]);
        } else {
            put(c, before, rest, begins_line, &mut escaped);
        }
        at += length.max(c.len_utf8());
    }
    escaped
}

/// `h1.`, `bq.`: no character of them can be escaped.
fn begins_block(rest: &str) -> bool {
    matches!(rest.as_bytes(), [b'h', b'1'..=b'6', b'.', ..] | [b'b', b'q', b'.', ..])
}

/// How long the begin of a shared folder's path is, `\\server\`: Jira breaks no line at two backslashes if another one
/// follows before the next space.
fn share(rest: &str) -> usize {
    let Some(path) = rest.strip_prefix("\\\\") else { return 0 };
    let server = path.find(|c: char| !c.is_alphanumeric() && c != '.').unwrap_or(path.len());
    let folder = path[server..].strip_prefix('\\').is_some_and(|folder| folder.starts_with(char::is_alphanumeric));
    if server > 0 && folder { server + 3 } else { 0 }
}

fn put(c: char, before: Option<char>, rest: &str, begins_line: bool, to: &mut String) {
    let after = rest[c.len_utf8()..].chars().next();
    if c == '\\' {
        to.push(c);
        if after.is_none_or(|after| after == '\\' || after == GAP || ESCAPABLE.contains(after)) {
            to.push(GAP);
        }
        return;
    }
    let means_something = match c {
        '{' | '}' | '[' | ']' | '|' => true,
        '*' | '-' | '#' if begins_line => true,
        '*' | '_' | '-' | '+' | '~' | '^' => marks(c, before, after),
        '?' => before == Some('?') || after == Some('?'),
        '!' => !before.is_some_and(char::is_alphanumeric) && after.is_some_and(|next| !next.is_whitespace()),
        '(' | ')' if matches!(before, Some(':' | ';')) => true,
        '(' => EMOTICONS.iter().any(|emoticon| rest.starts_with(emoticon)),
        _ => false,
    };
    if means_something {
        to.push('\\');
    }
    to.push(c);
}

/// Within a word, or with spaces on both sides, a sign marks nothing.
fn marks(sign: char, before: Option<char>, after: Option<char>) -> bool {
    let is = |neighbour: Option<char>, what: fn(char) -> bool| neighbour.is_some_and(what);
    let within_word = is(before, char::is_alphanumeric) && is(after, char::is_alphanumeric);
    let apart = is(before, char::is_whitespace) && is(after, char::is_whitespace);
    before == Some(sign) || after == Some(sign) || !(within_word || apart)
}

/// What Jira draws small pictures for, beside the faces, whose brackets and noses are escaped.
const EMOTICONS: [&str; 13] =
    ["(y)", "(n)", "(i)", "(/)", "(x)", "(!)", "(+)", "(-)", "(?)", "(on)", "(off)", "(*", "(flag"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_markup_is_escaped_and_everyday_words_are_not() {
        for (text, expected) in [
            ("well-known snake_case, 2 * 3 - 1", "well-known snake_case, 2 * 3 - 1"),
            ("Hello! What? a@b.c (so); this & that: 100%", "Hello! What? a@b.c (so); this & that: 100%"),
            ("{code} [x|y] a|b", "\\{code\\} \\[x\\|y\\] a\\|b"),
            ("*no* _no_ -5 a^2 ??x??", "\\*no\\* \\_no\\_ \\-5 a^2 \\?\\?x\\?\\?"),
            ("# one", "\\# one"),
            ("  * one", "  \\* one"),
            ("----", "\\-\\-\\-\\-"),
            ("!a.png!", "\\!a.png!"),
            ("&#92; &amp; & co", "&#92; &amp; & co"),
        ] {
            assert_eq!(escape(text, true), expected);
        }
    }

    #[test]
    fn faces_and_small_pictures_are_broken_at_a_character_that_can_be_escaped() {
        for (text, expected) in [
            ("Fixed :)", "Fixed :\\)"),
            (":( ;) :-) :-D ;-)", ":\\( ;\\) :\\-) :\\-D ;\\-)"),
            ("(x) (/) (*r) (flagoff)", "\\(x) \\(/) \\(\\*r) \\(flagoff)"),
            ("a:b;c (n=1) :D", "a:b;c (n=1) :D"),
        ] {
            assert_eq!(escape(text, true), expected);
        }
    }

    #[test]
    fn words_that_begin_a_block_are_moved_off_the_begin_of_their_line() {
        for (text, expected) in [
            ("h1. one", "\\\\ h1. one"),
            ("bq.one", "\\\\ bq.one"),
            ("  h6.2", "  \\\\ h6.2"),
            ("h7. one", "h7. one"),
            ("see h1. one", "see h1. one"),
        ] {
            assert_eq!(escape(text, true), expected);
        }
        assert_eq!(escape("h1. one", false), "h1. one");
    }

    #[test]
    fn a_backslash_stays_alone_where_jira_shows_it_and_gets_a_gap_elsewhere() {
        for (text, expected) in [
            ("C:\\temp\\x a\\.b \\\"", "C:\\temp\\x a\\.b \\\""),
            ("\\\\files.example\\share\\x", "\\\\files.example\\share\\x"),
            ("\\\\server", "\\\u{200b}\\server"),
            ("C:\\*.txt", "C:\\\u{200b}\\*.txt"),
            ("C:\\(old)", "C:\\\u{200b}(old)"),
            ("\\\\\\", "\\\u{200b}\\\u{200b}\\\u{200b}"),
        ] {
            assert_eq!(escape(text, true), expected);
        }
    }
}

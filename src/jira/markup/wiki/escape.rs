//! Plain words in wiki markup: whatever could be taken for markup is escaped.

use std::iter::once;

use super::lexis::entity;

/// `text`, without line breaks, so that it reads as itself.
///
/// A character is escaped if it could mean something to its neighbours in `text`; at the ends of `text` any neighbour
/// is thought possible. `begins_line` says that nothing precedes them on their line.
///
/// Bare addresses in it would still become links: whoever minds takes them out before.
pub fn escape(text: &str, begins_line: bool) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (before, rest) = (text[..at].chars().next_back(), &text[at..]);
        let begins_line = begins_line && text[..at].trim().is_empty();
        if begins_line && begins_block(rest) {
            escaped.extend(rest[..2].chars().chain(once('\\')));
            at += 2;
            continue;
        }
        at += c.len_utf8();
        put(c, before, rest, begins_line, &mut escaped);
    }
    escaped
}

/// `h1.`, `bq.`: their dots are escaped, as a letter can't be.
fn begins_block(rest: &str) -> bool {
    matches!(rest.as_bytes(), [b'h', b'1'..=b'6', b'.', ..] | [b'b', b'q', b'.', ..])
}

fn put(c: char, before: Option<char>, rest: &str, begins_line: bool, to: &mut String) {
    let after = rest[c.len_utf8()..].chars().next();
    if c == '\\' {
        // A backslash can't escape itself: two of them are a line break. Spaces behind it may be taken away.
        to.push_str(if after.is_some_and(char::is_alphanumeric) { "\\" } else { "&#92;" });
        return;
    }
    let means_something = match c {
        '{' | '}' | '[' | ']' | '|' => true,
        '*' | '-' | '#' if begins_line => true,
        '*' | '_' | '-' | '+' | '~' | '^' => marks(c, before, after),
        '?' => before == Some('?') || after == Some('?'),
        '!' => !before.is_some_and(char::is_alphanumeric) && after.is_some_and(|next| !next.is_whitespace()),
        '&' => entity(rest).is_some(),
        '(' | ':' | ';' => EMOTICONS.iter().any(|emoticon| rest.starts_with(emoticon)),
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

/// What Jira draws small pictures for.
const EMOTICONS: [&str; 17] = [
    ":)", ":(", ":P", ":D", ";)", "(y)", "(n)", "(i)", "(/)", "(x)", "(!)", "(+)", "(-)", "(?)", "(on)", "(off)", "(*",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_markup_is_escaped_and_everyday_words_are_not() {
        for (text, expected) in [
            ("well-known snake_case, 2 * 3 - 1", "well-known snake_case, 2 * 3 - 1"),
            ("Hello! What? a@b.c (so)", "Hello! What? a@b.c (so)"),
            ("C:\\temp\\x", "C:\\temp\\x"),
            ("\\\\server\\share", "&#92;\\server\\share"),
            ("{code} [x|y] a|b", "\\{code\\} \\[x\\|y\\] a\\|b"),
            ("*no* _no_ -5 a^2 ??x??", "\\*no\\* \\_no\\_ \\-5 a^2 \\?\\?x\\?\\?"),
            ("# one", "\\# one"),
            ("  * one", "  \\* one"),
            ("h1. one", "h1\\. one"),
            ("bq. one", "bq\\. one"),
            ("----", "\\-\\-\\-\\-"),
            ("!a.png!", "\\!a.png!"),
            ("&#92; & co (x)", "\\&#92; & co \\(x)"),
        ] {
            assert_eq!(escape(text, true), expected);
        }
    }
}

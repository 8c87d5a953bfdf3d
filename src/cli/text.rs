//! Text for terminals, without control characters of others.

use std::io::{self, Write};

use crate::foreign::{is_unprintable, printable, printable_json, without_user_info};

/// Makes a text of others one line, without control characters.
pub(super) fn one_line(text: &str) -> String {
    printable(text)
}

/// Keeps line breaks, and removes other control characters and passwords in URLs.
pub(super) fn lines(text: &str) -> String {
    let plain = |c: char| if c != '\n' && is_unprintable(c) { ' ' } else { c };
    without_user_info(text).chars().map(plain).collect()
}

/// A writer that lets no control characters through to the terminal or file behind it.
pub(super) struct Screen<W> {
    out: W,
    content: Content,
}

#[derive(Clone, Copy)]
enum Content {
    /// For people.
    Lines,
    /// For programs: characters that are not to be printed are escaped, which means the same.
    Json,
}

impl<W: Write> Screen<W> {
    /// For people, as lines; or for programs, as JSON.
    pub(super) fn new(out: W, is_json: bool) -> Self {
        Self { out, content: if is_json { Content::Json } else { Content::Lines } }
    }
}

/// Each write must hold whole characters.
impl<W: Write> Write for Screen<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let shown = match self.content {
            Content::Lines => lines(&text),
            Content::Json => printable_json(&text),
        };
        self.out.write_all(shown.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// `1 issue`, `2 issues`, and `at least 2 issues` if a list was cut.
pub(super) fn counted(count: usize, what: &str, more: bool) -> String {
    let plural = if count == 1 { "" } else { "s" };
    let least = if more { "at least " } else { "" };
    format!("{least}{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_of_a_text_are_removed() {
        assert_eq!(one_line("held\nbecause \u{1b}[2J of \u{9b}1m ö \u{202e}x"), "held because  [2J of  1m ö  x");
        assert_eq!(lines("held\nbecause \u{1b}[2J\u{2066} at http://u:p@h"), "held\nbecause  [2J  at http://***@h");
    }

    #[test]
    fn control_characters_are_removed_or_escaped_on_output() {
        let shown = |is_json| {
            let mut out = Vec::new();
            Screen::new(&mut out, is_json).write_all("{\"a\": \"\u{9b}1mö\u{202e}\"}\n".as_bytes()).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(false), "{\"a\": \" 1mö \"}\n");
        assert_eq!(shown(true), "{\"a\": \"\\u009b1mö\\u202e\"}\n");
    }

    #[test]
    fn counts_have_a_plural_and_a_lower_bound() {
        let said = [counted(1, "issue", false), counted(2, "issue", false), counted(1, "issue", true)];
        assert_eq!(said, ["1 issue", "2 issues", "at least 1 issue"]);
    }
}

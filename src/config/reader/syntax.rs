//! Explains why a text is not JSON, and where.

use jsonc_parser::errors::{ParseError, ParseErrorKind};

use super::super::problem::Position;

/// The place of the mistake (in bytes from the beginning of the text) and its description, which repeats nothing of the
/// text: it may be secret.
pub fn explained(text: &str, error: &ParseError) -> (usize, String) {
    let begin = error.range().start;
    let (offset, what) = if matches!(error.kind(), ParseErrorKind::String(_)) {
        (begin, "a text is not ended or has a broken escape".to_owned())
    } else if breaks_off(text, error) {
        let end = text.trim_end().len();
        (end, format!("the text ends too early{}", still_open(&text[..end])))
    } else if is_stray_bracket(error) {
        (begin, format!("{}{}", words(error), still_open(&text[..begin])))
    } else {
        (begin, words(error))
    };
    (offset, format!("not valid JSON: {what}"))
}

/// Whether the text ends too early. For a bracket that is not closed the parser reports where it is opened.
fn breaks_off(text: &str, error: &ParseError) -> bool {
    let is_end = |offset: usize| text.get(offset..).is_none_or(|rest| rest.trim().is_empty());
    let unclosed = matches!(error.kind(), ParseErrorKind::UnterminatedObject | ParseErrorKind::UnterminatedArray);
    let after_comma = matches!(error.kind(), ParseErrorKind::TrailingCommasNotAllowed) && is_end(error.range().end);
    unclosed || after_comma || is_end(error.range().start)
}

fn is_stray_bracket(error: &ParseError) -> bool {
    matches!(error.kind(), ParseErrorKind::UnexpectedCloseBrace | ParseErrorKind::UnexpectedCloseBracket)
}

/// The parser's words, with the article that they lack.
fn words(error: &ParseError) -> String {
    let words = error.kind().to_string().to_lowercase();
    words.strip_prefix("expected ").map(|thing| format!("expected a {thing}")).unwrap_or(words)
}

/// A hint at the last bracket that is not closed, if there is one.
fn still_open(text: &str) -> String {
    let hint = |(at, bracket)| format!("; the {bracket} at {} is not closed", Position::of(text, at));
    innermost_open(text).map(hint).unwrap_or_default()
}

/// The last bracket that is not closed, with its offset.
fn innermost_open(text: &str) -> Option<(usize, char)> {
    let (mut open, mut in_text, mut escaped) = (Vec::new(), false, false);
    for (offset, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '{' | '[' if !in_text => open.push((offset, c)),
            '}' | ']' if !in_text => drop(open.pop()),
            _ => (),
        }
    }
    open.pop()
}

//! What is wrong with a text that is no JSON, and where.

use jsonc_parser::errors::{ParseError, ParseErrorKind};

use super::super::problem::Place;

/// The place of the mistake (in bytes from the text's begin) and what it is, without repeating the text: it may be
/// secret.
pub fn explained(text: &str, error: &ParseError) -> (usize, String) {
    let (offset, what) = match error.kind() {
        // The parser tells where it begins. What is missing is missing at the end, or a little before.
        ParseErrorKind::UnterminatedObject | ParseErrorKind::UnterminatedArray => ends_too_early(text),
        ParseErrorKind::String(_) => (error.range().start, "a text is not ended or has a broken escape".to_owned()),
        // Something is missing where the text ends: what is open is the better hint.
        ParseErrorKind::TrailingCommasNotAllowed if is_end(text, error.range().end) => ends_too_early(text),
        _ if is_end(text, error.range().start) => ends_too_early(text),
        kind @ (ParseErrorKind::UnexpectedCloseBrace | ParseErrorKind::UnexpectedCloseBracket) => {
            (error.range().start, format!("{}{}", words(kind), still_open(text, error.range().start)))
        }
        kind => (error.range().start, words(kind)),
    };
    (offset, format!("no valid JSON: {what}"))
}

fn is_end(text: &str, offset: usize) -> bool {
    text.get(offset..).is_none_or(|rest| rest.trim().is_empty())
}

fn words(kind: &ParseErrorKind) -> String {
    kind.to_string().to_lowercase()
}

fn ends_too_early(text: &str) -> (usize, String) {
    let end = text.trim_end().len();
    (end, format!("the text ends too early{}", still_open(text, end)))
}

/// A hint at the bracket that is open at `offset`, if one is.
fn still_open(text: &str, offset: usize) -> String {
    let hint = |(at, bracket)| format!("; the {bracket} at {} is not closed", Place::of(text, at));
    innermost_open(text.get(..offset).unwrap_or(text)).map(hint).unwrap_or_default()
}

/// The bracket that still waits for its partner at the text's end, with its offset.
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

//! The words of `table.md`, which says at its top what they mean.

mod issues;
mod plans;
mod rules;

pub(super) use issues::Given;
pub(super) use plans::{sides, words};
pub(super) use rules::rules;

/// Cuts `marker` and what follows up to the next quotation mark out of `text`.
fn quoted(text: &str, marker: &str) -> (String, Option<String>) {
    let cut = text.split_once(marker).and_then(|(before, rest)| Some((before, rest.split_once('"')?)));
    match cut {
        Some((before, (quoted, after))) => (format!("{before}{after}"), Some(quoted.to_owned())),
        None => (text.to_owned(), None),
    }
}

//! What happens to issues, in words for the journal.

use crate::issue::Item;

/// What a person would say about a changed field.
pub(super) fn tell_item(item: &Item) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match item.field.as_ref() {
        "status" => format!("moved it from {} to {}", text(&item.from_text), text(&item.to_text)),
        "description" => "changed the description".into(),
        field if item.to_text.is_none() => format!("emptied the {field}"),
        field => format!("changed the {field} to “{}”", text(&item.to_text)),
    }
}

/// The beginning of a text, short enough for one line of the journal.
pub(super) fn opening(text: &str) -> String {
    const LONGEST: usize = 80;
    let line = text.replace('\n', " ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("“{}…”", &line[..end]),
        None => format!("“{line}”"),
    }
}

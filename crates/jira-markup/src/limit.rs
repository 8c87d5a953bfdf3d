//! How long a text may be, and how a longer one gives way.
//!
//! Jira takes 32,767 characters; Data Center lets its administrators say otherwise. What counts is documented for
//! neither format, so we count what is surely not too little for a text of ordinary length: UTF-16 units, since that is
//! what Java counts; a line end as two, since browsers send two; of an Atlassian document every word, every address and
//! one for each node, but not the JSON around them. If Jira disagrees it answers 400.

use serde_json::Value;

use super::adf;
use super::wiki::macros::open_at;
use crate::Body;

/// Most that Jira takes in a description or comment.
pub const MOST: usize = 32_767;

/// Ends a text that was cut.
pub const CUT: &str = "… (shortened)";

/// How much of [`MOST`] a text takes.
#[must_use]
pub fn length(body: &Body) -> usize {
    match body {
        Body::Adf(text) => node_length(&adf::parse(text)),
        Body::Wiki(text) => wiki_length(text),
    }
}

/// `body` if it takes no more than `room`; else as much of its begin as fits, and a word that there was more. Whole
/// blocks go first; one is kept in part when too little would be left otherwise.
pub fn shortened(body: &Body, room: usize) -> Body {
    if length(body) <= room {
        return body.clone();
    }
    match body {
        Body::Adf(text) => Body::Adf(shortened_adf(adf::parse(text), room).to_string()),
        Body::Wiki(text) => Body::Wiki(shortened_wiki(text, room)),
    }
}

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn wiki_length(text: &str) -> usize {
    // A lone line feed becomes two; with its carriage return it counts two already.
    units(text) + text.matches('\n').count() - text.matches("\r\n").count()
}

fn node_length(node: &Value) -> usize {
    let text = node.get("text").and_then(Value::as_str).map_or(0, units);
    let shown = node.get("attrs").map_or(0, attrs_length);
    let marks = node.get("marks").and_then(Value::as_array).map_or(0, |marks| marks.iter().map(mark_length).sum());
    let inside: usize = adf::content(node).iter().map(node_length).sum();
    1 + text + shown + marks + inside
}

fn mark_length(mark: &Value) -> usize {
    mark.get("attrs").map_or(0, attrs_length)
}

fn attrs_length(attrs: &Value) -> usize {
    ["text", "href", "url", "title", "alt"].into_iter().filter_map(|name| attrs.get(name)?.as_str()).map(units).sum()
}

fn shortened_adf(mut doc: Value, room: usize) -> Value {
    let told = adf::line(CUT);
    let room = room.saturating_sub(node_length(&told) + 1);
    if let Some(content) = adf::content_mut(&mut doc) {
        cut(content, room);
        content.push(told);
    }
    doc
}

/// Drops nodes from the end until the rest fits. The last to go stays in part if a quarter of the room would be empty.
fn cut(nodes: &mut Vec<Value>, room: usize) {
    let lengths: Vec<_> = nodes.iter().map(node_length).collect();
    let mut kept = 0;
    let mut used = 0;
    while kept < nodes.len() && used + lengths[kept] <= room {
        used += lengths[kept];
        kept += 1;
    }
    let first_out = nodes.drain(kept..).next();
    if let Some(part) = first_out.filter(|_| room - used > room / 4).and_then(|node| part_of(node, room - used)) {
        nodes.push(part);
    }
}

/// The begin of a node, if it can be parted and something fits.
fn part_of(mut node: Value, room: usize) -> Option<Value> {
    const PARTS: [&str; 11] = [
        "paragraph",
        "heading",
        "codeBlock",
        "blockquote",
        "panel",
        "bulletList",
        "orderedList",
        "listItem",
        "table",
        "expand",
        "nestedExpand",
    ];
    if let Some(text) = node.get("text").and_then(Value::as_str).filter(|_| adf::kind(&node) == "text") {
        let addresses = node_length(&node) - units(text);
        let part = begin_of(text, room.checked_sub(addresses)?);
        node["text"] = Some(part).filter(|part| !part.is_empty())?.into();
        return Some(node);
    }
    if !PARTS.contains(&adf::kind(&node)) {
        return None;
    }
    let outside = node_length(&node) - adf::content(&node).iter().map(node_length).sum::<usize>();
    let content = adf::content_mut(&mut node)?;
    cut(content, room.checked_sub(outside)?);
    (!content.is_empty()).then_some(node)
}

/// As many whole characters as fit.
fn begin_of(text: &str, room: usize) -> String {
    let mut left = room;
    text.chars().take_while(|c| left.checked_sub(c.len_utf16()).inspect(|rest| left = *rest).is_some()).collect()
}

/// Cuts at a blank line that is in no part in braces, if one is near; parts that are cut are closed.
fn shortened_wiki(text: &str, room: usize) -> String {
    // Enough for the closing tags of parts in parts, and for line ends.
    const CLOSING: usize = 120;
    let room = room.saturating_sub(wiki_length(CUT) + CLOSING);
    let text = super::wiki::unix(text);
    let end = fitting(&text, room);
    let apart = |at: &usize| *at > end / 4 * 3 && open_at(&text, *at).is_empty();
    // Only a few are tried: each look costs a walk through the text.
    let blank = text[..end].rmatch_indices("\n\n").map(|(at, _)| at).take(20).find(apart);
    let end = blank.unwrap_or(end);
    let mut short = text[..end].trim_end().to_owned();
    for part in open_at(&text, end) {
        short.push('\n');
        short.push_str(part.end());
    }
    short + "\n\n" + CUT
}

/// The longest begin that fits, in bytes.
fn fitting(text: &str, room: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.len_utf16() + usize::from(c == '\n');
        if used > room {
            return at;
        }
    }
    text.len()
}

//! Atlassian documents: opening them, and what their readers have in common.
//!
//! Foreign JSON is walked with care: every field may be missing or of another kind, and nothing here panics over it.

pub mod read;
pub mod write;

use serde_json::{Value, json};

use super::Context;

/// The document in a text. What is no JSON object is taken for words, so that it stays visible.
pub fn parse(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(doc @ Value::Object(_)) => doc,
        Ok(_) | Err(_) => document(text.lines().map(line).collect()),
    }
}

/// The deepest nesting that [`parse`] opens (serde_json's limit). Jira's editor lets people nest lists deeper.
pub const MOST_DEPTH: usize = 127;

/// How deep lists and objects are nested in a JSON text.
pub fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

/// To behind the end of a string that has begun.
fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return,
            _ => {}
        }
    }
}

/// A document of these blocks.
pub fn document(content: Vec<Value>) -> Value {
    json!({"type": "doc", "version": 1, "content": content})
}

/// A paragraph of plain words. A text node must hold something, so a blank line is a paragraph without any.
pub fn line(text: &str) -> Value {
    if text.is_empty() { paragraph(Vec::new()) } else { paragraph(vec![words(text)]) }
}

/// A paragraph.
pub fn paragraph(content: Vec<Value>) -> Value {
    json!({"type": "paragraph", "content": content})
}

/// A text node; `text` is not empty.
pub fn words(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// What kind of node this is; empty when it doesn't say.
pub fn kind(node: &Value) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// What is in a node.
pub fn content(node: &Value) -> &[Value] {
    node.get("content").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What is in a node, to be changed.
pub fn content_mut(node: &mut Value) -> Option<&mut Vec<Value>> {
    node.get_mut("content").and_then(Value::as_array_mut)
}

/// A text among a node's attributes, if it says anything.
pub fn attr<'a>(node: &'a Value, name: &str) -> Option<&'a str> {
    node.get("attrs")?.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

/// A mention in words.
pub fn mention(node: &Value, context: &Context) -> String {
    let known = attr(node, "id").and_then(|id| context.people.get(id)).map(String::as_str);
    let name = known.or_else(|| attr(node, "text")).unwrap_or("somebody");
    format!("@{}", name.trim().trim_start_matches('@'))
}

/// Where a picture from elsewhere on the web is; those from Jira itself have no address that is worth anything in
/// another issue.
pub fn external(media: &Value) -> Option<&str> {
    attr(media, "url").filter(|_| attr(media, "type") == Some("external"))
}

/// An embedded file in words.
pub fn media(node: &Value, context: &Context) -> String {
    let known = attr(node, "id").and_then(|id| context.attachments.get(id)).map(String::as_str);
    let told = || ["alt", "__fileName", "fileName"].into_iter().find_map(|name| attr(node, name));
    super::attachment(known.or_else(told))
}

/// The address behind a smart card; one made from data carries it there.
pub fn card(node: &Value) -> Option<&str> {
    attr(node, "url").or_else(|| node.get("attrs")?.get("data")?.get("url")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_the_depth_that_is_told_is_opened_and_nothing_deeper() {
        for (levels, opens) in [(1, true), (MOST_DEPTH, true), (MOST_DEPTH + 1, false), (5_000, false)] {
            // A brace within a text is none.
            let text = format!("{}{}{}", r#"{"\"{[[":"#.repeat(levels), r#""[{\\""#, "}".repeat(levels));
            assert_eq!(depth(&text), levels);
            assert_eq!(serde_json::from_str::<Value>(&text).is_ok(), opens, "{levels}");
        }
    }
}

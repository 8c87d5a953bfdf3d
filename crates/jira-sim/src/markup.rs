//! Rich texts. On Cloud an issue keeps ADF documents (Atlassian Document Format), on Data Center strings of wiki
//! markup; both are kept as the JSON values that they are in requests.

mod blocks;
mod inline;
mod schema;
mod writer;

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

pub(super) use schema::{is_document, is_valid};

/// What a person reads: one line for each paragraph, list item or hard break. A link whose text hides its target is
/// followed by the target in parentheses.
pub(super) fn text(body: &Value) -> String {
    if let Some(wiki) = body.as_str() {
        return text(&blocks::read(wiki));
    }
    let mut lines = vec![String::new()];
    read(body, &mut lines);
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// How many characters of Jira's limit for texts this one takes: all of them in wiki markup, in ADF those of the text
/// nodes. (How Cloud counts is not documented.)
pub(super) fn length(body: &Value) -> usize {
    let own = body.as_str().or_else(|| body["text"].as_str()).map_or(0, |text| text.chars().count());
    own + children(body).map(length).sum::<usize>()
}

/// Whether there is nothing to see in it.
pub(super) fn is_blank(body: &Value) -> bool {
    const PLAIN: [&str; 8] =
        ["doc", "paragraph", "heading", "blockquote", "bulletList", "orderedList", "listItem", "hardBreak"];
    match (body.as_str().or_else(|| body["text"].as_str()), body["type"].as_str()) {
        (Some(text), _) => text.trim().is_empty(),
        (None, Some(kind)) => PLAIN.contains(&kind) && children(body).all(is_blank),
        (None, None) => true,
    }
}

/// The document that a text in wiki markup stands for.
pub(super) fn from_wiki(text: &str) -> Value {
    blocks::read(text)
}

/// A text as wiki markup, whichever form it is kept in.
pub(super) fn to_wiki(body: &Value) -> String {
    body.as_str().map_or_else(|| writer::write(body), String::from)
}

/// A document of paragraphs of plain text, one for each line.
pub(super) fn paragraphs(text: &str) -> Value {
    document(text.lines().map(paragraph).collect())
}

pub(super) fn document(content: Vec<Value>) -> Value {
    json!({"type": "doc", "version": 1, "content": content})
}

pub(super) fn paragraph(text: &str) -> Value {
    // ADF forbids empty text nodes.
    let content = if text.is_empty() { vec![] } else { vec![json!({"type": "text", "text": text})] };
    json!({"type": "paragraph", "content": content})
}

pub(super) fn bullets(items: &[&str]) -> Value {
    let item = |text: &&str| json!({"type": "listItem", "content": [paragraph(text)]});
    json!({"type": "bulletList", "content": items.iter().map(item).collect::<Vec<_>>()})
}

/// A paragraph that ends in a link.
pub(super) fn linked(lead: &str, text: &str, href: &str) -> Value {
    let mark = json!({"type": "link", "attrs": {"href": href}});
    json!({"type": "paragraph", "content": [
        {"type": "text", "text": lead},
        {"type": "text", "text": text, "marks": [mark]},
    ]})
}

fn read(node: &Value, lines: &mut Vec<String>) {
    match node["type"].as_str() {
        Some("text") => say(&spoken(node), lines),
        Some("hardBreak") => lines.push(String::new()),
        Some("mention") => say(&mentioned(&node["attrs"]), lines),
        Some("emoji") => say(emoji(&node["attrs"]), lines),
        Some("inlineCard" | "blockCard") => say(node["attrs"]["url"].as_str().unwrap_or_default(), lines),
        Some(kind) => {
            children(node).for_each(|child| read(child, lines));
            if matches!(kind, "paragraph" | "heading" | "codeBlock") {
                lines.push(String::new());
            }
        }
        None => {}
    }
}

fn say(words: &str, lines: &mut [String]) {
    if let Some(line) = lines.last_mut() {
        line.push_str(words);
    }
}

fn emoji(attrs: &Value) -> &str {
    attrs["text"].as_str().or_else(|| attrs["shortName"].as_str()).unwrap_or_default()
}

fn mentioned(attrs: &Value) -> String {
    let id = || format!("@{}", attrs["id"].as_str().unwrap_or_default());
    attrs["text"].as_str().map_or_else(id, String::from)
}

fn spoken(node: &Value) -> String {
    let text = node["text"].as_str().unwrap_or_default();
    match href(node) {
        Some(href) if href != text => format!("{text} ({href})"),
        _ => text.to_owned(),
    }
}

fn href(node: &Value) -> Option<&str> {
    let marks = node["marks"].as_array()?;
    marks.iter().find(|mark| mark["type"] == "link")?["attrs"]["href"].as_str()
}

fn children(node: &Value) -> impl Iterator<Item = &Value> {
    node["content"].as_array().into_iter().flatten()
}

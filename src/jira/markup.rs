//! Rich texts: the only place that opens a [`Body`].

use serde_json::{Value, json};

use crate::flow::Body;

/// Most characters that Jira takes in a description or comment.
const MOST: usize = 32_767;

/// Ends a text that was cut.
const CUT: &str = "… (shortened)";

/// A plain text as a body, a paragraph for each line.
pub(super) fn plain(text: &str) -> Body {
    let shortened = shorten(text, MOST);
    adf(shortened.lines().map(text_paragraph).collect())
}

/// `body` with a last line `LABEL: URL`, the URL a link. The line is there once, however often this is done; on a
/// body of the other kind of Jira nothing is lost: it is kept as plain text.
///
/// The link must survive: so a body that leaves no room for it gives way at its end, visibly, if `may_cut`; else there
/// is no answer.
pub(super) fn with_link(body: Option<&Body>, label: &str, url: &str, may_cut: bool) -> Option<Body> {
    let mut content = content_of(body);
    if content.iter().any(|block| is_link_line(block, label, url)) {
        return Some(adf(content));
    }
    let address = json!({"type": "text", "text": url, "marks": [{"type": "link", "attrs": {"href": url}}]});
    let link = paragraph(vec![json!({"type": "text", "text": format!("{label}: ")}), address]);
    let room = MOST.saturating_sub(length(std::slice::from_ref(&link)));
    if length(&content) > room {
        if !may_cut {
            return None;
        }
        cut(&mut content, room);
    }
    content.push(link);
    Some(adf(content))
}

/// A body as the JSON value that Jira Cloud v3 takes.
pub(super) fn to_wire(body: &Body) -> Value {
    match body {
        Body::Adf(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        Body::Wiki(text) => to_wire(&plain(text)),
    }
}

/// A body from what Jira sent: a document, a string (wiki markup), or nothing.
pub(super) fn from_wire(value: Value) -> Option<Body> {
    match value {
        Value::Object(_) => Some(Body::Adf(value.to_string())),
        Value::String(text) => Some(Body::Wiki(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

fn adf(content: Vec<Value>) -> Body {
    Body::Adf(json!({"type": "doc", "version": 1, "content": content}).to_string())
}

/// A text node must hold something, so a blank line is a paragraph without any.
fn text_paragraph(line: &str) -> Value {
    if line.is_empty() { paragraph(Vec::new()) } else { paragraph(vec![json!({"type": "text", "text": line})]) }
}

fn paragraph(content: Vec<Value>) -> Value {
    json!({"type": "paragraph", "content": content})
}

fn content_of(body: Option<&Body>) -> Vec<Value> {
    match body.map(to_wire) {
        Some(Value::Object(mut doc)) => match doc.remove("content") {
            Some(Value::Array(content)) => content,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Whether a block is our own line: the label and the address, however they are cut into nodes.
fn is_link_line(block: &Value, label: &str, url: &str) -> bool {
    let nodes = block.get("content").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let text: String = nodes.iter().filter_map(|node| node.get("text")?.as_str()).collect();
    text.trim() == format!("{label}: {url}")
}

/// Characters of text in the nodes; what Jira counts is not documented, so a block also counts one for its end.
fn length(content: &[Value]) -> usize {
    content.iter().map(|node| text_length(node) + 1).sum()
}

fn text_length(node: &Value) -> usize {
    let own = node.get("text").and_then(Value::as_str).map_or(0, |text| text.chars().count());
    let below = node.get("content").and_then(Value::as_array).map_or(0, |content| length(content));
    own + below
}

/// Drops whole blocks from the end until the rest and a word about it fit in `room`. A plain paragraph gives only what
/// must go.
fn cut(content: &mut Vec<Value>, room: usize) {
    let told = text_paragraph(CUT);
    let room = room.saturating_sub(length(std::slice::from_ref(&told)));
    while length(content) > room {
        let Some(last) = content.pop() else { break };
        // A paragraph and its text count one each beside the characters.
        let left = room.saturating_sub(length(content) + 2);
        if let Some(text) = only_text(&last)
            && left > 0
        {
            content.push(text_paragraph(&text.chars().take(left).collect::<String>()));
        }
    }
    content.push(told);
}

/// The text of a paragraph that is nothing but one text.
fn only_text(node: &Value) -> Option<&str> {
    match node.get("content")?.as_array()?.as_slice() {
        [only] => only.get("text")?.as_str().filter(|text| !text.is_empty()),
        _ => None,
    }
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - CUT.chars().count()).collect();
    kept + CUT
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://a.example.net/browse/AB-1";

    fn doc(text: &str) -> Body {
        plain(text)
    }

    fn blocks(body: &Body) -> Vec<Value> {
        content_of(Some(body))
    }

    #[test]
    fn a_link_is_added_below_the_text_once_and_the_text_stays() {
        let once = with_link(Some(&doc("one\ntwo")), "Dev Link", URL, false).unwrap();
        assert_eq!(blocks(&once)[..2], blocks(&doc("one\ntwo"))[..]);
        assert!(is_link_line(&blocks(&once)[2], "Dev Link", URL));
        assert_eq!(with_link(Some(&once), "Dev Link", URL, false), Some(once));
    }

    #[test]
    fn nothing_described_still_gets_its_link() {
        assert_eq!(blocks(&with_link(None, "User Link", URL, true).unwrap()).len(), 1);
    }

    #[test]
    fn a_body_without_room_is_cut_visibly_or_left_alone() {
        let long = doc(&"x".repeat(MOST));
        assert_eq!(with_link(Some(&long), "Dev Link", URL, false), None);
        let cut = with_link(Some(&long), "User Link", URL, true).unwrap();
        let blocks = blocks(&cut);
        assert!(length(&blocks) <= MOST, "{}", length(&blocks));
        assert!(is_link_line(blocks.last().unwrap(), "User Link", URL));
        assert!(cut_is_told(&blocks));
    }

    fn cut_is_told(blocks: &[Value]) -> bool {
        blocks.iter().any(|block| only_text(block) == Some(CUT))
    }
}

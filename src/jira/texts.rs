//! Wiki markup, as far as Data Center's bodies need it.

use serde_json::Value;

use super::markup;
use crate::flow::Body;

/// Most characters that Jira takes, unless an administrator chose otherwise.
const MOST: usize = 32_767;

/// A document's text, line by line, without its shapes.
pub(super) fn wiki_of(body: &Body) -> String {
    match body {
        Body::Wiki(text) => text.clone(),
        Body::Adf(_) => lines(&markup::to_wire(body)).join("\n"),
    }
}

/// One line for each innermost block, in order.
fn lines(block: &Value) -> Vec<String> {
    let nodes = block.get("content").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if nodes.iter().any(|node| node.get("text").is_some()) {
        return vec![nodes.iter().filter_map(|node| node.get("text")?.as_str()).collect()];
    }
    nodes.iter().flat_map(lines).collect()
}

/// As [`markup::with_link`], in wiki markup.
pub(super) fn with_link(body: Option<&Body>, label: &str, url: &str, may_cut: bool) -> Option<Body> {
    let text = body.map(wiki_of).unwrap_or_default();
    let line = format!("{label}: {url}");
    if text.lines().any(|known| known.trim() == line) {
        return Some(Body::Wiki(text));
    }
    let room = MOST.saturating_sub(line.chars().count() + 2);
    let fits = text.chars().count() <= room;
    if !fits && !may_cut {
        return None;
    }
    let text: String = text.chars().take(room).collect();
    Some(Body::Wiki(if text.is_empty() { line } else { format!("{text}\n\n{line}") }))
}

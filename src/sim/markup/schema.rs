//! Which values are ADF documents: what may stand in what, after Atlassian's published schema.

use serde_json::{Map, Value};

/// A document in outline, which is all that some refusals look at.
pub(in crate::sim) fn is_document(value: &Value) -> bool {
    value["type"] == "doc" && value["version"] == 1 && value["content"].is_array()
}

/// A document whose nodes and marks are all known, in their places, and complete.
pub(in crate::sim) fn is_valid(value: &Value) -> bool {
    is_document(value) && has_only(value, &["type", "version", "content"]) && are_valid(value, TOP)
}

const TOP: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "codeBlock",
    "blockquote",
    "panel",
    "rule",
    "table",
    "mediaSingle",
    "mediaGroup",
    "taskList",
    "decisionList",
    "expand",
    "blockCard",
    "embedCard",
    "extension",
    "bodiedExtension",
    "layoutSection",
];

const INLINE: &[&str] = &[
    "text",
    "hardBreak",
    "mention",
    "emoji",
    "date",
    "status",
    "inlineCard",
    "mediaInline",
    "inlineExtension",
    "placeholder",
];

const QUOTED: &[&str] =
    &["paragraph", "bulletList", "orderedList", "codeBlock", "mediaSingle", "mediaGroup", "extension"];

const ITEM: &[&str] = &["paragraph", "bulletList", "orderedList", "codeBlock", "mediaSingle", "taskList", "extension"];

const IN_PANEL: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "codeBlock",
    "rule",
    "mediaSingle",
    "mediaGroup",
    "taskList",
    "decisionList",
    "blockCard",
    "extension",
];

const IN_CELL: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "codeBlock",
    "blockquote",
    "panel",
    "rule",
    "mediaSingle",
    "mediaGroup",
    "taskList",
    "decisionList",
    "nestedExpand",
    "blockCard",
    "embedCard",
    "extension",
];

/// What a node may contain; absent for a node that has no content at all.
fn allowed_in(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "paragraph" | "heading" | "taskItem" | "decisionItem" | "caption" => INLINE,
        "codeBlock" => &["text"],
        "bulletList" | "orderedList" => &["listItem"],
        "listItem" => ITEM,
        "blockquote" => QUOTED,
        "panel" => IN_PANEL,
        "table" => &["tableRow"],
        "tableRow" => &["tableCell", "tableHeader"],
        "tableCell" | "tableHeader" | "expand" | "nestedExpand" => IN_CELL,
        "mediaSingle" => &["media", "caption"],
        "mediaGroup" => &["media"],
        "taskList" => &["taskItem", "taskList"],
        "decisionList" => &["decisionItem"],
        "layoutSection" => &["layoutColumn"],
        "layoutColumn" | "bodiedExtension" => TOP,
        _ => return None,
    })
}

/// Nodes that say nothing without content.
fn must_contain(kind: &str) -> bool {
    ["bulletList", "orderedList", "listItem", "blockquote", "panel", "table", "mediaSingle", "taskList"].contains(&kind)
}

fn are_valid(parent: &Value, allowed: &[&str]) -> bool {
    let children = parent["content"].as_array().into_iter().flatten();
    let mut children = children.map(|child| (child["type"].as_str().unwrap_or_default(), child));
    children.all(|(kind, child)| allowed.contains(&kind) && is_valid_node(kind, child, parent))
}

fn is_valid_node(kind: &str, node: &Value, parent: &Value) -> bool {
    let content = node.get("content");
    let filled = match allowed_in(kind) {
        Some(allowed) => {
            content.is_none_or(Value::is_array)
                && !(must_contain(kind) && content.and_then(Value::as_array).is_none_or(Vec::is_empty))
                && are_valid(node, allowed)
        }
        None => content.is_none(),
    };
    has_only(node, &["type", "content", "attrs", "marks", "text"])
        && filled
        && has_attributes(kind, &node["attrs"])
        && says_something(kind, node)
        && starts_well(kind, node)
        && are_marks(node, parent["type"] == "codeBlock")
}

/// Only text nodes have text, and never an empty one.
fn says_something(kind: &str, node: &Value) -> bool {
    match (kind, node.get("text")) {
        ("text", text) => text.and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
        (_, text) => text.is_none(),
    }
}

/// An item of a list begins with words, a code block or a picture, never with another list.
fn starts_well(kind: &str, node: &Value) -> bool {
    kind != "listItem" || !["bulletList", "orderedList"].iter().any(|list| node["content"][0]["type"] == *list)
}

fn has_attributes(kind: &str, attrs: &Value) -> bool {
    let text = |name: &str| attrs[name].is_string();
    match kind {
        "heading" => attrs["level"].as_u64().is_some_and(|level| (1..=6).contains(&level)),
        "panel" => ["info", "note", "tip", "warning", "error", "success", "custom"]
            .iter()
            .any(|panel| attrs["panelType"] == *panel),
        "mention" => text("id"),
        "emoji" => text("shortName"),
        "date" => text("timestamp"),
        "status" => text("text") && text("color"),
        "inlineCard" | "blockCard" => text("url") || attrs["data"].is_object(),
        "embedCard" => text("url") && text("layout"),
        "media" => text("type") && (attrs["type"] == "external" && text("url") || text("id") && text("collection")),
        "mediaInline" => text("id") && text("collection"),
        "taskItem" | "decisionItem" => text("localId") && text("state"),
        "extension" | "inlineExtension" | "bodiedExtension" => text("extensionKey") && text("extensionType"),
        _ => true,
    }
}

fn are_marks(node: &Value, in_code_block: bool) -> bool {
    let Some(marks) = node.get("marks") else { return true };
    let Some(marks) = marks.as_array() else { return false };
    let kinds: Vec<&str> = marks.iter().map(|mark| mark["type"].as_str().unwrap_or_default()).collect();
    // Of all marks a piece of code may only be a link or annotated as well.
    let code_alone = !kinds.contains(&"code") || kinds.iter().all(|kind| ["code", "link", "annotation"].contains(kind));
    code_alone && (!in_code_block || marks.is_empty()) && marks.iter().all(is_mark)
}

fn is_mark(mark: &Value) -> bool {
    let attrs = &mark["attrs"];
    let known = match mark["type"].as_str().unwrap_or_default() {
        "strong" | "em" | "strike" | "underline" | "code" => true,
        "link" => attrs["href"].is_string(),
        "subsup" => attrs["type"] == "sub" || attrs["type"] == "sup",
        "textColor" | "backgroundColor" => attrs["color"].as_str().is_some_and(is_color),
        "alignment" => attrs["align"] == "center" || attrs["align"] == "end",
        "indentation" => attrs["level"].is_u64(),
        "breakout" => attrs["mode"].is_string(),
        "border" => attrs["color"].is_string() && attrs["size"].is_u64(),
        "annotation" => attrs["id"].is_string(),
        "dataConsumer" | "fragment" => attrs.is_object(),
        _ => false,
    };
    known && has_only(mark, &["type", "attrs"])
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

fn has_only(value: &Value, members: &[&str]) -> bool {
    let names = |object: &Map<String, Value>| object.keys().all(|key| members.contains(&key.as_str()));
    value.as_object().is_some_and(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn doc(content: Value) -> Value {
        json!({"type": "doc", "version": 1, "content": content})
    }

    fn paragraph(content: Value) -> Value {
        json!([{"type": "paragraph", "content": content}])
    }

    fn marked(marks: Value) -> Value {
        paragraph(json!([{"type": "text", "text": "x", "marks": marks}]))
    }

    #[test]
    fn only_an_object_of_type_doc_and_version_one_is_a_document() {
        assert!(is_document(&doc(json!([]))));
        for other in [json!("plain"), json!({"type": "doc", "content": []}), json!({"type": "doc", "version": 1})] {
            assert!(!is_document(&other), "{other}");
        }
    }

    #[test]
    fn known_nodes_in_their_places_are_valid() {
        for content in [
            json!([]),
            json!([{"type": "paragraph"}]),
            json!([{"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "x"}]}]),
            json!([{"type": "bulletList", "content": [{"type": "listItem", "content": [{"type": "paragraph"}]}]}]),
            json!([{"type": "codeBlock", "attrs": {"language": "rust"}, "content": [{"type": "text", "text": "x"}]}]),
            json!([{"type": "panel", "attrs": {"panelType": "info"}, "content": [{"type": "paragraph"}]}]),
            json!([{"type": "rule"}]),
            marked(json!([{"type": "strong"}, {"type": "link", "attrs": {"href": "https://x.example"}}])),
            marked(json!([{"type": "code"}, {"type": "link", "attrs": {"href": "https://x.example"}}])),
            paragraph(json!([{"type": "mention", "attrs": {"id": "ann"}}, {"type": "hardBreak"}])),
        ] {
            assert!(is_valid(&doc(content.clone())), "{content}");
        }
    }

    #[test]
    fn what_the_schema_does_not_allow_is_invalid() {
        for content in [
            json!([{"type": "text", "text": "x"}]),
            json!([{"type": "marquee"}]),
            json!(["x"]),
            paragraph(json!([{"type": "text", "text": ""}])),
            paragraph(json!([{"type": "text"}])),
            paragraph(json!([{"type": "text", "text": "x", "colour": 1}])),
            paragraph(json!([{"type": "paragraph"}])),
            paragraph(json!([{"type": "mention", "attrs": {}}])),
            json!([{"type": "heading", "attrs": {"level": 7}}]),
            json!([{"type": "bulletList", "content": []}]),
            json!([{"type": "bulletList", "content": [{"type": "paragraph"}]}]),
            json!([{"type": "rule", "content": []}]),
            marked(json!([{"type": "blink"}])),
            marked(json!([{"type": "link"}])),
            marked(json!([{"type": "code"}, {"type": "strong"}])),
            marked(json!([{"type": "textColor", "attrs": {"color": "red"}}])),
            json!([{"type": "codeBlock", "content": [{"type": "text", "text": "x", "marks": [{"type": "em"}]}]}]),
        ] {
            assert!(!is_valid(&doc(content.clone())), "{content}");
        }
    }
}

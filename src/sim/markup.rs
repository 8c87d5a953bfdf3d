//! Atlassian Document Format, as far as the site must understand it: is it a document, and what does it say.

use serde_json::{Value, json};

/// The longest text that Jira takes, in characters of the document's text nodes. (How Cloud counts markup is not known.)
pub(super) const TEXT_LIMIT: usize = 32_767;

/// Whether this is an ADF document at all; Jira takes nothing else in v3.
pub(super) fn is_document(value: &Value) -> bool {
    value["type"] == "doc" && value["version"] == 1 && value["content"].is_array()
}

/// What a person reads: one line for each paragraph, list item or hard break. A link whose text hides its target is
/// followed by the target in parentheses.
pub(super) fn text(document: &Value) -> String {
    let mut lines = vec![String::new()];
    read(document, &mut lines);
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// How much of [`TEXT_LIMIT`] the document takes.
pub(super) fn length(document: &Value) -> usize {
    let own = document["text"].as_str().map_or(0, |text| text.chars().count());
    own + children(document).map(length).sum::<usize>()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_lines_bullets_and_where_links_lead() {
        let document = document(vec![
            paragraph("It fails:"),
            bullets(&["on Monday", "on Tuesday"]),
            linked("See ", "the log", "https://x.example/log"),
        ]);
        assert_eq!(text(&document), "It fails:\non Monday\non Tuesday\nSee the log (https://x.example/log)");
    }

    #[test]
    fn length_counts_characters_of_text_nodes_only() {
        assert_eq!(length(&linked("Số: ", "12", "https://x.example/very/long")), 6);
    }

    #[test]
    fn only_an_object_of_type_doc_and_version_one_is_a_document() {
        assert!(is_document(&paragraphs("a\nb")));
        for other in [json!("plain"), json!({"type": "doc", "content": []}), json!({"type": "doc", "version": 1})] {
            assert!(!is_document(&other), "{other}");
        }
    }
}

//! Which values are ADF documents: what may stand in what, after Atlassian's published schema.

mod attributes;
mod nodes;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use attributes::{Attrs, fit};
use nodes::{Child, Content, Marks, Node, attributes_of_mark, node};

/// A document in outline, which is all that some refusals look at.
pub(crate) fn is_document(value: &Value) -> bool {
    value["type"] == "doc" && value["version"].as_f64() == Some(1.0) && value["content"].is_array()
}

/// A document whose nodes and marks are all known, in their places, and complete.
pub(crate) fn is_valid(value: &Value) -> bool {
    is_document(value) && has_only(value, &["type", "version", "content"]) && are_valid(value, nodes::TOP)
}

fn are_valid(parent: &Value, allowed: &[Child]) -> bool {
    parent["content"].as_array().is_none_or(|children| children.iter().all(|child| is_any(child, allowed)))
}

/// Whether this node is one of those that may stand here.
fn is_any(value: &Value, allowed: &[Child]) -> bool {
    let kind = value["type"].as_str().unwrap_or_default();
    let Some(Child(_, marks)) = allowed.iter().find(|child| child.0 == kind) else { return false };
    node(kind).is_some_and(|node| is_valid_node(kind, value, &node, marks))
}

fn is_valid_node(kind: &str, value: &Value, node: &Node, marks: &Marks) -> bool {
    has_members(kind, value, node)
        && has_attributes(value, &node.attrs)
        && has_marks(value, marks)
        && node.content.as_ref().is_none_or(|content| has_content(value, content))
        && (kind != "text" || value["text"].as_str().is_some_and(|text| !text.is_empty()))
}

/// The schema closes every kind of node but one, which it puts together of several parts.
fn has_members(kind: &str, value: &Value, node: &Node) -> bool {
    let may = |member: &str| match member {
        "type" => true,
        "attrs" => !matches!(node.attrs, Attrs::None),
        "content" => node.content.is_some(),
        "marks" => node.has_marks,
        "text" => kind == "text",
        _ => kind == "mediaSingle",
    };
    value.as_object().is_some_and(|members| members.keys().all(|member| may(member)))
}

fn has_attributes(value: &Value, attrs: &Attrs) -> bool {
    match (attrs, value.get("attrs")) {
        (Attrs::None, given) => given.is_none(),
        (Attrs::May(_), None) => true,
        (Attrs::Must(_), None) => false,
        (Attrs::May(forms) | Attrs::Must(forms), Some(given)) => forms.iter().any(|form| fit(given, form)),
    }
}

fn has_content(value: &Value, content: &Content) -> bool {
    let Some(given) = value.get("content") else { return content.least == 0 && !content.must };
    let Some(children) = given.as_array() else { return false };
    (content.least..=content.most).contains(&children.len())
        && match content.then {
            None => are_valid(value, content.children),
            Some(then) => {
                children.iter().take(1).all(|first| is_any(first, content.children))
                    && children.iter().skip(1).all(|child| is_any(child, then))
            }
        }
}

/// Whether all marks are of one of the sets that may be here, and complete.
fn has_marks(value: &Value, marks: &Marks) -> bool {
    let Some(given) = value.get("marks") else { return true };
    let Some(given) = given.as_array() else { return false };
    let kind = |mark: &Value| mark["type"].as_str().unwrap_or_default().to_owned();
    let in_set = |set: &[&str]| given.iter().all(|mark| set.contains(&kind(mark).as_str()));
    (given.is_empty() || marks.iter().any(|set| in_set(set))) && given.iter().all(is_mark)
}

fn is_mark(mark: &Value) -> bool {
    let Some(attrs) = attributes_of_mark(mark["type"].as_str().unwrap_or_default()) else { return false };
    has_only(mark, &["type", "attrs"]) && has_attributes(mark, &attrs)
}

fn has_only(value: &Value, members: &[&str]) -> bool {
    let names = |object: &Map<String, Value>| object.keys().all(|key| members.contains(&key.as_str()));
    value.as_object().is_some_and(names)
}

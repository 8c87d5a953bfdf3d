//! Copies a text into another issue of the same kind of Jira: all of it stays as it is, but for what would do harm or
//! mean nothing there.
//!
//! A mention would notify a user about an issue that may not concern them, or name an account that is not known
//! there. A file is another issue's. Both become words.

use serde_json::Value;

use super::loss::{Losses, Lost};
use super::wiki::escape::escape;
use super::wiki::lexis::{Bracket, bracket, is_address, picture, unit};
use super::wiki::macros::Macros;
use super::{Context, Crossing, adf, attachment};
use crate::Body;

/// `body` for another issue. What is not rewritten keeps its every character (wiki) or its value (Atlassian documents).
#[must_use]
pub fn copy(body: &Body, context: &Context) -> Crossing {
    let mut lost = Losses::default();
    let body = match body {
        Body::Adf(text) => {
            let mut doc = adf::parse(text);
            Adf { context, lost: &mut lost }.rewrite(&mut doc);
            Body::Adf(doc.to_string())
        }
        Body::Wiki(text) => Body::Wiki(rewritten(text, context, &mut lost)),
    };
    Crossing { body, lost: lost.into_list() }
}

struct Adf<'a> {
    context: &'a Context,
    lost: &'a mut Losses,
}

impl Adf<'_> {
    fn rewrite(&mut self, node: &mut Value) {
        let Some(content) = adf::content_mut(node) else { return };
        for child in content {
            match adf::kind(child) {
                "mention" => {
                    self.lost.note(Lost::Mention);
                    *child = self.instead(child, &adf::mention(child, self.context));
                }
                "mediaSingle" | "mediaGroup" => self.files(child),
                "media" | "mediaInline" if adf::external(child).is_none() => *child = self.file(child),
                _ => self.rewrite(child),
            }
        }
    }

    /// Pictures from elsewhere on the web stay; others become a paragraph, with the caption behind the name.
    fn files(&mut self, node: &mut Value) {
        if adf::content(node).iter().all(|child| adf::kind(child) != "media" || adf::external(child).is_some()) {
            return self.rewrite(node);
        }
        let mut words: Vec<Value> = Vec::new();
        let frame = link_of(node).cloned();
        for child in adf::content_mut(node).into_iter().flatten() {
            if !words.is_empty() {
                words.push(adf::words(" "));
            }
            if adf::kind(child) == "media" {
                words.push(within_frame(self.file(child), frame.as_ref()));
            } else {
                self.rewrite(child);
                words.extend_from_slice(adf::content(child));
            }
        }
        *node = adf::paragraph(words);
    }

    fn file(&mut self, node: &Value) -> Value {
        self.lost.note(Lost::Media);
        let name = adf::external(node).map_or_else(|| adf::media(node, self.context), str::to_owned);
        self.instead(node, &name)
    }

    /// Words in the place of a node, with those of its marks that words can have.
    fn instead(&self, node: &Value, text: &str) -> Value {
        let mut words = adf::words(text);
        let marks = node.get("marks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let marks: Vec<_> = marks.iter().filter(|mark| matches!(adf::kind(mark), "link" | "annotation")).collect();
        if !marks.is_empty() {
            words["marks"] = marks.into_iter().cloned().collect();
        }
        words
    }
}

fn link_of(node: &Value) -> Option<&Value> {
    node.get("marks")?.as_array()?.iter().find(|mark| adf::kind(mark) == "link")
}

/// The words for a picture, with the link of its frame if it has none of its own.
fn within_frame(mut words: Value, frame: Option<&Value>) -> Value {
    if let Some(link) = frame.filter(|_| link_of(&words).is_none()) {
        match words.get_mut("marks").and_then(Value::as_array_mut) {
            Some(marks) => marks.push(link.clone()),
            None => words["marks"] = Value::Array(vec![link.clone()]),
        }
    }
    words
}

fn rewritten(text: &str, context: &Context, lost: &mut Losses) -> String {
    let mut copied = String::with_capacity(text.len());
    let mut macros = Macros::new(text);
    let mut at = 0;
    while at < text.len() {
        if let Some(span) = macros.verbatim_at(at) {
            copied.push_str(&text[at..span.end]);
            at = span.end;
        } else if let Some((words, end)) = instead(text, at, context, lost) {
            copied.push_str(&escape(&words, false));
            at = end;
        } else {
            let length = unit(text, at);
            copied.push_str(&text[at..at + length]);
            at += length;
        }
    }
    copied
}

/// The words for the mention or file at `at`, and where that ends.
fn instead(text: &str, at: usize, context: &Context, lost: &mut Losses) -> Option<(String, usize)> {
    match bracket(text, at) {
        Some((Bracket::Mention(name), end)) => {
            lost.note(Lost::Mention);
            Some((context.mentioned(name), end))
        }
        Some((Bracket::File(name), end)) => {
            lost.note(Lost::Media);
            Some((attachment(Some(name)), end))
        }
        Some((Bracket::Link { .. }, _)) => None,
        None => {
            let (name, end) = picture(text, at).filter(|(name, _)| !is_address(name))?;
            lost.note(Lost::Media);
            Some((attachment(Some(name)), end))
        }
    }
}

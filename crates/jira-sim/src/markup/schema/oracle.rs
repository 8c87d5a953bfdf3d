//! Documents for Atlassian's own schema and validator, which `.ci/oracles` holds against what is valid here.

use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::super::from_wiki;
use super::nodes::{Child, TOP, node};
use super::{attributes, is_valid};

const DOCUMENTS: u64 = 6_000;

/// The folder that the oracles read, when they run this; else nothing is to be written.
fn folder() -> Option<PathBuf> {
    std::env::var_os("LOCKSTEP_ORACLES").map(PathBuf::from)
}

/// All kinds of nodes, one that there is not, and one that is no block of a document.
const KINDS: [&str; 42] = [
    "text",
    "hardBreak",
    "mention",
    "emoji",
    "date",
    "status",
    "inlineCard",
    "placeholder",
    "mediaInline",
    "inlineExtension",
    "media",
    "rule",
    "blockCard",
    "embedCard",
    "extension",
    "syncBlock",
    "paragraph",
    "heading",
    "caption",
    "codeBlock",
    "taskItem",
    "decisionItem",
    "blockTaskItem",
    "bulletList",
    "orderedList",
    "listItem",
    "taskList",
    "decisionList",
    "blockquote",
    "panel",
    "table",
    "tableRow",
    "tableCell",
    "tableHeader",
    "expand",
    "nestedExpand",
    "mediaSingle",
    "mediaGroup",
    "layoutSection",
    "layoutColumn",
    "bodiedExtension",
    "marquee",
];

const MARKS: [&str; 17] = [
    "strong",
    "em",
    "strike",
    "underline",
    "code",
    "link",
    "subsup",
    "textColor",
    "backgroundColor",
    "alignment",
    "indentation",
    "fontSize",
    "breakout",
    "border",
    "annotation",
    "dataConsumer",
    "fragment",
];

/// Values that an attribute may hold, or may not.
fn values() -> Vec<Value> {
    let texts = [
        "x",
        "",
        "center",
        "wide",
        "small",
        "info",
        "TODO",
        "#00ff00",
        "#00ff0080",
        "red",
        "file",
        "external",
        "sub",
        "\n",
        "pixel",
        "top",
        "inlineComment",
        "full-width",
    ];
    let source = json!({"id": "i", "parameters": {}, "views": [{"type": "t"}]});
    let others = [json!(true), json!(null), json!([]), json!(["x"]), json!([1]), json!({}), source];
    let numbers = [json!(0), json!(1), json!(6), json!(7), json!(50), json!(101), json!(-1), json!(33.3)];
    texts.iter().map(|text| json!(text)).chain(numbers).chain(others).collect()
}

struct Maker {
    rng: StdRng,
    values: Vec<Value>,
    /// How likely something is not as the schema has it, in a thousand.
    wild: u32,
}

impl Maker {
    fn is_wild(&mut self) -> bool {
        self.rng.random_range(0..1000) < self.wild
    }

    fn document(&mut self) -> Value {
        let content = self.children(TOP, 0, 4, 0);
        json!({"type": "doc", "version": 1, "content": content})
    }

    fn children(&mut self, allowed: &[Child], least: usize, most: usize, depth: usize) -> Vec<Value> {
        let most = if depth > 4 { least } else { most.max(least) };
        let count = self.rng.random_range(least..=most);
        let count = if self.is_wild() { self.rng.random_range(0..5) } else { count };
        (0..count).map(|_| self.child(allowed, depth)).collect()
    }

    fn child(&mut self, allowed: &[Child], depth: usize) -> Value {
        let any = Child(KINDS.choose(&mut self.rng).copied().unwrap_or_default(), &[]);
        let wild = self.is_wild();
        let child = allowed.choose(&mut self.rng).filter(|_| !wild).unwrap_or(&any);
        self.node(child, depth)
    }

    fn node(&mut self, child: &Child, depth: usize) -> Value {
        let mut made = json!({"type": child.0});
        let Some(kind) = node(child.0) else { return made };
        if let Some(attrs) = self.attributes(&kind.attrs) {
            made["attrs"] = attrs;
        }
        if child.0 == "text" {
            made["text"] = json!(if self.is_wild() { "" } else { "words" });
        }
        if let Some(content) = &kind.content {
            let mut children = self.children(content.children, content.least, content.most.min(3), depth + 1);
            if let Some(then) = content.then {
                children.truncate(1);
                children.extend(self.children(then, 0, 1, depth + 1));
            }
            made["content"] = json!(children);
        }
        self.mark(&mut made, child);
        self.spoil(&mut made);
        made
    }

    fn attributes(&mut self, attrs: &attributes::Attrs) -> Option<Value> {
        use attributes::{Attribute, Attrs};
        let forms = match attrs {
            Attrs::None => return None,
            Attrs::May(_) if self.rng.random_bool(0.5) => return None,
            Attrs::May(forms) | Attrs::Must(forms) => forms,
        };
        let mut made = json!({});
        for attribute in *forms.choose(&mut self.rng)? {
            let (name, is, given) = match attribute {
                Attribute::Must(name, is) => (name, is, !self.is_wild()),
                Attribute::May(name, is) => (name, is, self.rng.random_bool(0.3)),
            };
            if given {
                made[*name] = if self.is_wild() { self.value() } else { self.fitting(name, is) };
            }
        }
        Some(made)
    }

    fn value(&mut self) -> Value {
        self.values.choose(&mut self.rng).cloned().unwrap_or_default()
    }

    /// A value of this kind; of addresses and open objects one that Atlassian's validator likes, too.
    fn fitting(&mut self, name: &str, is: &attributes::Is) -> Value {
        match (name, is) {
            ("url" | "href", _) => json!("https://x.example/a?b=c"),
            ("parameters" | "data", _) => json!({"any": [1.5]}),
            (_, attributes::Is::One(words)) => json!(words.choose(&mut self.rng)),
            _ => {
                let fitting: Vec<&Value> = self.values.iter().filter(|value| is.holds(value)).collect();
                fitting.choose(&mut self.rng).map_or(Value::Null, |value| (*value).clone())
            }
        }
    }

    fn mark(&mut self, made: &mut Value, child: &Child) {
        let wild = self.is_wild();
        let set: &[&str] = if wild { &MARKS } else { child.1.choose(&mut self.rng).copied().unwrap_or_default() };
        if set.is_empty() || !(wild || self.rng.random_bool(0.3)) {
            return;
        }
        let count = self.rng.random_range(1..3);
        let kinds: Vec<&str> = (0..count).filter_map(|_| set.choose(&mut self.rng).copied()).collect();
        let marks: Vec<Value> = kinds.into_iter().map(|kind| self.made_mark(kind)).collect();
        made["marks"] = json!(marks);
    }

    fn made_mark(&mut self, kind: &str) -> Value {
        let mut mark = json!({"type": kind});
        if let Some(attrs) = super::attributes_of_mark(kind).and_then(|attrs| self.attributes(&attrs)) {
            mark["attrs"] = attrs;
        }
        mark
    }

    fn spoil(&mut self, made: &mut Value) {
        if !self.is_wild() {
            return;
        }
        match self.rng.random_range(0..6) {
            0 => made["attrs"]["madeUp"] = self.value(),
            1 => made["madeUp"] = self.value(),
            2 => made["marks"] = json!([]),
            3 => drop(made.as_object_mut().map(|made| made.remove("content"))),
            4 => drop(made.as_object_mut().map(|made| made.remove("attrs"))),
            _ => made["content"] = json!([]),
        }
    }
}

#[test]
fn documents_are_handed_to_the_oracles_with_what_is_thought_of_them() {
    let Some(folder) = folder() else { return };
    let mut lines = String::new();
    for seed in 0..DOCUMENTS {
        let wild = [0, 5, 20, 60][(seed % 4) as usize];
        let document = Maker { rng: StdRng::seed_from_u64(seed), values: values(), wild }.document();
        lines += &json!({"valid": is_valid(&document), "document": document}).to_string();
        lines.push('\n');
    }
    std::fs::write(folder.join("documents.jsonl"), lines).unwrap();
}

/// What the product writes is in the same folder, if its own tests came first.
#[test]
fn wiki_markup_is_read_for_the_oracles() {
    let Some(folder) = folder() else { return };
    let mut lines = String::new();
    for line in std::fs::read_to_string(folder.join("written.jsonl")).unwrap_or_default().lines() {
        let written: Value = serde_json::from_str(line).unwrap();
        let adf = from_wiki(written["wiki"].as_str().unwrap());
        lines += &json!({"wiki": written["wiki"], "adf": adf}).to_string();
        lines.push('\n');
    }
    std::fs::write(folder.join("simulated.jsonl"), lines).unwrap();
}

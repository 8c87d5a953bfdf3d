//! Reads one object of a flow file, field by field.

use std::collections::BTreeSet;

use jsonc_parser::ast::{self, Value};
use jsonc_parser::common::Ranged;

use super::super::finding::{At, Findings, Placed};
use super::super::schema::{self, Schema};
use super::kinds::of_kind;
use super::{Fields, FromJson, Maybe, Part, nearest};

struct Object<'a> {
    json: &'a ast::Object<'a>,
    at: &'a At,
    findings: &'a Findings,
    known: Vec<&'static str>,
}

impl<T: Part> FromJson for T {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        let json = of_kind(value.as_object(), "an object", value, at, findings)?;
        refuse_repeated(json, at, findings);
        let mut object = Object { json, at, findings, known: Vec::new() };
        let part = T::read(&mut object);
        object.refuse_unknown();
        Some(part)
    }

    fn schema() -> Schema {
        schema::of_part::<T>()
    }
}

impl Fields for Object<'_> {
    fn optional<T: FromJson>(&mut self, name: &'static str, _meaning: &'static str) -> Maybe<T> {
        self.known.push(name);
        let value = self.value(name)?;
        placed(value, self.at.field(name, value.start()), self.findings)
    }

    fn required<T: FromJson>(&mut self, name: &'static str, meaning: &'static str) -> Maybe<T> {
        if self.value(name).is_none() {
            self.findings.problem(&self.at.missing(name), "is missing");
        }
        self.optional(name, meaning)
    }

    fn any_of(&mut self, names: [&'static str; 2], or_else: &str) {
        if names.iter().all(|name| self.value(name).is_none()) {
            self.findings.problem(&self.at.missing(names[0]), format!("is missing; {or_else}"));
        }
    }

    fn former(&mut self, name: &'static str, instead: &'static str) {
        self.known.push(name);
        if let Some(value) = self.value(name) {
            let message = format!("is not used any more; {instead}");
            self.findings.warn(&self.at.field(name, value.start()), message);
        }
    }
}

impl Object<'_> {
    fn value(&self, name: &str) -> Option<&Value<'_>> {
        let property = self.json.properties.iter().find(|property| property.name.as_str() == name)?;
        property.value.as_null_keyword().is_none().then_some(&property.value)
    }

    fn refuse_unknown(&self) {
        for property in &self.json.properties {
            let name = property.name.as_str();
            if !self.known.contains(&name) && !is_comment(name) {
                self.findings.problem(&self.at.field(name, property.start()), unknown(name, &self.known));
            }
        }
    }
}

/// Reports fields that are given twice: other readers of JSON take the last one, people the first.
pub(super) fn refuse_repeated(json: &ast::Object<'_>, at: &At, findings: &Findings) {
    let mut seen = BTreeSet::new();
    for property in &json.properties {
        let name = property.name.as_str();
        if !seen.insert(name) {
            findings.problem(&at.field(name, property.start()), "is given twice; keep one of them");
        }
    }
}

pub(super) fn is_comment(name: &str) -> bool {
    name.starts_with('_') || name == "$schema"
}

pub(super) fn placed<T: FromJson>(value: &Value<'_>, at: At, findings: &Findings) -> Maybe<T> {
    T::from_json(value, &at, findings).map(|value| Placed { at, value })
}

fn unknown(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(meant) => format!("unknown field (did you mean {meant:?}?)"),
        None => format!("unknown field; remove it, or make it a comment: {:?}", format!("_{name}")),
    }
}

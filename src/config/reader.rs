//! Reads JSON into typed parts and notes every mistake with its place.
//!
//! A type says which fields it has ([`Part`]); the rest is done here: kinds of values, missing and unknown fields, fields
//! given twice. Strict JSON: what other tools would refuse is refused.

use jsonc_parser::ast::{self, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::finding::{At, Findings, Placed};
use crate::flow::Secret;

/// Reads a whole text. `None` when nothing could be made of it, which is then noted in `findings`.
pub fn read<T: FromJson>(text: &str, findings: &Findings) -> Option<T> {
    let root = At::root();
    match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => match parsed.value {
            Some(value) => T::from_json(&value, &root.shifted(value.start()), findings),
            None => note(findings, &root, "the file is empty; it must hold one JSON object"),
        },
        Err(error) => note(findings, &root.shifted(error.range().start), &syntax(&error)),
    }
}

/// What can be made of a JSON value.
pub trait FromJson: Sized {
    /// `None` when `value` is of the wrong kind, which is then noted in `findings`.
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self>;
}

/// What is written as a JSON object with known fields.
pub trait Part: Sized {
    /// Takes the fields from `object`; those not asked for are unknown.
    fn read(object: &mut Object<'_>) -> Self;
}

/// A JSON object being read.
pub struct Object<'a> {
    json: &'a ast::Object<'a>,
    at: &'a At,
    findings: &'a Findings,
    known: Vec<&'static str>,
}

impl Object<'_> {
    /// A field that must be there; if it isn't, that is noted.
    pub fn required<T: FromJson>(&mut self, name: &'static str) -> Option<Placed<T>> {
        if self.value(name).is_none() {
            self.findings.problem(&self.at.missing(name), "is missing");
        }
        self.optional(name)
    }

    /// A field that may be absent, or `null`, which means the same.
    pub fn optional<T: FromJson>(&mut self, name: &'static str) -> Option<Placed<T>> {
        self.known.push(name);
        let value = self.value(name)?;
        placed(value, self.at.field(name, value.start()), self.findings)
    }

    /// A field that is known by name only; `instead` says what to do without it.
    pub fn not_yet(&mut self, name: &'static str, instead: &str) {
        self.known.push(name);
        if let Some(value) = self.value(name) {
            let at = self.at.field(name, value.start());
            self.findings.problem(&at, format!("is not supported yet; {instead}"));
        }
    }

    fn value(&self, name: &str) -> Option<&Value<'_>> {
        let property = self.json.properties.iter().find(|property| property.name.as_str() == name)?;
        property.value.as_null_keyword().is_none().then_some(&property.value)
    }

    fn refuse_unknown_and_repeated(&self) {
        for (index, property) in self.json.properties.iter().enumerate() {
            let name = property.name.as_str();
            let at = self.at.field(name, property.start());
            if self.json.properties[..index].iter().any(|earlier| earlier.name.as_str() == name) {
                self.findings.problem(&at, "is given twice; keep one of them");
            } else if !self.known.contains(&name) && !is_comment(name) {
                self.findings.problem(&at, unknown(name, &self.known));
            }
        }
    }
}

impl<T: Part> FromJson for T {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        let json = of_kind(value.as_object(), "an object", value, at, findings)?;
        let mut object = Object { json, at, findings, known: Vec::new() };
        let part = T::read(&mut object);
        object.refuse_unknown_and_repeated();
        Some(part)
    }
}

impl FromJson for String {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        of_kind(value.as_string_lit(), "a text", value, at, findings).map(|text| text.value.to_string())
    }
}

impl FromJson for Secret {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        String::from_json(value, at, findings).map(Self::new)
    }
}

impl FromJson for bool {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        of_kind(value.as_boolean_lit(), "true or false", value, at, findings).map(|flag| flag.value)
    }
}

impl FromJson for f64 {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        let number = of_kind(value.as_number_lit(), "a number", value, at, findings)?;
        // Every JSON number is one of Rust's; one too large becomes infinite, which the checks of ranges refuse.
        number.value.parse().ok()
    }
}

/// Elements of the wrong kind are noted and left out.
impl<T: FromJson> FromJson for Vec<Placed<T>> {
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self> {
        let array = of_kind(value.as_array(), "a list", value, at, findings)?;
        let item = |(index, value): (usize, &Value<'_>)| placed(value, at.item(index, value.start()), findings);
        Some(array.elements.iter().enumerate().filter_map(item).collect())
    }
}

/// The name of `known` that `found` was most likely meant to be.
pub fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let found = found.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&found, &name.to_lowercase());
    let best = known.iter().copied().min_by_key(|name| distance(name))?;
    // A third of the letters wrong is still a slip; beyond that a guess misleads.
    (distance(best) <= best.chars().count().div_ceil(3)).then_some(best)
}

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn placed<T: FromJson>(value: &Value<'_>, at: At, findings: &Findings) -> Option<Placed<T>> {
    T::from_json(value, &at, findings).map(|value| Placed { at, value })
}

fn of_kind<T>(cast: Option<T>, wanted: &str, value: &Value<'_>, at: &At, findings: &Findings) -> Option<T> {
    if cast.is_none() {
        findings.problem(at, format!("must be {wanted}, not {}", kind(value)));
    }
    cast
}

/// The kind only: the value may be a secret.
fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::StringLit(_) => "a text",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(flag) if flag.value => "true",
        Value::BooleanLit(_) => "false",
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::NullKeyword(_) => "null",
    }
}

fn is_comment(name: &str) -> bool {
    name.starts_with('_') || name == "$schema"
}

fn unknown(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(meant) => format!("unknown field (did you mean {meant:?}?)"),
        None => format!("unknown field; remove it, or make it a comment: {:?}", format!("_{name}")),
    }
}

fn note<T>(findings: &Findings, at: &At, message: &str) -> Option<T> {
    findings.problem(at, message);
    None
}

fn syntax(error: &ParseError) -> String {
    // In a broken text the parser's words repeat a part of it, which may be a secret.
    let in_text = matches!(error.kind(), ParseErrorKind::String(_));
    let parsers_words = || error.kind().to_string().to_lowercase();
    let what = if in_text { "a text is not ended or has a broken escape".to_owned() } else { parsers_words() };
    format!("no valid JSON: {what}")
}

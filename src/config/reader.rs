//! Reads JSON into typed parts and notes every mistake with its place.
//!
//! A type says which fields it has, and what each means ([`Part`]); the rest is done here: kinds of values, missing and
//! unknown fields, fields given twice. Strict JSON: what other tools would refuse is refused. The same words of a type
//! make the published schema (`schema`), so that the two say the same.

mod kinds;
mod object;
mod syntax;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

pub use kinds::{Anything, Map, Measure, Named, OneOf, Span};

use super::finding::{At, Findings, Placed};
use super::schema::Schema;

/// A field that may be absent.
pub type Maybe<T> = Option<Placed<T>>;

/// Reads a whole text. `None` when nothing could be made of it, which is then noted in `findings`.
pub fn read<T: FromJson>(text: &str, findings: &Findings) -> Option<T> {
    let root = At::root();
    match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => match parsed.value {
            Some(value) => T::from_json(&value, &root.shifted(value.start()), findings),
            None => note(findings, &root, "the file is empty; it must hold one JSON object"),
        },
        Err(error) => {
            let (offset, message) = syntax::explained(text, &error);
            note(findings, &root.shifted(offset), &message)
        }
    }
}

/// What can be made of a JSON value.
pub trait FromJson: Sized {
    /// `None` when `value` is of the wrong kind, which is then noted in `findings`.
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self>;

    /// The values that are taken.
    fn schema() -> Schema;
}

/// What is written as a JSON object with known fields.
pub trait Part: Sized {
    /// Asks for every field; those not asked for are unknown.
    fn read(fields: &mut impl Fields) -> Self;
}

/// The fields of one kind of object: of one in a file, or as they may be in any.
pub trait Fields {
    /// A field that may be absent, or `null`, which means the same. `meaning` is for people who write such files.
    fn optional<T: FromJson>(&mut self, name: &'static str, meaning: &'static str) -> Maybe<T>;

    /// The same for a field that must be there; if it isn't, that is noted.
    fn required<T: FromJson>(&mut self, name: &'static str, meaning: &'static str) -> Maybe<T>;

    /// At least one of these fields must be there; else that is noted as if the first were missing.
    fn any_of(&mut self, names: [&'static str; 2], or_else: &str);

    /// A field that the Node service knew and that has no meaning any more; `instead` says what to do.
    fn former(&mut self, name: &'static str, instead: &'static str);
}

/// The name of `known` that `found` was most likely meant to be.
pub fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let found = found.to_lowercase();
    // A third of the letters wrong is still a slip; beyond that a guess misleads. The length alone rules most names
    // out.
    let slips = |name: &str| name.len().div_ceil(3);
    let alike = known.iter().copied().filter(|name| name.len().abs_diff(found.len()) <= slips(name));
    let measured = alike.map(|name| (strsim::damerau_levenshtein(&found, &name.to_lowercase()), name));
    measured.filter(|(distance, name)| *distance <= slips(name)).min().map(|(_, name)| name)
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

fn note<T>(findings: &Findings, at: &At, message: &str) -> Option<T> {
    findings.problem(at, message);
    None
}

//! Reads JSON into typed parts and reports every mistake with its place.
//!
//! A type declares its fields and their meaning ([`Part`]); this module checks kinds of values, missing and unknown
//! fields, and fields given twice. The JSON must be strict, so that other tools accept it too. The published schema
//! (`schema`) is made from the same declarations.

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

/// Reads a whole text. `None` when it can't be read; `findings` says why.
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

/// A type that can be read from a JSON value.
pub trait FromJson: Sized {
    /// Reads a value. `None` when it is of the wrong kind; `findings` says so.
    fn from_json(value: &Value<'_>, at: &At, findings: &Findings) -> Option<Self>;

    /// The schema of the values that are accepted.
    fn schema() -> Schema;
}

/// A type that is written as a JSON object with known fields.
pub trait Part: Sized {
    /// Declares and reads every field; any other field is unknown.
    fn read(fields: &mut impl Fields) -> Self;
}

/// The fields of a kind of object: those of an object in a file, or those that the schema lists.
pub trait Fields {
    /// A field that may be absent, or `null`, which means the same. `meaning` is its description in the schema.
    fn optional<T: FromJson>(&mut self, name: &'static str, meaning: &'static str) -> Maybe<T>;

    /// A field that must be there; its absence is reported.
    fn required<T: FromJson>(&mut self, name: &'static str, meaning: &'static str) -> Maybe<T>;

    /// Demands at least one of these fields; else the first one is reported as missing.
    fn any_of(&mut self, names: [&'static str; 2], or_else: &str);

    /// A field of the Node.js service without a meaning now; `instead` says what to write.
    fn former(&mut self, name: &'static str, instead: &'static str);
}

/// The name in `known` that was most likely meant by `found`.
pub fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let found = found.to_lowercase();
    // Up to a third of the letters may be wrong; beyond that a guess misleads. The length alone rules most names out.
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

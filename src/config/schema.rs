//! The JSON Schema of a flow file (draft 2020-12), for editors.
//!
//! It is made from the declarations by which a file is read, so that both have the same fields. It demands less than
//! `check` does where several fields depend on each other, and never refuses a file that `check` accepts.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::raw::FlowFile;
use super::reader::{Fields, FromJson, Maybe, Part};

/// The schema as JSON text, which ends with a line break.
///
/// # Errors
/// Never in practice: it consists of texts and numbers only.
pub fn schema() -> Result<String, serde_json::Error> {
    let root = Schema {
        dialect: Some("https://json-schema.org/draft/2020-12/schema"),
        title: Some("Lockstep flow file"),
        ..FlowFile::schema()
    };
    serde_json::to_string_pretty(&root).map(|text| text + "\n")
}

/// The values that a field accepts; by default any.
#[derive(Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Schema {
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    dialect: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deprecated: bool,
    #[serde(rename = "type", skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<&'static str>,
    /// `None` stands for `null`.
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    among: Vec<Option<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<Schema>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    all_of: Vec<AnyOf>,
    #[serde(skip_serializing_if = "Properties::is_empty")]
    properties: Properties,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pattern_properties: BTreeMap<&'static str, Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_properties: Option<Others>,
}

/// Whether an object may have further fields.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Others {
    Allowed(bool),
    Each(Box<Schema>),
}

/// Demands at least one of some fields.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct AnyOf {
    any_of: Vec<Has>,
}

#[derive(serde::Serialize)]
struct Has {
    required: [&'static str; 1],
}

/// Fields in the order in which they are declared, which is also the usual order in files.
#[derive(Default)]
struct Properties(Vec<(&'static str, Schema)>);

impl Schema {
    /// The schema of all values of one kind.
    pub fn kind(kind: &'static str) -> Self {
        Self { kinds: vec![kind], ..Self::default() }
    }

    /// Allows only these texts.
    pub fn among(self, names: Vec<&'static str>) -> Self {
        Self { among: names.into_iter().map(Some).collect(), ..self }
    }

    /// Allows only numbers within these limits, both included.
    pub fn between(self, minimum: f64, maximum: f64) -> Self {
        Self { minimum: Some(minimum), maximum: Some(maximum), ..self }
    }

    /// Allows only such elements of a list.
    pub fn of_items(self, items: Self) -> Self {
        Self { items: Some(Box::new(items)), ..self }
    }

    /// Allows only such values in an object's fields, which may have any name; comments apart.
    pub fn of_values(self, values: Self) -> Self {
        Self { additional_properties: Some(Others::Each(Box::new(values))), ..self.with_comments() }
    }

    /// Allows also `null`, which counts as absent.
    pub fn or_null(mut self) -> Self {
        if !self.kinds.is_empty() {
            self.kinds.push("null");
        }
        if !self.among.is_empty() {
            self.among.push(None);
        }
        self
    }

    fn with_comments(mut self) -> Self {
        self.pattern_properties.insert("^\\$schema$", Self::default());
        self.pattern_properties.insert("^_", Self::default());
        self
    }
}

/// The schema of an object, from the declarations of its type.
pub fn of_part<T: Part>() -> Schema {
    let mut listing = Listing(Schema::kind("object").with_comments());
    T::read(&mut listing);
    Schema { additional_properties: Some(Others::Allowed(false)), ..listing.0 }
}

/// Lists the declared fields in a schema; all of them read as absent.
struct Listing(Schema);

impl Fields for Listing {
    fn optional<T: FromJson>(&mut self, name: &'static str, meaning: &'static str) -> Maybe<T> {
        self.list(name, Schema { description: Some(meaning), ..T::schema().or_null() })
    }

    fn required<T: FromJson>(&mut self, name: &'static str, meaning: &'static str) -> Maybe<T> {
        self.0.required.push(name);
        self.list(name, Schema { description: Some(meaning), ..T::schema() })
    }

    fn any_of(&mut self, names: [&'static str; 2], _or_else: &str) {
        self.0.all_of.push(AnyOf { any_of: names.map(|name| Has { required: [name] }).into() });
    }

    fn former(&mut self, name: &'static str, instead: &'static str) {
        let _: Maybe<()> =
            self.list(name, Schema { description: Some(instead), deprecated: true, ..Schema::default() });
    }
}

impl Listing {
    fn list<T>(&mut self, name: &'static str, schema: Schema) -> Maybe<T> {
        self.0.properties.0.push((name, schema));
        None
    }
}

impl Properties {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, schema)| map.serialize_entry(name, schema))?;
        map.end()
    }
}

#[cfg(test)]
mod tests;

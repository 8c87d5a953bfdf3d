//! Values of fields, opaque to all but the Jira client.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

/// Fields of an issue by id, such as `resolution` or `customfield_10010`.
pub type Fields = BTreeMap<String, FieldValue>;

/// A field's value, as Jira's JSON has it. Displayed and parsed as that JSON, so that it can be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldValue(Value);

impl FieldValue {
    /// What has a name: a resolution, a priority, a version.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(json!({"name": name}))
    }

    /// One of a select field's options.
    #[must_use]
    pub fn option(value: &str) -> Self {
        Self(json!({"value": value}))
    }

    /// A single line.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self(json!(text))
    }

    /// Nothing: it empties a field.
    #[must_use]
    pub fn nothing() -> Self {
        Self(Value::Null)
    }

    /// True, of a field that says yes or no.
    #[must_use]
    pub fn yes() -> Self {
        Self(json!(true))
    }

    /// Whether nothing is in the field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(all) => all.is_empty(),
            // A rich text without any part.
            Value::Object(it) if it.get("type").is_some_and(|kind| kind == "doc") => {
                it.get("content").and_then(Value::as_array).is_none_or(Vec::is_empty)
            }
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        }
    }

    pub(super) fn from_jira(value: Value) -> Self {
        Self(value)
    }

    pub(super) fn to_jira(&self) -> Value {
        self.0.clone()
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for FieldValue {
    type Err = NoValue;

    fn from_str(text: &str) -> Result<Self, NoValue> {
        serde_json::from_str(text).map(Self).map_err(|_| NoValue)
    }
}

/// A text that is no field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the value of a field: it must be JSON")]
pub struct NoValue;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_can_be_kept_as_text() {
        for value in [FieldValue::named("Fixed"), FieldValue::yes(), FieldValue::text("a \"b\"")] {
            assert_eq!(value.to_string().parse(), Ok(value));
        }
        assert_eq!("{".parse::<FieldValue>(), Err(NoValue));
    }

    #[test]
    fn numbers_keep_every_digit() {
        for number in ["36.762283096760996", "18446744073709551616", "1.0", "-0", "1e+400", "0.10"] {
            let value: FieldValue = number.parse().unwrap();
            assert_eq!((value.to_string(), value.to_jira().to_string()), (number.to_owned(), number.to_owned()));
        }
    }
}

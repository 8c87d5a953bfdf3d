//! Documents as rows, and values in documents.

use chrono::{DateTime, Utc};
use mongodb::bson::{self, Bson, Document};

use crate::store::records::{Row, Table, Value};

/// A document as it is.
pub(super) fn row(collection: &'static str, document: Document) -> Row {
    let id = document.get("_id").map_or_else(|| "without an _id".to_owned(), Bson::to_string);
    let (names, values): (Vec<_>, Vec<_>) = document.into_iter().map(|(name, found)| (name, value(found))).unzip();
    Row { table: collection, id: Some(id), names: names.into(), values }
}

/// A document as a row of a table: its `_id` bears the name of the key's column.
pub(super) fn row_of(table: &'static Table, mut document: Document) -> Row {
    let id = document.get("_id").cloned();
    let row = |document| row(table.name, document);
    match (key_in_id(table), id) {
        (Some(key), Some(id)) => {
            document.insert(key, id);
            row(document)
        }
        (Some(_), None) | (None, _) => row(document),
    }
}

/// The column that MongoDB keeps as `_id`.
pub(super) fn key_in_id(table: &Table) -> Option<&'static str> {
    match table.key {
        [column] if table.key_is_id => Some(column.name),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of the other types Lockstep writes none")]
fn value(found: Bson) -> Value {
    match found {
        Bson::Null | Bson::Undefined => Value::Null,
        Bson::String(text) => Value::Text(text),
        Bson::Int32(number) => Value::Number(number.into()),
        Bson::Int64(number) => Value::Number(number),
        Bson::Boolean(flag) => Value::Flag(flag),
        Bson::DateTime(at) => Value::Time(at.timestamp_millis()),
        Bson::Document(document) => match serde_json::to_string(&document) {
            Ok(json) => Value::Json(json),
            Err(why) => Value::Other(why.to_string()),
        },
        other => Value::Other(other.to_string()),
    }
}

/// A value as a document has it.
pub(super) fn bson(value: Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Text(text) | Value::Other(text) => Bson::String(text),
        Value::Number(number) => Bson::Int64(number),
        Value::Flag(flag) => Bson::Boolean(flag),
        Value::Time(millis) => Bson::DateTime(bson::DateTime::from_millis(millis)),
        Value::Json(json) => Bson::Document(document(&json)),
    }
}

/// The values of a record as fields.
pub(super) fn fields(values: Vec<(&'static str, Value)>) -> Document {
    values.into_iter().map(|(name, value)| (name.to_owned(), bson(value))).collect()
}

/// A key as `_id`, or in the field that has it.
pub(super) fn which(table: &'static Table, key: Vec<Value>) -> Document {
    match (table.key, table.key_is_id) {
        ([column], false) => Document::from_iter(key.into_iter().map(|value| (column.name.to_owned(), bson(value)))),
        _ => Document::from_iter([("_id".to_owned(), id(key))]),
    }
}

/// A key as `_id`.
pub(super) fn id(mut key: Vec<Value>) -> Bson {
    match (key.pop(), &key[..]) {
        (Some(last), []) => bson(last),
        (last, first) => {
            let texts: Vec<_> = first.iter().chain(&last).map(ToString::to_string).collect();
            texts.join("/").into()
        }
    }
}

/// This machine's time as a date.
pub(super) fn wall_date(at: DateTime<Utc>) -> bson::DateTime {
    bson::DateTime::from_millis(at.timestamp_millis())
}

/// A stored JSON object as a document, which people can read and query.
fn document(json: &str) -> Document {
    #[expect(
        clippy::expect_used,
        reason = "records are JSON objects of texts, numbers and lists, without `$` in a name"
    )]
    serde_json::from_str(json).expect("a record is a document")
}

/// A count as MongoDB keeps it.
pub(super) fn long(number: u64) -> i64 {
    // Counts of a database's documents and commits; none comes near.
    i64::try_from(number).unwrap_or(i64::MAX)
}

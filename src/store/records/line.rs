//! A record as a line of an export: a JSON object that says its kind. What this version does not know is refused by name.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

use super::{Text, Unfit};
use crate::flow::IssueRef;
use crate::store::Change;

/// How something stands in an export.
pub trait Line: Sized + 'static {
    /// What the line says it is.
    const KIND: &'static str;
    /// Whether an import writes it behind all that is not.
    const LAST: bool = false;

    /// Whether another store can take it.
    fn is_portable(&self) -> bool {
        true
    }
    /// The line's fields but for its kind.
    fn line(&self) -> Json;
    /// Reads the fields of a line.
    ///
    /// # Errors
    /// When a field is missing or not as it should be.
    fn from_line(fields: &mut Fields) -> Result<Self, Unfit>;
    /// What an import writes; to be made twice with the same result.
    fn changes(self) -> Vec<Change>;
}

/// A record of any kind on its way out or in.
pub trait Exported: Send {
    /// What the line says it is.
    fn kind(&self) -> &'static str;
    /// Whether an import writes it behind all that is not.
    fn is_last(&self) -> bool;
    /// The whole line.
    fn json(&self) -> Json;
    /// What an import writes.
    fn changes(self: Box<Self>) -> Vec<Change>;
}

impl<L: Line + Send> Exported for L {
    fn kind(&self) -> &'static str {
        L::KIND
    }

    fn is_last(&self) -> bool {
        L::LAST
    }

    fn json(&self) -> Json {
        let mut line = self.line();
        line["kind"] = L::KIND.into();
        line
    }

    fn changes(self: Box<Self>) -> Vec<Change> {
        (*self).changes()
    }
}

/// The fields of a line that were not read so far.
pub struct Fields(Map<String, Json>);

impl Fields {
    /// Of the line `text`.
    pub(in crate::store) fn of(text: &str) -> Result<Self, Unfit> {
        serde_json::from_str(text).map(Self).map_err(|why| Unfit::new("no JSON object", why))
    }

    /// Whether there is such a field.
    pub(in crate::store) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A field, which must be there.
    pub(in crate::store) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Unfit> {
        let unfit = |why: &dyn Display| Unfit::new(format!("field {name}"), why);
        let value = self.0.remove(name).ok_or_else(|| unfit(&"it is missing"))?;
        serde_json::from_value(value).map_err(|why| unfit(&why))
    }

    /// What only later versions write, if it is there.
    pub(super) fn take_if_there<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, Unfit> {
        if self.has(name) { self.take(name) } else { Ok(None) }
    }

    /// A text as what it stands for.
    pub(in crate::store) fn text<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, Unfit> {
        self.take::<Text<T>>(name).map(|text| text.0)
    }

    /// A text as what it stands for, or null.
    pub(super) fn maybe<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, Unfit> {
        Ok(self.take::<Option<Text<T>>>(name)?.map(|text| text.0))
    }

    /// An issue's id and key.
    pub(super) fn issue(&mut self, name: &str) -> Result<IssueRef, Unfit> {
        let mut fields = Self(self.take(name)?);
        let issue = (|| {
            let issue = IssueRef { id: fields.text("id")?, key: fields.text("key")? };
            fields.end()?;
            Ok(issue)
        })();
        issue.map_err(|why: Unfit| Unfit::new(format!("field {name}"), why))
    }

    /// Refuses what is left.
    pub(in crate::store) fn end(self) -> Result<(), Unfit> {
        let unknown = |(name, _)| Unfit::new(format!("field {name}"), "it is not known to this version of Lockstep");
        self.0.into_iter().next().map_or(Ok(()), |field| Err(unknown(field)))
    }
}

/// An issue as part of a line.
pub(super) fn issue_json(issue: &IssueRef) -> Json {
    json!({ "id": issue.id.as_str(), "key": issue.key.as_str() })
}

/// A stored document as part of a line. One that is no JSON, which no store hands out, is refused when it is read back.
pub(super) fn document_json(document: &str) -> Json {
    serde_json::from_str(document).unwrap_or_else(|_| document.into())
}

//! Which further fields are copied to created issues.

use std::fmt;

/// A field of Jira as a flow file names it: its id (`customfield_10042`, `labels`) or the name that people see.
/// Compared without case. Never empty.
#[derive(Clone)]
pub struct FieldName {
    written: String,
    folded: String,
}

impl FieldName {
    /// The name without surrounding blanks; `None` when nothing is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let written = text.trim().to_owned();
        let folded = written.to_lowercase();
        (!written.is_empty()).then_some(Self { written, folded })
    }

    /// The name as written, trimmed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether this is the field with that id or name.
    #[must_use]
    pub fn is(&self, id_or_name: &str) -> bool {
        self.folded == id_or_name.to_lowercase()
    }
}

impl PartialEq for FieldName {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for FieldName {}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.written)
    }
}

impl fmt::Debug for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// One entry of `fieldMap`: what the user issue has in one field, the created dev issue gets in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldCopy {
    /// The user issue's field.
    pub from: FieldName,
    /// The dev issue's field.
    pub to: FieldName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_compared_trimmed_and_without_case() {
        assert_eq!(FieldName::new(" Story Points "), FieldName::new("story points"));
        assert!(FieldName::new("Severity").is_some_and(|field| field.is("severity")));
        assert_eq!(FieldName::new(" "), None);
    }
}

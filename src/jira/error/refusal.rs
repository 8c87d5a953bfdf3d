//! What Jira says of a request that it does not accept.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use super::said::{Said, Shape};

/// The words of a refusal: all on one line, and by field where Jira names fields. Reads as that line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    said: String,
    fields: BTreeMap<String, String>,
    in_jiras_words: bool,
}

impl Refusal {
    /// What an answer says, after `said`, which names its status too.
    pub(in crate::jira) fn new(said: String, answer: Said) -> Self {
        Self { said, fields: answer.fields, in_jiras_words: answer.shape == Shape::Jira }
    }

    /// What it says of a field (`errors`), by the field's id.
    #[must_use]
    pub fn of_field(&self, id: &str) -> Option<&str> {
        self.fields.get(id).map(String::as_str)
    }

    /// The ids of the fields that it complains of.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// Whether Jira itself refuses: a gateway's or a stranger's words say nothing of fields.
    #[must_use]
    pub fn is_in_jiras_words(&self) -> bool {
        self.in_jiras_words
    }

    /// The same, its words changed.
    pub(in crate::jira) fn reword(self, change: impl Fn(String) -> String) -> Self {
        let fields = self.fields.into_iter().map(|(id, said)| (change(id), change(said))).collect();
        Self { said: change(self.said), fields, in_jiras_words: self.in_jiras_words }
    }
}

/// A refusal of our own making, or with words added: it names no field.
impl From<String> for Refusal {
    fn from(said: String) -> Self {
        Self { said, fields: BTreeMap::new(), in_jiras_words: false }
    }
}

impl Deref for Refusal {
    type Target = str;

    fn deref(&self) -> &str {
        &self.said
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::super::said::said;
    use super::*;

    fn refusal(body: &str) -> Refusal {
        let answer = said(&HeaderMap::new(), body.as_bytes());
        Refusal::new(answer.text.clone(), answer)
    }

    #[test]
    fn fields_are_told_apart_however_jira_words_them() {
        let said =
            refusal(r#"{"errorMessages":["no"],"errors":{"customfield_10011":"Nom de l'epopee","b":["x","y"]}}"#);
        assert_eq!(said.fields().collect::<Vec<_>>(), ["b", "customfield_10011"]);
        assert_eq!((said.of_field("b"), said.of_field("c")), (Some("x; y"), None));
        assert!(said.is_in_jiras_words());
        let secret = said.reword(|text| text.replace('x', "***"));
        assert_eq!(secret.of_field("b"), Some("***; y"));
    }

    #[test]
    fn a_gateways_words_name_no_field() {
        for body in [r#"{"message":"no","error":"x"}"#, r#"{"errors":"x"}"#, r#"{"errors":[{"field":"x"}]}"#, "<p>", ""]
        {
            let said = refusal(body);
            assert_eq!((said.fields().count(), said.is_in_jiras_words()), (0, false), "{body}");
        }
    }
}

//! What Jira says is wrong.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Any of the shapes in which Jira says what is wrong.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::jira) struct Complaint {
    error_messages: Vec<String>,
    errors: BTreeMap<String, Value>,
    title: Option<String>,
    detail: Option<String>,
    message: Option<String>,
    error_message: Option<String>,
}

impl Complaint {
    /// What Jira said, on one line; empty when it said nothing that we know.
    pub(in crate::jira) fn text(self) -> String {
        let fields = self.errors.into_iter().map(|(field, what)| match what {
            Value::String(text) => format!("{field}: {text}"),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                format!("{field}: {other}")
            }
        });
        let plain = [self.title, self.detail, self.message, self.error_message].into_iter().flatten();
        self.error_messages.into_iter().chain(fields).chain(plain).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_of_every_shape_are_told_on_one_line() {
        let cases = [
            (
                r#"{"errorMessages":[],"errors":{"issuetype":"Specify an issue type"}}"#,
                "issuetype: Specify an issue type",
            ),
            (r#"{"errorMessages":["gone"]}"#, "gone"),
            (r#"{"title":"Not Found","status":404,"detail":"no such path"}"#, "Not Found; no such path"),
            (r#"{"code":401,"message":"Unauthorized"}"#, "Unauthorized"),
        ];
        for (json, text) in cases {
            assert_eq!(serde_json::from_str::<Complaint>(json).unwrap().text(), text);
        }
    }
}

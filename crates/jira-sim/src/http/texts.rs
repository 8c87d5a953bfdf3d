//! Rich texts at the border of the API: version 3 takes and gives ADF documents, version 2 wiki markup.

use serde_json::{Value, json};

use super::endpoint::Api;
use crate::flavour::Flavour;
use crate::markup;
use crate::state::State;

/// Why a text is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not of the kind that this version of the API takes: a string instead of a document, or the other way round.
    OtherKind,
    /// A document in outline, but not by its schema.
    Invalid,
    /// With what Jira says about it.
    TooLong(String),
}

/// A text from a request, in the form in which this kind of Jira keeps it.
pub(super) fn read(state: &State, api: Api, value: &Value) -> Result<Value, Refused> {
    let kept = match (api, state.setup.flavour) {
        (Api::V3, _) if !markup::is_document(value) => return Err(Refused::OtherKind),
        (Api::V3, _) if !markup::is_valid(value) => return Err(Refused::Invalid),
        (Api::V3, _) => value.clone(),
        (Api::V2, flavour) => {
            let wiki = value.as_str().ok_or(Refused::OtherKind)?;
            // Counted as it was sent, whatever it becomes.
            short_enough(state, value)?;
            match flavour {
                Flavour::Cloud => markup::from_wiki(wiki),
                Flavour::DataCenter => json!(wiki),
            }
        }
    };
    short_enough(state, &kept)?;
    Ok(kept)
}

/// Jira's words for a field's text that is not of the kind that this version of the API takes.
pub(super) fn wanted(api: Api) -> &'static str {
    match api {
        Api::V2 => "Operation value must be a string",
        Api::V3 => "Operation value must be an Atlassian Document (see the Atlassian Document Format)",
    }
}

/// A text as it was kept, in the form that this version of the API gives.
pub(super) fn write(api: Api, kept: &Value) -> Value {
    match api {
        Api::V3 => kept.clone(),
        Api::V2 => markup::to_wiki(kept).into(),
    }
}

fn short_enough(state: &State, text: &Value) -> Result<(), Refused> {
    let limit = state.setup.text_limit;
    // Data Center's administrators may lift the limit by setting it to nothing.
    if limit == 0 || markup::length(text) <= limit {
        return Ok(());
    }
    let shown = thousands(limit);
    Err(Refused::TooLong(format!("The entered text is too long. It exceeds the allowed limit of {shown} characters.")))
}

/// 32767 as `32,767`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let first = (digits.len() - 1) % 3 + 1;
    let (head, tail) = digits.split_at(first);
    tail.as_bytes()
        .chunks(3)
        .fold(head.to_owned(), |shown, group| format!("{shown},{}", String::from_utf8_lossy(group)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn limits_are_shown_with_a_comma_before_each_thousand() {
        let shown = [1, 999, 1000, 32_767, 1_000_000].map(super::thousands);
        assert_eq!(shown, ["1", "999", "1,000", "32,767", "1,000,000"]);
    }
}

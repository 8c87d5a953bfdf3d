//! Keys that our JSON reader takes for its own.
//!
//! serde_json hands numbers and raw texts on as objects with a single key of its own. Whoever may write JSON into an
//! issue (a property, an app's part of a text) could write such a key, and nothing of that answer could be read.

const OWN: &[u8] = b"$serde_json::private::";

/// Gives such keys another name, in place. Jira writes `$` as it is, so no other form of them is looked for.
pub(super) fn rename(answer: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = answer[at..].iter().position(|byte| *byte == b'$') {
        at += found;
        if answer[at..].starts_with(OWN) {
            answer[at] = b'_';
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn a_key_of_our_json_reader_in_an_issue_does_no_harm() {
        for hostile in [
            r#"{"a": {"$serde_json::private::Number": "x"}}"#,
            r#"{"a": [{"$serde_json::private::RawValue": "{"}], "b": "$5"}"#,
        ] {
            assert!(serde_json::from_str::<Value>(hostile).is_err(), "it would be harmless: {hostile}");
            let mut answer = hostile.as_bytes().to_vec();
            rename(&mut answer);
            assert!(serde_json::from_slice::<&RawValue>(&answer).is_ok());
            let read: Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!(read.to_string().matches("_serde_json::private::").count(), 1);
            assert!(read.get("b").is_none_or(|b| b == "$5"));
        }
    }
}

//! Members of a body, each of its documented type; whatever else is there is refused.

use serde_json::{Map, Value};

use super::answer::Answer;

/// The members of an object, all of which the endpoint knows.
pub(super) fn known<'a>(body: &'a Value, names: &[&str]) -> Result<&'a Map<String, Value>, Answer> {
    let members = body.as_object().ok_or_else(Answer::invalid_payload)?;
    match members.keys().find(|key| !names.contains(&key.as_str())) {
        None => Ok(members),
        Some(unknown) => Err(Answer::bad(&format!("Unrecognized field \"{unknown}\" in the request body."))),
    }
}

/// A list of texts, if it is there.
pub(super) fn texts(members: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Answer> {
    let Some(value) = members.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let list = value.as_array().ok_or_else(Answer::invalid_payload)?;
    let text = |it: &Value| it.as_str().map(String::from).ok_or_else(Answer::invalid_payload);
    list.iter().map(text).collect::<Result<_, _>>().map(Some)
}

/// Yes or no, if it is there.
pub(super) fn flag(members: &Map<String, Value>, name: &str) -> Result<Option<bool>, Answer> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => Ok(Some(value.as_bool().ok_or_else(Answer::invalid_payload)?)),
    }
}

/// A text, if it is there.
pub(super) fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Answer> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Answer::invalid_payload()),
    }
}

/// A whole number from 0, or its text, if it is there.
pub(super) fn number(members: &Map<String, Value>, name: &str) -> Result<Option<usize>, Answer> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
            Ok(Some(number.ok_or_else(Answer::invalid_payload)? as usize))
        }
    }
}

//! Properties of issues; those of comments are told in the same words.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Complaints};
use super::bodies::Checked;
use super::call::Call;
use super::endpoint::Plan;
use super::wire::Wire;
use crate::state::State;
use crate::write::{Edit, Hanging, Write};

/// Limits that Jira documents, in characters.
const LONGEST_KEY: usize = 255;
const LONGEST_VALUE: usize = 32_768;

pub(super) fn list(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let url = Wire::new(state, call).url(&format!("issue/{}/properties", issue.key()));
    Ok(keys(&issue.properties, &url))
}

pub(super) fn show(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    entry(&issue.properties, call.param("propertyKey"))
}

pub(super) fn set(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let key = call.param("propertyKey");
    let value = checked(key, &call.json()?)?;
    let answer = kept(&issue.properties, key);
    let edit = Edit { properties: [(key.into(), value)].into(), ..Edit::default() };
    Ok(Plan { writes: vec![Write::Edit { issue: issue.id, edit }], answer })
}

pub(super) fn remove(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let key = call.param("propertyKey");
    entry(&issue.properties, key)?;
    let writes = vec![Write::Hang { issue: issue.id, what: Hanging::DropProperty(key.into()) }];
    Ok(Plan { writes, answer: Answer::empty(StatusCode::NO_CONTENT) })
}

/// Which properties there are, without their values.
pub(super) fn keys(properties: &BTreeMap<String, Value>, url: &str) -> Answer {
    let keys: Vec<Value> = properties.keys().map(|key| json!({"self": format!("{url}/{key}"), "key": key})).collect();
    Answer::ok(json!({"keys": keys}))
}

pub(super) fn entry(properties: &BTreeMap<String, Value>, key: &str) -> Result<Answer, Answer> {
    let missing = || Answer::missing(&format!("The property with key '{key}' does not exist."));
    let value = properties.get(key).ok_or_else(missing)?;
    Ok(Answer::ok(json!({"key": key, "value": value})))
}

/// 201 for a new property, 200 for one that was there.
pub(super) fn kept(properties: &BTreeMap<String, Value>, key: &str) -> Answer {
    Answer::empty(if properties.contains_key(key) { StatusCode::OK } else { StatusCode::CREATED })
}

/// `[{"key": …, "value": …}]`, or nothing.
pub(super) fn read(list: &Value, complaints: &mut Complaints) -> BTreeMap<String, Value> {
    if !list.is_null() && !list.is_array() {
        complaints.field("properties", "Properties must be an array.");
    }
    let mut properties = BTreeMap::new();
    for entry in list.as_array().into_iter().flatten() {
        let named = entry.as_object().filter(|it| it.keys().all(|member| ["key", "value"].contains(&member.as_str())));
        match named.map(|it| (it.get("key").and_then(Value::as_str), it.get("value"))) {
            Some((Some(key), Some(value))) => match checked(key, value) {
                Ok(value) => drop(properties.insert(key.into(), value)),
                Err(wrong) => complaints.messages.extend(wrong.messages),
            },
            Some(_) | None => complaints.field("properties", "A property has a key and a value, and nothing else."),
        }
    }
    properties
}

/// A property's value, once key and value are found short enough.
pub(super) fn checked(key: &str, value: &Value) -> Checked<Value> {
    let size = value.to_string().chars().count();
    if key.is_empty() || key.chars().count() > LONGEST_KEY {
        let message = format!("The property key must have from 1 to {LONGEST_KEY} characters.");
        return Err(Complaints::whole(&message));
    }
    if size > LONGEST_VALUE {
        let message = format!("The property value must have at most {LONGEST_VALUE} characters.");
        return Err(Complaints::whole(&message));
    }
    Ok(value.clone())
}

//! Properties of issues; those of comments are told in the same words.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::bodies;
use super::call::Call;
use super::routes::Plan;
use super::wire::Wire;
use crate::sim::state::State;
use crate::sim::write::{Edit, Hanging, Write};

pub(super) fn list(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let url = Wire::new(state, call).url(&format!("issue/{}/properties", issue.key()));
    Ok(keys(&issue.properties, &url))
}

pub(super) fn show(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    entry(&issue.properties, call.param("propertyKey"))
}

pub(super) fn set(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let key = call.param("propertyKey");
    let value = bodies::property(key, &call.json()?)?;
    let answer = kept(&issue.properties, key);
    let edit = Edit { properties: [(key.into(), value)].into(), ..Edit::default() };
    Ok(Plan { writes: vec![Write::Edit { issue: issue.id, edit }], answer })
}

pub(super) fn remove(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
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

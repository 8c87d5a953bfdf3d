//! Issue properties.

use http::StatusCode;
use serde_json::json;

use super::answer::Answer;
use super::bodies;
use super::call::Call;
use super::routes::Plan;
use crate::sim::state::State;
use crate::sim::write::{Edit, Write};

pub(super) fn show(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let key = call.param("propertyKey");
    let missing = || Answer::missing(&format!("The property with key '{key}' does not exist."));
    let value = issue.properties.get(key).ok_or_else(missing)?;
    Ok(Answer::ok(json!({"key": key, "value": value})))
}

/// 201 for a new property, 200 for one that was there.
pub(super) fn set(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let key = call.param("propertyKey");
    let value = bodies::property(key, &call.json()?)?;
    let known = issue.properties.contains_key(key);
    let edit = Edit { properties: [(key.into(), value)].into(), ..Edit::default() };
    let answer = Answer::empty(if known { StatusCode::OK } else { StatusCode::CREATED });
    Ok(Plan { writes: vec![Write::Edit { issue: issue.id, edit }], answer })
}

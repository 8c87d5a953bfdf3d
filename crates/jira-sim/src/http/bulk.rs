//! Many issues in one request.

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::bodies;
use super::call::Call;
use super::endpoint::Plan;
use super::issues::created;
use super::members;
use super::wire::{Fields, Selection, Wire};
use crate::state::State;
use crate::write::Write;

/// How many issues one request may create, and fetch.
const MOST_CREATED: usize = 50;
const MOST_FETCHED: usize = 100;

/// How many properties may be asked for.
pub(super) const MOST_PROPERTIES: usize = 5;

/// Creates those that are valid; says which are not, by their place in the request.
pub(super) fn create(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let body = call.json()?;
    let updates = members::known(&body, &["issueUpdates"])?.get("issueUpdates").and_then(Value::as_array);
    let updates = updates.filter(|updates| !updates.is_empty()).ok_or_else(Answer::invalid_payload)?;
    if updates.len() > MOST_CREATED {
        return Err(Answer::bad(&format!("At most {MOST_CREATED} issues can be created in one request.")));
    }
    let (mut writes, mut issues, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (place, update) in updates.iter().enumerate() {
        match bodies::draft(state, call, update) {
            Ok(draft) => {
                issues.push(created(state, call, &draft));
                writes.push(Write::Create(draft));
            }
            Err(wrong) => errors.push(json!({
                "status": 400, "elementErrors": wrong.to_json(), "failedElementNumber": place,
            })),
        }
    }
    let status = if writes.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::CREATED };
    Ok(Plan { writes, answer: Answer::json(status, json!({"issues": issues, "errors": errors})) })
}

/// Fetches issues as they are now. What is missing is left out in silence.
pub(super) fn fetch(state: &State, call: &Call) -> Result<Answer, Answer> {
    let body = call.json()?;
    let members = members::known(&body, &["issueIdsOrKeys", "fields", "fieldsByKeys", "expand", "properties"])?;
    let wanted = members::texts(members, "issueIdsOrKeys")?.unwrap_or_default();
    if wanted.is_empty() || wanted.len() > MOST_FETCHED {
        return Err(Answer::bad(&format!("From 1 to {MOST_FETCHED} issue ids or keys are needed.")));
    }
    let selection = Selection {
        fields: members::texts(members, "fields")?.map_or_else(|| Fields::of(&["*navigable"]), Fields::Named),
        expand: members::texts(members, "expand")?.unwrap_or_default(),
        properties: few(members::texts(members, "properties")?.unwrap_or_default())?,
    };
    let wire = Wire::new(state, call);
    let mut found: Vec<_> = wanted.iter().filter_map(|it| state.find_for(&call.account, it)).collect();
    // The document promises ascending ids, each once.
    found.sort_by_key(|issue| issue.id);
    found.dedup_by_key(|issue| issue.id);
    let issues: Vec<Value> = found.into_iter().map(|issue| wire.issue(issue, &selection)).collect();
    Ok(Answer::ok(json!({"expand": "schema,names", "issues": issues, "issueErrors": []})))
}

/// Refuses a longer list of properties than Jira takes.
pub(super) fn few(properties: Vec<String>) -> Result<Vec<String>, Answer> {
    match properties.len() {
        0..=MOST_PROPERTIES => Ok(properties),
        _ => Err(Answer::bad(&format!("At most {MOST_PROPERTIES} issue properties can be requested."))),
    }
}

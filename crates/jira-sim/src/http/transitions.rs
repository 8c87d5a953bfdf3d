//! From one status to another.

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Complaints};
use super::bodies;
use super::call::Call;
use super::endpoint::Plan;
use super::members;
use super::scope::Scope;
use super::wire::Wire;
use crate::flavour::Flavour;
use crate::issue::Issue;
use crate::permissions::Permission;
use crate::state::State;
use crate::workflow::Transition;
use crate::write::{Edit, Write};

pub(super) fn list(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let with_fields = call.list("expand").is_some_and(|it| it.iter().any(|it| it == "transitions.fields"));
    // Only Cloud has the parameter.
    let all = call.flavour == Flavour::Cloud && call.query("includeUnavailableTransitions") == Some("true");
    let mut transitions = Wire::new(state, call).transitions(issue, with_fields, all);
    if let Some(wanted) = call.query("transitionId") {
        transitions.retain(|it| it["id"] == wanted);
    }
    Ok(Answer::ok(json!({"expand": "transitions", "transitions": transitions})))
}

pub(super) fn take(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?.clone();
    let body = call.json()?;
    members::known(&body, &["transition", "fields", "update", "properties", "historyMetadata"])?;
    let transition = chosen(state, call, &issue, &body)?;
    if state.is_moving(issue.id) {
        return Err(Answer::conflict());
    }
    let scope = match &transition.screen {
        Some(screen) => Scope::with_comments(state, call, &issue.project, screen.clone()),
        None => Scope::nothing(call),
    };
    if state.setup.resolutions_cannot_be_emptied && body["fields"].get("resolution").is_some_and(Value::is_null) {
        return Err(Complaints::about("resolution", "The resolution selected is invalid.").into());
    }
    let again = state.setup.transitions_want_values_again;
    let holds =
        |field: &str| issue.values.contains_key(field) || (field == "description" && issue.description.is_some());
    let has = |field: &str| !again && holds(field);
    let edit = Edit { transition: Some(transition.id), ..bodies::edit(state, &body, &scope, has)? };
    let writes = vec![Write::Edit { issue: issue.id, edit }];
    Ok(Plan { writes, answer: Answer::empty(StatusCode::NO_CONTENT) })
}

/// The transition that the body names, if the caller is offered it.
fn chosen(state: &State, call: &Call, issue: &Issue, body: &Value) -> Result<Transition, Answer> {
    // Clients send a number too, and Jira takes it for its text.
    let id = match &body["transition"]["id"] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(Answer::bad("Missing 'transition' identifier"));
        }
    };
    let id = id.as_str();
    let workflow = state.projects.get(&issue.project).map(|home| &home.project.workflow);
    let may = state.accounts.may(&call.account, &issue.project, Permission::TransitionIssues);
    let mut offered = workflow.into_iter().flat_map(|it| it.offered_to(&call.account, &issue.status.id));
    match offered.find(|it| it.id == id).filter(|_| may) {
        Some(transition) => Ok(transition.clone()),
        // An id that the workflow does not know at all breaks Data Center, as its document admits.
        None if call.flavour == Flavour::DataCenter && workflow.is_none_or(|it| it.transition(id).is_none()) => {
            Err(Answer::error(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"))
        }
        None => Err(Answer::bad(&format!("Transition id '{id}' is not valid for this issue."))),
    }
}

//! From one status to another.

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Complaints};
use super::bodies;
use super::call::Call;
use super::routes::Plan;
use super::wire::Wire;
use crate::sim::issue::Issue;
use crate::sim::state::State;
use crate::sim::write::{Edit, Write};

pub(super) fn list(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let with_fields = call.list("expand").is_some_and(|it| it.iter().any(|it| it == "transitions.fields"));
    let transitions = Wire::new(state, call).transitions(issue, with_fields);
    Ok(Answer::ok(json!({"expand": "transitions", "transitions": transitions})))
}

pub(super) fn take(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?.clone();
    let body = call.json()?;
    let members = bodies::members(&body, &["transition", "fields", "update", "properties", "historyMetadata"])?;
    let id = body["transition"]["id"].as_str();
    let id = id.ok_or_else(|| Answer::bad("Missing 'transition' identifier"))?;
    if !offered(state, &issue, id) {
        return Err(Answer::bad(&format!("Transition id '{id}' is not valid for this issue.")));
    }
    no_screen(["fields", "update"].iter().filter_map(|part| members.get(*part)))?;
    let request = json!({"properties": body["properties"]});
    let edit = Edit { transition: Some(id.into()), ..bodies::edit(state, call, &request)? };
    let writes = vec![Write::Edit { issue: issue.id, edit }];
    Ok(Plan { writes, answer: Answer::empty(StatusCode::NO_CONTENT) })
}

fn offered(state: &State, issue: &Issue, id: &str) -> bool {
    let home = state.projects.get(&issue.project);
    home.is_some_and(|home| home.project.workflow.offered(&issue.status.id).any(|it| it.id == id))
}

/// Our transitions have no screen, so nothing can be set along with them, not even a comment.
fn no_screen<'a>(parts: impl Iterator<Item = &'a Value>) -> Result<(), Complaints> {
    let mut complaints = Complaints::default();
    for field in parts.filter_map(Value::as_object).flat_map(|part| part.keys()) {
        complaints.cannot_be_set(field);
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

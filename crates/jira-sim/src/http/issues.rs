//! One issue: create, show, edit.

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::bodies;
use super::call::Call;
use super::endpoint::Plan;
use super::scope::{Comments, Scope};
use super::wire::{Fields, Selection, Wire};
use crate::issue::Issue;
use crate::screen::Screen;
use crate::state::State;
use crate::write::{Draft, Write};

pub(super) fn create(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let draft = bodies::draft(state, call, &call.json()?)?;
    let answer = Answer::json(StatusCode::CREATED, created(state, call, &draft));
    Ok(Plan { writes: vec![Write::Create(draft)], answer })
}

/// The answer to a create.
pub(super) fn created(state: &State, call: &Call, draft: &Draft) -> Value {
    json!({
        "id": draft.id.to_string(),
        "key": format!("{}-{}", draft.project, draft.number),
        "self": Wire::new(state, call).url(&format!("issue/{}", draft.id)),
    })
}

pub(super) fn show(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let selection = Selection {
        fields: call.list("fields").map_or_else(|| Fields::of(&["*all"]), Fields::Named),
        expand: call.list("expand").unwrap_or_default(),
        properties: call.list("properties").unwrap_or_default(),
    };
    Ok(Answer::ok(Wire::new(state, call).issue(issue, &selection)))
}

pub(super) fn edit(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?.clone();
    let locked = state.projects.is_locked(&issue);
    let scope = match locked {
        // Jira finds no field that can be edited, a comment being one here, before it says that there may be no edit.
        true => Scope { screen: Screen::default(), comments: Comments::NotOnScreen, ..scope_of(state, call, &issue) },
        false => scope_of(state, call, &issue),
    };
    // A required field that the issue never had does not keep it from being edited.
    let edit = bodies::edit(state, &call.json()?, &scope, |_| true)?;
    if locked {
        return Err(Answer::bad(super::rights::NO_EDIT));
    }
    let writes = vec![Write::Edit { issue: issue.id, edit }];
    Ok(Plan { writes, answer: Answer::empty(StatusCode::NO_CONTENT) })
}

fn scope_of<'a>(state: &State, call: &'a Call, issue: &Issue) -> Scope<'a> {
    Scope::with_comments(state, call, &issue.project, state.projects.screens(&issue.project).edit)
}

/// There are no subtasks here, so whether they may go with it makes no difference.
pub(super) fn remove(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?.id;
    // As Java reads it: Python's clients say "False".
    match call.query("deleteSubtasks").map(str::to_ascii_lowercase).as_deref() {
        None | Some("true" | "false") => {
            Ok(Plan { writes: vec![Write::Delete { issue }], answer: Answer::empty(StatusCode::NO_CONTENT) })
        }
        Some(other) => Err(Answer::bad(&format!("The parameter 'deleteSubtasks' cannot be '{other}'."))),
    }
}

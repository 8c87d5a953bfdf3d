//! Comments.

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::bodies;
use super::call::Call;
use super::routes::Plan;
use super::wire::Wire;
use crate::sim::issue::Comment;
use crate::sim::stamp;
use crate::sim::state::State;
use crate::sim::write::{Edit, Write};

const LARGEST_PAGE: usize = 100;

/// Oldest first, unless `orderBy=-created`.
pub(super) fn list(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    let start = call.number("startAt")?.unwrap_or(0);
    let most = call.number("maxResults")?.unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE);
    let mut comments: Vec<_> = issue.comments.iter().collect();
    match call.query("orderBy") {
        None | Some("created" | "+created") => {}
        Some("-created") => comments.reverse(),
        Some(other) => return Err(Answer::bad(&format!("Comments cannot be ordered by '{other}'."))),
    }
    let wire = Wire::new(state, call);
    let with_properties = with_properties(call);
    let page = comments.iter().skip(start).take(most).map(|it| wire.comment(issue, it, with_properties));
    let page: Vec<Value> = page.collect();
    Ok(Answer::ok(json!({"startAt": start, "maxResults": most, "total": comments.len(), "comments": page})))
}

pub(super) fn add(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?.clone();
    let remark = bodies::remark(state, call, &call.json()?)?;
    let comment = Comment {
        id: remark.id,
        author: call.account.clone(),
        body: remark.body.clone(),
        properties: remark.properties.clone(),
        // The answer is written before the comment exists; its time may be off by a part of the latency.
        created: stamp::whole_millis(state.now),
    };
    let written = Wire::new(state, call).comment(&issue, &comment, with_properties(call));
    let edit = Edit { comments: vec![remark], ..Edit::default() };
    let writes = vec![Write::Edit { issue: issue.id, edit }];
    Ok(Plan { writes, answer: Answer::json(StatusCode::CREATED, written) })
}

fn with_properties(call: &Call) -> bool {
    call.list("expand").is_some_and(|expand| expand.iter().any(|it| it == "properties"))
}

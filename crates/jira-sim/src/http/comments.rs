//! Comments. Who may not read one is answered as if it did not exist.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::bodies;
use super::call::Call;
use super::endpoint::Plan;
use super::properties;
use super::wire::Wire;
use crate::flavour::Flavour;
use crate::issue::{Comment, Issue};
use crate::permissions::Permission;
use crate::stamp;
use crate::state::State;
use crate::write::{Edit, Hanging, Rewording, Write};

/// Lists the comments of an issue, oldest first, unless `orderBy=-created`.
pub(super) fn list(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    // Both the usual page and the largest.
    let largest = match call.flavour {
        Flavour::Cloud => 100,
        Flavour::DataCenter => 50,
    };
    let start = call.number("startAt")?.unwrap_or(0);
    let most = call.number("maxResults")?.unwrap_or(largest).min(largest);
    let wire = Wire::new(state, call);
    let mut comments: Vec<_> = wire.readable(issue).collect();
    match call.query("orderBy") {
        // A plus that is not escaped arrives as a space.
        None | Some("created" | "+created" | " created") => {}
        Some("-created") => comments.reverse(),
        Some(other) => return Err(Answer::bad(&format!("Comments cannot be ordered by '{other}'."))),
    }
    let page = comments.iter().skip(start).take(most).map(|it| wire.comment(issue, it, &expand(call)));
    let page: Vec<Value> = page.collect();
    Ok(Answer::ok(json!({"startAt": start, "maxResults": most, "total": comments.len(), "comments": page})))
}

pub(super) fn add(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?.clone();
    let remark = bodies::remark(state, call, &call.json()?)?;
    // The answer is written before the comment exists; its time may be off by a part of the latency.
    let comment = remark.clone().said(&call.account, stamp::whole_millis(state.now));
    let written = Wire::new(state, call).comment(&issue, &comment, &expand(call));
    let edit = Edit { comments: vec![remark], ..Edit::default() };
    let writes = vec![Write::Edit { issue: issue.id, edit }];
    Ok(Plan { writes, answer: Answer::json(StatusCode::CREATED, written) })
}

pub(super) fn show(state: &State, call: &Call) -> Result<Answer, Answer> {
    let (issue, comment) = asked_for(state, call)?;
    Ok(Answer::ok(Wire::new(state, call).comment(&issue, &comment, &expand(call))))
}

/// Who may read it stays as it is unless the request says otherwise; so do properties that it does not name.
pub(super) fn edit(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let (issue, mut comment) = asked_for(state, call)?;
    may_change(state, call, &issue, &comment, [Permission::EditOwnComments, Permission::EditAllComments])?;
    let body = call.json()?;
    let remark = bodies::remark(state, call, &body)?;
    let visibility = body.get("visibility").map(|_| remark.visibility);
    let new = Rewording { comment: comment.id, body: remark.body, properties: remark.properties, visibility };
    new.clone().apply(&mut comment, &call.account, stamp::whole_millis(state.now));
    let written = Wire::new(state, call).comment(&issue, &comment, &expand(call));
    Ok(hang(&issue, Hanging::Reword(new), Answer::ok(written)))
}

pub(super) fn remove(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let (issue, comment) = asked_for(state, call)?;
    may_change(state, call, &issue, &comment, [Permission::DeleteOwnComments, Permission::DeleteAllComments])?;
    Ok(hang(&issue, Hanging::Unsay(comment.id), Answer::empty(StatusCode::NO_CONTENT)))
}

pub(super) fn property_keys(state: &State, call: &Call) -> Result<Answer, Answer> {
    let (_, comment) = anywhere(state, call)?;
    let url = Wire::new(state, call).url(&format!("comment/{}/properties", comment.id));
    Ok(properties::keys(&comment.properties, &url))
}

pub(super) fn property(state: &State, call: &Call) -> Result<Answer, Answer> {
    let (_, comment) = anywhere(state, call)?;
    properties::entry(&comment.properties, call.param("propertyKey"))
}

pub(super) fn set_property(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let (issue, comment) = anywhere(state, call)?;
    let key = call.param("propertyKey").to_owned();
    let value = Some(properties::checked(&key, &call.json()?)?);
    let answer = properties::kept(&comment.properties, &key);
    Ok(hang(&issue, Hanging::CommentProperty { comment: comment.id, key, value }, answer))
}

pub(super) fn remove_property(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let (issue, comment) = anywhere(state, call)?;
    let key = call.param("propertyKey").to_owned();
    properties::entry(&comment.properties, &key)?;
    let what = Hanging::CommentProperty { comment: comment.id, key, value: None };
    Ok(hang(&issue, what, Answer::empty(StatusCode::NO_CONTENT)))
}

/// Whether the caller may change a comment: the author needs one permission or the other, all others the second.
fn may_change(
    state: &State,
    call: &Call,
    issue: &Issue,
    comment: &Comment,
    [own, all]: [Permission; 2],
) -> Result<(), Answer> {
    let may = |permission| state.accounts.may(&call.account, &issue.project, permission);
    let refusal = || Answer::bad("You do not have the permission for this comment.");
    (comment.author == call.account && may(own) || may(all)).then_some(()).ok_or_else(refusal)
}

fn hang(issue: &Issue, what: Hanging, answer: Answer) -> Plan {
    Plan { writes: vec![Write::Hang { issue: issue.id, what }], answer }
}

/// The comment of the issue that the path names.
fn asked_for(state: &State, call: &Call) -> Result<(Arc<Issue>, Comment), Answer> {
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?;
    readable(state, call, issue, call.param("id"))
}

/// The comment that the path names, whichever issue it belongs to.
fn anywhere(state: &State, call: &Call) -> Result<(Arc<Issue>, Comment), Answer> {
    let wanted = call.param("commentId");
    let id: u64 = wanted.parse().map_err(|_| Answer::bad(&format!("The comment id '{wanted}' is not a number.")))?;
    let has_it = |issue: &&Arc<Issue>| issue.comments.iter().any(|it| it.id == id);
    let issue = state.issues.all().find(has_it).filter(|issue| state.may_see(&call.account, issue));
    readable(state, call, issue.ok_or_else(|| no_comment(wanted))?, wanted)
}

fn readable(state: &State, call: &Call, issue: &Arc<Issue>, wanted: &str) -> Result<(Arc<Issue>, Comment), Answer> {
    let wire = Wire::new(state, call);
    let known = wire.readable(issue).find(|comment| comment.id.to_string() == wanted);
    known.map(|comment| (Arc::clone(issue), comment.clone())).ok_or_else(|| no_comment(wanted))
}

fn no_comment(wanted: &str) -> Answer {
    Answer::missing(&format!("Can not find a comment for the id: {wanted}."))
}

/// What the answer is to include. `renderedBody` is documented; `properties` is not, but apps have always read them so.
fn expand(call: &Call) -> Vec<String> {
    call.list("expand").unwrap_or_default()
}

//! Links between two issues of the site.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::bodies;
use super::call::Call;
use super::endpoint::Plan;
use super::members;
use super::wire::Wire;
use crate::flavour::Flavour;
use crate::issue::Issue;
use crate::link::{IssueLink, LINK_TYPES, LinkType};
use crate::permissions::Permission;
use crate::state::State;
use crate::write::{Join, Write};

pub(super) fn types(state: &State, call: &Call) -> Result<Answer, Answer> {
    Ok(Answer::ok(json!({"issueLinkTypes": Wire::new(state, call).link_types()})))
}

/// Creates a link. The answer does not name it; the field `issuelinks` does.
pub(super) fn create(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let body = call.json()?;
    members::known(&body, &["type", "inwardIssue", "outwardIssue", "comment"])?;
    let kind = kind(&body["type"])?;
    let (source, destination) = (end(state, call, &body["inwardIssue"])?, end(state, call, &body["outwardIssue"])?);
    may_link(state, call, source)?;
    let (source, destination) = (source.id, destination.id);
    if source == destination {
        return Err(Answer::bad("You cannot link an issue to itself."));
    }
    let comment = &body["comment"];
    let comment = (!comment.is_null()).then(|| bodies::remark(state, call, comment)).transpose()?;
    let link = IssueLink { id: state.next_id(), kind, source, destination };
    Ok(Plan { writes: vec![Write::Link(Join { link, comment })], answer: Answer::empty(StatusCode::CREATED) })
}

pub(super) fn show(state: &State, call: &Call) -> Result<Answer, Answer> {
    let link = asked_for(state, call)?;
    Wire::new(state, call).link(link).map(Answer::ok).ok_or_else(|| no_link(call))
}

pub(super) fn remove(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let link = asked_for(state, call)?;
    state.issues.get(link.source).map_or(Ok(()), |source| may_link(state, call, source))?;
    let link = link.id;
    Ok(Plan { writes: vec![Write::Unlink { link }], answer: Answer::empty(StatusCode::NO_CONTENT) })
}

fn asked_for<'a>(state: &'a State, call: &Call) -> Result<&'a IssueLink, Answer> {
    let wanted = call.param("linkId");
    let id = wanted.parse().map_err(|_| Answer::bad(&format!("The issue link id '{wanted}' is not a number.")))?;
    let sees = |end: &u64| state.issues.get(*end).is_some_and(|issue| state.may_see(&call.account, issue));
    let known = state.issues.link(id).filter(|link| [link.source, link.destination].iter().all(sees));
    known.map(|link| &**link).ok_or_else(|| no_link(call))
}

/// The documents have Cloud answer as if the issue were missing, and Data Center as if the caller were not logged in.
fn may_link(state: &State, call: &Call, source: &Issue) -> Result<(), Answer> {
    let status = match call.flavour {
        Flavour::Cloud => StatusCode::NOT_FOUND,
        Flavour::DataCenter => StatusCode::UNAUTHORIZED,
    };
    let refusal = || Answer::error(status, "No Link Issue Permission for issue");
    state.accounts.may(&call.account, &source.project, Permission::LinkIssues).then_some(()).ok_or_else(refusal)
}

fn no_link(call: &Call) -> Answer {
    Answer::missing(&format!("No issue link with id '{}' exists.", call.param("linkId")))
}

/// The type that is named by id or, without one, by name.
fn kind(wanted: &Value) -> Result<LinkType, Answer> {
    let (id, name) = (wanted["id"].as_str(), wanted["name"].as_str());
    let fits = |kind: &&LinkType| match (id, name) {
        (Some(id), _) => kind.id == id,
        (None, Some(name)) => kind.name.eq_ignore_ascii_case(name),
        (None, None) => false,
    };
    let unknown = || match id.or(name) {
        Some(wanted) => Answer::missing(&format!("No issue link type with name '{wanted}' found.")),
        None => Answer::bad("An issue link type must be named."),
    };
    LINK_TYPES.iter().find(fits).copied().ok_or_else(unknown)
}

/// The issue that is named by id or key.
fn end<'a>(state: &'a State, call: &Call, wanted: &Value) -> Result<&'a Arc<Issue>, Answer> {
    let named = ["id", "key"].iter().find_map(|member| wanted[*member].as_str());
    let named = named.ok_or_else(|| Answer::bad("Both issues of a link must be named."))?;
    state.find_for(&call.account, named).ok_or_else(Answer::no_issue)
}

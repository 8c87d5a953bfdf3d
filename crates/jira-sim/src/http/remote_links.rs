//! Links from an issue to something elsewhere.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Complaints};
use super::call::Call;
use super::endpoint::Plan;
use super::wire::Wire;
use crate::issue::Issue;
use crate::link::RemoteLink;
use crate::state::State;
use crate::write::{Hanging, Write};

/// The most characters of a global id, as documented; a title is as long at most by what Data Center's tables hold.
const LONGEST: usize = 255;

/// All links as an array; with `globalId` that one link and no array.
pub(super) fn list(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = issue(state, call)?;
    let wire = Wire::new(state, call);
    match call.query("globalId") {
        None => Ok(Answer::ok(issue.remote_links.iter().map(|link| wire.remote_link(issue, link)).collect())),
        Some(wanted) => Ok(Answer::ok(wire.remote_link(issue, by_global_id(issue, wanted)?))),
    }
}

/// Puts a link in the place of the one with the same global id, or adds it. Nothing of the link that was there remains.
pub(super) fn put(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = Arc::clone(issue(state, call)?);
    let body = call.json()?;
    let known = body["globalId"].as_str().and_then(|wanted| by_global_id(&issue, wanted).ok());
    let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let link = RemoteLink { id: known.map_or(0, |link| link.id), ..read(&body)? };
    let link = if known.is_some() { link } else { RemoteLink { id: state.next_id(), ..link } };
    let url = Wire::new(state, call).remote_link_url(&issue, link.id);
    let answer = Answer::json(status, json!({"id": link.id, "self": url}));
    Ok(hang(&issue, Hanging::Refer(link), answer))
}

pub(super) fn remove_by_global_id(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = issue(state, call)?;
    let wanted = call.query("globalId").ok_or_else(|| Answer::bad("A global id must be provided."))?;
    let link = by_global_id(issue, wanted)?.id;
    Ok(hang(issue, Hanging::Unrefer(link), Answer::empty(StatusCode::NO_CONTENT)))
}

pub(super) fn show(state: &State, call: &Call) -> Result<Answer, Answer> {
    let issue = issue(state, call)?;
    Ok(Answer::ok(Wire::new(state, call).remote_link(issue, asked_for(state, issue, call)?)))
}

pub(super) fn replace(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = issue(state, call)?;
    let id = asked_for(state, issue, call)?.id;
    let link = RemoteLink { id, ..read(&call.json()?)? };
    Ok(hang(issue, Hanging::Refer(link), Answer::empty(StatusCode::NO_CONTENT)))
}

pub(super) fn remove(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let issue = issue(state, call)?;
    let link = asked_for(state, issue, call)?.id;
    Ok(hang(issue, Hanging::Unrefer(link), Answer::empty(StatusCode::NO_CONTENT)))
}

fn hang(issue: &Issue, what: Hanging, answer: Answer) -> Plan {
    Plan { writes: vec![Write::Hang { issue: issue.id, what }], answer }
}

fn issue<'a>(state: &'a State, call: &Call) -> Result<&'a Arc<Issue>, Answer> {
    state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)
}

fn by_global_id<'a>(issue: &'a Issue, wanted: &str) -> Result<&'a RemoteLink, Answer> {
    let known = issue.remote_links.iter().find(|link| link.global_id.as_deref() == Some(wanted));
    known.map(|link| &**link).ok_or_else(|| {
        Answer::missing(&format!("The remote issue link with global id '{wanted}' does not exist on this issue."))
    })
}

/// The link that the path names. One of another issue is a mistake of its own, as documented.
fn asked_for<'a>(state: &State, issue: &'a Issue, call: &Call) -> Result<&'a RemoteLink, Answer> {
    let wanted = call.param("linkId");
    let id: u64 = wanted.parse().map_err(|_| Answer::bad(&format!("The link id '{wanted}' is not a number.")))?;
    let elsewhere = || state.issues.all().any(|it| it.remote_links.iter().any(|link| link.id == id));
    match issue.remote_links.iter().find(|link| link.id == id) {
        Some(link) => Ok(link),
        None if elsewhere() => Err(Answer::bad("The remote issue link does not belong to this issue.")),
        None => Err(Answer::missing(&format!("The remote issue link with id '{id}' does not exist."))),
    }
}

/// A link without an id. Atlassian's schema allows members that it does not name, so they are passed over.
fn read(body: &Value) -> Result<RemoteLink, Complaints> {
    let complaints = complaints(body);
    if !complaints.is_empty() {
        return Err(complaints);
    }
    Ok(RemoteLink {
        id: 0,
        global_id: body["globalId"].as_str().map(String::from),
        application: body["application"].clone(),
        relationship: body["relationship"].as_str().map(String::from),
        object: body["object"].clone(),
    })
}

fn complaints(body: &Value) -> Complaints {
    let (mut complaints, object) = (Complaints::default(), &body["object"]);
    for required in ["title", "url"] {
        if object[required].as_str().is_none_or(|text| text.trim().is_empty()) {
            complaints.field(required, &format!("'{required}' is required."));
        }
    }
    for (name, text) in [("globalId", &body["globalId"]), ("title", &object["title"])] {
        if text.as_str().is_some_and(|text| text.chars().count() > LONGEST) {
            complaints.field(name, &format!("'{name}' can't exceed {LONGEST} characters."));
        }
    }
    for name in ["globalId", "relationship"].into_iter().filter(|name| !is_null_or(&body[*name], Value::is_string)) {
        complaints.field(name, &format!("'{name}' must be a text."));
    }
    for name in ["application", "object"].into_iter().filter(|name| !is_null_or(&body[*name], Value::is_object)) {
        complaints.field(name, &format!("'{name}' must be an object."));
    }
    complaints
}

fn is_null_or(value: &Value, fits: fn(&Value) -> bool) -> bool {
    value.is_null() || fits(value)
}

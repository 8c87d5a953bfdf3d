//! Attached files: what is told of them, and how they come and go. Their bytes are handed out by `downloads`.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::endpoint::Plan;
use super::upload::{Part, Spoilt};
use super::wire::Wire;
use crate::attachment::Attachment;
use crate::issue::Issue;
use crate::stamp;
use crate::state::State;
use crate::write::{Attached, Hanging, Write};

pub(super) fn meta(state: &State, _: &Call) -> Result<Answer, Answer> {
    Ok(Answer::ok(json!({"enabled": true, "uploadLimit": state.setup.upload_limit})))
}

/// Attaches the files of a form. Parts of another name are passed over in silence, so a form with none but those is a
/// success that attaches nothing.
pub(super) fn add(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    if !is_no_forgery(call.header("X-Atlassian-Token")) {
        return Err(Answer::html(StatusCode::FORBIDDEN, "XSRF check failed"));
    }
    let issue = state.issues.find(call.param("issueIdOrKey")).ok_or_else(Answer::no_issue)?.id;
    let parts = call.upload()?.as_ref().map_err(|spoilt| refusal(state, spoilt))?;
    if parts.iter().map(|part| part.file.kept()).sum::<u64>() > state.storage_left() {
        return Err(Answer::error(state.setup.oversized_upload, "There is no storage left for these files."));
    }
    let files: Vec<Attached> = parts.iter().map(|part| part.attached(state.next_id())).collect();
    let wire = Wire::new(state, call);
    // The answer is written before the attachments exist; their times may be off by a part of the latency.
    let created = stamp::whole_millis(state.now);
    let told = files.iter().map(|file| wire.attachment(&file.clone().by(&call.account, created))).collect();
    let writes = vec![Write::Hang { issue, what: Hanging::Attach(files) }];
    Ok(Plan { writes, answer: Answer::ok(told) })
}

pub(super) fn show(state: &State, call: &Call) -> Result<Answer, Answer> {
    let (_, attachment) = asked_for(state, call)?;
    Ok(Answer::ok(Wire::new(state, call).attachment_by_itself(attachment)))
}

pub(super) fn remove(state: &mut State, call: &Call) -> Result<Plan, Answer> {
    let (issue, attachment) = asked_for(state, call)?;
    if !state.may_delete_attachment(&call.account, issue, &attachment.author) {
        return Err(Answer::forbidden("You do not have permission to delete this attachment."));
    }
    let writes = vec![Write::Hang { issue: issue.id, what: Hanging::Detach(attachment.id) }];
    Ok(Plan { writes, answer: Answer::empty(StatusCode::NO_CONTENT) })
}

/// The attachment that the path names, and its issue.
pub(super) fn asked_for<'a>(state: &'a State, call: &Call) -> Result<(&'a Arc<Issue>, &'a Arc<Attachment>), Answer> {
    let wanted = call.param("id");
    let known = wanted.parse().ok().and_then(|id| state.issues.attachment(id));
    let known = known.filter(|(issue, _)| state.may_see(&call.account, issue));
    known.ok_or_else(|| Answer::missing(&format!("The attachment with id '{wanted}' does not exist")))
}

/// Whether a header proves that the request is no cross-site forgery: a browser that another site's page misuses cannot
/// set it. `nocheck` is how it was once spelt.
fn is_no_forgery(token: &str) -> bool {
    ["no-check", "nocheck"].iter().any(|known| token.eq_ignore_ascii_case(known))
}

fn refusal(state: &State, spoilt: &Spoilt) -> Answer {
    match spoilt {
        Spoilt::Broken => Answer::bad("The multipart form is not complete."),
        Spoilt::TooMany => Answer::error(StatusCode::PAYLOAD_TOO_LARGE, "Too many files in one request."),
        Spoilt::TooLarge(filename) => {
            let limit = state.setup.upload_limit;
            let message = format!("The file '{filename}' exceeds the maximum attachment size of {limit} bytes.");
            Answer::error(state.setup.oversized_upload, &message)
        }
    }
}

impl Part {
    fn attached(&self, id: u64) -> Attached {
        Attached { id, filename: self.filename.clone(), mime: self.mime.clone(), file: self.file.clone() }
    }
}

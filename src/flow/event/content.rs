//! Texts, fields and files on their way across.

use super::super::copying::FieldName;
use super::super::name::IssueKey;
use super::line::{Field, Level, Line, audit, line};
use crate::foreign::told;

pub(super) fn not_taken_along(user: &IssueKey, dev: &IssueKey, lost: &[String]) -> Line {
    let message = format!("The description of {user} could not take all along to {dev}; lost: {}", lost.join(", "));
    audit(Level::Warn, "text.lost", message)
        .issue(user)
        .text("target", dev)
        .with("lost", Field::List(lost.iter().map(|lost| told(lost)).collect()))
}

pub(super) fn no_room_for_link(key: &IssueKey) -> Line {
    let message = format!("The description of {key} takes no link to its dev issue: too long, or not to be edited");
    line(Level::Warn, message).issue(key)
}

pub(super) fn text_restored(key: &IssueKey) -> Line {
    let message = format!("Put the description of {key} back, saved by somebody while it was being linked");
    audit(Level::Info, "text.restored", message).issue(key)
}

pub(super) fn field_left_out(key: &IssueKey, field: &FieldName, why: &str) -> Line {
    let message = format!("The field {field} of {key} is left out of its dev issue: {why}");
    line(Level::Warn, message).issue(key).text("field", field).error(why)
}

pub(super) fn text_as_comment(user: &IssueKey, dev: &IssueKey) -> Line {
    let message = format!("The text of {user} is a comment on {dev}, whose create screen has no description");
    audit(Level::Info, "text.asComment", message).issue(user).text("target", dev)
}

pub(super) fn type_replaced(key: &IssueKey, from: &str, to: &str, why: &str) -> Line {
    let message = format!(
        "Jira does not create {from} for {key}: {why}; dev issues of this type are created as {to} (issueType). To choose \
         another type, add it to issueTypeMap"
    );
    line(Level::Warn, message).issue(key).text("from", from).text("to", to).error(why)
}

pub(super) fn file_copied(user: &IssueKey, dev: &IssueKey, filename: &str, size: u64) -> Line {
    let filename = told(filename);
    audit(Level::Info, "action.copyAttachment", format!("Copied {filename:?} of {user} to {dev}"))
        .issue(user)
        .text("target", dev)
        .text("filename", filename)
        .with("size", Field::Number(size))
}

pub(super) fn file_left_out(user: &IssueKey, filename: &str, why: &str) -> Line {
    let filename = told(filename);
    line(Level::Warn, format!("{filename:?} of {user} is not copied: {why}"))
        .issue(user)
        .text("filename", filename)
        .error(why)
}

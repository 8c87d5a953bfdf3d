//! Writes to Jira: done, refused, or in doubt.

use super::super::copying::FieldName;
use super::super::intent::StepKey;
use super::super::name::{IssueKey, RuleId, Side};
use super::super::rule::StatusName;
use super::Event;
use super::line::{Field, Level, Line, audit, line};

pub(super) fn created(user: &IssueKey, dev: &IssueKey, rule: Option<&RuleId>) -> Line {
    audit(Level::Info, "action.createIssue", format!("Created {dev} for {user}"))
        .issue(user)
        .text("target", dev)
        .rule(rule)
}

pub(super) fn synced(
    side: Side,
    key: &IssueKey,
    to: &StatusName,
    because_of: &IssueKey,
    rule: Option<&RuleId>,
) -> Line {
    audit(Level::Info, Event::STATUS_SYNCED, format!("Brought {key} to {to} because of {because_of}"))
        .text("side", side)
        .issue(key)
        .text("status", to)
        .text("source", because_of)
        .rule(rule)
}

pub(super) fn by_name(key: &IssueKey, name: &str, to: &StatusName) -> Line {
    let message = format!("No transition of {key} leads to {name}; the one of that name leads to {to}");
    line(Level::Warn, message).issue(key).text("status", to)
}

pub(super) fn commented(key: &IssueKey) -> Line {
    audit(Level::Info, "action.comment", format!("Commented on {key}")).issue(key)
}

pub(super) fn replied(key: &IssueKey, field: &FieldName) -> Line {
    audit(Level::Info, "action.setReplied", format!("Set {field} of {key}")).issue(key).text("field", field)
}

pub(super) fn link_owed(key: &IssueKey, status: &StatusName) -> Line {
    let message = format!("{key} can't be edited in {status}; its link to the dev issue follows when it can be");
    audit(Level::Warn, "link.owed", message).issue(key).text("status", status)
}

pub(super) fn link_made(user: &IssueKey, dev: &IssueKey) -> Line {
    audit(Level::Info, "action.link", format!("Linked {user} to {dev}")).issue(user).text("target", dev)
}

pub(super) fn refused(key: &IssueKey, what: &str, why: &str) -> Line {
    line(Level::Warn, format!("Jira refuses the {what} for {key}; it is left out: {why}")).issue(key).error(why)
}

pub(super) fn in_doubt(key: &IssueKey, step: &StepKey, what: &str, why: &str) -> Line {
    let message = format!("The {what} for {key} is in doubt and will be looked up: {why}");
    audit(Level::Warn, "step.inDoubt", message).issue(key).text("step", step).error(why)
}

pub(super) fn doubt_settled(key: &IssueKey, step: &StepKey, what: &str, happened: bool) -> Line {
    let found = if happened { "had happened" } else { "had not happened" };
    audit(Level::Info, "step.doubtSettled", format!("The {what} for {key} {found}"))
        .issue(key)
        .text("step", step)
        .with("happened", Field::Flag(happened))
}

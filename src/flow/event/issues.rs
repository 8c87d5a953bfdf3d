//! Single issues: what was seen of them, and what was decided.

use std::time::Duration;

use super::super::name::{IssueKey, Side};
use super::super::rule::StatusName;
use super::SkipReason;
use super::line::{Level, Line, audit, seconds};

pub(super) fn fetched(side: Side, key: &IssueKey) -> Line {
    audit(Level::Debug, "issue.fetched", format!("Read {key}")).text("side", side).issue(key)
}

pub(super) fn unchanged(side: Side, key: &IssueKey) -> Line {
    audit(Level::Debug, "status.unchanged", format!("{key} stands where it stood")).text("side", side).issue(key)
}

pub(super) fn changed(side: Side, key: &IssueKey, from: Option<&StatusName>, to: &StatusName) -> Line {
    let message = match from {
        Some(from) => format!("{key} went from {from} to {to}"),
        None => format!("{key} is seen for the first time, in {to}"),
    };
    let line = audit(Level::Info, "status.changed", message).text("side", side).issue(key);
    let line = match from {
        Some(from) => line.text("from", from),
        None => line,
    };
    line.text("to", to)
}

pub(super) fn processed(key: &IssueKey) -> Line {
    audit(Level::Info, "issue.processed", format!("{key} is handled")).issue(key)
}

pub(super) fn skipped(key: &IssueKey, reason: SkipReason) -> Line {
    audit(Level::Info, "action.skipped", format!("Nothing to do for {key}: {}", reason.as_str()))
        .issue(key)
        .text("reason", reason.as_str())
}

pub(super) fn failed(key: &IssueKey, why: &str, again_in: Duration) -> Line {
    let message = format!("{key} failed and is tried again in {}: {why}", seconds(again_in));
    audit(Level::Warn, "issue.failed", message).issue(key).error(why)
}

//! Pairs: whether they are kept in step, and who decided.

use chrono::{DateTime, SecondsFormat, Utc};

use super::super::name::{IssueKey, Side};
use super::super::rule::StatusName;
use super::Event;
use super::line::{Field, Level, Line, audit};

pub(super) fn adopted(user: &IssueKey, dev: &IssueKey) -> Line {
    audit(Level::Info, "pair.adopted", format!("{user} and {dev} already belong together"))
        .issue(user)
        .text("target", dev)
}

pub(super) fn suspended(user: &IssueKey, dev: &IssueKey, why: &str) -> Line {
    let message = format!("The pair of {user} and {dev} is suspended: {why}");
    audit(Level::Warn, "pair.suspended", message).issue(user).text("target", dev).error(why)
}

pub(super) fn broken(user: &IssueKey, dev: &IssueKey, why: &str) -> Line {
    let message = format!("The pair of {user} and {dev} is broken: {why}");
    audit(Level::Warn, "pair.broken", message).issue(user).text("target", dev).error(why)
}

pub(super) fn held(user: &IssueKey, dev: &IssueKey, writes: u32, until: DateTime<Utc>) -> Line {
    let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
    let message = format!(
        "The pair of {user} and {dev} is held until {until}: written {writes} times within ten minutes; do its rules \
         answer each other?"
    );
    audit(Level::Warn, "pair.held", message)
        .issue(user)
        .text("target", dev)
        .text("reason", "ping-pong")
        .with("writes", Field::Number(writes.into()))
        .text("until", until)
}

pub(super) fn mended(user: &IssueKey, dev: &IssueKey) -> Line {
    audit(Level::Info, Event::PAIR_MENDED, format!("{user} and {dev} are kept in step again"))
        .issue(user)
        .text("target", dev)
}

pub(super) fn conflict_lost(user: &IssueKey, side: Side, status: &StatusName, wanted: &StatusName) -> Line {
    let message = format!("Both sides of {user} changed: {status} on the {side} side lost");
    audit(Level::Warn, "conflict.lost", message)
        .issue(user)
        .text("side", side)
        .text("status", status)
        .text("wanted", wanted)
}

pub(super) fn ordered(key: &IssueKey, order: &str) -> Line {
    audit(Level::Info, Event::PAIR_ORDER, format!("Carried out as ordered: {order}")).issue(key).text("order", order)
}

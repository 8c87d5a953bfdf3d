//! Flows, their files and their workers.

use std::time::Duration;

use super::line::{Field, Level, Line, audit, line, seconds};
use crate::flow::NoticeKind;
use crate::foreign::message;

pub(super) fn failed(why: &str, again_in: Duration) -> Line {
    line(Level::Warn, format!("Worker failed, starting again in {}: {why}", seconds(again_in))).error(why)
}

pub(super) fn panicked(why: &str, again_in: Duration) -> Line {
    line(Level::Error, format!("Worker panicked, starting again in {}: {why}", seconds(again_in))).error(why)
}

pub(super) fn stalled(again_in: Duration) -> Line {
    line(Level::Warn, format!("Worker made no progress, starting again in {}", seconds(again_in)))
}

pub(super) fn occupied(why: &str, again_every: Duration) -> Line {
    line(Level::Warn, format!("Standing by, asking again every {}: {why}", seconds(again_every))).error(why)
}

pub(super) fn parked(why: &str, again_in: Duration) -> Line {
    line(Level::Error, format!("Parked until somebody acts, asking again in {}: {why}", seconds(again_in))).error(why)
}

pub(super) fn notice_raised(kind: NoticeKind, why: &str) -> Line {
    audit(Level::Warn, "flow.degraded", format!("Flow degraded: {why}")).text("notice", kind.as_str()).error(why)
}

pub(super) fn notice_cleared(kind: NoticeKind) -> Line {
    let message = format!("No longer degraded by {}", kind.as_str());
    audit(Level::Info, "flow.noticeCleared", message).text("notice", kind.as_str())
}

pub(super) fn degraded(why: &str) -> Line {
    audit(Level::Warn, "flow.degraded", format!("Flow degraded until it works again: {why}")).error(why)
}

pub(super) fn recovered(after: Duration) -> Line {
    let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
    let message = format!("Flow works again, {} after it had become degraded", seconds(after));
    audit(Level::Info, "flow.recovered", message).with("durationMs", Field::Number(millis))
}

pub(super) fn repeated(request: &str, why: &str, again_in: Duration) -> Line {
    let message = format!("{request} failed, trying again in {}: {why}", seconds(again_in));
    line(Level::Warn, message).text("request", request).error(why)
}

pub(super) fn accepted(file: &str) -> Line {
    line(Level::Info, format!("Flow file {file} accepted")).text("file", file)
}

pub(super) fn refused(file: &str, problems: &[String], runs_on: bool) -> Line {
    let consequence = if runs_on { "; the last good flow runs on" } else { "" };
    line(Level::Error, format!("Flow file {file} refused{consequence}: {}", problems.join("; ")))
        .text("file", file)
        .with("problems", Field::List(problems.iter().map(|problem| message(problem)).collect()))
}

pub(super) fn warned(file: &str, warning: &str) -> Line {
    line(Level::Warn, format!("{file}: {warning}")).text("file", file)
}

pub(super) fn unreadable(why: &str) -> Line {
    line(Level::Error, format!("No flow is changed: {why}")).error(why)
}

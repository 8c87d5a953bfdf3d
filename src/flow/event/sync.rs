//! How far a flow has come: full sync, cycles, patrol.

use std::time::Duration;

use super::super::name::{ProjectKey, Side};
use super::super::time::{JiraTime, Watermark};
use super::line::{Field, Level, Line, audit, line, seconds};

pub(super) fn full_started(resumed: bool) -> Line {
    let line = line(Level::Info, "Running initial full sync");
    if resumed { line.with("resumed", Field::Flag(true)) } else { line }
}

pub(super) fn taken_over([pairs, failed_creates, odd]: [u64; 3], from: Option<Watermark>) -> Line {
    let looks = if odd == 0 { "" } else { "; `lockstep adopt --dry-run` lists what needs a look" };
    let message = format!(
        "Took over {pairs} pairs of the Node.js service; {failed_creates} user issues get the dev issue that they \
         lack{looks}"
    );
    let line = audit(Level::Info, "sync.takenOver", message)
        .with("pairs", Field::Number(pairs))
        .with("failedCreates", Field::Number(failed_creates))
        .with("odd", Field::Number(odd));
    match from {
        Some(from) => line.text("from", from),
        None => line,
    }
}

pub(super) fn full_completed(issues: u64) -> Line {
    line(Level::Info, "Initial sync completed").with("issues", Field::Number(issues))
}

pub(super) fn full_progress(done: u64, total: Option<u64>, per_minute: u64, left: Option<Duration>) -> Line {
    let of = total.map(|total| format!(" of about {total}")).unwrap_or_default();
    let rest = left.map(|left| format!(", about {} left", seconds(left))).unwrap_or_default();
    let line = line(Level::Info, format!("Initial full sync: {done}{of} issues, {per_minute} a minute{rest}"));
    let line = line.with("done", Field::Number(done)).with("perMinute", Field::Number(per_minute));
    let line = match total {
        Some(total) => line.with("total", Field::Number(total)),
        None => line,
    };
    match left {
        Some(left) => line.with("secondsLeft", Field::Number(left.as_secs())),
        None => line,
    }
}

pub(super) fn state_lost(from: Watermark) -> Line {
    line(Level::Warn, "Last sync state lost, using current time for incremental sync").text("from", from)
}

pub(super) fn full_disabled(from: Watermark) -> Line {
    line(Level::Info, "Initial sync disabled, starting from current time").text("from", from)
}

pub(super) fn project_replaced(side: Side, [was, key]: [&ProjectKey; 2], issues: Option<u64>, whole: bool) -> Line {
    let count = issues.map(|issues| format!(" (about {issues} issues)")).unwrap_or_default();
    let what = match whole {
        true => "it is read from its beginning",
        false => "what happens in it from now on counts",
    };
    let message = format!(
        "The {side} project is now {key}{count} instead of {was}: {what}; pairs with issues of {was} are suspended when they \
         are seen, and nothing is written there"
    );
    let line = audit(Level::Warn, "project.replaced", message).text("side", side).text("was", was).text("project", key);
    match issues {
        Some(issues) => line.with("issues", Field::Number(issues)),
        None => line,
    }
}

pub(super) fn project_read(issues: u64) -> Line {
    line(Level::Info, "Read the new project from its beginning").with("issues", Field::Number(issues))
}

pub(super) fn clock_went_back(last_sync: Watermark, now: JiraTime) -> Line {
    line(Level::Warn, "Jira's clock is behind the last sync; searching from its present time")
        .text("lastSync", last_sync)
        .text("jiraTime", now)
}

pub(super) fn patrol_completed(pairs: u64, broken: u64, suspended: u64) -> Line {
    audit(Level::Info, "sync.patrol.completed", format!("Read {pairs} known pairs again"))
        .with("pairs", Field::Number(pairs))
        .with("broken", Field::Number(broken))
        .with("suspended", Field::Number(suspended))
}

pub(super) fn pairs_lost() -> Line {
    line(Level::Warn, "Some recorded pairs are gone; they are found again by what their issues carry")
}

//! What a takeover found, for people and for programs.

use std::fmt::Display;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::engine::Report;
use crate::flow::FlowName;

/// More of a kind than these are only counted: the log and `lockstep history` have them all.
const SHOWN: usize = 20;

/// A paragraph for each flow: what is there, then what needs somebody.
pub(super) fn text(flow: &FlowName, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{flow}: from {}", report.place)?;
    let Report { pairs, statuses, taken, known, .. } = report;
    writeln!(out, "  {pairs} pairs: {taken} taken over, {known} known already, {} not", pairs - taken - known)?;
    let stopped = report.last_sync.map_or("never".to_owned(), |mark| mark.to_string());
    writeln!(out, "  {statuses} statuses, last cycle ended {stopped}")?;
    match report.goes_on_from {
        Some(mark) => writeln!(out, "  the first cycle looks back to {mark}")?,
        None => writeln!(out, "  the first cycle is a full sync")?,
    }
    let two = |(one, other): &(_, _)| format!("{one} {other}");
    list(out, "now under another key", report.moved.iter().map(|(was, is)| format!("{was} is {is}")))?;
    list(out, "get their dev issue in the first cycle", &report.failed_creates)?;
    list(out, "paired with their dev issue in the first cycle", report.single.iter().map(two))?;
    let twins = report.twins.iter().map(|(user, devs)| {
        format!("{user} has {}", devs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    });
    list(out, "have several dev issues: close all but one, see `lockstep pair`", twins)?;
    let lost = report.lost.iter().map(|pair| format!("{} {}", pair.user, pair.dev));
    list(out, "pairs of which an issue is deleted or hidden: see `lockstep recreate`", lost)?;
    let away = report.suspended.iter().map(|pair| format!("{} {}", pair.user, pair.dev));
    list(out, "pairs of which an issue is in another project: they rest until it is back", away)?;
    let contradicted = report.contradicted.iter();
    let contradicted =
        contradicted.map(|(theirs, ours)| format!("{} {}, here {} {}", theirs.user, theirs.dev, ours.user, ours.dev));
    list(out, "pairs that are other pairs here, which stay", contradicted)?;
    list(out, "dev issues whose user issue can't be read", &report.strays)?;
    list(out, "documents that can't be understood and are passed over", &report.unfit)
}

fn list<T: Display>(out: &mut dyn Write, what: &str, all: impl IntoIterator<Item = T>) -> io::Result<()> {
    let all: Vec<_> = all.into_iter().collect();
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {} {what}", all.len())?;
    all.iter().take(SHOWN).try_for_each(|one| writeln!(out, "    {one}"))?;
    if all.len() > SHOWN { writeln!(out, "    and {} more", all.len() - SHOWN) } else { Ok(()) }
}

/// Everything, by flow.
pub(super) fn json(taken: &[(FlowName, Report)], dry_run: bool, out: &mut dyn Write) -> io::Result<()> {
    let flows: Vec<_> = taken.iter().map(|(flow, report)| of_flow(flow, report)).collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "dryRun": dry_run, "flows": flows }))?;
    writeln!(out)
}

fn of_flow(flow: &FlowName, report: &Report) -> Value {
    let text = |one: &dyn Display| one.to_string();
    let pair = |user: &dyn Display, dev: &dyn Display| json!({ "user": text(user), "dev": text(dev) });
    json!({
        "flow": flow.as_str(),
        "from": report.place,
        "pairs": report.pairs,
        "taken": report.taken,
        "known": report.known,
        "statuses": report.statuses,
        "lastSync": report.last_sync.map(|mark| mark.to_string()),
        "goesOnFrom": report.goes_on_from.map(|mark| mark.to_string()),
        "moved": report.moved.iter().map(|(was, is)| json!({ "was": text(was), "is": text(is) })).collect::<Vec<_>>(),
        "failedCreates": report.failed_creates.iter().map(|key| text(key)).collect::<Vec<_>>(),
        "single": report.single.iter().map(|(user, dev)| pair(user, dev)).collect::<Vec<_>>(),
        "twins": report.twins.iter()
            .map(|(user, devs)| json!({ "user": text(user), "dev": devs.iter().map(|dev| text(dev)).collect::<Vec<_>>() }))
            .collect::<Vec<_>>(),
        "lost": report.lost.iter().map(|lost| pair(&lost.user, &lost.dev)).collect::<Vec<_>>(),
        "suspended": report.suspended.iter().map(|away| pair(&away.user.key, &away.dev.key)).collect::<Vec<_>>(),
        "contradicted": report.contradicted.iter()
            .map(|(theirs, ours)| json!({ "theirs": pair(&theirs.user, &theirs.dev), "ours": pair(&ours.user.key, &ours.dev.key) }))
            .collect::<Vec<_>>(),
        "strays": report.strays.iter().map(|key| text(key)).collect::<Vec<_>>(),
        "unfit": report.unfit,
    })
}

//! The report of a takeover, as text.

use std::fmt::Display;
use std::io::{self, Write};

use crate::cli::text::{counted, one_line};
use crate::engine::Report;
use crate::flow::{FlowName, Pair};
use crate::store::KeyPair;

/// The most entries listed of a kind; further ones are counted.
const SHOWN: usize = 20;

/// Writes one flow's report: what was found, what was taken over, what the first cycles handle, what needs attention.
pub(super) fn text(flow: &FlowName, report: &Report, dry_run: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{flow}: from {}", report.place)?;
    what_was_done(report, dry_run, out)?;
    let mut groups = Groups { out, heading: "Handled by the first cycles:", is_open: false };
    let two = |(one, other): &(_, _)| format!("{one} {other}");
    groups.list("user issues whose dev issue was never created", &report.failed_creates)?;
    groups.list("pairs that it had not noted, found by their links", report.single.iter().map(two))?;
    groups.list("issues under another key now", report.moved.iter().map(|(was, is)| format!("{was} is {is}")))?;
    let away = report.suspended.iter().map(|pair| format!("{} {}", pair.user, pair.dev));
    groups.list("pairs suspended until the issue that left its project is back", away)?;
    let mut groups = Groups { heading: "Needs attention:", is_open: false, ..groups };
    let twins = report.twins.iter().map(|(user, devs)| {
        format!("{user} has {}", devs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    });
    let choose =
        "user issues with several dev issues; the first stays, unless you `lockstep unpair` and `lockstep pair`";
    groups.list(choose, twins)?;
    let lost = report.lost.iter().map(|pair| format!("{} {}", pair.user, pair.dev));
    let left_out = "pairs left out, as an issue is deleted or hidden from this account; give it access, else no dev issue is \
                    created unless you `lockstep pair` or `lockstep recreate`";
    groups.list(left_out, lost)?;
    groups.list("pairs left out, as they are other pairs here", report.contradicted.iter().map(contradiction))?;
    groups.list("dev issues whose user issue can't be read", &report.strays)?;
    groups.list("documents left out, as they can't be understood", &report.unfit)
}

fn what_was_done(report: &Report, dry_run: bool, out: &mut dyn Write) -> io::Result<()> {
    let Report { pairs, statuses, taken, known, .. } = report;
    let (done, left) = (if dry_run { "to be taken over" } else { "taken over" }, pairs - taken - known);
    writeln!(out, "  {}: {taken} {done}, {known} known already, {left} not", counted(*pairs, "pair", false))?;
    let ended =
        report.last_sync.map_or("it never completed a cycle".to_owned(), |mark| format!("its last cycle ended {mark}"));
    writeln!(out, "  It had seen {statuses} statuses; {ended}.")?;
    match report.goes_on_from {
        Some(mark) => writeln!(out, "  The flow continues with what changed since {mark}."),
        None => writeln!(out, "  The flow begins with a full sync, which creates nothing that is there."),
    }
}

fn contradiction((theirs, ours): &(KeyPair, Pair)) -> String {
    format!("{} {}, here {} {}", theirs.user, theirs.dev, ours.user, ours.dev)
}

/// Lists under a heading, which is only there if one of them is.
struct Groups<'a> {
    out: &'a mut dyn Write,
    heading: &'static str,
    is_open: bool,
}

impl Groups<'_> {
    fn list<T: Display>(&mut self, what: &str, all: impl IntoIterator<Item = T>) -> io::Result<()> {
        let all: Vec<_> = all.into_iter().collect();
        if all.is_empty() {
            return Ok(());
        }
        if !self.is_open {
            writeln!(self.out, "  {}", self.heading)?;
            self.is_open = true;
        }
        writeln!(self.out, "    {what} ({}):", all.len())?;
        all.iter().take(SHOWN).try_for_each(|one| writeln!(self.out, "      {}", one_line(&one.to_string())))?;
        let more = all.len().saturating_sub(SHOWN);
        if more > 0 { writeln!(self.out, "      and {more} more; --json has them all") } else { Ok(()) }
    }
}

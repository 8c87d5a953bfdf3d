//! The report of a takeover, as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::engine::Report;
use crate::flow::{FlowName, IssueKey};

/// Writes the whole report.
pub(super) fn json(taken: &[(FlowName, Report)], dry_run: bool, out: &mut dyn Write) -> io::Result<()> {
    let flows = taken.iter().map(|(flow, report)| FlowReport::of(flow, report)).collect();
    serde_json::to_writer_pretty(&mut *out, &All { dry_run, flows })?;
    writeln!(out)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct All<'a> {
    dry_run: bool,
    flows: Vec<FlowReport<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FlowReport<'a> {
    flow: &'a str,
    from: &'a str,
    pairs: usize,
    taken: usize,
    known: usize,
    statuses: usize,
    last_sync: Option<String>,
    goes_on_from: Option<String>,
    moved: Vec<Moved<'a>>,
    failed_creates: Vec<&'a str>,
    single: Vec<PairReport<'a>>,
    twins: Vec<Twins<'a>>,
    lost: Vec<PairReport<'a>>,
    suspended: Vec<PairReport<'a>>,
    contradicted: Vec<Contradiction<'a>>,
    strays: Vec<&'a str>,
    unfit: &'a [String],
}

#[derive(Serialize)]
struct Moved<'a> {
    was: &'a str,
    is: &'a str,
}

#[derive(Serialize)]
struct PairReport<'a> {
    user: &'a str,
    dev: &'a str,
}

#[derive(Serialize)]
struct Twins<'a> {
    user: &'a str,
    dev: Vec<&'a str>,
}

#[derive(Serialize)]
struct Contradiction<'a> {
    theirs: PairReport<'a>,
    ours: PairReport<'a>,
}

impl<'a> FlowReport<'a> {
    fn of(flow: &'a FlowName, report: &'a Report) -> Self {
        let single = report.single.iter().map(|(user, dev)| pair(user, dev));
        let lost = report.lost.iter().map(|lost| pair(&lost.user, &lost.dev));
        let away = report.suspended.iter().map(|away| pair(&away.user.key, &away.dev.key));
        let contradicted = report.contradicted.iter().map(|(theirs, ours)| Contradiction {
            theirs: pair(&theirs.user, &theirs.dev),
            ours: pair(&ours.user.key, &ours.dev.key),
        });
        Self {
            flow: flow.as_str(),
            from: &report.place,
            pairs: report.pairs,
            taken: report.taken,
            known: report.known,
            statuses: report.statuses,
            last_sync: report.last_sync.map(|mark| mark.to_string()),
            goes_on_from: report.goes_on_from.map(|mark| mark.to_string()),
            moved: report.moved.iter().map(|(was, is)| Moved { was: was.as_str(), is: is.as_str() }).collect(),
            failed_creates: keys(&report.failed_creates),
            single: single.collect(),
            twins: report.twins.iter().map(|(user, devs)| Twins { user: user.as_str(), dev: keys(devs) }).collect(),
            lost: lost.collect(),
            suspended: away.collect(),
            contradicted: contradicted.collect(),
            strays: keys(&report.strays),
            unfit: &report.unfit,
        }
    }
}

fn pair<'a>(user: &'a IssueKey, dev: &'a IssueKey) -> PairReport<'a> {
    PairReport { user: user.as_str(), dev: dev.as_str() }
}

fn keys(keys: &[IssueKey]) -> Vec<&str> {
    keys.iter().map(IssueKey::as_str).collect()
}

//! `lockstep status`: the state of the flows of a running daemon.

mod page;

use std::io::{self, Write};

use super::Outcome;
use super::daemon::DaemonArgs;
use super::text::one_line;
use crate::api;
use crate::flow::FlowName;

/// Shows the state of the flows of a running daemon; of one flow also what needs attention, and what to do about it.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 it was shown; 1 there is no such flow, its data can't be read, or the daemon did \
                        not answer; 2 wrong usage."
)]
pub(super) struct Args {
    /// This flow only, with its doubts, failures and pairs that are not synced
    flow: Option<FlowName>,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub(super) fn run(args: &Args) -> Outcome {
    match &args.flow {
        Some(flow) => args.daemon.get_what_is_known(&format!("/api/v1/flows/{flow}"), page::show),
        None => args.daemon.get("/api/v1/flows", show_all),
    }
}

fn show_all(all: &api::Flows, out: &mut dyn Write) -> io::Result<()> {
    if all.flows.is_empty() {
        writeln!(out, "no flows")?;
    }
    all.flows.iter().try_for_each(|flow| show(flow, out))?;
    all.log.iter().try_for_each(|log| show_log(log, out))
}

fn show(flow: &api::Flow, out: &mut dyn Write) -> io::Result<()> {
    let last = flow.last_cycle.as_deref().unwrap_or("none yet");
    let why = flow.why.as_ref().map(|why| format!(": {}", one_line(why))).unwrap_or_default();
    writeln!(out, "{}: {} since {}, last good cycle {last}{why}", flow.name, flow.state, flow.since)?;
    if let Some(until) = &flow.held_until {
        writeln!(out, "  Jira asked to wait until {until}; editing the flow file or giving an order retries earlier")?;
    }
    show_degraded(flow, out)?;
    let show = |notice: &api::Notice| writeln!(out, "  degraded since {}: {}", notice.since, one_line(&notice.why));
    flow.notices.iter().try_for_each(show)
}

/// Writes since when and why the flow is degraded, unless the line of its state or of a notice says so.
fn show_degraded(flow: &api::Flow, out: &mut dyn Write) -> io::Result<()> {
    let (Some(since), why) = (&flow.degraded_since, &flow.degraded_why) else { return Ok(()) };
    let is_notice = |why: &String| flow.notices.iter().any(|notice| notice.why == *why);
    match why {
        Some(why) if is_notice(why) => Ok(()),
        Some(_) if *why == flow.why => writeln!(out, "  degraded since {since}"),
        Some(why) => writeln!(out, "  degraded since {since}: {}", one_line(why)),
        None => writeln!(out, "  degraded since {since}"),
    }
}

/// Writes what is wrong with the log of the daemon.
fn show_log(log: &api::Log, out: &mut dyn Write) -> io::Result<()> {
    let api::DroppedLines { trace, debug, info, warn, error } = log.dropped;
    let total = trace + debug + info + warn + error;
    if total > 0 {
        let levels = format!("{error} error, {warn} warn, {info} info, {debug} debug, {trace} trace");
        writeln!(
            out,
            "the log dropped {total} lines since the daemon started ({levels}): check what reads it, and its disk"
        )?;
    }
    match &log.failure {
        Some(why) => writeln!(out, "the log can't be written, and is retried: {}", one_line(why)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fields: &str) -> String {
        let flow = format!(r#"{{"name": "sync-ab", "file": "F", "state": "backing_off", "since": "S", {fields}}}"#);
        let mut out = Vec::new();
        show(&serde_json::from_str(&flow).unwrap(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const DEGRADED: &str = r#""degraded": true, "degradedSince": "D", "degradedWhy": "no answer""#;

    #[test]
    fn a_degraded_flow_says_since_when_and_each_reason_once() {
        let head = "sync-ab: backing_off since S, last good cycle none yet";
        for (fields, said) in [
            (r#""why": null"#.to_owned(), format!("{head}\n")),
            (format!(r#""why": null, {DEGRADED}"#), format!("{head}\n  degraded since D: no answer\n")),
            (format!(r#""why": "no answer", {DEGRADED}"#), format!("{head}: no answer\n  degraded since D\n")),
            (
                format!(r#""why": null, {DEGRADED}, "notices": [{{"kind": "K", "why": "no answer", "since": "N"}}]"#),
                format!("{head}\n  degraded since N: no answer\n"),
            ),
        ] {
            assert_eq!(shown(&fields), said);
        }
    }

    /// An answer of the first daemons that had an API.
    const OLDEST: &str = r#"{"flows": [{"name": "sync-ab", "file": "sync-ab.json", "state": "idle", "since": "S", "why": null,
        "lastCycle": "C", "lastHeartbeat": null}]}"#;

    #[test]
    fn the_answer_of_an_older_daemon_is_shown() {
        let mut out = Vec::new();
        show_all(&serde_json::from_str(OLDEST).unwrap(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "sync-ab: idle since S, last good cycle C\n");
    }

    #[test]
    fn only_a_log_with_dropped_lines_or_a_failure_is_shown() {
        let nothing = r#""dropped": {"trace":0,"debug":0,"info":0,"warn":0,"error":0}"#;
        let some = r#""dropped": {"trace":0,"debug":0,"info":7,"warn":0,"error":1}"#;
        for (dropped, failure, expected) in [
            (nothing, "null", ""),
            (
                some,
                "null",
                "the log dropped 8 lines since the daemon started (1 error, 0 warn, 7 info, 0 debug, 0 trace): check \
                 what reads it, and its disk\n",
            ),
            (nothing, r#""no storage space""#, "the log can't be written, and is retried: no storage space\n"),
        ] {
            let log = format!(r#"{{ "queuedBytes": 0, {dropped}, "failure": {failure} }}"#);
            let mut shown = Vec::new();
            show_log(&serde_json::from_str(&log).unwrap(), &mut shown).unwrap();
            assert_eq!(String::from_utf8(shown).unwrap(), expected);
        }
    }
}

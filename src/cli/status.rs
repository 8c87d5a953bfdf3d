//! `lockstep status`: how the flows of a running daemon stand.

mod log;
mod page;

use std::io::{self, Write};

use serde::Deserialize;

use super::Outcome;
use super::daemon::Ask;
use super::text::one_line;
use crate::flow::FlowName;
use log::LogState;
use page::Page;

/// Shows how the flows of a running daemon stand; of one flow also what needs somebody, and what to do about it.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 it was shown; 1 there is no such flow, its data can't be read, or the daemon did \
                        not answer; 2 wrong usage."
)]
pub(super) struct Args {
    /// This flow only, with its doubts, failures and pairs that are not kept in step
    flow: Option<FlowName>,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Deserialize)]
struct Flows {
    flows: Vec<Flow>,
    /// Older daemons don't tell.
    #[serde(default)]
    log: Option<LogState>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Flow {
    name: String,
    state: String,
    since: String,
    why: Option<String>,
    #[serde(default)]
    held_until: Option<String>,
    last_cycle: Option<String>,
    #[serde(default)]
    degraded: bool,
    #[serde(default)]
    degraded_since: Option<String>,
    #[serde(default)]
    degraded_why: Option<String>,
    #[serde(default)]
    notices: Vec<Notice>,
}

#[derive(Deserialize)]
struct Notice {
    why: String,
    since: String,
}

pub(super) fn run(args: &Args) -> Outcome {
    match &args.flow {
        Some(flow) => args.ask.get_what_is_known(&format!("/api/v1/flows/{flow}"), |page: &Page, out| page.show(out)),
        None => args.ask.get("/api/v1/flows", |all: &Flows, out| all.show(out)),
    }
}

impl Flows {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.flows.is_empty() {
            writeln!(out, "no flows")?;
        }
        self.flows.iter().try_for_each(|flow| flow.show(out))?;
        self.log.iter().try_for_each(|log| log.show(out))
    }
}

impl Flow {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let last = self.last_cycle.as_deref().unwrap_or("none yet");
        let why = self.why.as_ref().map(|why| format!(": {}", one_line(why))).unwrap_or_default();
        writeln!(out, "{}: {} since {}, last good cycle {last}{why}", self.name, self.state, self.since)?;
        if let Some(until) = &self.held_until {
            writeln!(out, "  Jira asked to wait until {until}; an edited flow file or an order has it asked earlier")?;
        }
        self.show_degraded(out)?;
        let show = |notice: &Notice| writeln!(out, "  degraded since {}: {}", notice.since, one_line(&notice.why));
        self.notices.iter().try_for_each(show)
    }

    /// Says nothing that the line of its state or of a notice says.
    fn show_degraded(&self, out: &mut dyn Write) -> io::Result<()> {
        let (Some(since), why) = (&self.degraded_since, &self.degraded_why) else { return Ok(()) };
        let is_notice = |why: &String| self.notices.iter().any(|notice| notice.why == *why);
        match why {
            Some(why) if is_notice(why) => Ok(()),
            Some(_) if *why == self.why => writeln!(out, "  degraded since {since}"),
            Some(why) => writeln!(out, "  degraded since {since}: {}", one_line(why)),
            None => writeln!(out, "  degraded since {since}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fields: &str) -> String {
        let flow = format!(r#"{{"name": "sync-ab", "state": "backing_off", "since": "S", {fields}}}"#);
        let mut out = Vec::new();
        serde_json::from_str::<Flow>(&flow).unwrap().show(&mut out).unwrap();
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
                format!(r#""why": null, {DEGRADED}, "notices": [{{"why": "no answer", "since": "N"}}]"#),
                format!("{head}\n  degraded since N: no answer\n"),
            ),
        ] {
            assert_eq!(shown(&fields), said);
        }
    }

    /// As the first daemons answered that had an API.
    const OLDEST: &str = r#"{"flows": [{"name": "sync-ab", "file": "sync-ab.json", "state": "idle", "since": "S", "why": null,
        "lastCycle": "C", "lastHeartbeat": null}]}"#;

    #[test]
    fn an_answer_of_an_older_daemon_is_shown_as_far_as_it_goes() {
        let mut out = Vec::new();
        serde_json::from_str::<Flows>(OLDEST).unwrap().show(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "sync-ab: idle since S, last good cycle C\n");
    }
}

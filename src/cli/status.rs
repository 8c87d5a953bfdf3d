//! `lockstep status`: how the flows of a running daemon stand.

mod page;

use std::io::{self, Write};

use serde::Deserialize;

use super::Outcome;
use super::daemon::Ask;
use super::text::one_line;
use crate::flow::FlowName;
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
        None => args.ask.get("/api/v1/flows", |all: &Flows, out| show(&all.flows, out)),
    }
}

fn show(flows: &[Flow], out: &mut dyn Write) -> io::Result<()> {
    if flows.is_empty() {
        return writeln!(out, "no flows");
    }
    flows.iter().try_for_each(|flow| flow.show(out))
}

impl Flow {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let last = self.last_cycle.as_deref().unwrap_or("none yet");
        let why = self.why.as_ref().map(|why| format!(": {}", one_line(why))).unwrap_or_default();
        writeln!(out, "{}: {} since {}, last good cycle {last}{why}", self.name, self.state, self.since)?;
        if let Some(until) = &self.held_until {
            writeln!(out, "  Jira asked to wait until {until}; an edited flow file or an order has it asked earlier")?;
        }
        let show = |notice: &Notice| writeln!(out, "  degraded since {}: {}", notice.since, one_line(&notice.why));
        self.notices.iter().try_for_each(show)
    }
}

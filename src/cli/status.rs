//! `lockstep status`: how the flows of a running daemon stand.

use std::io::{self, Write};

use serde::Deserialize;

use super::Outcome;
use super::daemon::Ask;
use crate::flow::FlowName;

/// Shows how the flows of a running daemon stand.
#[derive(clap::Args)]
#[command(
    after_help = "Exit codes: 0 it was shown; 1 there is no such flow, or the daemon did not answer; 2 wrong usage."
)]
pub(super) struct Args {
    /// This flow only
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
    last_cycle: Option<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    match &args.flow {
        Some(flow) => args.ask.get(&format!("/api/v1/flows/{flow}"), |flow: &Flow, out| flow.show(out)),
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
        let why = self.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        writeln!(out, "{}: {} since {}, last good cycle {last}{why}", self.name, self.state, self.since)
    }
}

//! `lockstep pair`, `unpair` and `recreate`: what an operator decides about pairs.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::Outcome;
use super::daemon::Ask;
use crate::flow::{FlowName, IssueKey, NotA};

const CODES: &str = "Exit codes: 0 done, now or before; 1 refused, or the daemon did not answer; 2 wrong usage.\n\n\
                     An order may be given again: what is done already is not done twice.";

/// Has a running daemon keep two issues in step from now on, whatever they carry. Also sets a pair going again that is
/// held, suspended or broken.
#[derive(clap::Args)]
#[command(after_help = CODES)]
pub(super) struct Pair {
    /// The flow
    flow: FlowName,
    /// The customers' issue, such as USER-A-1
    #[arg(value_parser = key)]
    user: IssueKey,
    /// The engineers' issue, such as DEV-A-7
    #[arg(value_parser = key)]
    dev: IssueKey,
    #[command(flatten)]
    ask: Ask,
}

/// Has a running daemon take a pair apart for good: its issues are neither kept in step nor paired again by themselves.
/// Links and comments that people can read are left as they are.
#[derive(clap::Args)]
#[command(after_help = CODES)]
pub(super) struct Unpair {
    /// The flow
    flow: FlowName,
    /// Either issue of the pair, such as USER-A-1
    #[arg(value_parser = key)]
    issue: IssueKey,
    #[command(flatten)]
    ask: Ask,
}

/// Has a running daemon create a new dev issue for a user issue whose former one is gone or was taken from it.
#[derive(clap::Args)]
#[command(after_help = CODES)]
pub(super) struct Recreate {
    /// The flow
    flow: FlowName,
    /// The customers' issue, such as USER-A-1
    #[arg(value_parser = key)]
    user: IssueKey,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Serialize)]
struct ToPair<'a> {
    user: &'a str,
    dev: &'a str,
}

#[derive(Serialize)]
struct ToUnpair<'a> {
    issue: &'a str,
}

#[derive(Serialize)]
struct ToRecreate<'a> {
    user: &'a str,
}

#[derive(Deserialize)]
struct Done {
    done: String,
}

pub(super) fn pair(args: &Pair) -> Outcome {
    give(&args.ask, &args.flow, "pair", &ToPair { user: args.user.as_str(), dev: args.dev.as_str() })
}

pub(super) fn unpair(args: &Unpair) -> Outcome {
    give(&args.ask, &args.flow, "unpair", &ToUnpair { issue: args.issue.as_str() })
}

pub(super) fn recreate(args: &Recreate) -> Outcome {
    give(&args.ask, &args.flow, "recreate", &ToRecreate { user: args.user.as_str() })
}

fn give(ask: &Ask, flow: &FlowName, what: &str, body: &impl Serialize) -> Outcome {
    let show = |done: &Done, out: &mut dyn Write| -> io::Result<()> { writeln!(out, "{}", done.done) };
    ask.post(&format!("/api/v1/flows/{flow}/{what}"), body, show)
}

/// Keys are written in capitals; people needn't.
fn key(text: &str) -> Result<IssueKey, NotA> {
    text.trim().to_ascii_uppercase().parse()
}

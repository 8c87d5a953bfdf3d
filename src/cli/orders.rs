//! `lockstep pair`, `unpair` and `recreate`: orders of operators about pairs.

use std::io::Write;

use serde::Serialize;

use super::Outcome;
use super::daemon::DaemonArgs;
use crate::api::{OrderDone, PairOrder, RecreateOrder, UnpairOrder};
use crate::flow::{FlowName, IssueKey};

const CODES: &str = "Exit codes: 0 done, now or before; 1 refused, or the daemon did not answer; 2 wrong usage.\n\n\
                     An order can be repeated: nothing is done twice.";

/// Makes two issues a pair, which the running daemon keeps in sync from now on. Also resumes a pair that is held,
/// suspended or broken.
#[derive(clap::Args)]
#[command(after_help = CODES)]
pub(super) struct Pair {
    /// The flow
    flow: FlowName,
    /// The customers' issue, such as USER-A-1
    #[arg(value_parser = IssueKey::typed)]
    user: IssueKey,
    /// The engineers' issue, such as DEV-A-7
    #[arg(value_parser = IssueKey::typed)]
    dev: IssueKey,
    #[command(flatten)]
    daemon: DaemonArgs,
}

/// Has the running daemon take a pair apart: its issues are no longer synced, and are paired again only by `lockstep pair`.
/// Links and comments that users can read are left as they are.
#[derive(clap::Args)]
#[command(after_help = CODES)]
pub(super) struct Unpair {
    /// The flow
    flow: FlowName,
    /// Either issue of the pair, such as USER-A-1
    #[arg(value_parser = IssueKey::typed)]
    issue: IssueKey,
    #[command(flatten)]
    daemon: DaemonArgs,
}

/// Has the running daemon create a new dev issue for a user issue that is in no pair, or whose dev issue is gone.
#[derive(clap::Args)]
#[command(after_help = CODES)]
pub(super) struct Recreate {
    /// The flow
    flow: FlowName,
    /// The customers' issue, such as USER-A-1
    #[arg(value_parser = IssueKey::typed)]
    user: IssueKey,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub(super) fn pair(args: &Pair) -> Outcome {
    let order = PairOrder { user: args.user.to_string(), dev: args.dev.to_string() };
    give(&args.daemon, &args.flow, "pair", &order)
}

pub(super) fn unpair(args: &Unpair) -> Outcome {
    give(&args.daemon, &args.flow, "unpair", &UnpairOrder { issue: args.issue.to_string() })
}

pub(super) fn recreate(args: &Recreate) -> Outcome {
    give(&args.daemon, &args.flow, "recreate", &RecreateOrder { user: args.user.to_string() })
}

fn give(daemon: &DaemonArgs, flow: &FlowName, what: &str, order: &impl Serialize) -> Outcome {
    let show = |answer: &OrderDone, out: &mut dyn Write| writeln!(out, "{}", answer.done);
    daemon.post(&format!("/api/v1/flows/{flow}/{what}"), order, show)
}

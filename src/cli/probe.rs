//! `lockstep probe`: whether a daemon answers, for the health checks of containers.

use std::time::Duration;

use super::{Outcome, daemon, print_error};

/// With the start and the end of this process below 2 s, the shortest timeout in common use for health checks.
const LIMIT: Duration = Duration::from_millis(1500);

/// Asks a running daemon whether it answers at all: /livez, without a token, for at most 2 s.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 it answers; 1 it does not; 2 wrong usage.\n\n\
                        Jira, MongoDB and the flows have no influence: `lockstep status` tells of these.")]
pub(super) struct Args {
    /// Where the daemon answers [default: $LOCKSTEP_API, else http://127.0.0.1:$PORT, else http://127.0.0.1:3000]
    #[arg(long, value_name = "URL")]
    api: Option<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    match daemon::is_alive(args.api.as_deref(), LIMIT) {
        Ok(()) => Outcome::Good,
        Err(why) => {
            print_error(format!("{why:#}"));
            Outcome::Bad
        }
    }
}

//! `lockstep demo`: shows Lockstep at work without an account, a database or a configuration.

use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::signals::Signals;
use super::{Outcome, print_error};
use crate::demo::{self, Options};

/// Shows three pairs of projects kept in step: a simulated Jira, people at work in it, and the real daemon.
#[derive(clap::Args)]
#[command(after_help = "Exit codes: 0 both sides agreed (or it was stopped by hand), 1 they did not.")]
pub(super) struct Args {
    /// What people do and when; the same seed gives the same people
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much faster than in an office people work and flows look
    #[arg(long, default_value_t = 600.0, value_parser = speed)]
    speed: f64,
    /// When people go home, such as 60s or 5m; then both sides are compared [default: never]
    #[arg(long, value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
}

pub(super) fn run(args: &Args) -> Outcome {
    match in_runtime(Options { seed: args.seed, speed: args.speed, duration: args.duration }) {
        Ok(true) => Outcome::Good,
        Ok(false) => Outcome::Bad,
        Err(error) => {
            print_error(format!("{error:#}"));
            Outcome::Bad
        }
    }
}

fn in_runtime(options: Options) -> anyhow::Result<bool> {
    Runtime::new().context("can't start the runtime")?.block_on(async {
        let stop = CancellationToken::new();
        let mut signals = tokio::task::JoinSet::new();
        signals.spawn(Signals::listen()?.then_cancel(stop.clone()));
        demo::run(options, stop).await
    })
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (1.0..=1000.0).contains(&speed) { Ok(speed) } else { Err("must be between 1 and 1000".to_owned()) }
}

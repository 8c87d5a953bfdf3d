//! The `lockstep` program.

use std::process::ExitCode;

use clap::Parser as _;
use lockstep::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}

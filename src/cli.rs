//! The command line: one file a command.

mod adopt;
mod check;
mod daemon;
mod demo;
mod export;
mod flows;
mod hangup;
mod history;
mod import;
mod log;
mod orders;
mod probe;
mod run;
mod schema;
mod service_manager;
mod signals;
mod simulator;
mod status;
mod text;
mod token;

use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

/// Keeps pairs of Jira projects in step.
#[derive(Parser)]
#[command(name = "lockstep", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the flows of a folder until it is told to stop.
    Run(run::Args),
    /// Checks flow files and says everything that is wrong with them.
    Check(check::Args),
    /// Prints the JSON Schema of flow files, for editors.
    Schema(schema::Args),
    /// Asks a running daemon whether it answers, for health checks of containers.
    Probe(probe::Args),
    /// Shows the state of the flows of a running daemon, and what needs attention.
    Status(status::Args),
    /// Shows what a flow of a running daemon did, latest first.
    History(history::Args),
    /// Makes two issues a pair, which the running daemon keeps in sync.
    Pair(orders::Pair),
    /// Has the running daemon take a pair apart.
    Unpair(orders::Unpair),
    /// Has the running daemon create a new dev issue for a user issue.
    Recreate(orders::Recreate),
    /// Takes over what the Node.js service left.
    Adopt(adopt::Args),
    /// Writes all that is kept of a flow to a file, as a backup or for another store.
    Export(export::Args),
    /// Reads what `export` wrote into a store that has no data of the flow.
    Import(import::Args),
    /// Shows Lockstep at work, without an account, a database or a configuration.
    Demo(demo::Args),
    /// Serves a simulated Jira, to try flows out and to test against.
    JiraSim(Box<simulator::Args>),
    // A further command is a file beside this one, a variant here, and a line in `run` below.
}

/// How a command ended, for the shell. `lockstep COMMAND --help` tells the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All went well: 0.
    Good,
    /// It could not start, found problems, or was refused: 1.
    Bad,
    /// It was asked for something that makes no sense: 2, as for flags that don't exist.
    WrongUsage,
    /// It was told to stop, and flows were still busy when the grace period ended: 3.
    Busy,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Good => 0,
            Outcome::Bad => 1,
            Outcome::WrongUsage => 2,
            Outcome::Busy => 3,
        })
    }
}

impl Cli {
    /// Does what was asked for.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.command {
            Command::Run(args) => run::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Schema(args) => schema::run(&args),
            Command::Probe(args) => probe::run(&args),
            Command::Status(args) => status::run(&args),
            Command::History(args) => history::run(&args),
            Command::Pair(args) => orders::pair(&args),
            Command::Unpair(args) => orders::unpair(&args),
            Command::Recreate(args) => orders::recreate(&args),
            Command::Adopt(args) => adopt::run(&args),
            Command::Export(args) => export::run(&args),
            Command::Import(args) => import::run(&args),
            Command::Demo(args) => demo::run(&args),
            Command::JiraSim(args) => simulator::run(&args),
        }
        .into()
    }
}

/// The process' environment. What is no UTF-8 text in a value becomes a replacement character, so that it is found wrong
/// where it is used: counted as unset, a proxy or a store would silently be another one.
fn env(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Runs a command that needs a runtime and no daemon; prints the error if it fails.
fn in_runtime(command: impl Future<Output = anyhow::Result<Outcome>>) -> Outcome {
    let ended = Runtime::new().context("can't start the runtime").and_then(|runtime| runtime.block_on(command));
    ended.unwrap_or_else(|error| {
        print_error(format!("{error:#}"));
        Outcome::Bad
    })
}

/// Prints a note to standard error: what a command did or does, beside its output.
#[expect(clippy::print_stderr, reason = "only for terminals, where standard output may be the result itself")]
fn print_note(what: impl std::fmt::Display) {
    eprintln!("{}", text::lines(&what.to_string()));
}

/// Prints an error to standard error: why a command does not continue.
#[expect(clippy::print_stderr, reason = "before there is a log, and for commands that have none")]
fn print_error(why: impl std::fmt::Display) {
    eprintln!("{}", error_text(why));
}

/// The same as [`print_error`], but waits at most this long for a stuck reader; for processes that must end.
fn print_error_within(limit: Duration, why: impl std::fmt::Display) {
    let why = why.to_string();
    let (say, said) = mpsc::channel();
    let spawned = thread::Builder::new().spawn(move || {
        print_error(why);
        say.send(())
    });
    // Without a thread nothing can be said; its end is waited for, and whether it had one makes no difference.
    let _ = spawned.map(|_| said.recv_timeout(limit));
}

/// The text of an error.
fn error_text(why: impl std::fmt::Display) -> String {
    format!("lockstep: {}", text::lines(&why.to_string()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed_and_knows_its_flags() {
        Cli::command().debug_assert();
        let line = ["lockstep", "run", "--flows", "f", "--store", "sqlite:d", "--listen", "127.0.0.1:1"];
        assert!(Cli::try_parse_from(line).is_ok());
        assert!(Cli::try_parse_from(["lockstep", "check", "--json", "a.json", "b.json"]).is_ok());
    }

    #[test]
    fn a_flag_that_does_not_exist_is_wrong_usage() {
        let error = Cli::try_parse_from(["lockstep", "run", "--flow", "f"]).err().unwrap();
        assert_eq!(ExitCode::from(u8::try_from(error.exit_code()).unwrap()), ExitCode::from(Outcome::WrongUsage));
    }
}

//! SIGHUP: reopens the log and rereads files, or stops the process, depending on how it was started.

use std::fs::{self, File};

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Listens to SIGHUP.
pub(super) struct Hangups {
    signal: Signal,
    meaning: Meaning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A service manager or an operator wants files looked at and the log file opened anew.
    LookAgain,
    /// The terminal at which the process was started is gone.
    Stop,
}

impl Hangups {
    /// Starts to listen; from here on SIGHUP no longer kills the process. `None` where it keeps its inherited meaning.
    pub(super) fn listen() -> anyhow::Result<Option<Self>> {
        // Both change: listening ends that it is ignored, and a terminal that is gone is none.
        let Some(meaning) = meaning(has_terminal(), is_ignored()) else { return Ok(None) };
        let signal = signal(SignalKind::hangup()).context("can't listen for signals")?;
        Ok(Some(Self { signal, meaning }))
    }

    /// Does what each one asks for. A terminal that closes may send several: after the first the stop goes on, as nothing
    /// asks for more haste.
    pub(super) async fn serve(mut self, stop: CancellationToken, look_again: impl Fn()) {
        while self.signal.recv().await.is_some() {
            match self.meaning {
                Meaning::LookAgain => {
                    tracing::info!("SIGHUP: looking at the flows folder and token files, and opening LOG_FILE anew");
                    look_again();
                }
                Meaning::Stop if stop.is_cancelled() => {}
                Meaning::Stop => {
                    tracing::info!("SIGHUP: the terminal is gone; stopping; finishing writes in progress (up to 25 s)");
                    stop.cancel();
                }
            }
        }
    }
}

/// `is_ignored` is `None` where that can't be told: then under nohup it must stay so.
fn meaning(has_terminal: bool, is_ignored: Option<bool>) -> Option<Meaning> {
    match (has_terminal, is_ignored) {
        (false, _) | (true, Some(true)) => Some(Meaning::LookAgain),
        (true, Some(false)) => Some(Meaning::Stop),
        (true, None) => None,
    }
}

/// Whether the process belongs to a terminal session: only then is there this file to open.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Whether SIGHUP is ignored, as nohup has it. Only Linux tells.
fn is_ignored() -> Option<bool> {
    ignores_hangup(&fs::read_to_string("/proc/self/status").ok()?)
}

/// The signals that are ignored are a mask, of which SIGHUP is the lowest bit.
fn ignores_hangup(status: &str) -> Option<bool> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    Some(u64::from_str_radix(mask.trim(), 16).ok()? & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hangup_stops_only_what_was_started_at_a_terminal_without_nohup() {
        assert_eq!(meaning(false, Some(false)), Some(Meaning::LookAgain));
        assert_eq!(meaning(false, None), Some(Meaning::LookAgain));
        assert_eq!(meaning(true, Some(true)), Some(Meaning::LookAgain));
        assert_eq!(meaning(true, Some(false)), Some(Meaning::Stop));
        assert_eq!(meaning(true, None), None);
    }

    #[test]
    fn the_systems_word_on_ignored_signals_is_understood() {
        let status = |mask: &str| format!("SigBlk:\t0000000000000001\nSigIgn:\t{mask}\nSigCgt:\t0000000000000001\n");
        assert_eq!(ignores_hangup(&status("0000000000001000")), Some(false));
        assert_eq!(ignores_hangup(&status("0000000000001001")), Some(true));
        assert_eq!(ignores_hangup("Name:\tlockstep\n"), None);
    }
}

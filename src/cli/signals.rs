//! The signals that a long-running command listens to.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::supervisor::Stop;

/// The signals that ask for an orderly stop.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Starts to listen; from here on these signals no longer kill the process.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("can't listen for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    pub(super) async fn then_cancel(mut self, stop: CancellationToken) {
        let name = self.next().await;
        tracing::info!("{name}: stopping");
        stop.cancel();
    }

    /// The first signal asks for a stop in order, the second for one at once.
    pub(super) async fn then_stop(mut self, stop: Stop) {
        let name = self.next().await;
        tracing::info!("{name}: stopping; finishing writes in progress (up to 25 s); a second signal ends at once");
        stop.in_order.cancel();
        let name = self.next().await;
        tracing::warn!(
            "{name} again: ending at once; what became of the writes in progress is looked up at the next start"
        );
        stop.at_once.cancel();
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "Ctrl-C",
        }
    }
}

//! Notifies systemd that `lockstep run` is ready, alive or stopping.
//!
//! These are the messages of `sd_notify(3)`, for a unit with `Type=notify` and `WatchdogSec`. Without `NOTIFY_SOCKET` in
//! the environment nothing is told.

use std::convert::Infallible;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use super::env;
use crate::clock::Clock;

/// How many messages wait for a service manager that does not read. There are three kinds; what is told again and again
/// needs no more than one place.
const WAITING: usize = 4;

/// How long the end of the process waits until its last message is sent.
const LAST_MESSAGE: Duration = Duration::from_millis(200);

type Message = NotifyState<'static>;

/// The service manager that started this process, if there is one and it wants notifications.
pub(super) struct ServiceManager(Option<Notifier>);

/// The way to it. A thread sends, because sending blocks while the service manager does not read. That thread makes no
/// message of its own: the watchdog is fed by the runtime or not at all.
struct Notifier {
    messages: SyncSender<Message>,
    sender_ended: Receiver<()>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// As the environment names it.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn from_env() -> anyhow::Result<Self> {
        match env("NOTIFY_SOCKET") {
            Some(_) => Self::reached_by(sd_notify::watchdog_enabled(), |message| sd_notify::notify(&[message])),
            None => Ok(Self(None)),
        }
    }

    fn reached_by(
        watchdog: Option<Duration>,
        send: impl Fn(Message) -> io::Result<()> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (messages, queue) = sync_channel(WAITING);
        let (ended, sender_ended) = sync_channel(1);
        let work = move || {
            send_all(&queue, send);
            drop(ended);
        };
        thread::Builder::new().name("service-manager".into()).spawn(work).context("can't start a thread")?;
        // Zero would mean that it is always too late.
        let watchdog = watchdog.filter(|limit| !limit.is_zero());
        Ok(Self(Some(Notifier { messages, sender_ended, watchdog })))
    }

    /// Awaits `work`. Meanwhile tells that the process is ready, once `ready` is; that it stops, once `stop` is asked for;
    /// and that it is alive, all the time. The last is told by the very task that does the work: when that task is
    /// blocked, or all threads of the runtime are, the watchdog is not fed.
    pub(super) async fn told_of<T>(
        self,
        work: impl Future<Output = T>,
        ready: impl Future<Output = ()>,
        stop: &CancellationToken,
        clock: &Clock,
    ) -> T {
        let Some(notifier) = self.0 else { return work.await };
        let telling = async {
            let when_ready = async {
                ready.await;
                notifier.send(NotifyState::Ready);
            };
            let when_stopping = async {
                stop.cancelled().await;
                notifier.send(NotifyState::Stopping);
            };
            let ((), (), never) = tokio::join!(when_ready, when_stopping, notifier.feed_watchdog(clock));
            never
        };
        let ended = tokio::select! {
            // First, so that work that never rests does not keep it from its turn.
            biased;
            never = telling => match never {},
            ended = work => ended,
        };
        notifier.close();
        ended
    }
}

impl Notifier {
    /// A message for which there is no place is left out: those that wait say the same.
    fn send(&self, message: Message) {
        let _ = self.messages.try_send(message);
    }

    async fn feed_watchdog(&self, clock: &Clock) -> Infallible {
        let Some(limit) = self.watchdog else { return std::future::pending().await };
        loop {
            self.send(NotifyState::Watchdog);
            clock.sleep(limit / 2).await;
        }
    }

    /// Lets what was told go out, for a moment.
    fn close(self) {
        drop(self.messages);
        let _ = self.sender_ended.recv_timeout(LAST_MESSAGE);
    }
}

/// Sends what comes through the queue until it is closed. Complains once of each time that it can't.
fn send_all(queue: &Receiver<Message>, send: impl Fn(Message) -> io::Result<()>) {
    let mut failed = false;
    for message in queue {
        let sent = send(message);
        if let (Err(why), false) = (&sent, failed) {
            tracing::warn!("can't tell the service manager the state of this process, so it may restart it: {why}");
        }
        failed = sent.is_err();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Twenty times as long as the watchdog's interval below.
    const LONG: Duration = Duration::from_millis(200);

    const SOON: Duration = Duration::from_secs(1);

    /// In real time: the thread that sends knows no other.
    const SENT_WITHIN: Duration = Duration::from_secs(5);

    fn heard(watchdog: Option<Duration>) -> (ServiceManager, Receiver<String>) {
        let (heard, hear): (Sender<String>, _) = channel();
        let send = move |message: Message| {
            heard.send(message.to_string()).map_err(io::Error::other)?;
            Ok(())
        };
        (ServiceManager::reached_by(watchdog, send).unwrap(), hear)
    }

    #[tokio::test(start_paused = true)]
    async fn readiness_is_told_when_it_comes_and_the_stop_when_it_is_asked_for() {
        let (manager, hear) = heard(None);
        let (stop, clock) = (CancellationToken::new(), Clock::system());
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let work = async {
            clock.sleep(SOON).await;
            assert_eq!(hear.try_recv().ok(), None);
            ready.send(()).unwrap();
            clock.sleep(SOON).await;
            assert_eq!(hear.recv_timeout(SENT_WITHIN).unwrap(), "READY=1");
            stop.cancel();
            clock.sleep(SOON).await;
        };
        manager.told_of(work, async { is_ready.await.unwrap() }, &stop, &clock).await;
        assert_eq!(hear.iter().collect::<Vec<_>>(), ["STOPPING=1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_is_fed_at_half_its_limit() {
        let (manager, hear) = heard(Some(Duration::from_secs(120)));
        let (stop, clock) = (CancellationToken::new(), Clock::system());
        let work = async {
            for _ in 0..6 {
                clock.sleep(Duration::from_secs(59)).await;
                assert_eq!(hear.recv_timeout(SENT_WITHIN).unwrap(), "WATCHDOG=1");
                clock.sleep(Duration::from_secs(1)).await;
            }
        };
        manager.told_of(work, std::future::pending(), &stop, &clock).await;
        assert!(hear.iter().count() <= 1, "it is fed no oftener");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_watchdog_is_not_fed_while_the_work_is_blocked() {
        let (manager, hear) = heard(Some(LONG / 10));
        let (stop, clock) = (CancellationToken::new(), Clock::system());
        let work = async {
            let one_after_another = || std::iter::from_fn(|| hear.recv_timeout(LONG).ok());
            tokio::task::yield_now().await;
            // One may be on its way.
            let while_blocked = one_after_another().take(3).count();
            clock.sleep(LONG).await;
            (while_blocked, hear.try_iter().count())
        };
        let (while_blocked, then) = manager.told_of(work, std::future::pending(), &stop, &clock).await;
        assert!(while_blocked <= 1 && then >= 2, "{while_blocked} while blocked, {then} afterwards");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_manager_that_does_not_read_delays_nothing() {
        let (release, released) = channel::<()>();
        let stuck = move |_: Message| released.recv().map_err(io::Error::other);
        let manager = ServiceManager::reached_by(Some(Duration::from_secs(2)), stuck).unwrap();
        let (stop, clock) = (CancellationToken::new(), Clock::system());
        let work = clock.sleep(Duration::from_secs(3600));
        manager.told_of(work, async {}, &stop, &clock).await;
        drop(release);
    }

    #[tokio::test(start_paused = true)]
    async fn a_watchdog_of_no_time_at_all_is_not_fed() {
        let (manager, hear) = heard(Some(Duration::ZERO));
        let (stop, clock) = (CancellationToken::new(), Clock::system());
        manager.told_of(clock.sleep(Duration::from_secs(1)), async {}, &stop, &clock).await;
        assert_eq!(hear.iter().collect::<Vec<_>>(), ["READY=1"]);
    }
}

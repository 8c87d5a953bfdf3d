//! Tells when to scan the flows folder again.
//!
//! File events are only hints: they can name the wrong file (a ConfigMap's `..data` swap), come too early (a file half
//! written), or not come at all (the folder replaced, watches exhausted, a network disk). So [`Watch`] never tells what
//! changed, and also fires periodically, in case events are lost.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::Instant;

use crate::clock::Clock;

/// Tells when to scan again, and never which file changed.
pub struct Watch {
    clock: Clock,
    period: Duration,
    next_tick: Instant,
    /// When the events so far will have settled; `None` without events.
    settled: Option<Instant>,
    ear: Option<Ear>,
}

/// Points a [`Watch`] at the folder that is at its path now. That reads the disk and may block, like the scan that
/// follows it.
#[derive(Clone)]
pub struct Pointer(Arc<Mutex<Pointing>>);

/// The time between two scans without events: half of the ten seconds within which a new file is found in any case.
const PERIOD: Duration = Duration::from_secs(5);

/// How long to wait after an event. Editors and copying programs change a file several times within this.
const SETTLE: Duration = Duration::from_millis(50);

impl Watch {
    /// Watches `folder`, which may be missing at first or at times. The caller scans once by itself after this, and
    /// uses the [`Pointer`] before each scan.
    #[must_use]
    pub fn new(folder: &Path, clock: Clock) -> Self {
        Self::with_period(folder, clock, PERIOD)
    }

    /// As [`Watch::new`], firing every `period`.
    #[must_use]
    pub fn with_period(folder: &Path, clock: Clock, period: Duration) -> Self {
        Self { ear: Some(Ear::new(folder)), ..Self::ticking(clock, period) }
    }

    /// The pointer of this watch; `None` if it only fires periodically.
    #[must_use]
    pub fn pointer(&self) -> Option<Pointer> {
        self.ear.as_ref().map(|ear| ear.pointer.clone())
    }

    /// Fires only periodically: for simulated time, since file events come in real time.
    #[must_use]
    pub fn ticking(clock: Clock, period: Duration) -> Self {
        let next_tick = clock.now() + period;
        Self { clock, period, next_tick, settled: None, ear: None }
    }

    /// Returns when something may have changed since the last call. Cancel by dropping: no event is lost.
    pub async fn changed(&mut self) {
        loop {
            let due = self.settled.map_or(self.next_tick, |settled| settled.min(self.next_tick));
            tokio::select! {
                biased;
                () = self.clock.sleep_until(due) => break,
                () = heard(&mut self.ear), if self.settled.is_none() => {
                    self.settled = Some(self.clock.now() + SETTLE);
                }
            }
        }
        self.begin_anew();
    }

    /// Whether the last pointing set a watch, so that file events are received.
    #[cfg(test)]
    fn hears_events(&self) -> bool {
        self.pointer().is_some_and(|pointer| pointer.0.lock().pointed)
    }

    /// Called before the caller scans, so that changes during the scan are noticed.
    fn begin_anew(&mut self) {
        self.settled = None;
        self.next_tick = self.clock.now() + self.period;
        if let Some(ear) = &mut self.ear {
            ear.forget();
        }
    }
}

async fn heard(ear: &mut Option<Ear>) {
    match ear {
        Some(ear) => ear.hear().await,
        None => std::future::pending().await,
    }
}

/// Receives the operating system's file events, if it provides any.
struct Ear {
    receiver: Receiver<()>,
    pointer: Pointer,
}

struct Pointing {
    folder: PathBuf,
    sender: Sender<()>,
    /// `None` when the system has none left; requested again each time.
    watcher: Option<RecommendedWatcher>,
    pointed: bool,
}

impl Ear {
    fn new(folder: &Path) -> Self {
        // One slot is enough: all events mean the same.
        let (sender, receiver) = mpsc::channel(1);
        let pointing = Pointing { folder: folder.to_owned(), sender, watcher: None, pointed: false };
        Self { receiver, pointer: Pointer(Arc::new(Mutex::new(pointing))) }
    }

    async fn hear(&mut self) {
        // Never closed: the pointer keeps a sender.
        let _ = self.receiver.recv().await;
    }

    fn forget(&mut self) {
        while self.receiver.try_recv().is_ok() {}
    }
}

impl Pointer {
    /// Sets the watch anew. After a folder is replaced, the watch silently stays on the old one.
    pub fn point(&self) {
        let mut pointing = self.0.lock();
        if pointing.watcher.is_none() {
            pointing.watcher = watcher(pointing.sender.clone());
        }
        let Pointing { folder, watcher: Some(watcher), pointed, .. } = &mut *pointing else { return };
        // It fails if there was no watch, which is fine.
        let _ = watcher.unwatch(folder);
        *pointed = watcher.watch(folder, RecursiveMode::NonRecursive).is_ok();
    }
}

fn watcher(sender: Sender<()>) -> Option<RecommendedWatcher> {
    let tell = move |event| {
        if matters(&event) {
            // Full: an event is waiting already.
            let _ = sender.try_send(());
        }
    };
    notify::recommended_watcher(tell).ok()
}

/// Whether an event may be a change. Accesses are not (scans cause some); an error of the watcher may hide one.
fn matters(event: &notify::Result<notify::Event>) -> bool {
    event.as_ref().map_or(true, |event| !event.kind.is_access())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);
    /// A tick that does not come within a test: what is heard is an event.
    const NEVER: Duration = Duration::from_secs(3600);
    const OFTEN: Duration = Duration::from_millis(100);

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn watched(&self, period: Duration) -> Watch {
            watched(self.0.path(), period)
        }
    }

    fn watched(folder: &Path, period: Duration) -> Watch {
        let watch = Watch::with_period(folder, Clock::system(), period);
        watch.pointer().unwrap().point();
        watch
    }

    /// Waits for a change, and points the watch as a look does.
    async fn changes(watch: &mut Watch) {
        tokio::time::timeout(SOON, watch.changed()).await.expect("a change is noticed");
        watch.pointer().unwrap().point();
    }

    #[tokio::test]
    async fn a_written_file_and_a_removed_one_are_heard() {
        let folder = Folder::new();
        let mut watch = folder.watched(NEVER);
        fs::write(folder.at("a.json"), "{}").unwrap();
        changes(&mut watch).await;
        fs::remove_file(folder.at("a.json")).unwrap();
        changes(&mut watch).await;
    }

    #[tokio::test]
    async fn a_file_renamed_into_place_is_heard() {
        let (folder, elsewhere) = (Folder::new(), Folder::new());
        fs::write(elsewhere.at("a.json"), "{}").unwrap();
        let mut watch = folder.watched(NEVER);
        fs::rename(elsewhere.at("a.json"), folder.at("a.json")).unwrap();
        changes(&mut watch).await;
    }

    #[tokio::test]
    async fn a_config_maps_data_swap_is_heard() {
        let folder = Folder::new();
        let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, folder.at(name)).unwrap();
        fs::create_dir(folder.at("..1")).unwrap();
        fs::create_dir(folder.at("..2")).unwrap();
        link("..1", "..data");
        link("..data/a.json", "a.json");
        link("..2", "..data_tmp");
        let mut watch = folder.watched(NEVER);
        fs::rename(folder.at("..data_tmp"), folder.at("..data")).unwrap();
        changes(&mut watch).await;
    }

    #[tokio::test]
    async fn a_folder_that_comes_back_is_found_by_a_tick_and_heard_again() {
        let folder = Folder::new();
        let flows = folder.at("flows.d");
        let mut watch = watched(&flows, OFTEN);
        for _ in 0..2 {
            assert!(!watch.hears_events());
            fs::create_dir(&flows).unwrap();
            changes(&mut watch).await;
            assert!(watch.hears_events());
            fs::remove_dir(&flows).unwrap();
            changes(&mut watch).await;
        }
    }

    #[tokio::test]
    async fn a_folder_that_was_replaced_is_heard_after_the_next_look() {
        let folder = Folder::new();
        let flows = folder.at("flows.d");
        fs::create_dir(&flows).unwrap();
        let mut watch = watched(&flows, OFTEN);
        fs::rename(&flows, folder.at("old")).unwrap();
        fs::create_dir(&flows).unwrap();
        changes(&mut watch).await;
        watch.period = NEVER;
        changes(&mut watch).await; // the last short tick
        fs::write(flows.join("a.json"), "{}").unwrap();
        changes(&mut watch).await;
    }

    #[test]
    fn reading_files_is_no_change_and_lost_events_may_be_one() {
        use notify::event::{AccessKind, CreateKind, EventKind, Flag};
        let event = |kind| Ok(notify::Event::new(kind));
        assert!(!matters(&event(EventKind::Access(AccessKind::Read))));
        assert!(matters(&event(EventKind::Create(CreateKind::File))));
        assert!(matters(&Ok(notify::Event::new(EventKind::Other).set_flag(Flag::Rescan))));
        assert!(matters(&Err(notify::Error::generic("overflow"))));
    }

    /// A watch that hears what is sent, as if the system had told of a change.
    fn told(folder: &Folder) -> (Watch, Sender<()>) {
        let watch = folder.watched(PERIOD);
        let sender = watch.pointer().unwrap().0.lock().sender.clone();
        (watch, sender)
    }

    #[tokio::test(start_paused = true)]
    async fn events_shortly_after_one_another_are_one_look() {
        let (folder, clock) = (Folder::new(), Clock::system());
        let (mut watch, sender) = told(&folder);
        let begin = clock.now();
        let several = async {
            for _ in 0..4 {
                sender.try_send(()).ok();
                clock.sleep(SETTLE / 5).await;
            }
        };
        tokio::join!(watch.changed(), several);
        assert_eq!(clock.now() - begin, SETTLE);
        watch.changed().await;
        assert_eq!(clock.now() - begin, SETTLE + PERIOD);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_heard_survives_being_cancelled() {
        let (folder, clock) = (Folder::new(), Clock::system());
        let (mut watch, sender) = told(&folder);
        let begin = clock.now();
        sender.try_send(()).unwrap();
        tokio::time::timeout(SETTLE / 2, watch.changed()).await.expect_err("it has not settled");
        watch.changed().await;
        assert_eq!(clock.now() - begin, SETTLE);
    }

    #[tokio::test(start_paused = true)]
    async fn without_events_there_are_ticks() {
        let clock = Clock::system();
        let mut watch = Watch::ticking(clock.clone(), PERIOD);
        let begin = clock.now();
        watch.changed().await;
        watch.changed().await;
        assert_eq!(clock.now() - begin, PERIOD * 2);
    }
}

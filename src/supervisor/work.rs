//! One worker's task, from the supervisor's side.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use tokio::sync::watch;

use super::board::Board;
use crate::flow::{Event, Observer};
use crate::worker::{Exit, Job, Phase, Workshop};

/// A worker's whole life: notes its phases on the board, tells what changes by them, and turns a panic that escaped it into
/// a value. A worker that is to be announced counts as started only once it found its flow free.
pub(super) async fn work(
    workshop: Arc<dyn Workshop>,
    job: Job,
    phases: watch::Receiver<Phase>,
    board: Arc<Board>,
    observer: Arc<dyn Observer>,
    mut announce: bool,
) -> Exit {
    let name = job.flow.name.clone();
    let work = AssertUnwindSafe(async move { workshop.worker(job).await }).catch_unwind();
    let note = |phase| {
        if phase != Phase::Starting && std::mem::take(&mut announce) {
            observer.see(Some(&name), &Event::WorkerStarted);
        }
        if let Some(news) = board.phase(&name, phase) {
            observer.see(Some(&name), &news);
        }
    };
    let exit = noting(phases, note, work).await;
    exit.unwrap_or_else(|panic| Exit::Panicked { why: said(&*panic) })
}

/// Runs `work`, giving each of its phases to `note` as soon as it rests.
async fn noting<T>(
    mut phases: watch::Receiver<Phase>,
    mut note: impl FnMut(Phase),
    work: impl Future<Output = T>,
) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            Ok(()) = phases.changed() => note(*phases.borrow_and_update()),
            done = &mut work => return done,
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it said nothing".into())
}

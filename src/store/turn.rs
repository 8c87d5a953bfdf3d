//! Turns to begin: where a thousand flows begin at once, they would keep each other from coming to an end of it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many may begin at the same time. Whoever asked first has the next turn.
#[derive(Clone)]
pub(super) struct Turns(Arc<Semaphore>);

/// Lasts as long as it lives.
pub struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    pub(super) fn at_once(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }

    /// Waits for a turn, as long as it takes.
    pub(super) async fn next(&self) -> Turn {
        // Nobody ever closes it.
        Turn { _permit: Arc::clone(&self.0).acquire_owned().await.ok() }
    }
}

impl Turn {
    /// Where nobody has to wait.
    pub(super) fn free() -> Self {
        Self { _permit: None }
    }
}

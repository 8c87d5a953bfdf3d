//! A limit on databases that are begun at once: where a thousand flows begin together, none would be done in time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many may begin at the same time, in the order of their asking.
#[derive(Clone)]
pub(super) struct Turns(Arc<Semaphore>);

/// Leave to begin, for as long as it lives.
pub struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    pub(super) fn at_once(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }

    /// Waits for a turn, as long as it takes.
    pub(super) async fn next(&self) -> Turn {
        // It is never closed.
        Turn { _permit: Arc::clone(&self.0).acquire_owned().await.ok() }
    }
}

impl Turn {
    /// Without waiting.
    pub(super) fn free() -> Self {
        Self { _permit: None }
    }
}

//! Turns: how many jobs of a kind wait for somebody else's machine at once.

use std::sync::Arc;

use basis::Env;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Next;

/// So many jobs of a kind run at once; the others wait in the queue and not at the worker, which has better things to do
/// than to wait for a mail server. Cheap to clone; all clones count together.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Semaphore>);

/// What finds no turn free comes again within so long.
const SOON_MS: u64 = 5000;

impl Turns {
    /// So many at once.
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// A turn, until it is dropped; `None` if none is free: answer [`Next::soon`].
    pub fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().try_acquire_owned().ok()
    }
}

impl Next {
    /// In a few seconds; not all at the same moment.
    pub fn soon(env: &Env) -> Self {
        let [low, high] = env.random::<2>();
        let ms = u64::from(u16::from_le_bytes([low, high])) % SOON_MS;
        Self::At(env.now().plus_ms(i64::try_from(ms).unwrap_or(0) + 1))
    }
}

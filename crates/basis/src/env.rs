//! The outside world that verbs receive: time and randomness.

use std::sync::Arc;

use crate::{Clock, Entropy, Id, Timestamp};

/// Time and randomness, passed to whoever needs them; cheap to clone.
#[derive(Clone)]
pub struct Env {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn Entropy>,
}

impl Env {
    /// The machine's own clock and randomness.
    pub fn system() -> Self {
        Self { clock: Arc::new(crate::SystemClock::start()), entropy: Arc::new(crate::OsEntropy) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh time-ordered id.
    pub fn new_id<T>(&self) -> Id<T> {
        Id::v7(u64::try_from(self.now().as_ms()).unwrap_or(0), self.random())
    }

    /// `N` random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").field("now", &self.now()).finish_non_exhaustive()
    }
}

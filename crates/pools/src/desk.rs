//! What the verbs of pools reach, and the hint that a pool has changed.

use basis::{Account, Env, Id, Pool};
use charging::Charging;
use store::Db;
use tokio::sync::broadcast;

/// Who shares a pool, or what they may, has changed. Sent after the commit; a hint to look again, never the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolChanged {
    /// Which.
    pub pool: Id<Pool>,
    /// Someone who is there, or is about to be, or has just left.
    pub account: Id<Account>,
}

/// A watcher that falls further behind than this has to look again by itself.
const HINTS_MAX: usize = 1024;

/// What the verbs of pools reach; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// The shop's database.
    pub db: Db,
    /// Time and randomness.
    pub env: Env,
    /// The charging engine.
    pub charging: Charging,
    changed: broadcast::Sender<PoolChanged>,
}

impl Desk {
    /// A desk of these parts.
    pub fn new(db: &Db, env: &Env, charging: &Charging) -> Self {
        let (changed, _) = broadcast::channel(HINTS_MAX);
        Self { db: db.clone(), env: env.clone(), charging: charging.clone(), changed }
    }

    /// Hints at everything that changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<PoolChanged> {
        self.changed.subscribe()
    }

    /// Tells these people; nobody needs to listen.
    pub(crate) fn tell(&self, pool: Id<Pool>, accounts: impl IntoIterator<Item = Id<Account>>) {
        for account in accounts {
            drop(self.changed.send(PoolChanged { pool, account }));
        }
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

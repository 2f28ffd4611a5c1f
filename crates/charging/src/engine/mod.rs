//! The running engine: its shards, and the way from a line, an IMSI or a pool to the shard that decides.

mod hints;
mod housekeeping;
mod moves;
mod open;
mod routes;
mod verbs;

use std::sync::{Arc, Mutex, PoisonError};

use basis::{Env, Id, Pool as PoolNoun, Problem, Timestamp};
use store::Db;
use tokio::sync::{Mutex as AsyncMutex, Notify, broadcast};
use tokio::task::JoinSet;

pub use hints::{Hint, Reason};
pub use moves::{LineMove, MoveAnswer};
pub use open::Opening;
pub use verbs::{Credit, CreditAnswer, CreditControl, MAX_SERVICES, MOVING_KEY, session_key};

use crate::log::{Entry, Fault, ShardId};
use crate::pool::{Pool, PoolView};
use crate::shard::{Hooks, Shard};
use routes::Routes;

/// How many changes a slow listener may lag behind before it misses some (and is told so).
const CHANGES_MAX: usize = 4096;

/// A pool has changed, durably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolChanged {
    /// The pool.
    pub pool: Id<PoolNoun>,
    /// The shard's time of the change.
    pub now: Timestamp,
}

/// The charging engine of this process; cheap to clone. Dropping the last clone without [`Charging::shut_down`] is
/// like pulling the plug: nothing acknowledged is lost, the next start replays the log.
#[derive(Clone)]
pub struct Charging(Arc<Inner>);

struct Inner {
    env: Env,
    log: Db,
    shop: Db,
    shards: Vec<Shard>,
    signals: Arc<Signals>,
    /// Snapshots, trimming and the write-behind hold it while they work, and a pause for as long as it lasts.
    housekeeping: Arc<AsyncMutex<()>>,
    /// The tasks; they end with this value.
    tasks: Mutex<JoinSet<()>>,
}

/// What a durable batch sets off.
struct Signals {
    routes: Routes,
    changes: broadcast::Sender<PoolChanged>,
    hints: broadcast::Sender<Hint>,
    /// There is something to write behind.
    behind: Notify,
}

impl Hooks for Signals {
    fn committed(&self, entries: &[Entry], pools: &[Arc<Pool>], now: Timestamp) {
        self.routes.learn(entries);
        // Nobody listening is fine, here and below.
        for pool in pools {
            drop(self.changes.send(PoolChanged { pool: pool.id(), now }));
        }
        for hint in hints::after(entries, pools) {
            drop(self.hints.send(hint));
        }
        self.behind.notify_one();
    }
}

impl Charging {
    /// What a pool looks like: committed state, from memory. `None`: there is no such pool.
    pub fn view(&self, pool: Id<PoolNoun>) -> Option<PoolView> {
        Some(self.shard_of(pool)?.published.get(pool)?.view(self.0.env.now()))
    }

    /// A channel of every pool that changes, after the change is durable.
    pub fn changes(&self) -> broadcast::Receiver<PoolChanged> {
        self.0.signals.changes.subscribe()
    }

    /// A channel of the sessions that their gateways should look at anew. Lossy: who misses one only hears of the change
    /// later, at the end of the grant's validity.
    pub fn hints(&self) -> broadcast::Receiver<Hint> {
        self.0.signals.hints.subscribe()
    }

    /// The shards that do not serve, and why; empty when all is well.
    pub fn faults(&self) -> Vec<Fault> {
        self.0.shards.iter().filter_map(|shard| shard.health.fault()).collect()
    }

    /// Whether it may be relied on: every shard serves, and what its log acknowledges is on disk.
    ///
    /// # Errors
    /// Unavailable, with the reason as its cause.
    pub async fn check(&self) -> Result<(), Problem> {
        match self.faults().into_iter().next() {
            Some(fault) => Err(fault.into()),
            None => self.0.log.check().await,
        }
    }

    /// Holds every shard still, with everything acknowledged on disk and written behind, runs `work`, and lets them
    /// go on.
    ///
    /// For a backup: open a read snapshot on both databases inside `work`, copy after it. Commands wait meanwhile.
    pub async fn pause<T>(&self, work: impl Future<Output = T>) -> T {
        let _housekeeping = self.0.housekeeping.lock().await;
        let stand_still = self.0.shards.iter().map(Shard::pause);
        let _guards = futures_util::future::join_all(stand_still).await;
        for shard in &self.0.shards {
            if let Err(fault) = self.0.project(shard).await {
                tracing::warn!(shard = shard.id.0, %fault, "not written behind before the pause");
            }
        }
        work.await
    }

    /// Lets time pass at once, instead of when the timers say so: what is due expires.
    pub async fn tick(&self) -> Result<(), Problem> {
        let ticks = self.0.shards.iter().filter(|shard| shard.health.fault().is_none()).map(Shard::tick);
        futures_util::future::try_join_all(ticks).await.map(drop)
    }

    /// Ends in good order: answers what was taken, writes behind, and leaves a snapshot for a fast start.
    pub async fn shut_down(&self) {
        futures_util::future::join_all(self.0.shards.iter().map(Shard::stop)).await;
        let _housekeeping = self.0.housekeeping.lock().await;
        for shard in &self.0.shards {
            if let Err(problem) = self.0.tidy(shard, 1).await {
                tracing::warn!(shard = shard.id.0, %problem, "no snapshot at the end; the next start replays more");
            }
        }
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    fn shard_of(&self, pool: Id<PoolNoun>) -> Option<&Shard> {
        let shards = u32::try_from(self.0.shards.len()).unwrap_or(1);
        let ShardId(index) = self.0.signals.routes.shard_of(pool, shards);
        self.0.shards.get(usize::try_from(index).ok()?)
    }
}

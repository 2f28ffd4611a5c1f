//! The running engine: its shards, and the way from a line, an IMSI or a pool to the shard that decides.

mod far;
mod find;
mod hints;
mod housekeeping;
mod keeper;
mod letters;
mod lines;
mod moves;
mod open;
mod parcels;
mod remembered;
mod repair;
mod routes;
mod share;
mod slots;
mod verbs;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use basis::{Env, Id, Pool as PoolNoun, Problem, Timestamp};
use nodes::Nodes;
use store::Db;
use tokio::sync::{Mutex as AsyncMutex, Notify, broadcast};
use tokio::task::JoinSet;

pub use hints::{Hint, Reason};
pub use moves::{LineMove, MoveAnswer};
pub use open::Opening;
pub(crate) use open::SHARDS_POSTGRES;
pub(crate) use parcels::Parcel;
pub use repair::Uncut;
pub(crate) use routes::shard_for;
pub(crate) use verbs::Asking;
pub use verbs::{Credit, CreditAnswer, CreditControl, MAX_SERVICES, MOVING_KEY, session_key};

use crate::log::{Appender, Entry, Fault, ShardId};
use crate::pool::{Pool, PoolView};
use crate::shard::Hooks;
use letters::News;
use routes::Routes;
use slots::Slots;

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
    appender: Appender,
    shop: Db,
    /// Who we are in the table of owners.
    node: String,
    /// The others; `None`: we are alone.
    nodes: Option<Nodes>,
    slots: Slots,
    far: remembered::Far,
    signals: Arc<Signals>,
    /// Snapshots, trimming and the write-behind hold it while they work, and a pause for as long as it lasts.
    housekeeping: Arc<AsyncMutex<()>>,
    /// Held while shards come here or go.
    changing: AsyncMutex<()>,
    /// We are going, and take nothing any more.
    leaving: AtomicBool,
    /// Look at once who has which shard.
    poke: Arc<Notify>,
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
    nodes: Option<Nodes>,
}

impl Hooks for Signals {
    fn committed(&self, entries: &[Entry], pools: &[Arc<Pool>], now: Timestamp) {
        self.routes.learn(entries);
        let changes = pools.iter().map(|pool| PoolChanged { pool: pool.id(), now }).collect();
        let news = News { changes, hints: hints::after(entries, pools) };
        self.tell_others(&news);
        self.pass_on(news);
        self.behind.notify_one();
    }
}

impl Signals {
    /// To those who listen here; nobody is fine.
    fn pass_on(&self, news: News) {
        for change in news.changes {
            drop(self.changes.send(change));
        }
        for hint in news.hints {
            drop(self.hints.send(hint));
        }
    }
}

impl Charging {
    /// What a pool looks like: committed state, from memory; another node's as it was at most a second ago. `None`: there
    /// is no such pool, or its node has not answered for a minute.
    pub async fn view(&self, pool: Id<PoolNoun>) -> Option<PoolView> {
        Some(self.look_for_page(pool).await?.view(self.0.env.now()))
    }

    /// A channel of every pool that changes, after the change is durable, on whichever node.
    pub fn changes(&self) -> broadcast::Receiver<PoolChanged> {
        self.0.signals.changes.subscribe()
    }

    /// A channel of the sessions that their gateways should look at anew, those of all nodes: the one to which the
    /// gateway is connected passes it on. Lossy: who misses one only hears of the change
    /// later, at the end of the grant's validity.
    pub fn hints(&self) -> broadcast::Receiver<Hint> {
        self.0.signals.hints.subscribe()
    }

    /// The shards here that do not serve, and why; empty when all is well. One that another node has taken is not here.
    pub fn faults(&self) -> Vec<Fault> {
        let here = self.0.slots.here().into_iter();
        let ours = here.filter(|shard| self.0.nodes.is_none() || !shard.is_lost());
        ours.filter_map(|shard| shard.health.fault()).collect()
    }

    /// Whether it may be given work: its shards serve, and what its log acknowledges is on disk. What is damaged lies in
    /// the database and is no better off on another node, so it counts only when nothing else is left;
    /// [`Charging::faults`] names it.
    ///
    /// # Errors
    /// Unavailable, with the reason as its cause.
    pub async fn check(&self) -> Result<(), Problem> {
        let (damaged, passing): (Vec<_>, Vec<_>) = self.faults().into_iter().partition(Fault::is_damage);
        let all_are = u32::try_from(damaged.len()) == Ok(self.0.slots.count());
        if let Some(fault) = passing.into_iter().chain(damaged.into_iter().filter(|_| all_are)).next() {
            return Err(fault.into());
        }
        self.0.nodes.as_ref().map_or(Ok(()), Nodes::check)?;
        self.0.log.check().await
    }

    /// Holds every shard still, with everything acknowledged on disk and written behind, runs `work`, and lets them
    /// go on.
    ///
    /// For a backup: open a read snapshot on both databases inside `work`, copy after it. Commands wait meanwhile.
    pub async fn pause<T>(&self, work: impl Future<Output = T>) -> T {
        let _housekeeping = self.0.housekeeping.lock().await;
        let shards = self.0.slots.here();
        let stand_still = shards.iter().map(|shard| shard.pause());
        let _guards = futures_util::future::join_all(stand_still).await;
        for shard in &shards {
            if let Err(fault) = self.0.project(shard).await {
                tracing::warn!(shard = shard.id.0, %fault, "not written behind before the pause");
            }
        }
        work.await
    }

    /// Lets time pass at once, instead of when the timers say so: what is due expires.
    pub async fn tick(&self) -> Result<(), Problem> {
        let shards = self.0.slots.here();
        let ticks = shards.iter().filter(|shard| shard.health.fault().is_none()).map(|shard| shard.tick());
        futures_util::future::try_join_all(ticks).await.map(drop)
    }

    /// Ends in good order: answers what was taken, writes behind, and leaves a snapshot for a fast start. Other nodes may
    /// have the shards at once.
    pub async fn shut_down(&self) {
        match &self.0.nodes {
            None => self.stop_all().await,
            Some(nodes) => self.give_all(nodes).await,
        }
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    async fn stop_all(&self) {
        let shards = self.0.slots.here();
        futures_util::future::join_all(shards.iter().map(|shard| shard.stop())).await;
        let _housekeeping = self.0.housekeeping.lock().await;
        for shard in &shards {
            if let Err(problem) = self.0.tidy(shard, 1).await {
                tracing::warn!(shard = shard.id.0, %problem, "no snapshot at the end; the next start replays more");
            }
        }
    }

    /// One after the other, so that each is away only for a moment.
    async fn give_all(&self, nodes: &Nodes) {
        self.0.leaving.store(true, Ordering::Relaxed);
        // What is being taken at this moment is given up too.
        drop(self.0.changing.lock().await);
        for shard in self.0.slots.here() {
            if let Err(problem) = self.0.give(shard.id).await {
                tracing::warn!(shard = shard.id.0, %problem, "not given up in order; others wait until it is dead");
            }
            nodes.tell(far::MOVED, &[]);
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task);
    }
}

impl Inner {
    /// Where a pool lives, or would live.
    fn shard_of(&self, pool: Id<PoolNoun>) -> ShardId {
        self.signals.routes.shard_of(pool, self.slots.count())
    }
}

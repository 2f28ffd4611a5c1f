//! Opening: every shard is taken over, its state read, and its writer started.

use std::sync::{Arc, Mutex};

use basis::{Env, Problem};
use futures_util::{StreamExt as _, stream};
use store::{Db, Engine};
use tokio::sync::{Mutex as AsyncMutex, Notify, broadcast, mpsc};
use tokio::task::JoinSet;

use super::routes::Routes;
use super::{CHANGES_MAX, Charging, Inner, Signals};
use crate::log::{self, Fault, Loaded, ShardId, rows};
use crate::shard::{Health, Published, QUEUE_MAX, Shard, Start, Writer};

/// How many shards are read at once: fewer than the database has connections.
const READ_AT_ONCE: usize = 8;
/// The shards of a fresh database.
const SHARDS_SQLITE: u32 = 1;
const SHARDS_POSTGRES: u32 = 64;

/// What the engine needs.
pub struct Opening {
    /// Where the log lies: `charging.db` beside SQLite's shop; on PostgreSQL the shop's database, by connections of its
    /// own. Migrated with [`crate::LOG_MIGRATIONS`].
    pub log: Db,
    /// Where the tables for pages lie: the shop. Migrated with [`crate::MIGRATIONS`].
    pub shop: Db,
    /// This process's name in the ownership table, for people who look.
    pub node: String,
}

impl Charging {
    /// Takes the shards over and starts serving.
    ///
    /// A shard whose log is damaged, or that another node takes at this moment, does not start and is named by
    /// [`Charging::faults`]; the others serve.
    ///
    /// # Errors
    /// Unavailable if the database does not answer.
    pub async fn open(opening: Opening, env: &Env) -> Result<Self, Problem> {
        let Opening { log, shop, node } = opening;
        let fresh = if log.engine() == Engine::Sqlite { SHARDS_SQLITE } else { SHARDS_POSTGRES };
        rows::make_shards(&log, fresh).await?;
        let shards = rows::all_shards(&mut log.read().await?).await?;
        let count = u32::try_from(shards.len()).unwrap_or(u32::MAX);
        let states: Vec<(ShardId, Result<Loaded, Fault>)> = stream::iter(shards)
            .map(|row| {
                let (log, node) = (&log, &node);
                async move { (row.shard, log::take_over(log, row.shard, node, env.now()).await) }
            })
            .buffered(READ_AT_ONCE)
            .collect()
            .await;
        let (changes, _) = broadcast::channel(CHANGES_MAX);
        let (hints, _) = broadcast::channel(CHANGES_MAX);
        let signals = Arc::new(Signals { routes: Routes::default(), changes, hints, behind: Notify::new() });
        let mut tasks = JoinSet::new();
        let mut shards = Vec::with_capacity(states.len());
        for (id, state) in states {
            shards.push(match state {
                Ok(state) => start(&mut tasks, (&log, env, &signals), id, count, state),
                Err(Fault::Store(problem)) => return Err(problem),
                Err(fault) => {
                    tracing::error!(%fault, "the shard does not start");
                    Shard::faulty(id, fault)
                }
            });
        }
        let inner = Inner {
            env: env.clone(),
            log,
            shop,
            shards,
            signals,
            housekeeping: Arc::new(AsyncMutex::new(())),
            tasks: Mutex::new(tasks),
        };
        let charging = Self(Arc::new(inner));
        charging.start_background();
        Ok(charging)
    }
}

fn start(
    tasks: &mut JoinSet<()>,
    (log, env, signals): (&Db, &Env, &Arc<Signals>),
    id: ShardId,
    shards: u32,
    state: Loaded,
) -> Shard {
    state.pools.values().for_each(|pool| signals.routes.learn_pool(id, shards, pool));
    let at = Start { shard: id, epoch: state.epoch, seq: state.seq, now: state.now };
    let published = Arc::new(Published::new(state));
    let health = Arc::new(Health::default());
    let (queue, messages) = mpsc::channel(QUEUE_MAX);
    let place = (log.clone(), env.clone(), signals.clone());
    tasks.spawn(Writer::new(place, at, published.clone(), health.clone()).run(messages));
    Shard { id, queue, published, health, behind: Arc::default() }
}

//! Opening: shards are taken over, their state read, and their writers started.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use basis::{Env, Problem};
use nodes::Nodes;
use store::{Db, Engine};
use tokio::sync::{Mutex as AsyncMutex, Notify, broadcast};
use tokio::task::JoinSet;

use super::remembered::Far;
use super::routes::Routes;
use super::slots::Slots;
use super::{CHANGES_MAX, Charging, Inner, Signals, far, keeper};
use crate::log::{Appender, rows};

/// The shards of a fresh database.
const SHARDS_SQLITE: u32 = 1;
pub(crate) const SHARDS_POSTGRES: u32 = 64;

/// What the engine needs.
pub struct Opening {
    /// Where the log lies: `charging.db` beside SQLite's shop; on PostgreSQL the shop's database, by connections of its
    /// own. Migrated with [`crate::LOG_MIGRATIONS`].
    pub log: Db,
    /// Where the tables for pages lie: the shop. Migrated with [`crate::MIGRATIONS`].
    pub shop: Db,
    /// This process's name in the ownership table, for people who look. Among others it is [`nodes::Node::owner`].
    pub node: String,
}

impl Charging {
    /// Takes every shard over and starts serving, alone.
    ///
    /// A shard whose log is damaged, or that another process takes at this moment, does not start and is named by
    /// [`Charging::faults`]; the others serve.
    ///
    /// # Errors
    /// Unavailable if the database does not answer.
    pub async fn open(opening: Opening, env: &Env) -> Result<Self, Problem> {
        let charging = Self::prepare(opening, None, env).await?;
        let all = rows::all_shards(&mut charging.0.log.read().await?).await?;
        charging.0.take_all(all).await?;
        charging.start_background();
        Ok(charging)
    }

    /// Takes the shards that nobody has, and serves the others' through their owners; its share of them it gets later.
    ///
    /// # Errors
    /// Unavailable if the database does not answer.
    pub async fn open_among(opening: Opening, nodes: &Nodes, env: &Env) -> Result<Self, Problem> {
        let node = nodes.me().owner.clone();
        let charging = Self::prepare(Opening { node, ..opening }, Some(nodes.clone()), env).await?;
        far::attend(&charging.0, nodes);
        charging.0.round(nodes).await?;
        charging.start_background();
        charging.spawn(keeper::keep(Arc::downgrade(&charging.0), nodes.clone()));
        Ok(charging)
    }

    async fn prepare(opening: Opening, nodes: Option<Nodes>, env: &Env) -> Result<Self, Problem> {
        let Opening { log, shop, node } = opening;
        let fresh = if log.engine() == Engine::Sqlite { SHARDS_SQLITE } else { SHARDS_POSTGRES };
        rows::make_shards(&log, fresh).await?;
        let shards = rows::all_shards(&mut log.read().await?).await?;
        let (changes, _) = broadcast::channel(CHANGES_MAX);
        let (hints, _) = broadcast::channel(CHANGES_MAX);
        let (routes, behind) = (Routes::default(), Notify::new());
        let signals = Arc::new(Signals { routes, changes, hints, behind, nodes: nodes.clone() });
        Ok(Self(Arc::new(Inner {
            env: env.clone(),
            appender: Appender::new(log.clone()),
            log,
            shop,
            node,
            nodes,
            slots: Slots::new(shards.len()),
            far: Far::default(),
            signals,
            housekeeping: Arc::new(AsyncMutex::new(())),
            changing: AsyncMutex::new(()),
            leaving: AtomicBool::new(false),
            poke: Arc::new(Notify::new()),
            tasks: Mutex::new(JoinSet::new()),
        })))
    }
}

//! Keeping this node's share of the shards: taking what nobody has, asking for what is ours to have, giving what others
//! ask for. The log's fence makes every step safe; this only makes it soon and fair.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use basis::Problem;
use futures_util::{StreamExt as _, stream};
use nodes::{Nodes, Standing};
use tokio::sync::mpsc;

use super::far::{self, Back, Letter};
use super::share::{self, Held, Picture};
use super::{Charging, Inner};
use crate::log::{self, Fault, Loaded, ShardId, rows};
use crate::shard::{Health, Published, QUEUE_MAX, Shard, Start, Writer};

/// How many shards are read at once: fewer than the database has connections.
const READ_AT_ONCE: usize = 8;
/// Two rounds keep this distance, however often one is wished for.
const ROUND_PAUSE: Duration = Duration::from_millis(50);

impl Inner {
    /// Takes a shard over, unless somebody has it since it was seen, and starts its writer. One whose log is damaged stays
    /// here and says so.
    pub(super) async fn take(&self, seen: rows::Ownership) -> Result<(), Problem> {
        let id = seen.shard;
        if self.leaving.load(Ordering::Relaxed) {
            return Ok(());
        }
        match log::take_over((&self.log, &self.appender), &seen, &self.node, self.env.now()).await {
            Ok(state) => {
                self.slots.set_owner(id, &self.node);
                self.slots.put(self.start(id, state));
                self.signals.behind.notify_one();
                Ok(())
            }
            Err(Fault::Store(problem)) => Err(problem),
            Err(fault) => self.name(&seen, fault).await,
        }
    }

    /// A shard does not start here: another has it, or it stays here and says why. A log that is read while another node
    /// takes the shard, leaves a snapshot and trims it looks damaged, and is not.
    async fn name(&self, seen: &rows::Ownership, fault: Fault) -> Result<(), Problem> {
        let owned = rows::ownership(&mut self.log.read().await?, seen.shard).await?;
        let is_anothers = owned.epoch != seen.epoch || matches!(fault, Fault::TakenOver { .. });
        if self.nodes.is_some() && is_anothers {
            tracing::info!(%fault, "another node was faster");
            return Ok(());
        }
        tracing::error!(%fault, "the shard does not start");
        self.slots.put(Shard::faulty(seen.shard, owned.epoch, fault));
        Ok(())
    }

    /// Takes a shard that its owner has just let go, or that is ours to start again.
    pub(super) async fn take_given(&self, id: ShardId) -> Result<(), Problem> {
        let seen = rows::ownership(&mut self.log.read().await?, id).await?;
        if seen.node.is_empty() { self.take(seen).await } else { Ok(()) }
    }

    pub(super) async fn take_all(&self, seen: Vec<rows::Ownership>) -> Result<(), Problem> {
        let taking = stream::iter(seen).map(|seen| self.take(seen)).buffer_unordered(READ_AT_ONCE);
        taking.collect::<Vec<_>>().await.into_iter().collect()
    }

    fn start(&self, id: ShardId, state: Loaded) -> Shard {
        let shards = self.slots.count();
        self.signals.routes.learn_pools(id, shards, &state.pools);
        let at = Start { shard: id, epoch: state.epoch, seq: state.seq, now: state.now };
        let epoch = state.epoch;
        let published = Arc::new(Published::new(state));
        let health = Arc::new(Health::default());
        let (queue, messages) = mpsc::channel(QUEUE_MAX);
        let place = (self.appender.clone(), self.env.clone(), self.signals.clone());
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(Writer::new(place, at, published.clone(), health.clone()).run(messages));
        let (behind, queued) = (AtomicU64::default(), Arc::default());
        Shard { id, epoch, queue, published, health, behind, queued }
    }

    /// One look at who has what, and what follows from it; what comes back are the shards to ask others for.
    pub(super) async fn round(&self, nodes: &Nodes) -> Result<Vec<(ShardId, String)>, Problem> {
        let _changing = self.changing.lock().await;
        let rows = rows::all_shards(&mut self.log.read().await?).await?;
        for row in &rows {
            self.slots.set_owner(row.shard, &row.node);
            self.let_go_of_anothers(row);
        }
        let servers: Vec<String> =
            nodes.alive().into_iter().filter(|node| node.serves).map(|node| node.owner).collect();
        let shards: Vec<_> = rows.iter().map(|row| (row.shard, self.held(nodes, row))).collect();
        let share::Plan { take, ask } =
            share::plan(&Picture { me: &self.node, servers: &servers, shards: &shards });
        // A name that another process has taken owns nothing.
        if nodes.check().is_err() {
            return Ok(Vec::new());
        }
        if take.is_empty() {
            return Ok(ask);
        }
        tracing::info!(shards = take.len(), "takes shards that nobody has");
        let seen: Vec<_> = rows.into_iter().filter(|row| take.contains(&row.shard)).collect();
        self.take_all(seen).await?;
        nodes.tell(far::MOVED, &[]);
        Ok(Vec::new())
    }

    fn held<'a>(&self, nodes: &Nodes, row: &'a rows::Ownership) -> Held<'a> {
        let here = self.slots.get(row.shard).is_some();
        match nodes.standing(&row.node) {
            // A damaged one that we name is not tried again until we start anew.
            _ if here => Held::By(&row.node),
            // Ours by name, but we have lost it: nobody else will take it.
            Standing::Alive if row.node == self.node => Held::Nobody(Duration::MAX),
            Standing::Alive => Held::By(&row.node),
            Standing::Dead(since) => Held::Nobody(since),
        }
    }

    /// We slept, or were cut off, and another has taken what was ours; or its writer has ended; or it was damaged, and
    /// has been repaired since.
    fn let_go_of_anothers(&self, row: &rows::Ownership) {
        let Some(shard) = self.slots.get(row.shard) else { return };
        let damaged = shard.health.fault().is_some_and(|fault| fault.is_damage());
        let ours = row.epoch == shard.epoch && (damaged || row.node == self.node);
        if shard.is_lost() || !ours {
            tracing::warn!(shard = row.shard.0, owner = row.node, "the shard is another's now");
            self.forget(row.shard);
        }
    }

    fn forget(&self, id: ShardId) {
        self.slots.empty(id);
        self.signals.routes.forget(id, self.slots.count());
    }

    /// Gives a shard up in good order: with a snapshot, so that the next owner reads little. False if it is not ours.
    pub(super) async fn give(&self, id: ShardId) -> Result<bool, Problem> {
        let _changing = self.changing.lock().await;
        let Some(shard) = self.slots.get(id).filter(|shard| shard.health.fault().is_none()) else {
            return Ok(false);
        };
        {
            let _housekeeping = self.housekeeping.lock().await;
            self.tidy(&shard, 1).await?;
            shard.stop().await;
            self.project(&shard).await?;
        }
        self.forget(id);
        rows::release(&self.log, id, &self.node, shard.epoch).await?;
        self.slots.set_owner(id, "");
        Ok(true)
    }
}

/// Keeps this node's share, for as long as there is an engine.
pub(super) async fn keep(engine: Weak<Inner>, nodes: Nodes) {
    loop {
        {
            let Some(inner) = engine.upgrade() else { return };
            let poke = inner.poke.clone();
            drop(inner);
            tokio::select! {
                () = nodes.looked() => {}
                () = poke.notified() => {}
            }
        }
        let Some(inner) = engine.upgrade() else { return };
        match inner.round(&nodes).await {
            Ok(wishes) => ask_for(&Charging(inner), &nodes, wishes).await,
            Err(problem) => tracing::warn!(%problem, "cannot see who has which shard"),
        }
        tokio::time::sleep(ROUND_PAUSE).await;
    }
}

/// Asks the owners, one shard after the other, and takes what they give.
async fn ask_for(charging: &Charging, nodes: &Nodes, wishes: Vec<(ShardId, String)>) {
    for (id, owner) in wishes {
        match far::ask(nodes, &owner, &Letter::Release(id.0)).await {
            Ok(Back::Done) => {
                let _changing = charging.0.changing.lock().await;
                if let Err(problem) = charging.0.take_given(id).await {
                    tracing::warn!(shard = id.0, %problem, "was given a shard and cannot take it yet");
                }
                nodes.tell(far::MOVED, &[]);
            }
            Ok(_) => {}
            Err(problem) => return tracing::info!(shard = id.0, owner, %problem, "was not given a shard"),
        }
    }
}

//! A shard's pools in three layers: what is committed and published, what is being committed, what is being applied.
//!
//! A layer is dropped as it is, so a failed append leaves nothing of itself behind.

use std::collections::{HashMap, hash_map::Entry};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use basis::{Id, Pool as PoolNoun, Timestamp};

use crate::log::{Frozen, Loaded, ShardId};
use crate::pool::Pool;

/// What is committed of one shard, which pages read without waiting for anyone.
#[derive(Debug, Default)]
pub(crate) struct Published(RwLock<Loaded>);

impl Published {
    pub(crate) fn new(loaded: Loaded) -> Self {
        Self(RwLock::new(loaded))
    }

    fn read(&self) -> RwLockReadGuard<'_, Loaded> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, pool: Id<PoolNoun>) -> Option<Arc<Pool>> {
        self.read().pools.get(pool).cloned()
    }

    /// The last durable row.
    pub(crate) fn seq(&self) -> u64 {
        self.read().seq
    }

    /// Everything as it stands after one row; cheap, for nobody changes a published pool.
    pub(crate) fn frozen(&self, shard: ShardId) -> Frozen {
        let state = self.read();
        let pools = state.pools.iter().cloned().collect();
        Frozen { shard, seq: state.seq, epoch: state.epoch, now: state.now, pools }
    }

    fn publish(&self, changed: Changed, seq: u64, now: Timestamp) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.pools.extend(changed.into_values());
        state.seq = seq;
        state.now = now;
    }
}

/// Pools that differ from the layer below.
pub(crate) type Changed = HashMap<Id<PoolNoun>, Arc<Pool>>;

/// The layers.
#[derive(Debug)]
pub(crate) struct Layers {
    published: Arc<Published>,
    committing: Changed,
    applying: Changed,
}

impl Layers {
    pub(crate) fn over(published: Arc<Published>) -> Self {
        Self { published, committing: Changed::new(), applying: Changed::new() }
    }

    pub(crate) fn get(&self, pool: Id<PoolNoun>) -> Option<Arc<Pool>> {
        let uncommitted = self.applying.get(&pool).or_else(|| self.committing.get(&pool));
        uncommitted.cloned().or_else(|| self.published.get(pool))
    }

    /// The pool, to be changed in the top layer; a new one if there is none and `make`.
    pub(crate) fn change(&mut self, pool: Id<PoolNoun>, make: bool) -> Option<&mut Pool> {
        let place = match self.applying.entry(pool) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(free) => {
                let below = self.committing.get(&pool).cloned().or_else(|| self.published.get(pool));
                free.insert(below.or_else(|| make.then(|| Arc::new(Pool::new(pool))))?)
            }
        };
        Some(Arc::make_mut(place))
    }

    /// The top layer goes to the database; a new one begins above it.
    pub(crate) fn begin_commit(&mut self) {
        self.committing = std::mem::take(&mut self.applying);
    }

    /// It is durable: publish it. Gives back what was published.
    pub(crate) fn committed(&mut self, seq: u64, now: Timestamp) -> Vec<Arc<Pool>> {
        let changed = std::mem::take(&mut self.committing);
        let pools = changed.values().cloned().collect();
        self.published.publish(changed, seq, now);
        pools
    }

    /// Forgets what was applied above the batch that is being committed; gives back what was forgotten.
    pub(crate) fn discard_applying(&mut self) -> Vec<Id<PoolNoun>> {
        std::mem::take(&mut self.applying).into_keys().collect()
    }

    /// It failed: forget it and everything that was applied after it. Gives back what was forgotten.
    pub(crate) fn discard(&mut self) -> Vec<Id<PoolNoun>> {
        let below = std::mem::take(&mut self.committing);
        let above = std::mem::take(&mut self.applying);
        below.into_keys().chain(above.into_keys()).collect()
    }
}

//! Which shards are this node's, and who has the others.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::log::ShardId;
use crate::shard::Shard;

/// One place for each shard there is, in order.
pub(super) struct Slots(Vec<RwLock<Slot>>);

#[derive(Default)]
struct Slot {
    /// It is ours; or it is damaged, and says so.
    shard: Option<Arc<Shard>>,
    /// Who has it, as the table of owners said last; empty: nobody.
    owner: String,
}

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self(std::iter::repeat_with(RwLock::default).take(count).collect())
    }

    /// How many shards there are, anywhere.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// The shards that are here.
    pub(super) fn here(&self) -> Vec<Arc<Shard>> {
        self.0.iter().filter_map(|slot| read(slot).shard.clone()).collect()
    }

    pub(super) fn get(&self, id: ShardId) -> Option<Arc<Shard>> {
        read(self.slot(id)?).shard.clone()
    }

    /// Who had it last.
    pub(super) fn owner(&self, id: ShardId) -> String {
        self.slot(id).map(|slot| read(slot).owner.clone()).unwrap_or_default()
    }

    pub(super) fn set_owner(&self, id: ShardId, owner: &str) {
        if let Some(slot) = self.slot(id)
            && read(slot).owner != owner
        {
            owner.clone_into(&mut slot.write().unwrap_or_else(PoisonError::into_inner).owner);
        }
    }

    pub(super) fn put(&self, shard: Shard) {
        if let Some(slot) = self.slot(shard.id) {
            slot.write().unwrap_or_else(PoisonError::into_inner).shard = Some(Arc::new(shard));
        }
    }

    /// It is not ours any more; gives back what it was.
    pub(super) fn empty(&self, id: ShardId) -> Option<Arc<Shard>> {
        self.slot(id)?.write().unwrap_or_else(PoisonError::into_inner).shard.take()
    }

    fn slot(&self, id: ShardId) -> Option<&RwLock<Slot>> {
        self.0.get(usize::try_from(id.0).ok()?)
    }
}

fn read(slot: &RwLock<Slot>) -> RwLockReadGuard<'_, Slot> {
    slot.read().unwrap_or_else(PoisonError::into_inner)
}

//! The pools of a shard by their ids, which stand only in the pools themselves.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use basis::{Id, Pool as PoolNoun};

use crate::pool::Pool;

/// The pools of a shard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pools(HashSet<ById>);

/// A pool that is its id as far as a set can tell.
#[derive(Debug, Clone)]
struct ById(Arc<Pool>);

impl Pools {
    /// None yet, with room for so many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self(HashSet::with_capacity(count))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, id: Id<PoolNoun>) -> Option<&Arc<Pool>> {
        self.0.get(&id).map(|ById(pool)| pool)
    }

    /// Puts a pool in, for the one of the same id if there is one.
    pub(crate) fn put(&mut self, pool: Arc<Pool>) {
        self.0.replace(ById(pool));
    }

    /// Takes a pool out.
    pub(crate) fn take(&mut self, id: Id<PoolNoun>) -> Option<Arc<Pool>> {
        self.0.take(&id).map(|ById(pool)| pool)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Pool>> {
        self.0.iter().map(|ById(pool)| pool)
    }
}

impl Extend<Arc<Pool>> for Pools {
    fn extend<I: IntoIterator<Item = Arc<Pool>>>(&mut self, pools: I) {
        pools.into_iter().for_each(|pool| self.put(pool));
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}
impl Eq for ById {}

impl Hash for ById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id().hash(state);
    }
}

impl Borrow<Id<PoolNoun>> for ById {
    fn borrow(&self) -> &Id<PoolNoun> {
        self.0.id_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::LineIdentity;

    #[test]
    fn a_pool_takes_the_place_of_its_older_self() {
        let (id, other) = (Id::from_u128(1), Id::from_u128(2));
        let mut pools = Pools::with_capacity(2);
        pools.extend([Arc::new(Pool::new(id)), Arc::new(Pool::new(other))]);
        let mut joined = Pool::new(id);
        let identity =
            LineIdentity { line: Id::from_u128(3), imsi: "001010000000001".parse().unwrap(), msisdn: None };
        joined.absorb(basis::Timestamp(0), &crate::pool::Event::Joined(identity));
        pools.put(Arc::new(joined));
        assert_eq!(pools.len(), 2);
        assert_eq!(pools.get(id).unwrap().members().len(), 1, "the newer one");
        assert_eq!(pools.take(id).unwrap().id(), id);
        assert!(pools.get(id).is_none());
        assert_eq!(pools.iter().map(|pool| pool.id()).collect::<Vec<_>>(), [other]);
    }
}

//! When a shard has to look at which pool again.

use std::collections::{BTreeSet, HashMap};

use basis::{Id, Pool as PoolNoun, Timestamp};

/// One entry per pool that has something to come.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_time: BTreeSet<(Timestamp, Id<PoolNoun>)>,
    by_pool: HashMap<Id<PoolNoun>, Timestamp>,
}

impl Timers {
    /// Sets when the pool is due next, or that it never is.
    pub(crate) fn set(&mut self, pool: Id<PoolNoun>, due: Option<Timestamp>) {
        if self.by_pool.get(&pool).copied() == due {
            return;
        }
        let before = match due {
            Some(due) => self.by_pool.insert(pool, due),
            None => self.by_pool.remove(&pool),
        };
        if let Some(before) = before {
            self.by_time.remove(&(before, pool));
        }
        if let Some(due) = due {
            self.by_time.insert((due, pool));
        }
    }

    /// When the first one is due.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(due, _)| *due)
    }

    /// The pools that are due, at most so many; they stay until they are set anew.
    pub(crate) fn due(&self, now: Timestamp, at_most: usize) -> Vec<Id<PoolNoun>> {
        let due = self.by_time.iter().take_while(|(due, _)| *due <= now);
        due.take(at_most).map(|(_, pool)| *pool).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_due_once_at_its_latest_time() {
        let (a, b) = (Id::from_u128(1), Id::from_u128(2));
        let mut timers = Timers::default();
        timers.set(a, Some(Timestamp(5)));
        timers.set(b, Some(Timestamp(7)));
        timers.set(a, Some(Timestamp(9)));
        assert_eq!(timers.first(), Some(Timestamp(7)));
        assert_eq!(timers.due(Timestamp(9), 10), [b, a]);
        assert_eq!(timers.due(Timestamp(9), 1), [b]);
        timers.set(b, None);
        assert_eq!(timers.first(), Some(Timestamp(9)));
    }
}

//! When a shard has to look at which pool again.

use std::collections::BTreeSet;
use std::sync::Arc;

use basis::{Id, Pool as PoolNoun, Timestamp};

use crate::pool::Pool;

/// For each pool that has something to come an entry not later than its deadline. When a pool's entry stands is what the
/// pool itself says, so it is not kept again by pool; an entry that is too early is looked at once for nothing, and gone.
#[derive(Debug, Default)]
pub(crate) struct Timers(BTreeSet<(Timestamp, Id<PoolNoun>)>);

impl Timers {
    /// Those of a shard's pools, at start.
    pub(crate) fn of(pools: &[Arc<Pool>]) -> Self {
        Self(pools.iter().filter_map(|pool| Some((pool.next_deadline()?, pool.id()))).collect())
    }

    /// Moves a pool's entry from when it was due to when it is due next; `None` is never.
    pub(crate) fn change(&mut self, pool: Id<PoolNoun>, before: Option<Timestamp>, due: Option<Timestamp>) {
        if before == due {
            return;
        }
        if let Some(before) = before {
            self.0.remove(&(before, pool));
        }
        self.set(pool, due);
    }

    /// Sets when a pool without an entry is due next.
    pub(crate) fn set(&mut self, pool: Id<PoolNoun>, due: Option<Timestamp>) {
        if let Some(due) = due {
            self.0.insert((due, pool));
        }
    }

    /// When the first one is due.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.0.first().map(|(due, _)| *due)
    }

    /// Takes out the first that are due, at most so many; whoever looks at them sets them anew.
    pub(crate) fn take_due(&mut self, now: Timestamp, at_most: usize) -> Vec<Id<PoolNoun>> {
        let mut due = Vec::new();
        while due.len() < at_most
            && let Some((at, pool)) = self.0.pop_first()
        {
            if at > now {
                self.0.insert((at, pool));
                break;
            }
            due.push(pool);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_due_once_at_its_latest_time() {
        let (a, b) = (Id::from_u128(1), Id::from_u128(2));
        let mut timers = Timers::default();
        timers.change(a, None, Some(Timestamp(5)));
        timers.change(b, None, Some(Timestamp(7)));
        timers.change(a, Some(Timestamp(5)), Some(Timestamp(9)));
        assert_eq!(timers.first(), Some(Timestamp(7)));
        assert_eq!(timers.take_due(Timestamp(9), 1), [b]);
        timers.set(b, Some(Timestamp(7)));
        assert_eq!(timers.take_due(Timestamp(9), 10), [b, a]);
        assert_eq!(timers.first(), None);
        timers.set(a, Some(Timestamp(9)));
        assert_eq!(timers.take_due(Timestamp(8), 10), [], "not yet");
        assert_eq!(timers.first(), Some(Timestamp(9)), "and it stays");
        timers.change(a, Some(Timestamp(9)), None);
        assert_eq!(timers.first(), None);
    }
}

//! Sessions that are over stay a day with their answers, so that a late repeat is harmless; but not any number of them.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use basis::{Id, Pool as PoolNoun};

use crate::pool::{Event, Life, Pool, SessionKey};

/// How many a shard keeps; past it the oldest is forgotten before its day is over.
const TOMBSTONES_MAX: usize = 500_000;

#[derive(Debug, Default)]
pub(crate) struct Tombstones {
    /// Oldest first; may name sessions that have gone on or are forgotten.
    queue: VecDeque<(Id<PoolNoun>, SessionKey)>,
    over: HashSet<(Id<PoolNoun>, SessionKey)>,
}

impl Tombstones {
    /// Those of a shard's pools, at start.
    pub(crate) fn of(pools: &[Arc<Pool>]) -> Self {
        let sessions = pools.iter().flat_map(|pool| pool.state().sessions.iter().map(|s| (pool.id(), s)));
        let over = sessions.filter_map(|(pool, session)| match session.life {
            Life::Open { .. } => None,
            Life::Lapsed(at) | Life::Terminated(at) => Some((at, pool, session.key)),
        });
        let mut over: Vec<_> = over.collect();
        over.sort_unstable();
        let mut tombstones = Self::default();
        for (_, pool, session) in over {
            tombstones.add(pool, session);
        }
        tombstones
    }

    /// Follows what happened.
    pub(crate) fn note(&mut self, pool: Id<PoolNoun>, events: &[Event]) {
        for event in events {
            match event {
                Event::Lapsed { session, .. } | Event::Terminated(session) => self.add(pool, *session),
                Event::Opened { session, .. } | Event::Forgotten(session) => {
                    self.over.remove(&(pool, *session));
                }
                Event::Departed { sessions, .. } => {
                    for session in sessions {
                        self.over.remove(&(pool, *session));
                    }
                }
                Event::Arrived { luggage, .. } => {
                    luggage.sessions.iter().for_each(|session| self.add(pool, session.key));
                }
                _ => {}
            }
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.over.len()).unwrap_or(u32::MAX)
    }

    fn add(&mut self, pool: Id<PoolNoun>, session: SessionKey) {
        if self.over.insert((pool, session)) {
            self.queue.push_back((pool, session));
        }
    }

    /// The oldest, if there are too many (or the queue holds mostly ghosts).
    pub(crate) fn over_bound(&mut self) -> Option<(Id<PoolNoun>, SessionKey)> {
        while self.queue.len() > TOMBSTONES_MAX {
            let (pool, session) = self.queue.pop_front()?;
            if self.over.remove(&(pool, session)) {
                return Some((pool, session));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use basis::Timestamp;

    use super::*;
    use crate::pool::{Session, State};

    #[test]
    fn after_a_restart_the_oldest_is_still_the_first_to_be_forgotten() {
        let pool = |n: u128, ends: &[(u8, i64)]| {
            let session = |(key, end): &(u8, i64)| {
                let fresh = Session::new(SessionKey([*key; 16]), Id::from_u128(1), Timestamp(0));
                Arc::new(Session { life: Life::Terminated(Timestamp(*end)), ..fresh })
            };
            let empty = Pool::new(Id::from_u128(n)).state().clone();
            Arc::new(Pool::restore(State { sessions: ends.iter().map(session).collect(), ..empty }))
        };
        let tombstones = Tombstones::of(&[pool(1, &[(1, 30), (2, 10)]), pool(2, &[(3, 20)])]);
        let order: Vec<_> = tombstones.queue.iter().map(|(_, session)| session.0[0]).collect();
        assert_eq!(order, [2, 3, 1]);
    }
}

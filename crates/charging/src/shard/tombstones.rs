//! Sessions that are over stay a day with their answers, so that a late repeat is harmless; but not any number of them.

use std::collections::{HashSet, VecDeque};

use basis::{Id, Pool as PoolNoun};

use crate::pool::{Event, Pool, SessionKey};

/// How many a shard keeps; past it the oldest is forgotten before its day is over.
const TOMBSTONES_MAX: usize = 500_000;

#[derive(Debug, Default)]
pub(crate) struct Tombstones {
    /// Oldest first; may name sessions that have gone on or are forgotten.
    queue: VecDeque<(Id<PoolNoun>, SessionKey)>,
    over: HashSet<SessionKey>,
}

impl Tombstones {
    /// Finds those of a pool, at start.
    pub(crate) fn find(&mut self, pool: &Pool) {
        let over = pool.state().sessions.iter().filter(|session| !session.is_open());
        over.for_each(|session| self.add(pool.id(), session.key));
    }

    /// Follows what happened.
    pub(crate) fn note(&mut self, pool: Id<PoolNoun>, events: &[Event]) {
        for event in events {
            match event {
                Event::Lapsed { session, .. } | Event::Terminated(session) => self.add(pool, *session),
                Event::Opened { session, .. } | Event::Forgotten(session) => {
                    self.over.remove(session);
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
        if self.over.insert(session) {
            self.queue.push_back((pool, session));
        }
    }

    /// The oldest, if there are too many (or the queue holds mostly ghosts).
    pub(crate) fn over_bound(&mut self) -> Option<(Id<PoolNoun>, SessionKey)> {
        while self.queue.len() > TOMBSTONES_MAX {
            let (pool, session) = self.queue.pop_front()?;
            if self.over.remove(&session) {
                return Some((pool, session));
            }
        }
        None
    }
}

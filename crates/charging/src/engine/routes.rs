//! From what networks and pages know (IMSI, number, line) to the pool and its shard; in memory, rebuilt at start.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use basis::{Id, Line, Move, Pool as PoolNoun};

use super::letters::{Found, Wanted};
use super::lines::{Known, Lines};
use crate::log::{Entry, Pools, ShardId};
use crate::pool::{Event, Gone, Pool, SessionKey};

#[derive(Debug, Default)]
pub(super) struct Routes(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    lines: Lines,
    /// Sessions that are open, or over for less than a day.
    pool_of_session: HashMap<SessionKey, Id<PoolNoun>>,
    /// Lines whose move has begun and is not over, with the pool that they left.
    moving: HashMap<Id<Line>, (Id<Move>, Id<PoolNoun>)>,
    /// Pools whose shard is not the one that their id gives (made when the rule was another).
    strays: HashMap<Id<PoolNoun>, ShardId>,
}

/// The shard that a new pool goes to.
pub(crate) fn shard_for(pool: Id<PoolNoun>, shards: u32) -> ShardId {
    // The low bits of a UUIDv7 are random.
    let random = u64::try_from(pool.as_u128() & u128::from(u64::MAX)).unwrap_or(0);
    ShardId(u32::try_from(random % u64::from(shards.max(1))).unwrap_or(0))
}

impl Routes {
    /// Learns the pools of a shard at start.
    pub(super) fn learn_pools(&self, shard: ShardId, shards: u32, pools: &Pools) {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let lines = pools.iter().map(|pool| pool.members().len()).sum();
        tables.lines.reserve(lines);
        for pool in pools.iter() {
            if shard_for(pool.id(), shards) != shard {
                tables.strays.insert(pool.id(), shard);
            }
            tables.learn(pool);
        }
    }

    /// Learns from a durable batch.
    pub(super) fn learn(&self, entries: &[Entry]) {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            let Entry::Pool { pool, events, .. } = entry else { continue };
            for event in events {
                match event {
                    Event::Joined(identity) => tables.lines.put(Known { identity: *identity, pool: *pool }),
                    Event::Opened { session, .. } => {
                        tables.pool_of_session.insert(*session, *pool);
                    }
                    Event::Departed { leaving, .. } => {
                        tables.moving.insert(leaving.line, (leaving.id, *pool));
                    }
                    Event::Arrived { luggage, .. } => {
                        tables.lines.put(Known { identity: luggage.identity, pool: *pool });
                        let sessions = luggage.sessions.iter().map(|session| (session.key, *pool));
                        tables.pool_of_session.extend(sessions);
                    }
                    Event::Parted(id) => tables.moving.retain(|_, (moving, _)| moving != id),
                    Event::Forgotten(session) => {
                        tables.pool_of_session.remove(session);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Where a pool lives, or would live.
    pub(super) fn shard_of(&self, pool: Id<PoolNoun>, shards: u32) -> ShardId {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let stray = if tables.strays.is_empty() { None } else { tables.strays.get(&pool) };
        stray.copied().unwrap_or_else(|| shard_for(pool, shards))
    }

    /// The line, its pool and its move that is not over, by whatever names are known; a session's own pool first.
    pub(super) fn find(&self, wanted: &Wanted) -> Found {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = match wanted.line {
            Some(line) => tables.lines.of_line(line),
            None => tables.lines.of_digits(wanted.imsi, wanted.msisdn),
        };
        let line = wanted.line.or(known.map(|known| known.identity.line));
        let of_session = wanted.session.and_then(|session| tables.pool_of_session.get(&session)).copied();
        let pool = of_session.or(known.map(|known| known.pool));
        let moving = line.and_then(|line| tables.moving.get(&line)).map(|(id, _)| *id);
        Found { line, pool, moving, ..Found::default() }
    }

    /// A shard has gone elsewhere: what is known of its pools is not true for ever any more.
    pub(super) fn forget(&self, shard: ShardId, shards: u32) {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Tables { lines, pool_of_session, moving, strays } = &mut *tables;
        let stays = |pool: &Id<PoolNoun>| {
            strays.get(pool).copied().unwrap_or_else(|| shard_for(*pool, shards)) != shard
        };
        lines.retain(|known| stays(&known.pool));
        pool_of_session.retain(|_, pool| stays(pool));
        moving.retain(|_, (_, pool)| stays(pool));
    }
}

impl Tables {
    fn learn(&mut self, pool: &Pool) {
        let on_their_way = pool.state().moves.iter().flat_map(|moves| &moves.gone);
        on_their_way.for_each(|gone| self.await_arrival(pool.id(), gone));
        for member in pool.members() {
            self.lines.put(Known { identity: member.identity, pool: pool.id() });
        }
        self.pool_of_session.extend(pool.state().sessions.iter().map(|session| (session.key, pool.id())));
    }

    /// A line that has left and may not have arrived: the pool that it left can say so, unless another has it.
    fn await_arrival(&mut self, pool: Id<PoolNoun>, gone: &Gone) {
        let Some(luggage) = &gone.luggage else { return };
        let line = luggage.identity.line;
        self.moving.insert(line, (gone.leaving.id, pool));
        if self.lines.of_line(line).is_none() {
            self.lines.put(Known { identity: luggage.identity, pool });
        }
        for session in &luggage.sessions {
            self.pool_of_session.entry(session.key).or_insert(pool);
        }
    }
}

//! From what networks and pages know (IMSI, number, line) to the pool and its shard; in memory, rebuilt at start.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use basis::{Id, Line, Move, Pool as PoolNoun};

use crate::log::{Entry, ShardId};
use crate::pool::{Digits, Event, Gone, LineIdentity, Pool, SessionKey};

#[derive(Debug, Default)]
pub(crate) struct Routes(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    pool_of_line: HashMap<Id<Line>, Id<PoolNoun>>,
    line_of_imsi: HashMap<Digits, Id<Line>>,
    line_of_msisdn: HashMap<Digits, Id<Line>>,
    /// Sessions that are open, or over for less than a day.
    pool_of_session: HashMap<SessionKey, Id<PoolNoun>>,
    /// Lines whose move has begun and is not over.
    moving: HashMap<Id<Line>, Id<Move>>,
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
    pub(crate) fn learn_pool(&self, shard: ShardId, shards: u32, pool: &Pool) {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if shard_for(pool.id(), shards) != shard {
            tables.strays.insert(pool.id(), shard);
        }
        let on_their_way = pool.state().moves.iter().flat_map(|moves| &moves.gone);
        on_their_way.for_each(|gone| tables.await_arrival(pool.id(), gone));
        pool.members().iter().for_each(|member| tables.add(pool.id(), member.identity));
        tables.pool_of_session.extend(pool.state().sessions.iter().map(|session| (session.key, pool.id())));
    }

    /// Learns from a durable batch.
    pub(crate) fn learn(&self, entries: &[Entry]) {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            let Entry::Pool { pool, events, .. } = entry else { continue };
            for event in events {
                match event {
                    Event::Joined(identity) => tables.add(*pool, *identity),
                    Event::Opened { session, .. } => {
                        tables.pool_of_session.insert(*session, *pool);
                    }
                    Event::Departed { leaving, .. } => {
                        tables.moving.insert(leaving.line, leaving.id);
                    }
                    Event::Arrived { luggage, .. } => {
                        tables.add(*pool, luggage.identity);
                        let sessions = luggage.sessions.iter().map(|session| (session.key, *pool));
                        tables.pool_of_session.extend(sessions);
                    }
                    Event::Parted(id) => tables.moving.retain(|_, moving| moving != id),
                    Event::Forgotten(session) => {
                        tables.pool_of_session.remove(session);
                    }
                    _ => {}
                }
            }
        }
    }

    /// The move that a line has begun and not finished.
    pub(crate) fn moving(&self, line: Id<Line>) -> Option<Id<Move>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).moving.get(&line).copied()
    }

    /// Where a pool lives, or would live.
    pub(crate) fn shard_of(&self, pool: Id<PoolNoun>, shards: u32) -> ShardId {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tables.strays.get(&pool).copied().unwrap_or_else(|| shard_for(pool, shards))
    }

    /// The pool that a line draws from.
    pub(crate) fn pool_of(&self, line: Id<Line>) -> Option<Id<PoolNoun>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).pool_of_line.get(&line).copied()
    }

    /// The pool of a session that the engine remembers.
    pub(crate) fn pool_of_session(&self, session: SessionKey) -> Option<Id<PoolNoun>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).pool_of_session.get(&session).copied()
    }

    /// The line of an IMSI.
    pub(crate) fn line_of_imsi(&self, imsi: Digits) -> Option<Id<Line>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).line_of_imsi.get(&imsi).copied()
    }

    /// The line of a number.
    pub(crate) fn line_of_msisdn(&self, msisdn: Digits) -> Option<Id<Line>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).line_of_msisdn.get(&msisdn).copied()
    }
}

impl Tables {
    /// A line that has left and may not have arrived: the pool that it left can say so, unless another has it.
    fn await_arrival(&mut self, pool: Id<PoolNoun>, gone: &Gone) {
        let Some(luggage) = &gone.luggage else { return };
        let LineIdentity { line, imsi, msisdn } = luggage.identity;
        self.moving.insert(line, gone.leaving.id);
        self.pool_of_line.entry(line).or_insert(pool);
        self.line_of_imsi.entry(imsi).or_insert(line);
        if let Some(msisdn) = msisdn {
            self.line_of_msisdn.entry(msisdn).or_insert(line);
        }
        for session in &luggage.sessions {
            self.pool_of_session.entry(session.key).or_insert(pool);
        }
    }

    fn add(&mut self, pool: Id<PoolNoun>, identity: LineIdentity) {
        self.pool_of_line.insert(identity.line, pool);
        self.line_of_imsi.insert(identity.imsi, identity.line);
        if let Some(msisdn) = identity.msisdn {
            self.line_of_msisdn.insert(msisdn, identity.line);
        }
    }
}

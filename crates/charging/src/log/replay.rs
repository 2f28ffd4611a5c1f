//! From the disk to the state of a shard: the newest snapshot, then the rows behind it, without a gap.

use std::sync::Arc;

use basis::{Id, Pool as PoolNoun, Problem, Timestamp};
use store::{Conn, Db};

use super::{Batch, Entry, Fault, Pools, ShardId, damaged, read_row, rows, snapshot};
use crate::pool::Pool;

/// How many rows are read at a time.
const PAGE_ROWS: u32 = 64;

/// A shard's state after `seq`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Loaded {
    pub(crate) pools: Pools,
    pub(crate) seq: u64,
    /// The epoch of the last row.
    pub(crate) epoch: u64,
    /// The shard's last time.
    pub(crate) now: Timestamp,
}

/// Reads a shard's state. It is read in many pieces: what whoever had the shard last trims meanwhile looks like a gap, or
/// like an end, and is read again.
pub(crate) async fn load(db: &Db, shard: ShardId) -> Result<Loaded, Fault> {
    let conn = &mut db.read().await?;
    let mut before = base(conn, shard).await?;
    loop {
        let loaded = load_until(conn, shard, u64::MAX).await;
        let after = base(conn, shard).await?;
        let (_, trimmed) = after;
        match loaded {
            Ok(state) if state.seq >= trimmed => return Ok(state),
            Err(fault) if !fault.is_damage() || after == before => return Err(fault),
            _ => tracing::info!(shard = shard.0, trimmed, "read again: it was trimmed meanwhile"),
        }
        before = after;
    }
}

/// What the log starts from: the newest snapshot, and up to where it is trimmed.
async fn base(conn: &mut Conn, shard: ShardId) -> Result<(Option<u64>, u64), Problem> {
    let newest = rows::newest_snapshot(conn, shard, u64::MAX).await?;
    Ok((newest, rows::ownership(conn, shard).await?.trimmed))
}

/// Reads a shard's state as it was after a row, or as the newest snapshot has it if that is later.
pub(crate) async fn load_until(conn: &mut Conn, shard: ShardId, until: u64) -> Result<Loaded, Fault> {
    let mut state = newest_snapshot(conn, shard, u64::MAX).await?;
    catch_up_until(conn, shard, &mut state, until).await?;
    Ok(state)
}

/// Reads a shard's state as it was after this row, whatever stands behind it.
pub(crate) async fn load_up_to(conn: &mut Conn, shard: ShardId, last: u64) -> Result<Loaded, Fault> {
    let mut state = newest_snapshot(conn, shard, last).await?;
    catch_up_until(conn, shard, &mut state, last).await?;
    if state.seq == last {
        return Ok(state);
    }
    Err(damaged(shard, state.seq.saturating_add(1), "the row is missing"))
}

async fn newest_snapshot(conn: &mut Conn, shard: ShardId, until: u64) -> Result<Loaded, Fault> {
    let state = snapshot::read_newest(conn, shard, until).await?.unwrap_or_default();
    let trimmed = rows::ownership(conn, shard).await?.trimmed;
    if trimmed > state.seq {
        return Err(damaged(shard, trimmed, "the log is trimmed up to here, and no snapshot reaches so far"));
    }
    Ok(state)
}

/// Replays the rows behind the state.
pub(crate) async fn catch_up(conn: &mut Conn, shard: ShardId, state: &mut Loaded) -> Result<(), Fault> {
    catch_up_until(conn, shard, state, u64::MAX).await
}

async fn catch_up_until(
    conn: &mut Conn,
    shard: ShardId,
    state: &mut Loaded,
    until: u64,
) -> Result<(), Fault> {
    loop {
        let page = rows::rows_after(conn, shard, state.seq, PAGE_ROWS).await?;
        if page.first().is_none_or(|row| row.seq > until) {
            return Ok(());
        }
        for row in page.iter().take_while(|row| row.seq <= until) {
            let expected = state.seq.saturating_add(1);
            if row.seq != expected {
                return Err(damaged(shard, expected, "the row is missing"));
            }
            if row.epoch < state.epoch {
                return Err(damaged(shard, row.seq, "its epoch is older than that of the row before"));
            }
            let batch = read_row(shard, row)?;
            absorb(shard, state, row.seq, batch)?;
            state.epoch = row.epoch;
        }
    }
}

/// Takes one batch into the state.
fn absorb(shard: ShardId, state: &mut Loaded, seq: u64, batch: Batch) -> Result<(), Fault> {
    if batch.now < state.now {
        return Err(damaged(shard, seq, "its time is before that of the row before"));
    }
    for entry in batch.entries {
        if let Entry::Pool { pool, at, events } = entry {
            absorb_pool(&mut state.pools, pool, at, &events);
        }
    }
    state.seq = seq;
    state.now = batch.now;
    Ok(())
}

fn absorb_pool(pools: &mut Pools, id: Id<PoolNoun>, at: Timestamp, events: &[crate::pool::Event]) {
    let mut pool = pools.take(id).unwrap_or_else(|| Arc::new(Pool::new(id)));
    let changed = Arc::make_mut(&mut pool);
    for event in events {
        changed.absorb(at, event);
    }
    pools.put(pool);
}

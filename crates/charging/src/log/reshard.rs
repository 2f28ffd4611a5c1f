//! From one installation's shards to another's: the pools as they stand, as snapshots from which the new logs go on.

use std::collections::HashMap;
use std::sync::Arc;

use basis::{Problem, Timestamp};
use store::{Conn, Db, in_tx, sql};

use super::{Fault, Frozen, ShardId, load, rows, write_snapshot};
use crate::engine::{SHARDS_POSTGRES, shard_for};
use crate::pool::Pool;

/// Writes every pool of a log into the shards of an empty one. The first must not be running, and be written behind; its
/// tables for pages go along by themselves, except for the cursors, which are set here. How many pools that were.
///
/// # Errors
/// Unavailable if a database does not answer, or a row cannot be believed.
pub async fn move_log(from: &Db, to: &Db) -> Result<usize, Problem> {
    rows::make_shards(to, SHARDS_POSTGRES).await?;
    let count = u32::try_from(rows::all_shards(&mut to.read().await?).await?.len()).unwrap_or(1);
    let (mut seq, mut epoch, mut now) = (0, 0, Timestamp(0));
    let mut pools: HashMap<ShardId, Vec<Arc<Pool>>> = HashMap::new();
    for row in rows::all_shards(&mut from.read().await?).await? {
        let state = load(from, row.shard).await.map_err(|fault: Fault| Problem::from(fault))?;
        (seq, epoch, now) = (state.seq.max(seq), state.epoch.max(epoch), state.now.max(now));
        for pool in state.pools.iter() {
            pools.entry(shard_for(pool.id(), count)).or_default().push(pool.clone());
        }
    }
    let moved = pools.values().map(Vec::len).sum();
    for shard in (0..count).map(ShardId) {
        let pools = pools.remove(&shard).unwrap_or_default();
        write_snapshot(to, &Frozen { shard, seq, epoch, now, pools }).await?;
        in_tx!(to, |tx| { begin_behind(tx, shard, seq, epoch).await })?;
    }
    Ok(moved)
}

/// The log begins behind the snapshot, and so does what is written behind it.
async fn begin_behind(conn: &mut Conn, shard: ShardId, seq: u64, epoch: u64) -> Result<(), Problem> {
    let column = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    sql!("UPDATE charging_shard SET epoch = $2, trimmed = $3, node = '' WHERE shard = $1")
        .bind(shard.0)
        .bind(column(epoch))
        .bind(column(seq))
        .run(conn)
        .await?;
    sql!(
        "INSERT INTO charging_cursor (shard, seq) VALUES ($1, $2) ON CONFLICT (shard) DO UPDATE SET seq = $2"
    )
    .bind(shard.0)
    .bind(column(seq))
    .run(conn)
    .await
    .map(drop)
}

//! Becoming a shard's writer: raise the epoch, read the log, and put an epoch record behind it as the fence.

use std::sync::Arc;

use store::Db;

use super::replay::catch_up;
use super::{Appended, Appender, Batch, Entry, Fault, Loaded, ShardId, load, rows, seal_row};
use basis::Timestamp;

/// How often a newcomer in the log is replayed before the other is given way.
const TRIES_MAX: u32 = 64;

/// Takes a shard over from the one who had it when we looked, and from nobody else; what comes back is its state behind
/// our own epoch record.
pub(crate) async fn take_over(
    (db, appender): (&Db, &Appender),
    seen: &rows::Ownership,
    node: &str,
    now: Timestamp,
) -> Result<Loaded, Fault> {
    let shard = seen.shard;
    let mut state = load(db, shard).await?;
    let epoch = seen.epoch.max(state.epoch).saturating_add(1);
    if !rows::raise_epoch(db, seen, node, epoch).await? {
        return Err(Fault::TakenOver { shard: shard.0, seq: state.seq });
    }
    // From here on nobody trims but us. What was trimmed before, beyond what we have read, would meet no row of ours.
    if rows::ownership(&mut db.read().await?, shard).await?.trimmed > state.seq {
        state = load(db, shard).await?;
    }
    for _ in 0..TRIES_MAX {
        if state.epoch > epoch {
            break;
        }
        let now = now.max(state.now);
        match appender.append(shard, &epoch_row(shard, &state, epoch, node, now)).await {
            Appended::Durable => {
                state.seq = state.seq.saturating_add(1);
                state.epoch = epoch;
                state.now = now;
                return Ok(state);
            }
            // The one before us was still writing: its rows count.
            Appended::Collision => catch_up(&mut db.read().await?, shard, &mut state).await?,
            Appended::Absent(problem) | Appended::Unknown(problem) => return Err(problem.into()),
        }
    }
    Err(Fault::TakenOver { shard: shard.0, seq: state.seq })
}

fn epoch_row(shard: ShardId, state: &Loaded, epoch: u64, node: &str, now: Timestamp) -> Arc<rows::RawRow> {
    let batch = Batch { now, entries: vec![Entry::Epoch { node: node.to_owned() }] };
    Arc::new(seal_row(shard, state.seq.saturating_add(1), epoch, &batch))
}

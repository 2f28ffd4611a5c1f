//! Follows the log and writes the tables; a crash at any moment leaves cursor and tables agreeing.

use std::collections::BTreeSet;

use basis::{Id, Order, Problem};
use store::{Db, in_tx};

use super::fold::Changes;
use super::rows;
use crate::log::{self, Fault, Loaded, ShardId, damaged, read_row};

/// How many rows of the log are read at a time.
const PAGE_ROWS: u32 = 64;
/// A transaction is closed when so much has changed: on SQLite all the shop waits for it. Busy sessions change the same rows
/// in every row of the log, so less would write them again and again.
const CHANGES_HIGH: usize = 5000;

/// How far a shard is written behind.
pub(crate) async fn cursor(shop: &Db, shard: ShardId) -> Result<u64, Problem> {
    rows::cursor(&mut shop.read().await?, shard).await
}

/// Writes behind everything of a shard that is durable behind `from`; gives back the new cursor.
pub(crate) async fn project(log: &Db, shop: &Db, shard: ShardId, from: u64) -> Result<u64, Fault> {
    let mut at = from;
    loop {
        let page = log::rows::rows_after(&mut log.read().await?, shard, at, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(at) };
        let mut changes = Changes::default();
        for (row, expected) in page.iter().zip(at.saturating_add(1)..) {
            if row.seq != expected {
                return Err(damaged(shard, expected, "the row is missing, and not yet written behind"));
            }
            changes.add(&read_row(shard, row)?);
            if changes.count() >= CHANGES_HIGH || row.seq == last.seq {
                write(shop, shard, (at, row.seq), &std::mem::take(&mut changes)).await?;
                at = row.seq;
            }
        }
    }
}

/// The log was cut behind this state: what was written behind of the rest is taken back from the bundles. Charts keep
/// what they have shown.
pub(crate) async fn restate(
    shop: &Db,
    shard: ShardId,
    left: &Loaded,
    delivered: &BTreeSet<Id<Order>>,
) -> Result<(), Problem> {
    in_tx!(shop, |tx| {
        if rows::cursor(tx, shard).await? <= left.seq {
            return Ok(());
        }
        for bundle in delivered {
            rows::forget_bundle(tx, *bundle).await?;
        }
        for pool in left.pools.iter() {
            for bundle in pool.state().bundles.iter() {
                rows::restate_bundle(tx, pool.id(), bundle).await?;
            }
        }
        rows::set_cursor(tx, shard, left.seq).await
    })
}

async fn write(shop: &Db, shard: ShardId, (from, to): (u64, u64), changes: &Changes) -> Result<(), Problem> {
    in_tx!(shop, |tx| {
        if !rows::move_cursor(tx, shard, from, to).await? {
            return Err(Problem::unavailable("another process writes behind the charging log"));
        }
        rows::write(tx, changes).await
    })
}

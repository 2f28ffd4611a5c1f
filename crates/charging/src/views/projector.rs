//! Follows the log and writes the tables; a crash at any moment leaves cursor and tables agreeing.

use std::collections::BTreeSet;

use basis::{Id, Order, Problem};
use store::{Db, in_tx};

use super::fold::Changes;
use super::rows;
use crate::log::{self, Fault, Loaded, RawRow, ShardId, damaged, read_row};

/// How many rows of the log are read at a time.
const PAGE_ROWS: u32 = 64;
/// A transaction is closed when so much has changed: on SQLite all the shop waits for it. Busy sessions change the same rows
/// in every row of the log, so less would write them again and again.
const CHANGES_HIGH: usize = 5000;

/// How far a shard is written behind.
pub(crate) async fn cursor(shop: &Db, shard: ShardId) -> Result<u64, Problem> {
    rows::cursor(&mut shop.read().await?, shard).await
}

/// Writes behind what stands in a shard's log from behind `from` up to `until`, and whatever was read along with it; gives
/// back the new cursor. What comes meanwhile is left for later: then many rows change the same once.
pub(crate) async fn project(
    log: &Db,
    shop: &Db,
    shard: ShardId,
    from: u64,
    until: u64,
) -> Result<u64, Fault> {
    let mut stretch = Stretch::behind(from);
    while stretch.to < until {
        let page = log::rows::rows_after(&mut log.read().await?, shard, stretch.to, PAGE_ROWS).await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            if let Err(damage) = stretch.add(shard, row) {
                stretch.write(shop, shard).await?;
                return Err(damage);
            }
            if stretch.changes.count() >= CHANGES_HIGH {
                stretch = stretch.write(shop, shard).await?;
            }
        }
    }
    Ok(stretch.write(shop, shard).await?.to)
}

/// Rows of a shard's log that follow each other, and what they change.
struct Stretch {
    /// The row before the first.
    from: u64,
    /// The last.
    to: u64,
    changes: Changes,
}

impl Stretch {
    fn behind(row: u64) -> Self {
        Self { from: row, to: row, changes: Changes::default() }
    }

    fn add(&mut self, shard: ShardId, row: &RawRow) -> Result<(), Fault> {
        let expected = self.to.saturating_add(1);
        if row.seq != expected {
            return Err(damaged(shard, expected, "the row is missing, and not yet written behind"));
        }
        self.changes.add(&read_row(shard, row)?);
        self.to = row.seq;
        Ok(())
    }

    /// Writes it; gives back the empty one behind it.
    async fn write(self, shop: &Db, shard: ShardId) -> Result<Self, Problem> {
        let Self { from, to, changes } = self;
        if from == to {
            return Ok(Self::behind(to));
        }
        in_tx!(shop, |tx| {
            if !rows::move_cursor(tx, shard, from, to).await? {
                return Err(Problem::unavailable("another process writes behind the charging log"));
            }
            rows::write(tx, &changes).await
        })?;
        Ok(Self::behind(to))
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

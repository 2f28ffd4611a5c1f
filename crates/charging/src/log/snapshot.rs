//! The state of a shard in slices, so that neither writing nor reading it needs much memory or one long transaction.
//!
//! Slices 1..n hold pools, slice 0 holds the head and is written last: a snapshot without it does not count.

use std::sync::Arc;

use basis::{Problem, Timestamp};
use store::{Conn, Db};

use super::payload::{Place, seal, unseal};
use super::wire::{Code, Malformed, Reader, Writer, coded};
use super::{Fault, Loaded, Pools, ShardId, damaged, rows};
use crate::pool::{Pool, State};

/// The only format so far.
const VERSION: u8 = 1;

/// A slice is closed when it is this long.
const SLICE_BYTES: usize = 256 * 1024;

/// Slice 0.
struct Head {
    now: Timestamp,
    epoch: u64,
    slices: u32,
    pools: u64,
}
coded! { struct Head { now, epoch, slices, pools } }

/// What a snapshot is written from: pools that nobody changes any more, however long it takes.
pub(crate) struct Frozen {
    pub(crate) shard: ShardId,
    pub(crate) seq: u64,
    pub(crate) epoch: u64,
    pub(crate) now: Timestamp,
    pub(crate) pools: Vec<Arc<Pool>>,
}

/// Writes a snapshot and drops the older ones.
pub(crate) async fn write_snapshot(db: &Db, frozen: &Frozen) -> Result<(), Problem> {
    let mut slices = 0_u32;
    let mut rest = frozen.pools.as_slice();
    while !rest.is_empty() {
        slices = slices.saturating_add(1);
        let (payload, left) = one_slice(place(frozen.shard, frozen.seq, slices), rest);
        rows::put_slice(db, frozen.shard, frozen.seq, slices, &payload).await?;
        rest = left;
    }
    let pools = u64::try_from(frozen.pools.len()).unwrap_or(u64::MAX);
    let head = Head { now: frozen.now, epoch: frozen.epoch, slices, pools };
    let mut to = Writer::default();
    to.byte(VERSION);
    head.write(&mut to);
    let payload = seal(place(frozen.shard, frozen.seq, 0), to);
    rows::put_slice(db, frozen.shard, frozen.seq, 0, &payload).await?;
    rows::drop_older_snapshots(db, frozen.shard, frozen.seq).await
}

/// Writes pools until the slice is full; gives back those that are left.
fn one_slice(place: Place, pools: &[Arc<Pool>]) -> (Vec<u8>, &[Arc<Pool>]) {
    let mut to = Writer::default();
    to.byte(VERSION);
    let mut left = pools;
    while let Some((pool, more)) = left.split_first()
        && to.len() < SLICE_BYTES
    {
        pool.state().write(&mut to);
        left = more;
    }
    (seal(place, to), left)
}

/// The newest whole snapshot of the state up to this row.
pub(crate) async fn read_newest(
    conn: &mut Conn,
    shard: ShardId,
    until: u64,
) -> Result<Option<Loaded>, Fault> {
    let Some(seq) = rows::newest_snapshot(conn, shard, until).await? else { return Ok(None) };
    let bad = |why: Malformed| damaged(shard, seq, format!("snapshot: {why}"));
    let payload = slice(conn, shard, seq, 0).await?;
    let head = read_head(place(shard, seq, 0), &payload).map_err(bad)?;
    // The head is checked by its sum, and whoever wrote it had as many in memory.
    let mut pools = Pools::with_capacity(usize::try_from(head.pools).unwrap_or(0));
    for number in 1..=head.slices {
        let payload = slice(conn, shard, seq, number).await?;
        read_slice(place(shard, seq, number), &payload, &mut pools).map_err(bad)?;
    }
    if u64::try_from(pools.len()) != Ok(head.pools) {
        return Err(damaged(shard, seq, "snapshot: pools are missing"));
    }
    Ok(Some(Loaded { pools, seq, epoch: head.epoch, now: head.now }))
}

async fn slice(conn: &mut Conn, shard: ShardId, seq: u64, number: u32) -> Result<Vec<u8>, Fault> {
    let found = rows::slice(conn, shard, seq, number).await?;
    found.ok_or_else(|| damaged(shard, seq, format!("snapshot: slice {number} is missing")))
}

fn read_head(place: Place, payload: &[u8]) -> Result<Head, Malformed> {
    let mut from = opened(place, payload)?;
    let head = Head::read(&mut from)?;
    from.end()?;
    Ok(head)
}

fn read_slice(place: Place, payload: &[u8], pools: &mut Pools) -> Result<(), Malformed> {
    let mut from = opened(place, payload)?;
    while from.end().is_err() {
        pools.put(Arc::new(Pool::restore(State::read(&mut from)?)));
    }
    Ok(())
}

fn opened(place: Place, payload: &[u8]) -> Result<Reader<'_>, Malformed> {
    let mut from = Reader::new(unseal(place, payload)?);
    if from.byte()? == VERSION { Ok(from) } else { Err(Malformed::Version) }
}

/// The checksum's place of a slice: its number stands where a row has its epoch.
fn place(shard: ShardId, seq: u64, slice: u32) -> Place {
    Place { shard: shard.0, seq, epoch: u64::from(slice) }
}

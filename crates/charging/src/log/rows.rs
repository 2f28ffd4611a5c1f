//! Every statement on the log's own tables.

use basis::Problem;
use store::{Conn, Db, Engine, in_tx, sql};

use super::{Place, ShardId};

/// One row of the log as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawRow {
    pub(crate) seq: u64,
    pub(crate) epoch: u64,
    pub(crate) payload: Vec<u8>,
}

impl RawRow {
    /// Where it lies, as a row of this shard.
    pub(crate) const fn place(&self, shard: ShardId) -> Place {
        Place { shard: shard.0, seq: self.seq, epoch: self.epoch }
    }
}

/// One row of the ownership table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ownership {
    pub(crate) shard: ShardId,
    pub(crate) epoch: u64,
    /// Empty: nobody's.
    pub(crate) node: String,
    pub(crate) trimmed: u64,
}

/// For a BIGINT column; counters here never reach 2^63.
fn column(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn counter(row: &store::Row, name: &str) -> Result<u64, Problem> {
    u64::try_from(row.get::<i64>(name)?)
        .map_err(|_| Problem::internal(format!("column {name} holds a negative counter")))
}

/// Makes the shards' rows, unless they are there; then their number is what the data says.
pub(crate) async fn make_shards(db: &Db, count: u32) -> Result<(), Problem> {
    in_tx!(db, |tx| {
        if all_shards(tx).await?.is_empty() {
            for shard in 0..count {
                sql!(
                    "INSERT INTO charging_shard (shard, epoch, node, lease, trimmed) VALUES ($1, 0, '', 0, 0) \
                     ON CONFLICT (shard) DO NOTHING"
                )
                .bind(shard)
                .run(tx)
                .await?;
            }
        }
        Ok(())
    })
}

/// Every shard, in order.
pub(crate) async fn all_shards(conn: &mut Conn) -> Result<Vec<Ownership>, Problem> {
    let rows = sql!("SELECT shard, epoch, node, trimmed FROM charging_shard ORDER BY shard LIMIT 4096")
        .all(conn)
        .await?;
    rows.iter().map(owned).collect()
}

fn owned(row: &store::Row) -> Result<Ownership, Problem> {
    Ok(Ownership {
        shard: ShardId(row.get("shard")?),
        epoch: counter(row, "epoch")?,
        node: row.get("node")?,
        trimmed: counter(row, "trimmed")?,
    })
}

/// One shard's row.
pub(crate) async fn ownership(conn: &mut Conn, shard: ShardId) -> Result<Ownership, Problem> {
    let row = sql!("SELECT shard, epoch, node, trimmed FROM charging_shard WHERE shard = $1").bind(shard.0);
    owned(&row.one(conn).await?)
}

/// Lets a shard go, so that another need not wait for a death; nothing happens if it is another's already.
pub(crate) async fn release(db: &Db, shard: ShardId, node: &str, epoch: u64) -> Result<(), Problem> {
    in_tx!(db, |tx| {
        sql!("UPDATE charging_shard SET node = '' WHERE shard = $1 AND node = $2 AND epoch = $3")
            .bind(shard.0)
            .bind(node)
            .bind(column(epoch))
            .run(tx)
            .await
            .map(drop)
    })
}

/// Makes the shard this node's from this epoch on; false if somebody has it since it was seen.
pub(crate) async fn raise_epoch(db: &Db, seen: &Ownership, node: &str, epoch: u64) -> Result<bool, Problem> {
    in_tx!(db, |tx| {
        let raised = sql!(
            "UPDATE charging_shard SET epoch = $2, node = $3, lease = lease + 1 WHERE shard = $1 AND epoch = $4"
        )
        .bind(seen.shard.0)
        .bind(column(epoch))
        .bind(node)
        .bind(column(seen.epoch))
        .run(tx)
        .await?;
        Ok(raised == 1)
    })
}

/// Appends rows, together; the places of those that are there now. Where another row has a number already it stays.
pub(crate) async fn append(db: &Db, rows: &[(ShardId, &RawRow)]) -> Result<Vec<Place>, Problem> {
    match db.engine() {
        Engine::Sqlite => in_tx!(db, |tx| { insert(tx, rows).await }),
        // One statement is its own transaction there: one round trip instead of three.
        Engine::Postgres => insert(&mut db.read().await?, rows).await,
    }
}

async fn insert(conn: &mut Conn, rows: &[(ShardId, &RawRow)]) -> Result<Vec<Place>, Problem> {
    let fresh = sql!(
        "INSERT INTO charging_log (shard, seq, epoch, payload) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (shard, seq) DO NOTHING RETURNING shard, seq, epoch"
    )
    .bind_each(rows.iter().map(|(shard, _)| shard.0))
    .bind_each(rows.iter().map(|(_, row)| column(row.seq)))
    .bind_each(rows.iter().map(|(_, row)| column(row.epoch)))
    .bind_each(rows.iter().map(|(_, row)| row.payload.as_slice()))
    .all(conn)
    .await?;
    fresh.iter().map(place).collect()
}

fn place(row: &store::Row) -> Result<Place, Problem> {
    Ok(Place { shard: row.get("shard")?, seq: counter(row, "seq")?, epoch: counter(row, "epoch")? })
}

/// The row of this number, if it is there.
pub(crate) async fn row(conn: &mut Conn, shard: ShardId, seq: u64) -> Result<Option<RawRow>, Problem> {
    Ok(rows_after(conn, shard, seq.saturating_sub(1), 1).await?.into_iter().find(|row| row.seq == seq))
}

/// The number of the last row; `None` if all are trimmed.
pub(crate) async fn last_seq(conn: &mut Conn, shard: ShardId) -> Result<Option<u64>, Problem> {
    let last = sql!("SELECT seq FROM charging_log WHERE shard = $1 ORDER BY seq DESC LIMIT 1").bind(shard.0);
    last.optional(conn).await?.map(|row| counter(&row, "seq")).transpose()
}

/// Up to `limit` rows behind `seq`, in order.
pub(crate) async fn rows_after(
    conn: &mut Conn,
    shard: ShardId,
    seq: u64,
    limit: u32,
) -> Result<Vec<RawRow>, Problem> {
    let rows = sql!(
        "SELECT seq, epoch, payload FROM charging_log WHERE shard = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    )
    .bind(shard.0)
    .bind(column(seq))
    .bind(limit)
    .all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(RawRow {
                seq: counter(row, "seq")?,
                epoch: counter(row, "epoch")?,
                payload: row.get("payload")?,
            })
        })
        .collect()
}

/// Removes the rows up to `seq`, a bounded number at a time; true when none is left. Only who has the shard in this epoch
/// may: a number that is trimmed is free again, and whoever takes the shard over counts on meeting the rows there.
pub(crate) async fn trim(
    db: &Db,
    (shard, epoch): (ShardId, u64),
    seq: u64,
    rows_max: u64,
) -> Result<bool, Problem> {
    in_tx!(db, |tx| {
        let from = ownership(tx, shard).await?.trimmed;
        let until = seq.min(from.saturating_add(rows_max));
        if until <= from {
            return Ok(true);
        }
        let fenced =
            sql!("UPDATE charging_shard SET trimmed = $2 WHERE shard = $1 AND trimmed < $2 AND epoch = $3");
        if fenced.bind(shard.0).bind(column(until)).bind(column(epoch)).run(tx).await? != 1 {
            return Ok(true);
        }
        sql!("DELETE FROM charging_log WHERE shard = $1 AND seq <= $2")
            .bind(shard.0)
            .bind(column(until))
            .run(tx)
            .await?;
        Ok(until == seq)
    })
}

/// Writes one slice of a snapshot.
pub(crate) async fn put_slice(
    db: &Db,
    shard: ShardId,
    seq: u64,
    slice: u32,
    payload: &[u8],
) -> Result<(), Problem> {
    in_tx!(db, |tx| {
        sql!(
            "INSERT INTO charging_snapshot (shard, seq, slice, payload) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (shard, seq, slice) DO UPDATE SET payload = $4"
        )
        .bind(shard.0)
        .bind(column(seq))
        .bind(slice)
        .bind(payload)
        .run(tx)
        .await?;
        Ok(())
    })
}

/// The newest whole snapshot of the state up to this row: its `seq`.
pub(crate) async fn newest_snapshot(
    conn: &mut Conn,
    shard: ShardId,
    until: u64,
) -> Result<Option<u64>, Problem> {
    let newest = sql!(
        "SELECT seq FROM charging_snapshot WHERE shard = $1 AND slice = 0 AND seq <= $2 ORDER BY seq DESC LIMIT 1"
    );
    let row = newest.bind(shard.0).bind(column(until)).optional(conn).await?;
    row.map(|row| counter(&row, "seq")).transpose()
}

/// Removes rows and snapshots from `seq` on, and raises the epoch so that whoever had the shard before writes nothing
/// more; false if somebody has taken it since `epoch`.
pub(crate) async fn cut(db: &Db, shard: ShardId, seq: u64, epoch: u64) -> Result<bool, Problem> {
    in_tx!(db, |tx| {
        let fenced = sql!(
            "UPDATE charging_shard SET epoch = $2, node = '', lease = lease + 1 WHERE shard = $1 AND epoch = $3"
        )
        .bind(shard.0)
        .bind(column(epoch.saturating_add(1)))
        .bind(column(epoch))
        .run(tx)
        .await?;
        if fenced != 1 {
            return Ok(false);
        }
        sql!("DELETE FROM charging_log WHERE shard = $1 AND seq >= $2")
            .bind(shard.0)
            .bind(column(seq))
            .run(tx)
            .await?;
        sql!("DELETE FROM charging_snapshot WHERE shard = $1 AND seq >= $2")
            .bind(shard.0)
            .bind(column(seq))
            .run(tx)
            .await?;
        Ok(true)
    })
}

/// One slice.
pub(crate) async fn slice(
    conn: &mut Conn,
    shard: ShardId,
    seq: u64,
    slice: u32,
) -> Result<Option<Vec<u8>>, Problem> {
    let row = sql!("SELECT payload FROM charging_snapshot WHERE shard = $1 AND seq = $2 AND slice = $3")
        .bind(shard.0)
        .bind(column(seq))
        .bind(slice)
        .optional(conn)
        .await?;
    row.map(|row| row.get("payload")).transpose()
}

/// Removes every snapshot that is older than this one, whole or not. A newer one is another owner's: leave it alone.
pub(crate) async fn drop_older_snapshots(db: &Db, shard: ShardId, keep: u64) -> Result<(), Problem> {
    in_tx!(db, |tx| {
        sql!("DELETE FROM charging_snapshot WHERE shard = $1 AND seq < $2")
            .bind(shard.0)
            .bind(column(keep))
            .run(tx)
            .await?;
        Ok(())
    })
}

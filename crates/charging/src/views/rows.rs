//! Every statement that writes the tables for pages.

use basis::{Country, Id, Line, Order, Pool as PoolNoun, Problem, Timestamp};
use store::{Conn, Row, sql};

use super::fold::{BundleChange, Changes, MemberHour, SessionChange, state_of};
use super::notices;
use crate::log::ShardId;
use crate::pool::{Bundle, Figures, Phase, SessionKey};

fn column(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// How far a shard is written behind.
pub(crate) async fn cursor(conn: &mut Conn, shard: ShardId) -> Result<u64, Problem> {
    let row = sql!("SELECT seq FROM charging_cursor WHERE shard = $1").bind(shard.0).optional(conn).await?;
    let seq = row.map(|row| row.get::<i64>("seq")).transpose()?.unwrap_or(0);
    Ok(u64::try_from(seq).unwrap_or(0))
}

/// Moves the cursor; false if it is not where we thought, so somebody else writes behind as well.
pub(crate) async fn move_cursor(
    conn: &mut Conn,
    shard: ShardId,
    from: u64,
    to: u64,
) -> Result<bool, Problem> {
    sql!("INSERT INTO charging_cursor (shard, seq) VALUES ($1, 0) ON CONFLICT (shard) DO NOTHING")
        .bind(shard.0)
        .run(conn)
        .await?;
    let moved = sql!("UPDATE charging_cursor SET seq = $3 WHERE shard = $1 AND seq = $2")
        .bind(shard.0)
        .bind(column(from))
        .bind(column(to))
        .run(conn)
        .await?;
    Ok(moved == 1)
}

/// Puts the cursor where the log has been cut.
pub(crate) async fn set_cursor(conn: &mut Conn, shard: ShardId, to: u64) -> Result<(), Problem> {
    let set = sql!("UPDATE charging_cursor SET seq = $2 WHERE shard = $1").bind(shard.0).bind(column(to));
    set.run(conn).await.map(drop)
}

/// A bundle that the log does not know any more.
pub(crate) async fn forget_bundle(conn: &mut Conn, bundle: Id<Order>) -> Result<(), Problem> {
    sql!("DELETE FROM charging_bundle WHERE bundle = $1").bind(bundle).run(conn).await.map(drop)
}

/// Sets a bundle's row to what the log says of it.
pub(crate) async fn restate_bundle(
    conn: &mut Conn,
    pool: Id<PoolNoun>,
    bundle: &Bundle,
) -> Result<(), Problem> {
    let (started_at, ended_at) = match bundle.phase {
        Phase::Waiting => (None, None),
        Phase::Active(started_at) => (Some(started_at), None),
        Phase::Over { started_at, at, .. } => (started_at, Some(at)),
    };
    let Figures { granted, used, expired, closed, .. } = bundle.figures;
    sql!(
        "UPDATE charging_bundle SET line = $2, state = $3, started_at = $4, ends_at = $4 + validity_ms, ended_at = $5, \
         granted = $6, used = $7, expired = $8, closed = $9 WHERE bundle = $1 AND pool = $10"
    )
    .bind(bundle.id)
    .bind(bundle.line)
    .bind(state_of(bundle))
    .bind(started_at)
    .bind(ended_at)
    .bind(column(granted))
    .bind(column(used))
    .bind(column(expired))
    .bind(column(closed))
    .bind(pool)
    .run(conn)
    .await
    .map(drop)
}

/// Writes what changed.
pub(crate) async fn write(conn: &mut Conn, changes: &Changes) -> Result<(), Problem> {
    for ((line, hour, country), octets) in &changes.usage {
        add_usage(conn, *line, *hour, *country, *octets).await?;
    }
    for (member, octets) in &changes.pool_usage {
        add_pool_usage(conn, *member, *octets).await?;
    }
    for (bundle, change) in &changes.bundles {
        if let Some((pool, born)) = &change.born {
            add_bundle(conn, *pool, born).await?;
        }
        change_bundle(conn, *bundle, change).await?;
    }
    for (session, change) in &changes.sessions {
        change_session(conn, *session, change).await?;
    }
    for notice in &changes.notices {
        notices::put(conn, notice).await?;
    }
    Ok(())
}

async fn add_pool_usage(conn: &mut Conn, member: MemberHour, octets: u64) -> Result<(), Problem> {
    let MemberHour { pool, hour, line, bundle } = member;
    sql!(
        "INSERT INTO charging_pool_usage (pool, line, bundle, hour, octets) VALUES ($1, $2, COALESCE($3, ''), $4, $5) \
         ON CONFLICT (pool, hour, line, bundle) DO UPDATE SET octets = charging_pool_usage.octets + $5"
    )
    .bind(pool)
    .bind(line)
    .bind(bundle)
    .bind(hour)
    .bind(column(octets))
    .run(conn)
    .await
    .map(drop)
}

async fn add_usage(
    conn: &mut Conn,
    line: Id<Line>,
    hour: i64,
    country: Option<Country>,
    octets: u64,
) -> Result<(), Problem> {
    sql!(
        "INSERT INTO charging_usage_hour (line, country, hour, octets) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (line, hour, country) DO UPDATE SET octets = charging_usage_hour.octets + $4"
    )
    .bind(line)
    .bind(country.as_ref().map_or("", Country::code))
    .bind(hour)
    .bind(column(octets))
    .run(conn)
    .await
    .map(drop)
}

async fn add_bundle(conn: &mut Conn, pool: Id<PoolNoun>, bundle: &Bundle) -> Result<(), Problem> {
    sql!(
        "INSERT INTO charging_bundle (bundle, pool, line, state, credited_at, validity_ms, total, granted, used, expired, closed) \
         VALUES ($1, $2, $3, 'waiting', $4, $5, $6, $7, 0, 0, 0) ON CONFLICT (bundle) DO NOTHING"
    )
    .bind(bundle.id)
    .bind(pool)
    .bind(bundle.line)
    .bind(bundle.credited_at)
    .bind(bundle.total_ms())
    .bind(column(bundle.total_bytes()))
    .bind(column(bundle.figures.granted))
    .run(conn)
    .await
    .map(drop)
}

async fn change_bundle(conn: &mut Conn, bundle: Id<Order>, change: &BundleChange) -> Result<(), Problem> {
    sql!(
        "UPDATE charging_bundle SET state = COALESCE($2, state), started_at = COALESCE($3, started_at), \
         ends_at = COALESCE($3 + validity_ms, ends_at), ended_at = COALESCE($4, ended_at), \
         granted = granted + $5, used = used + $6, expired = expired + $7, closed = closed + $8, pool = COALESCE($9, pool), \
         line = CASE WHEN $10 = 1 THEN NULL ELSE line END WHERE bundle = $1"
    )
    .bind(bundle)
    .bind(change.state)
    .bind(change.started_at)
    .bind(change.ended_at)
    .bind(column(change.granted))
    .bind(column(change.used))
    .bind(column(change.expired))
    .bind(column(change.closed))
    .bind(change.pool)
    .bind(i64::from(change.given))
    .run(conn)
    .await
    .map(drop)
}

/// A session's name as text: 32 hexadecimal digits.
fn text_of(session: SessionKey) -> String {
    format!("{:032x}", u128::from_be_bytes(session.0))
}

async fn change_session(conn: &mut Conn, session: SessionKey, change: &SessionChange) -> Result<(), Problem> {
    let name = text_of(session);
    if change.forgotten {
        sql!("DELETE FROM charging_session WHERE session = $1").bind(name.as_str()).run(conn).await?;
    }
    if let Some(opened) = change.opened {
        open_session(conn, &name, opened).await?;
    }
    sql!(
        "UPDATE charging_session SET country = COALESCE($2, country), heard_at = COALESCE($3, heard_at), \
         ended_at = COALESCE($4, ended_at), octets = octets + $5, pool = COALESCE($6, pool) WHERE session = $1"
    )
    .bind(name)
    .bind(change.country)
    .bind(change.heard_at)
    .bind(change.ended_at)
    .bind(column(change.octets))
    .bind(change.pool)
    .run(conn)
    .await
    .map(drop)
}

/// A new one, or one that lapsed and goes on.
async fn open_session(
    conn: &mut Conn,
    name: &str,
    (pool, line, at): (Id<PoolNoun>, Id<Line>, Timestamp),
) -> Result<(), Problem> {
    sql!(
        "INSERT INTO charging_session (session, pool, line, opened_at, heard_at, octets) \
         VALUES ($1, $2, $3, $4, $4, 0) ON CONFLICT (session) DO UPDATE SET ended_at = NULL"
    )
    .bind(name)
    .bind(pool)
    .bind(line)
    .bind(at)
    .run(conn)
    .await
    .map(drop)
}

/// Some bundles' rows behind one, in the order of their ids; for the audit.
pub(crate) async fn all_bundles(conn: &mut Conn, behind: &str, limit: u32) -> Result<Vec<Row>, Problem> {
    sql!(
        "SELECT bundle, pool, state, started_at, granted, used, expired, closed FROM charging_bundle \
         WHERE bundle > $1 ORDER BY bundle LIMIT $2"
    )
    .bind(behind)
    .bind(limit)
    .all(conn)
    .await
}

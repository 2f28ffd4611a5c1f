//! The table `pool_told`.

use basis::{Problem, Timestamp};
use store::{Conn, sql};

/// Notes that this is told; false if it was told before.
pub(crate) async fn tell_once(conn: &mut Conn, what: &str, now: Timestamp) -> Result<bool, Problem> {
    let first = sql!("INSERT INTO pool_told (what, told_at) VALUES ($1, $2) ON CONFLICT (what) DO NOTHING")
        .bind(what)
        .bind(now)
        .run(conn)
        .await?;
    Ok(first == 1)
}

/// Notes that this is told, unless it was since then: then false.
pub(crate) async fn tell_again(
    conn: &mut Conn,
    what: &str,
    now: Timestamp,
    since: Timestamp,
) -> Result<bool, Problem> {
    let told = sql!(
        "INSERT INTO pool_told (what, told_at) VALUES ($1, $2) \
         ON CONFLICT (what) DO UPDATE SET told_at = excluded.told_at WHERE pool_told.told_at <= $3"
    )
    .bind(what)
    .bind(now)
    .bind(since)
    .run(conn)
    .await?;
    Ok(told == 1)
}

/// When this was told.
pub(crate) async fn told_at(conn: &mut Conn, what: &str) -> Result<Option<Timestamp>, Problem> {
    let told = sql!("SELECT told_at FROM pool_told WHERE what = $1").bind(what).optional(conn).await?;
    told.map(|row| row.get("told_at")).transpose()
}

/// It may be told again.
pub(crate) async fn forget_told(conn: &mut Conn, what: &str) -> Result<(), Problem> {
    sql!("DELETE FROM pool_told WHERE what = $1").bind(what).run(conn).await.map(drop)
}

/// Forgets what was told before then.
pub(crate) async fn forget_told_until(conn: &mut Conn, until: Timestamp, limit: u32) -> Result<u64, Problem> {
    sql!("DELETE FROM pool_told WHERE what IN (SELECT what FROM pool_told WHERE told_at < $1 LIMIT $2)")
        .bind(until)
        .bind(limit)
        .run(conn)
        .await
}

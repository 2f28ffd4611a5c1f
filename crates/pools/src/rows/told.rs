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

//! The table `pool_left`.

use basis::{Account, Id, Line, Pool, Problem, Timestamp};
use store::{Conn, sql};

use super::members::caps_row;
use crate::Limits;

/// Keeps what is set for a line that leaves, if anything is.
pub(crate) async fn keep_left(
    conn: &mut Conn,
    pool: Id<Pool>,
    line: Id<Line>,
    now: Timestamp,
) -> Result<(), Problem> {
    sql!(
        "INSERT INTO pool_left (pool, line, account, cap_day, cap_month, cap_all, paused, left_at) \
         SELECT pool, line, account, cap_day, cap_month, cap_all, paused, $3 FROM pool_member \
         WHERE pool = $1 AND line = $2 AND state = 'leaving' \
         AND (cap_day IS NOT NULL OR cap_month IS NOT NULL OR cap_all IS NOT NULL OR paused = 1) \
         ON CONFLICT (pool, line) DO UPDATE SET account = excluded.account, cap_day = excluded.cap_day, \
         cap_month = excluded.cap_month, cap_all = excluded.cap_all, paused = excluded.paused, left_at = excluded.left_at"
    )
    .bind(pool)
    .bind(line)
    .bind(now)
    .run(conn)
    .await
    .map(drop)
}

/// Takes out what was kept of an account's lines here.
pub(crate) async fn take_left(
    conn: &mut Conn,
    pool: Id<Pool>,
    account: Id<Account>,
) -> Result<Vec<Limits>, Problem> {
    let taken = sql!(
        "DELETE FROM pool_left WHERE pool = $1 AND account = $2 RETURNING cap_day, cap_month, cap_all, paused"
    );
    let taken = taken.bind(pool).bind(account).all(conn).await?;
    taken
        .iter()
        .map(|row| Ok(Limits { caps: caps_row(row)?, paused: row.get::<i64>("paused")? == 1 }))
        .collect()
}

/// Whoever left this pool left an earlier one, in the same place.
pub(crate) async fn forget_left(conn: &mut Conn, pool: Id<Pool>) -> Result<(), Problem> {
    sql!("DELETE FROM pool_left WHERE pool = $1").bind(pool).run(conn).await.map(drop)
}

/// Forgets what was kept of lines that left before then.
pub(crate) async fn forget_left_until(conn: &mut Conn, until: Timestamp, limit: u32) -> Result<u64, Problem> {
    sql!(
        "DELETE FROM pool_left WHERE (pool, line) IN (SELECT pool, line FROM pool_left WHERE left_at < $1 LIMIT $2)"
    )
    .bind(until)
    .bind(limit)
    .run(conn)
    .await
}

//! The table `review`.

use basis::{Id, Order, Problem, Review, Timestamp};
use orders::ReviewWanted;
use store::{Conn, Row, sql};

use crate::{Case, CaseId};

pub(crate) async fn insert(
    conn: &mut Conn,
    id: Id<Review>,
    wanted: &ReviewWanted,
    now: Timestamp,
) -> Result<(), Problem> {
    sql!(
        "INSERT INTO review (id, cause, order_id, payment_id, reason, detail, opened_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (cause) DO NOTHING"
    )
    .bind(id)
    .bind(wanted.cause.as_str())
    .bind(wanted.order)
    .bind(wanted.payment)
    .bind(wanted.reason.word())
    .bind(wanted.detail.as_str())
    .bind(now)
    .run(conn)
    .await
    .map(drop)
}

pub(crate) async fn open_cases(conn: &mut Conn, limit: u32) -> Result<Vec<Case>, Problem> {
    sql!(
        "SELECT id, reason, order_id, payment_id, detail, opened_at, resolved_at FROM review \
         WHERE resolved_at IS NULL ORDER BY opened_at, id LIMIT $1"
    )
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(case)
    .collect()
}

pub(crate) async fn find(conn: &mut Conn, id: Id<Review>) -> Result<Option<Case>, Problem> {
    sql!("SELECT id, reason, order_id, payment_id, detail, opened_at, resolved_at FROM review WHERE id = $1")
        .bind(id)
        .optional(conn)
        .await?
        .as_ref()
        .map(case)
        .transpose()
}

/// How many cases about this order are open.
pub(crate) async fn open_cases_of(conn: &mut Conn, order: Id<Order>) -> Result<i64, Problem> {
    sql!("SELECT COUNT(*) AS cases FROM review WHERE order_id = $1 AND resolved_at IS NULL")
        .bind(order)
        .one(conn)
        .await?
        .get("cases")
}

/// False if it was resolved before.
pub(crate) async fn close(
    conn: &mut Conn,
    id: Id<Review>,
    now: Timestamp,
    by: &str,
    resolution: &str,
    note: &str,
) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE review SET resolved_at = $2, resolved_by = $3, resolution = $4, note = $5 \
         WHERE id = $1 AND resolved_at IS NULL"
    )
    .bind(id)
    .bind(now)
    .bind(by)
    .bind(resolution)
    .bind(note)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

fn case(row: &Row) -> Result<Case, Problem> {
    Ok(Case {
        id: CaseId::Review(row.get("id")?),
        reason: row.get("reason")?,
        order: row.get("order_id")?,
        payment: row.get("payment_id")?,
        detail: row.get("detail")?,
        opened_at: row.get("opened_at")?,
        resolved_at: row.get("resolved_at")?,
    })
}

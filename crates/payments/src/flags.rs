//! What a person should look at: money or messages that are not what was asked for.

use basis::{Id, InboxMessage, Payment as PaymentKind, Problem, Timestamp};
use store::{Conn, Row, sql};

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Names the cause; the same cause raises one flag.
    pub key: String,
    /// `mismatch`, `merchant`, `reference`, `provider-reference`, `foreign-refund`, `unknown-payment`, `reconciliation`, `settlement`.
    pub reason: String,
    /// The payment, if known.
    pub payment: Option<Id<PaymentKind>>,
    /// The message, if one raised it.
    pub message: Option<Id<InboxMessage>>,
    /// For the operator.
    pub detail: String,
    /// When.
    pub raised_at: Timestamp,
    /// When it was closed: by a person, or because it had passed.
    pub resolved_at: Option<Timestamp>,
}

/// Raises a flag; false if this cause has one.
pub(crate) async fn raise(conn: &mut Conn, flag: &Flag) -> Result<bool, Problem> {
    let rows = sql!(
        "INSERT INTO payment_flag (key, reason, payment_id, inbox_id, detail, raised_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING"
    )
    .bind(flag.key.as_str())
    .bind(flag.reason.as_str())
    .bind(flag.payment)
    .bind(flag.message)
    .bind(flag.detail.as_str())
    .bind(flag.raised_at)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// Raises a flag; again if it was closed and there is more to say now.
pub(crate) async fn raise_again(conn: &mut Conn, flag: &Flag) -> Result<(), Problem> {
    if raise(conn, flag).await? {
        return Ok(());
    }
    sql!(
        "UPDATE payment_flag SET resolved_at = NULL, raised_at = $3, detail = $2 WHERE key = $1 AND detail <> $2"
    )
    .bind(flag.key.as_str())
    .bind(flag.detail.as_str())
    .bind(flag.raised_at)
    .run(conn)
    .await
    .map(drop)
}

/// What is still to be looked at for this reason.
pub(crate) async fn open_of_reason(conn: &mut Conn, reason: &str) -> Result<Vec<Flag>, Problem> {
    sql!("SELECT * FROM payment_flag WHERE resolved_at IS NULL AND reason = $1 ORDER BY key")
        .bind(reason)
        .all(conn)
        .await?
        .iter()
        .map(flag)
        .collect()
}

/// Shows in the metrics how much is still to be looked at.
pub(crate) async fn show_count(conn: &mut Conn) -> Result<(), Problem> {
    let counted =
        sql!("SELECT COUNT(*) AS open FROM payment_flag WHERE resolved_at IS NULL").one(conn).await?;
    let open = u32::try_from(counted.get::<i64>("open")?);
    metrics::gauge!("payment_flags_open").set(open.map_or(f64::from(u32::MAX), f64::from));
    Ok(())
}

/// What is still to be looked at, oldest first.
pub async fn open_flags(conn: &mut Conn, limit: u32) -> Result<Vec<Flag>, Problem> {
    sql!("SELECT * FROM payment_flag WHERE resolved_at IS NULL ORDER BY raised_at, key LIMIT $1")
        .bind(limit)
        .all(conn)
        .await?
        .iter()
        .map(flag)
        .collect()
}

/// Closes a flag; false if there is no open one of this key. The caller writes the audit trail.
pub async fn resolve_flag(conn: &mut Conn, key: &str, now: Timestamp) -> Result<bool, Problem> {
    let rows = sql!("UPDATE payment_flag SET resolved_at = $2 WHERE key = $1 AND resolved_at IS NULL")
        .bind(key)
        .bind(now)
        .run(conn)
        .await?;
    Ok(rows == 1)
}

fn flag(row: &Row) -> Result<Flag, Problem> {
    Ok(Flag {
        key: row.get("key")?,
        reason: row.get("reason")?,
        payment: row.get("payment_id")?,
        message: row.get("inbox_id")?,
        detail: row.get("detail")?,
        raised_at: row.get("raised_at")?,
        resolved_at: row.get("resolved_at")?,
    })
}

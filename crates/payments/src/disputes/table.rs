//! Disputes as rows, with their SQL.

use basis::{Currency, Id, Money, Payment as PaymentKind, Problem, Timestamp};
use store::{Conn, Row, sql};

use super::Dispute;
use crate::rows::{money, word};

fn dispute(row: &Row) -> Result<Dispute, Problem> {
    Ok(Dispute {
        provider: row.get("provider")?,
        reference: row.get("dispute_ref")?,
        payment: row.get("payment_id")?,
        capture_ref: row.get("capture_ref")?,
        amount: money(row, "amount_minor")?,
        frozen: money(row, "frozen_minor")?,
        state: word(row, "state")?,
        opened_at: row.get("opened_at")?,
    })
}

/// False if the provider's name for it stands already.
pub(super) async fn insert(conn: &mut Conn, new: &Dispute) -> Result<bool, Problem> {
    let rows = sql!(
        "INSERT INTO payment_dispute
           (provider, dispute_ref, payment_id, capture_ref, currency, amount_minor, frozen_minor, state, opened_at,
            changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (provider, dispute_ref) DO NOTHING"
    )
    .bind(new.provider.as_str())
    .bind(new.reference.as_str())
    .bind(new.payment)
    .bind(new.capture_ref.as_str())
    .bind(new.amount.currency)
    .bind(new.amount.minor)
    .bind(new.frozen.minor)
    .bind(new.state.word())
    .bind(new.opened_at)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// `open -> won | lost`, as `decided` says; false if it was decided before.
pub(super) async fn decide(conn: &mut Conn, decided: &Dispute, now: Timestamp) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE payment_dispute SET state = $3, changed_at = $4
         WHERE provider = $1 AND dispute_ref = $2 AND state = 'open'"
    )
    .bind(decided.provider.as_str())
    .bind(decided.reference.as_str())
    .bind(decided.state.word())
    .bind(now)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// Lets go of what [`rows::reserve_return`](crate::rows::reserve_return) set aside.
pub(super) async fn release_return(
    conn: &mut Conn,
    provider: &str,
    capture_ref: &str,
    amount: Money,
) -> Result<(), Problem> {
    sql!(
        "UPDATE payment_capture SET returned_minor = returned_minor - $3 WHERE provider = $1 AND capture_ref = $2"
    )
    .bind(provider)
    .bind(capture_ref)
    .bind(amount.minor)
    .run(conn)
    .await
    .map(drop)
}

/// A payment's disputes, oldest first.
pub async fn disputes(conn: &mut Conn, payment: Id<PaymentKind>) -> Result<Vec<Dispute>, Problem> {
    let rows =
        sql!("SELECT * FROM payment_dispute WHERE payment_id = $1 ORDER BY opened_at, dispute_ref LIMIT 100")
            .bind(payment)
            .all(conn)
            .await?;
    rows.iter().map(dispute).collect()
}

/// Whether a dispute about a payment is open.
pub async fn is_contested(conn: &mut Conn, payment: Id<PaymentKind>) -> Result<bool, Problem> {
    let row = sql!("SELECT 1 AS open FROM payment_dispute WHERE payment_id = $1 AND state = 'open' LIMIT 1")
        .bind(payment)
        .optional(conn)
        .await?;
    Ok(row.is_some())
}

/// What payers took back by disputes, per provider and currency.
pub(crate) async fn lost_sums(conn: &mut Conn) -> Result<Vec<(String, Currency, i64)>, Problem> {
    let rows = sql!(
        "SELECT provider, currency, CAST(SUM(frozen_minor) AS BIGINT) AS frozen_minor
         FROM payment_dispute WHERE state = 'lost' GROUP BY provider, currency"
    )
    .all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok((row.get("provider")?, row.get("currency")?, row.get("frozen_minor")?)))
        .collect()
}

/// What open disputes froze, per currency.
pub(crate) async fn open_sums(conn: &mut Conn) -> Result<Vec<(Currency, i64)>, Problem> {
    let rows = sql!(
        "SELECT currency, CAST(SUM(frozen_minor) AS BIGINT) AS frozen_minor
         FROM payment_dispute WHERE state = 'open' GROUP BY currency"
    )
    .all(conn)
    .await?;
    rows.iter().map(|row| Ok((row.get("currency")?, row.get("frozen_minor")?))).collect()
}

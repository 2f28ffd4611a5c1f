//! Money that providers took, as rows.

use basis::{Currency, Id, Money, Payment as PaymentKind, Problem, Timestamp};
use store::{Conn, Row, sql};

use super::{money, word};
use crate::facts::CaptureFact;
use crate::rules::{Fate, Payment};

/// A capture as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The provider's name for it.
    pub capture_ref: String,
    /// How much.
    pub amount: Money,
    /// What of it went back or is on its way.
    pub returned: Money,
    /// What became of it.
    pub fate: Fate,
    /// When we saw it.
    pub seen_at: Timestamp,
}

/// Inserts a capture; false if it is known.
pub(crate) async fn insert_capture(
    conn: &mut Conn,
    payment: &Payment,
    capture: &CaptureFact,
    fate: Fate,
    now: Timestamp,
) -> Result<bool, Problem> {
    let rows = sql!(
        "INSERT INTO payment_capture
           (provider, capture_ref, payment_id, currency, amount_minor, returned_minor, fate, seen_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6, $7) ON CONFLICT (provider, capture_ref) DO NOTHING"
    )
    .bind(payment.provider.as_str())
    .bind(capture.capture_ref.as_str())
    .bind(payment.id)
    .bind(capture.amount.currency)
    .bind(capture.amount.minor)
    .bind(fate.word())
    .bind(now)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// A payment's captures, oldest first.
pub(crate) async fn captures(conn: &mut Conn, payment: Id<PaymentKind>) -> Result<Vec<Capture>, Problem> {
    let rows = sql!(
        "SELECT capture_ref, currency, amount_minor, returned_minor, fate, seen_at FROM payment_capture
         WHERE payment_id = $1 ORDER BY seen_at, capture_ref LIMIT 100"
    )
    .bind(payment)
    .all(conn)
    .await?;
    rows.iter().map(capture).collect()
}

fn capture(row: &Row) -> Result<Capture, Problem> {
    Ok(Capture {
        capture_ref: row.get("capture_ref")?,
        amount: money(row, "amount_minor")?,
        returned: money(row, "returned_minor")?,
        fate: word(row, "fate")?,
        seen_at: row.get("seen_at")?,
    })
}

/// A capture with whose it is.
pub(crate) struct OwnedCapture {
    pub(crate) provider: String,
    pub(crate) payment: Id<PaymentKind>,
    pub(crate) capture: Capture,
}

/// The capture of this name.
pub(crate) async fn capture_of(
    conn: &mut Conn,
    provider: &str,
    capture_ref: &str,
) -> Result<Option<OwnedCapture>, Problem> {
    let row = sql!("SELECT * FROM payment_capture WHERE provider = $1 AND capture_ref = $2")
        .bind(provider)
        .bind(capture_ref)
        .optional(conn)
        .await?;
    row.as_ref().map(owned_capture).transpose()
}

/// All captures, a page at a time, in the order of provider and reference.
pub(crate) async fn captures_after(
    conn: &mut Conn,
    after: (&str, &str),
    limit: u32,
) -> Result<Vec<OwnedCapture>, Problem> {
    let rows = sql!(
        "SELECT * FROM payment_capture WHERE provider > $1 OR (provider = $1 AND capture_ref > $2)
         ORDER BY provider, capture_ref LIMIT $3"
    )
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .all(conn)
    .await?;
    rows.iter().map(owned_capture).collect()
}

fn owned_capture(row: &Row) -> Result<OwnedCapture, Problem> {
    Ok(OwnedCapture {
        provider: row.get("provider")?,
        payment: row.get("payment_id")?,
        capture: capture(row)?,
    })
}

/// Sets so much of a capture aside for a refund; false if it has not so much left.
pub(crate) async fn reserve_return(
    conn: &mut Conn,
    provider: &str,
    capture_ref: &str,
    amount: Money,
) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE payment_capture SET returned_minor = returned_minor + $3
         WHERE provider = $1 AND capture_ref = $2 AND currency = $4 AND amount_minor - returned_minor >= $3"
    )
    .bind(provider)
    .bind(capture_ref)
    .bind(amount.minor)
    .bind(amount.currency)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// The sum of all captures, per provider and currency.
pub(crate) async fn capture_sums(conn: &mut Conn) -> Result<Vec<(String, Currency, i64)>, Problem> {
    let rows = sql!(
        "SELECT provider, currency, CAST(SUM(amount_minor) AS BIGINT) AS amount_minor
         FROM payment_capture GROUP BY provider, currency"
    )
    .all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok((row.get("provider")?, row.get("currency")?, row.get("amount_minor")?)))
        .collect()
}

//! Refunds as rows, with their SQL.

use basis::{Account, Id, Order, Payment as PaymentKind, Problem, Refund as RefundKind, Timestamp};
use store::{Conn, Row, sql};

use crate::facts::RefundFact;
use crate::rows::{money, word};
use crate::rules::{Payment, Refund, RefundState};

fn refund(row: &Row) -> Result<Refund, Problem> {
    Ok(Refund {
        id: row.get("id")?,
        payment: row.get("payment_id")?,
        order: row.get("order_id")?,
        provider: row.get("provider")?,
        capture_ref: row.get("capture_ref")?,
        amount: money(row, "amount_minor")?,
        state: word(row, "state")?,
        attempt: row.get("attempt")?,
        provider_ref: row.get("provider_ref")?,
        failure: row.get("failure")?,
        reason: row.get("reason")?,
        created_at: row.get("created_at")?,
        changed_at: row.get("changed_at")?,
    })
}

pub(super) async fn insert(conn: &mut Conn, new: &Refund, request_key: &str) -> Result<bool, Problem> {
    let rows = sql!(
        "INSERT INTO payment_refund
           (id, payment_id, order_id, provider, capture_ref, currency, amount_minor, state, attempt, reason, request_key,
            created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) ON CONFLICT (request_key) DO NOTHING"
    )
    .bind(new.id)
    .bind(new.payment)
    .bind(new.order)
    .bind(new.provider.as_str())
    .bind(new.capture_ref.as_str())
    .bind(new.amount.currency)
    .bind(new.amount.minor)
    .bind(new.state.word())
    .bind(new.attempt)
    .bind(new.reason.as_str())
    .bind(request_key)
    .bind(new.created_at)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

pub(super) async fn set_sending(conn: &mut Conn, id: Id<RefundKind>, now: Timestamp) -> Result<u64, Problem> {
    sql!("UPDATE payment_refund SET state = 'sending', changed_at = $2 WHERE id = $1 AND state = 'queued'")
        .bind(id)
        .bind(now)
        .run(conn)
        .await
}

/// When another refund of the same payment was last sent, or heard of.
pub(super) async fn last_sent(conn: &mut Conn, refund: &Refund) -> Result<Option<Timestamp>, Problem> {
    let row = sql!(
        "SELECT MAX(changed_at) AS last FROM payment_refund
         WHERE payment_id = $1 AND id <> $2 AND state <> 'queued'"
    )
    .bind(refund.payment)
    .bind(refund.id)
    .one(conn)
    .await?;
    row.get("last")
}

/// A failed refund is to be sent anew, under a new reference.
pub(super) async fn set_queued_again(
    conn: &mut Conn,
    id: Id<RefundKind>,
    now: Timestamp,
) -> Result<u64, Problem> {
    sql!(
        "UPDATE payment_refund SET state = 'queued', attempt = attempt + 1, failure = NULL, changed_at = $2
         WHERE id = $1 AND state = 'failed'"
    )
    .bind(id)
    .bind(now)
    .run(conn)
    .await
}

/// Moves a refund forward; false if it stood there or further. Only a success follows a failure.
pub(super) async fn set_refund_state(
    conn: &mut Conn,
    id: Id<RefundKind>,
    state: RefundState,
    fact: &RefundFact,
    now: Timestamp,
) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE payment_refund SET state = $2, provider_ref = $3, failure = $4, changed_at = $5
         WHERE id = $1 AND (state IN ('queued', 'sending')
           OR (state = 'pending' AND $2 <> 'pending') OR (state = 'failed' AND $2 = 'succeeded'))"
    )
    .bind(id)
    .bind(state.word())
    .bind(fact.provider_ref.as_str())
    .bind(fact.failure.as_deref())
    .bind(now)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

pub(super) async fn by_request_key(conn: &mut Conn, key: &str) -> Result<Option<Refund>, Problem> {
    let row = sql!("SELECT * FROM payment_refund WHERE request_key = $1").bind(key).optional(conn).await?;
    row.as_ref().map(refund).transpose()
}

/// Whether whoever calls is the first to tell this end of this attempt.
pub async fn first_told(conn: &mut Conn, refund: &Refund, succeeded: bool) -> Result<bool, Problem> {
    let rows = sql!("UPDATE payment_refund SET told = $2 WHERE id = $1 AND (told IS NULL OR told <> $2)")
        .bind(refund.id)
        .bind(format!("{}:{}", refund.attempt, if succeeded { "succeeded" } else { "failed" }))
        .run(conn)
        .await?;
    Ok(rows == 1)
}

/// The refund of this id.
pub async fn find_refund(conn: &mut Conn, id: Id<RefundKind>) -> Result<Refund, Problem> {
    let row = sql!("SELECT * FROM payment_refund WHERE id = $1").bind(id).optional(conn).await?;
    row.as_ref().map(refund).transpose()?.ok_or_else(Problem::not_found)
}

/// The refund of this id if it is of this payment.
pub(crate) async fn find_of(
    conn: &mut Conn,
    payment: Id<PaymentKind>,
    id: Id<RefundKind>,
) -> Result<Option<Refund>, Problem> {
    let row = sql!("SELECT * FROM payment_refund WHERE id = $1 AND payment_id = $2")
        .bind(id)
        .bind(payment)
        .optional(conn)
        .await?;
    row.as_ref().map(refund).transpose()
}

/// The refund of this id if it is this provider's.
pub(crate) async fn find_of_provider(
    conn: &mut Conn,
    provider: &str,
    id: Id<RefundKind>,
) -> Result<Option<Refund>, Problem> {
    let row = sql!("SELECT * FROM payment_refund WHERE id = $1 AND provider = $2")
        .bind(id)
        .bind(provider)
        .optional(conn)
        .await?;
    row.as_ref().map(refund).transpose()
}

/// The refund that its provider knows by this name.
pub(crate) async fn find_by_ref(
    conn: &mut Conn,
    provider: &str,
    provider_ref: &str,
) -> Result<Option<Refund>, Problem> {
    let row =
        sql!("SELECT * FROM payment_refund WHERE provider = $1 AND provider_ref = $2 ORDER BY id LIMIT 1")
            .bind(provider)
            .bind(provider_ref)
            .optional(conn)
            .await?;
    row.as_ref().map(refund).transpose()
}

/// The refunds for an order, oldest first.
pub async fn refunds_of_order(conn: &mut Conn, order: Id<Order>) -> Result<Vec<Refund>, Problem> {
    let rows = sql!("SELECT * FROM payment_refund WHERE order_id = $1 ORDER BY created_at, id LIMIT 200")
        .bind(order)
        .all(conn)
        .await?;
    rows.iter().map(refund).collect()
}

/// Refunds in the order of their ids, after this one (`""`: from the first).
pub(crate) async fn refunds_after(conn: &mut Conn, after: &str, limit: u32) -> Result<Vec<Refund>, Problem> {
    let rows = sql!("SELECT * FROM payment_refund WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .all(conn)
        .await?;
    rows.iter().map(refund).collect()
}

/// The refunds of a payment, oldest first.
pub async fn refunds_of_payment(conn: &mut Conn, payment: Id<PaymentKind>) -> Result<Vec<Refund>, Problem> {
    let rows = sql!("SELECT * FROM payment_refund WHERE payment_id = $1 ORDER BY created_at, id LIMIT 200")
        .bind(payment)
        .all(conn)
        .await?;
    rows.iter().map(refund).collect()
}

/// An account's money that is still on its way back to a source, newest first, with the payment that it came by.
pub async fn refunds_under_way(
    conn: &mut Conn,
    account: Id<Account>,
) -> Result<Vec<(Refund, Payment)>, Problem> {
    let rows = sql!(
        "SELECT payment_refund.* FROM payment_refund
         JOIN payment ON payment.id = payment_refund.payment_id
         WHERE payment.account_id = $1 AND payment_refund.state <> 'succeeded'
         ORDER BY payment_refund.created_at DESC LIMIT 20"
    )
    .bind(account)
    .all(conn)
    .await?;
    let mut found = Vec::new();
    for row in &rows {
        let refund = refund(row)?;
        let payment = crate::open::find(conn, refund.payment).await?;
        found.push((refund, payment));
    }
    Ok(found)
}

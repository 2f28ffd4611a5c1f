//! Payments as rows, with their SQL.

mod captures;

use std::str::FromStr;

use basis::{Account, Currency, Id, Money, Order, Payment as PaymentKind, Problem, Timestamp};
use store::{Conn, Row, sql};

use crate::requests::{Begun, PayAt};
use crate::rules::{Payment, PaymentState, Purpose};

pub use captures::Capture;
pub(crate) use captures::{
    OwnedCapture, capture_of, capture_sums, captures, captures_after, insert_capture, reserve_return,
};

pub(crate) fn word<T: FromStr<Err = Problem>>(row: &Row, column: &str) -> Result<T, Problem> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| Problem::internal(format!("column {column} holds no such word")))
}

pub(crate) fn money(row: &Row, column: &str) -> Result<Money, Problem> {
    Ok(Money::new(row.get(column)?, row.get("currency")?))
}

fn payment(row: &Row) -> Result<Payment, Problem> {
    let order: Option<Id<Order>> = row.get("order_id")?;
    Ok(Payment {
        id: row.get("id")?,
        account: row.get("account_id")?,
        purpose: order.map_or(Purpose::Wallet, Purpose::Order),
        provider: row.get("provider")?,
        method: word(row, "method")?,
        amount: money(row, "amount_minor")?,
        state: word(row, "state")?,
        provider_ref: row.get("provider_ref")?,
        pay_at: pay_at(row)?,
        save_method: row.get::<i64>("save_method")? != 0,
        saved: row.get("saved_id")?,
        captured: money(row, "captured_minor")?,
        refunded: money(row, "refunded_minor")?,
        failure: row.get("failure")?,
        description: row.get("description")?,
        language: row.get("language")?,
        return_url: row.get("return_url")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        changed_at: row.get("changed_at")?,
    })
}

fn pay_at(row: &Row) -> Result<Option<PayAt>, Problem> {
    let code: Option<String> = row.get("pay_code")?;
    let page: Option<String> = row.get("redirect_url")?;
    Ok(code.map(PayAt::Code).or(page.map(PayAt::Page)))
}

/// Page and code, as their columns hold them.
fn columns(pay_at: Option<&PayAt>) -> (Option<&str>, Option<&str>) {
    match pay_at {
        Some(PayAt::Page(url)) => (Some(url), None),
        Some(PayAt::Code(text)) => (None, Some(text)),
        None => (None, None),
    }
}

/// Inserts a payment; false if its request key stands already.
pub(crate) async fn insert(
    conn: &mut Conn,
    new: &Payment,
    request_key: Option<&str>,
) -> Result<bool, Problem> {
    let rows = sql!(
        "INSERT INTO payment
           (id, account_id, order_id, provider, method, currency, amount_minor, state, captured_minor, refunded_minor,
            description, language, return_url, save_method, request_key, created_at, expires_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $10, $11, $12, $13, $14, $15, $14)
         ON CONFLICT DO NOTHING"
    )
    .bind(new.id)
    .bind(new.account)
    .bind(new.purpose.order())
    .bind(new.provider.as_str())
    .bind(new.method.word())
    .bind(new.amount.currency)
    .bind(new.amount.minor)
    .bind(new.state.word())
    .bind(new.description.as_str())
    .bind(new.language)
    .bind(new.return_url.as_str())
    .bind(i64::from(new.save_method))
    .bind(request_key)
    .bind(new.created_at)
    .bind(new.expires_at)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

pub(crate) async fn find(conn: &mut Conn, id: Id<PaymentKind>) -> Result<Option<Payment>, Problem> {
    let row = sql!("SELECT * FROM payment WHERE id = $1").bind(id).optional(conn).await?;
    row.as_ref().map(payment).transpose()
}

pub(crate) async fn of_ids(conn: &mut Conn, ids: &[Id<PaymentKind>]) -> Result<Vec<Payment>, Problem> {
    let rows = sql!("SELECT * FROM payment WHERE id IN (VALUES ($1))").bind_each(ids.iter().copied());
    rows.all(conn).await?.iter().map(payment).collect()
}

pub(crate) async fn by_request_key(conn: &mut Conn, key: &str) -> Result<Option<Payment>, Problem> {
    let row = sql!("SELECT * FROM payment WHERE request_key = $1").bind(key).optional(conn).await?;
    row.as_ref().map(payment).transpose()
}

/// Takes the payment's row for the rest of the transaction: news about one payment take turns.
pub(crate) async fn lock(
    conn: &mut Conn,
    id: Id<PaymentKind>,
    now: Timestamp,
) -> Result<Option<Payment>, Problem> {
    let row = sql!("UPDATE payment SET checked_at = $2 WHERE id = $1 RETURNING *")
        .bind(id)
        .bind(now)
        .optional(conn)
        .await?;
    row.as_ref().map(payment).transpose()
}

/// Records that the payment is open at its provider, unless news of it came first.
pub(crate) async fn set_begun(
    conn: &mut Conn,
    id: Id<PaymentKind>,
    begun: &Begun,
    now: Timestamp,
) -> Result<u64, Problem> {
    let (page, code) = columns(Some(&begun.pay_at));
    sql!(
        "UPDATE payment SET provider_ref = COALESCE(provider_ref, $2), redirect_url = $3, pay_code = $4, changed_at = $5,
           state = CASE state WHEN 'created' THEN 'pending' ELSE state END
         WHERE id = $1 AND (provider_ref IS NULL OR provider_ref = COALESCE($2, provider_ref))"
    )
    .bind(id)
    .bind(begun.provider_ref.as_deref())
    .bind(page)
    .bind(code)
    .bind(now)
    .run(conn)
    .await
}

/// Records that the provider would not open it.
pub(crate) async fn set_refused(
    conn: &mut Conn,
    id: Id<PaymentKind>,
    failure: &str,
    now: Timestamp,
) -> Result<u64, Problem> {
    sql!("UPDATE payment SET state = 'failed', failure = $2, changed_at = $3 WHERE id = $1 AND state = 'created'")
        .bind(id)
        .bind(failure)
        .bind(now)
        .run(conn)
        .await
}

/// Stores where a payment stands now; the caller holds its row by [`lock`].
pub(crate) async fn set_state(conn: &mut Conn, at: &Payment) -> Result<(), Problem> {
    let (page, code) = columns(at.pay_at.as_ref());
    sql!(
        "UPDATE payment SET state = $2, provider_ref = $3, captured_minor = $4, refunded_minor = $5, failure = $6,
           changed_at = $7, redirect_url = $8, pay_code = $9 WHERE id = $1"
    )
    .bind(at.id)
    .bind(at.state.word())
    .bind(at.provider_ref.as_deref())
    .bind(at.captured.minor)
    .bind(at.refunded.minor)
    .bind(at.failure.as_deref())
    .bind(at.changed_at)
    .bind(page)
    .bind(code)
    .run(conn)
    .await
    .map(drop)
}

/// The payments of an order, oldest first.
pub(crate) async fn of_order(conn: &mut Conn, order: Id<Order>) -> Result<Vec<Payment>, Problem> {
    let rows = sql!("SELECT * FROM payment WHERE order_id = $1 ORDER BY created_at, id LIMIT 200")
        .bind(order)
        .all(conn)
        .await?;
    rows.iter().map(payment).collect()
}

/// An account's payments, newest first.
pub(crate) async fn of_account(
    conn: &mut Conn,
    account: Id<Account>,
    limit: u32,
) -> Result<Vec<Payment>, Problem> {
    let rows = sql!("SELECT * FROM payment WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2")
        .bind(account)
        .bind(limit)
        .all(conn)
        .await?;
    rows.iter().map(payment).collect()
}

/// All payments after this one, in the order of their ids.
pub(crate) async fn page(conn: &mut Conn, after: &str, limit: u32) -> Result<Vec<Payment>, Problem> {
    let rows = sql!("SELECT * FROM payment WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .all(conn)
        .await?;
    rows.iter().map(payment).collect()
}

/// A provider's payments created in `[from, until)`.
pub(crate) async fn created_between(
    conn: &mut Conn,
    provider: &str,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Payment>, Problem> {
    let rows = sql!(
        "SELECT * FROM payment WHERE provider = $1 AND created_at >= $2 AND created_at < $3 ORDER BY created_at, id"
    )
    .bind(provider)
    .bind(from)
    .bind(until)
    .all(conn)
    .await?;
    rows.iter().map(payment).collect()
}

/// How many payments are in each state.
pub(crate) async fn count_states(conn: &mut Conn) -> Result<Vec<(PaymentState, i64)>, Problem> {
    let rows = sql!("SELECT state, COUNT(*) AS payments FROM payment GROUP BY state").all(conn).await?;
    rows.iter().map(|row| Ok((word(row, "state")?, row.get("payments")?))).collect()
}

/// Makes this payment the one that funds the order, if none does; answers the one that does.
pub(crate) async fn claim_funding(
    conn: &mut Conn,
    order: Id<Order>,
    payment: Id<PaymentKind>,
) -> Result<Id<PaymentKind>, Problem> {
    // Whoever came first stays: the update changes nothing, but lets the row that stands be answered.
    sql!(
        "INSERT INTO payment_funding (order_id, payment_id) VALUES ($1, $2)
         ON CONFLICT (order_id) DO UPDATE SET payment_id = payment_funding.payment_id RETURNING payment_id"
    )
    .bind(order)
    .bind(payment)
    .one(conn)
    .await?
    .get("payment_id")
}

/// The sum of all refunds that reached their source, per provider and currency.
pub(crate) async fn refund_sums(conn: &mut Conn) -> Result<Vec<(String, Currency, i64)>, Problem> {
    let rows = sql!(
        "SELECT provider, currency, CAST(SUM(amount_minor) AS BIGINT) AS amount_minor
         FROM payment_refund WHERE state = 'succeeded' GROUP BY provider, currency"
    )
    .all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok((row.get("provider")?, row.get("currency")?, row.get("amount_minor")?)))
        .collect()
}

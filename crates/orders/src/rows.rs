//! The table `orders`. Every change names in its WHERE the state that it starts from and answers the number of
//! the timeline row that belongs to it, or `None` if the order was not in that state.

mod contesting;
mod keys;
mod lists;
mod paying;
mod replacing;

pub(crate) use contesting::{add_lost, resume_clock, set_contested};
pub(crate) use keys::{KeyRow, find_key, forget_keys, keep_key};
pub(crate) use lists::{
    bought, count_unpaid, is_being_replaced, is_in_delivery, of_account, of_ending, of_ids, of_line, page,
    stopped,
};
pub(crate) use paying::set_paid;
pub(crate) use replacing::{claim_replaced, release_one, release_replaced, replacer};

use basis::{Account, Currency, Id, Line, Money, Order, Payment, Pool, Problem, Renewal, Terms, Timestamp};
use catalog::PlanId;
use store::{Conn, Row, sql};

use crate::OrderState;
use crate::rules::{Parts, Tax};

/// An order as it stands.
#[derive(Debug, Clone)]
pub struct OrderRecord {
    /// Its id; also its bundle's.
    pub id: Id<Order>,
    /// The buyer.
    pub account: Id<Account>,
    /// The line that it was bought for.
    pub line: Id<Line>,
    /// The plan.
    pub plan: PlanId,
    /// The promise, frozen.
    pub terms: Terms,
    /// The price, frozen.
    pub price: Money,
    /// Of it, by the wallet.
    pub wallet: Money,
    /// Orders whose bundles end when this one is active.
    pub replaces: Vec<Id<Order>>,
    /// Where it stands.
    pub state: OrderState,
    /// When it was placed.
    pub created_at: Timestamp,
    /// Until when its price holds.
    pub expires_at: Timestamp,
    /// When the whole price was here.
    pub paid_at: Option<Timestamp>,
    /// The payment that settled it.
    pub payment: Option<Id<Payment>>,
    /// The shared pool that it was bought for; `None`: for the line alone.
    pub shared_pool: Option<Id<Pool>>,
    /// Where it is delivered to, once that is fixed.
    pub pool: Option<Id<Pool>>,
    /// Who delivers, once that is fixed.
    pub carrier: Option<String>,
    /// By when it must be delivered.
    pub deliver_by: Option<Timestamp>,
    /// When it was decided not to deliver any more.
    pub gave_up_at: Option<Timestamp>,
    /// When it was delivered.
    pub active_at: Option<Timestamp>,
    /// When its validity began, as far as the delivery knew.
    pub starts_at: Option<Timestamp>,
    /// When its validity ends, as far as the delivery knew.
    pub ends_at: Option<Timestamp>,
    /// When its bundle was closed early.
    pub closed_at: Option<Timestamp>,
    /// What that credited to the wallet.
    pub credit: Money,
    /// When the buyer called it off.
    pub called_off_at: Option<Timestamp>,
    /// What went back, or is on its way.
    pub refunded: Parts,
    /// Of what the provider drew, what its payer contests or has taken back by a dispute.
    pub contested: Money,
    /// Of that, what is gone for good.
    pub lost: Money,
    /// When a dispute that had held it up was won.
    pub resumed_at: Option<Timestamp>,
    /// The tax that the price holds; `None` before it is paid, and where no rate held.
    pub tax: Option<Tax>,
    /// The consent by which it was placed; `None` if a person placed it.
    pub renewal: Option<Id<Renewal>>,
}

/// Of an order, what it bought and where it stands: enough for pages that show many orders' bundles.
#[derive(Debug, Clone)]
pub struct Bought {
    /// The order, and its bundle.
    pub id: Id<Order>,
    /// The line that it was bought for.
    pub line: Id<Line>,
    /// The plan.
    pub plan: PlanId,
    /// Where it stands.
    pub state: OrderState,
    /// When it was placed.
    pub created_at: Timestamp,
    /// Until when its price holds.
    pub expires_at: Timestamp,
}

impl From<&OrderRecord> for Bought {
    fn from(order: &OrderRecord) -> Self {
        Self {
            id: order.id,
            line: order.line,
            plan: order.plan.clone(),
            state: order.state,
            created_at: order.created_at,
            expires_at: order.expires_at,
        }
    }
}

impl OrderRecord {
    /// What is paid by a provider.
    pub fn source(&self) -> Money {
        Money::new(self.price.minor.saturating_sub(self.wallet.minor), self.price.currency)
    }

    /// The price by its two ways.
    pub fn paid(&self) -> Parts {
        Parts { wallet: self.wallet, source: self.source() }
    }

    /// The price less all that went back, by any way, or is contested.
    pub fn net_paid(&self) -> Result<Money, Problem> {
        self.price.minus(self.refunded.total()?)?.minus(self.credit)?.minus(self.contested)
    }
}

/// Stores a new order with its first timeline number, 1.
pub(crate) async fn insert(conn: &mut Conn, order: &OrderRecord) -> Result<(), Problem> {
    sql!(
        "INSERT INTO orders (id, account_id, line_id, plan_id, terms, currency, price_minor, wallet_minor, replaces, \
         state, events, created_at, expires_at, credit_minor, refund_wallet_minor, refund_source_minor, shared_pool_id, \
         renewal_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12, 0, 0, 0, $13, $14)"
    )
    .bind(order.id)
    .bind(order.account)
    .bind(order.line)
    .bind(order.plan.clone())
    .bind(json(&order.terms)?)
    .bind(order.price.currency)
    .bind(order.price.minor)
    .bind(order.wallet.minor)
    .bind(json(&order.replaces)?)
    .bind(order.state.word())
    .bind(order.created_at)
    .bind(order.expires_at)
    .bind(order.shared_pool)
    .bind(order.renewal)
    .run(conn)
    .await
    .map(drop)
}

/// The order, whoever owns it.
pub(crate) async fn find(conn: &mut Conn, id: Id<Order>) -> Result<Option<OrderRecord>, Problem> {
    sql!("SELECT * FROM orders WHERE id = $1").bind(id).optional(conn).await?.as_ref().map(record).transpose()
}

/// `paid -> delivering`: from here on the pool and the carrier are fixed.
pub(crate) async fn set_delivering(
    conn: &mut Conn,
    id: Id<Order>,
    pool: Id<Pool>,
    carrier: &str,
    deliver_by: Timestamp,
) -> Result<Option<i64>, Problem> {
    sql!(
        "UPDATE orders SET state = 'delivering', pool_id = $2, carrier = $3, deliver_by = $4, events = events + 1 \
         WHERE id = $1 AND state = 'paid' RETURNING events"
    )
    .bind(id)
    .bind(pool)
    .bind(carrier)
    .bind(deliver_by)
    .optional(conn)
    .await
    .and_then(seq)
}

/// `delivering -> active`, or out of review when it turns out that the carrier had delivered.
pub(crate) async fn set_active(
    conn: &mut Conn,
    id: Id<Order>,
    now: Timestamp,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
) -> Result<Option<i64>, Problem> {
    sql!(
        "UPDATE orders SET state = 'active', active_at = $2, starts_at = $3, ends_at = $4, events = events + 1 \
         WHERE id = $1 AND state IN ('delivering', 'review') AND pool_id IS NOT NULL RETURNING events"
    )
    .bind(id)
    .bind(now)
    .bind(starts_at)
    .bind(ends_at)
    .optional(conn)
    .await
    .and_then(seq)
}

/// `from -> to` without anything else.
pub(crate) async fn move_state(
    conn: &mut Conn,
    id: Id<Order>,
    from: OrderState,
    to: OrderState,
) -> Result<Option<i64>, Problem> {
    if !from.may_become(to) {
        return Err(Problem::internal(format!("an order cannot go from {from} to {to}")));
    }
    sql!("UPDATE orders SET state = $3, events = events + 1 WHERE id = $1 AND state = $2 RETURNING events")
        .bind(id)
        .bind(from.word())
        .bind(to.word())
        .optional(conn)
        .await
        .and_then(seq)
}

/// `awaiting_payment -> expired`; on its own account only once the time is over.
pub(crate) async fn set_expired(
    conn: &mut Conn,
    id: Id<Order>,
    expired_by: Timestamp,
) -> Result<Option<i64>, Problem> {
    sql!(
        "UPDATE orders SET state = 'expired', events = events + 1 \
         WHERE id = $1 AND state = 'awaiting_payment' AND expires_at <= $2 RETURNING events"
    )
    .bind(id)
    .bind(expired_by)
    .optional(conn)
    .await
    .and_then(seq)
}

/// Notes that the buyer does not want it any more.
pub(crate) async fn set_called_off(conn: &mut Conn, id: Id<Order>, now: Timestamp) -> Result<(), Problem> {
    sql!("UPDATE orders SET called_off_at = $2 WHERE id = $1 AND called_off_at IS NULL")
        .bind(id)
        .bind(now)
        .run(conn)
        .await
        .map(drop)
}

/// Decides, once and for ever, not to deliver any more.
pub(crate) async fn set_gave_up(
    conn: &mut Conn,
    id: Id<Order>,
    now: Timestamp,
) -> Result<Option<i64>, Problem> {
    sql!(
        "UPDATE orders SET gave_up_at = $2, events = events + 1 \
         WHERE id = $1 AND state IN ('delivering', 'review') AND gave_up_at IS NULL RETURNING events"
    )
    .bind(id)
    .bind(now)
    .optional(conn)
    .await
    .and_then(seq)
}

/// Another timeline row while the order is in `state`.
pub(crate) async fn note(conn: &mut Conn, id: Id<Order>, state: OrderState) -> Result<Option<i64>, Problem> {
    sql!("UPDATE orders SET events = events + 1 WHERE id = $1 AND state = $2 RETURNING events")
        .bind(id)
        .bind(state.word())
        .optional(conn)
        .await
        .and_then(seq)
}

/// Another timeline row, whatever the state.
pub(crate) async fn note_any(conn: &mut Conn, id: Id<Order>) -> Result<Option<i64>, Problem> {
    sql!("UPDATE orders SET events = events + 1 WHERE id = $1 RETURNING events")
        .bind(id)
        .optional(conn)
        .await
        .and_then(seq)
}

/// Marks the bundle of an active order as closed early.
pub(crate) async fn set_closed(
    conn: &mut Conn,
    id: Id<Order>,
    now: Timestamp,
    credit: Money,
) -> Result<Option<i64>, Problem> {
    sql!(
        "UPDATE orders SET closed_at = $2, credit_minor = $3, events = events + 1 \
         WHERE id = $1 AND state = 'active' AND closed_at IS NULL RETURNING events"
    )
    .bind(id)
    .bind(now)
    .bind(credit.minor)
    .optional(conn)
    .await
    .and_then(seq)
}

/// A new deadline for an order that a person sent back into delivery; the decision to give up is taken back.
pub(crate) async fn extend_deadline(
    conn: &mut Conn,
    id: Id<Order>,
    deliver_by: Timestamp,
) -> Result<(), Problem> {
    sql!("UPDATE orders SET deliver_by = $2, gave_up_at = NULL WHERE id = $1 AND state = 'delivering'")
        .bind(id)
        .bind(deliver_by)
        .run(conn)
        .await
        .map(drop)
}

/// Counts a refund; false if more would go back than came, or what was read has changed meanwhile.
pub(crate) async fn add_refund(conn: &mut Conn, order: &OrderRecord, parts: Parts) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE orders SET refund_wallet_minor = refund_wallet_minor + $2, refund_source_minor = refund_source_minor + $3 \
         WHERE id = $1 AND refund_wallet_minor = $4 AND refund_source_minor = $5"
    )
    .bind(order.id)
    .bind(parts.wallet.minor)
    .bind(parts.source.minor)
    .bind(order.refunded.wallet.minor)
    .bind(order.refunded.source.minor)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

fn seq(row: Option<Row>) -> Result<Option<i64>, Problem> {
    row.map(|row| row.get("events")).transpose()
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|e| Problem::internal(e.to_string()))
}

fn parsed<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> Result<T, Problem> {
    read(column, &row.get::<String>(column)?)
}

fn read<T: serde::de::DeserializeOwned>(column: &str, text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|e| Problem::internal(format!("orders.{column}: {e}")))
}

fn record(row: &Row) -> Result<OrderRecord, Problem> {
    let currency: Currency = row.get("currency")?;
    let money = |column| Ok::<_, Problem>(Money::new(row.get(column)?, currency));
    Ok(OrderRecord {
        id: row.get("id")?,
        account: row.get("account_id")?,
        line: row.get("line_id")?,
        plan: row.get("plan_id")?,
        terms: parsed(row, "terms")?,
        price: money("price_minor")?,
        wallet: money("wallet_minor")?,
        replaces: parsed(row, "replaces")?,
        state: row.get::<String>("state")?.parse()?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        paid_at: row.get("paid_at")?,
        payment: row.get("payment_id")?,
        shared_pool: row.get("shared_pool_id")?,
        pool: row.get("pool_id")?,
        carrier: row.get("carrier")?,
        deliver_by: row.get("deliver_by")?,
        gave_up_at: row.get("gave_up_at")?,
        active_at: row.get("active_at")?,
        starts_at: row.get("starts_at")?,
        ends_at: row.get("ends_at")?,
        closed_at: row.get("closed_at")?,
        credit: money("credit_minor")?,
        called_off_at: row.get("called_off_at")?,
        contested: money("contested_minor")?,
        lost: money("lost_minor")?,
        resumed_at: row.get("resumed_at")?,
        refunded: Parts { wallet: money("refund_wallet_minor")?, source: money("refund_source_minor")? },
        tax: row.get::<Option<String>>("tax")?.map(|tax| read("tax", &tax)).transpose()?,
        renewal: row.get("renewal_id")?,
    })
}

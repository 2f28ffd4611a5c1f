//! What is kept of a dispute in its order.

use basis::{Id, Money, Order, Problem, Timestamp};
use store::{Conn, sql};

use super::{OrderRecord, seq};
use crate::rules::Parts;

impl OrderRecord {
    /// What can be earned of the price now: without its tax and what went back or is contested.
    pub fn net_earned(&self) -> Result<Money, Problem> {
        self.net_paid()?.minus(self.tax_due()?)
    }

    /// What the state gets of it now: the tax in its price without that in what went back or is contested.
    pub(crate) fn tax_due(&self) -> Result<Money, Problem> {
        let zero = Money::zero(self.price.currency);
        let Some(tax) = &self.tax else { return Ok(zero) };
        let gone = self.price.minus(self.net_paid()?)?;
        tax.amount.minus(tax.returned(self.price, zero, gone)?)
    }

    /// By its two ways what it was paid with and its payer has not contested.
    pub(crate) fn uncontested(&self) -> Result<Parts, Problem> {
        Ok(Parts { wallet: self.wallet, source: self.source().minus(self.contested)? })
    }
}

/// Sets what of the order is contested; `None` if it, or what went back, has changed since it was read.
pub(crate) async fn set_contested(
    conn: &mut Conn,
    order: &OrderRecord,
    contested: Money,
) -> Result<Option<i64>, Problem> {
    sql!(
        "UPDATE orders SET contested_minor = $2, events = events + 1 \
         WHERE id = $1 AND state = $3 AND contested_minor = $4 AND credit_minor = $5 AND refund_source_minor = $6 \
         RETURNING events"
    )
    .bind(order.id)
    .bind(contested.minor)
    .bind(order.state.word())
    .bind(order.contested.minor)
    .bind(order.credit.minor)
    .bind(order.refunded.source.minor)
    .optional(conn)
    .await
    .and_then(seq)
}

/// So much of what is contested is gone for good; `None` if there is not so much.
pub(crate) async fn add_lost(conn: &mut Conn, id: Id<Order>, lost: Money) -> Result<Option<i64>, Problem> {
    sql!(
        "UPDATE orders SET lost_minor = lost_minor + $2, events = events + 1 \
         WHERE id = $1 AND lost_minor + $2 <= contested_minor RETURNING events"
    )
    .bind(id)
    .bind(lost.minor)
    .optional(conn)
    .await
    .and_then(seq)
}

/// The order goes on after a dispute: its time to be delivered begins now.
pub(crate) async fn resume_clock(
    conn: &mut Conn,
    id: Id<Order>,
    now: Timestamp,
    deliver_by: Timestamp,
) -> Result<(), Problem> {
    sql!(
        "UPDATE orders SET resumed_at = $2, gave_up_at = NULL, \
         deliver_by = CASE state WHEN 'delivering' THEN $3 ELSE deliver_by END \
         WHERE id = $1 AND state IN ('paid', 'delivering')"
    )
    .bind(id)
    .bind(now)
    .bind(deliver_by)
    .run(conn)
    .await
    .map(drop)
}

//! What is kept of the moment when all of the price is here.

use basis::{Id, Payment, Problem, Timestamp};
use store::{Conn, sql};

use super::{OrderRecord, json, seq};
use crate::rules::Tax;

/// `order.state -> paid`, by this payment (none: by the wallet alone), with the tax that the price holds.
pub(crate) async fn set_paid(
    conn: &mut Conn,
    order: &OrderRecord,
    payment: Option<Id<Payment>>,
    tax: Option<&Tax>,
    now: Timestamp,
) -> Result<Option<i64>, Problem> {
    sql!(
        "UPDATE orders SET state = 'paid', paid_at = $3, payment_id = $4, tax = $5, events = events + 1 \
         WHERE id = $1 AND state = $2 RETURNING events"
    )
    .bind(order.id)
    .bind(order.state.word())
    .bind(now)
    .bind(payment)
    .bind(tax.map(json).transpose()?)
    .optional(conn)
    .await
    .and_then(seq)
}

//! Handing an order to a person.

use basis::{Env, Id, Order, Payment, Problem};
use serde::{Deserialize, Serialize};
use store::Conn;
use store::jobs::{NewJob, enqueue};

use crate::timeline::{self, Happening, ReviewReason};
use crate::{OrderRecord, OrderState, queue, rows};

/// What the review desk is told; the payload of the job [`queue::REVIEW`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReviewWanted {
    /// Names the cause: one case per cause.
    pub cause: String,
    /// The order, if it is about one.
    pub order: Option<Id<Order>>,
    /// The payment, if it is about one.
    pub payment: Option<Id<Payment>>,
    /// Why.
    pub reason: ReviewReason,
    /// For the operator.
    pub detail: String,
}

/// `from -> review`, with its case; false if the order has moved on meanwhile.
pub(crate) async fn begin(
    tx: &mut Conn,
    env: &Env,
    order: &OrderRecord,
    from: OrderState,
    reason: ReviewReason,
) -> Result<bool, Problem> {
    let Some(seq) = rows::move_state(tx, order.id, from, OrderState::Review).await? else { return Ok(false) };
    timeline::write(tx, order.id, seq, env.now(), &Happening::Review { reason }).await?;
    let wanted = ReviewWanted {
        cause: format!("{}/{seq}", order.id),
        order: Some(order.id),
        payment: None,
        reason,
        detail: format!("was {from}"),
    };
    ask(tx, env, &wanted).await?;
    Ok(true)
}

/// Asks for a case.
pub(crate) async fn ask(tx: &mut Conn, env: &Env, wanted: &ReviewWanted) -> Result<(), Problem> {
    let job = NewJob { kind: queue::REVIEW, key: wanted.cause.clone(), payload: wanted, run_at: env.now() };
    enqueue(tx, env, job).await.map(drop)
}

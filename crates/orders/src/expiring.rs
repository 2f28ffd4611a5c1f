//! Orders that nobody paid in time.

use basis::{Id, Order, Problem};
use store::in_tx;
use store::jobs::Next;

use crate::settling::expire_in;
use crate::timeline::ExpiryReason;
use crate::{Desk, OrderState, rows};

/// The job `order.expire`: `awaiting_payment -> expired` once the time is over; the wallet part is released.
/// Money that comes later is taken up by its own rule.
pub async fn expire(desk: &Desk, id: Id<Order>) -> Result<Next, Problem> {
    let now = desk.env.now();
    let (next, moved) = in_tx!(desk.db, |tx| {
        let Some(order) = rows::find(tx, id).await? else { return Ok((Next::Done, None)) };
        if order.state != OrderState::AwaitingPayment {
            return Ok((Next::Done, None));
        }
        if order.expires_at > now {
            return Ok((Next::At(order.expires_at), None));
        }
        Ok((Next::Done, expire_in(tx, desk, order, ExpiryReason::TimeOver, now).await?))
    })?;
    if let Some((order, state)) = moved {
        desk.tell(&order, state);
    }
    Ok(next)
}

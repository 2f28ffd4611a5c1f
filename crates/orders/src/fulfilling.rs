//! From `paid` to `active`, or to a confirmed void.

use std::time::Duration;

use basis::{Id, Order, Problem, Timestamp};
use carriers::{Carrier, Carriers, Delivered, Delivery, Fate, Outcome, Voiding};
use ledger::{Book, Kind, NewTransfer};
use store::jobs::Next;
use store::{Conn, in_tx};

use crate::rules::{Patience, patience, retry_at};
use crate::timeline::{self, Happening, RefundReason, ReviewReason};
use crate::{Desk, OrderRecord, OrderState, contesting, queue, refunding, reviewing, rows, telling};

/// Takes a paid order one step further, as far as it goes. Runs as often as it likes: every step is guarded by
/// the order's state, and the carrier is idempotent by the order's id.
pub async fn fulfil(desk: &Desk, order: Id<Order>) -> Result<Next, Problem> {
    let Some(begun) = begin(desk, order).await? else { return Ok(Next::Done) };
    if contesting::is_held_up(&begun.order) {
        return contesting::hold_up(desk, &begun.order).await;
    }
    let Some(case) = Case::of(desk, begun.order)? else { return Ok(wait(desk, order)) };
    match patience(desk.env.now(), case.deliver_by, case.order.gave_up_at.is_some()) {
        Patience::Try => case.deliver(desk, begun.fresh).await,
        Patience::GiveUp => case.give_up(desk).await,
    }
}

/// An order in delivery.
struct Begun {
    order: OrderRecord,
    /// No carrier was asked before this run.
    fresh: bool,
}

/// `paid -> delivering`, which fixes pool and carrier; or what an earlier run began. `None` if there is nothing
/// to deliver (any more).
async fn begin(desk: &Desk, id: Id<Order>) -> Result<Option<Begun>, Problem> {
    let (begun, told) = in_tx!(desk.db, |tx| {
        let Some(order) = rows::find(tx, id).await? else { return Ok((None, None)) };
        match order.state {
            OrderState::Delivering => Ok((Some(Begun { order, fresh: false }), None)),
            OrderState::Paid if contesting::is_held_up(&order) => {
                Ok((Some(Begun { order, fresh: false }), None))
            }
            OrderState::Paid => begin_paid(tx, desk, order).await,
            _ => Ok((None, None)),
        }
    })?;
    if let Some((order, state)) = told {
        desk.tell(&order, state);
    }
    Ok(begun)
}

type BegunAndTold = (Option<Begun>, Option<(OrderRecord, OrderState)>);

async fn begin_paid(tx: &mut Conn, desk: &Desk, order: OrderRecord) -> Result<BegunAndTold, Problem> {
    let now = desk.env.now();
    let rests = cards::hold_still(tx, order.line).await?;
    let line = match cards::line(tx, order.account, order.line).await {
        Ok(line) if desk.carriers.get(&line.carrier).is_some() => line,
        Err(problem) if problem.kind != basis::Kind::NotFound => return Err(problem),
        _ => return return_unasked(tx, desk, order, RefundReason::LineGone).await,
    };
    if !rests {
        return Err(Problem::unavailable("the line is on its way to another pool"));
    }
    if order.shared_pool.is_some_and(|pool| pool != line.pool) {
        return return_unasked(tx, desk, order, RefundReason::PoolLeft).await;
    }
    if !rows::claim_replaced(tx, &order).await? {
        return return_unasked(tx, desk, order, RefundReason::AlreadyChanged).await;
    }
    let deliver_by =
        order.resumed_at.or(order.paid_at).unwrap_or(now).plus_ms(desk.settings.deliver_within_ms);
    let Some(seq) = rows::set_delivering(tx, order.id, line.pool, &line.carrier, deliver_by).await? else {
        return Ok((None, None));
    };
    timeline::write(tx, order.id, seq, now, &Happening::Delivering { deliver_by }).await?;
    let order = OrderRecord {
        state: OrderState::Delivering,
        pool: Some(line.pool),
        carrier: Some(line.carrier),
        deliver_by: Some(deliver_by),
        ..order
    };
    Ok((Some(Begun { order: order.clone(), fresh: true }), Some((order, OrderState::Delivering))))
}

/// No carrier was asked, so there is nothing to void.
async fn return_unasked(
    tx: &mut Conn,
    desk: &Desk,
    order: OrderRecord,
    reason: RefundReason,
) -> Result<BegunAndTold, Problem> {
    let state = refunding::begin_whole(tx, desk, &order, reason).await?;
    telling::undelivered(tx, desk, &order).await?;
    Ok((None, Some((order, state))))
}

fn delivery(order: &OrderRecord, pool: Id<basis::Pool>) -> Delivery {
    let line = order.shared_pool.is_none().then_some(order.line);
    Delivery { order: order.id, line, pool, terms: order.terms.clone() }
}

/// What the carrier says became of an order; `None` if none was asked.
pub(crate) async fn fate(carriers: &Carriers, order: &OrderRecord) -> Option<Fate> {
    let (pool, name) = (order.pool?, order.carrier.as_deref()?);
    match carriers.get(name) {
        Some(carrier) => Some(carrier.look_up(&delivery(order, pool)).await),
        None => Some(Fate::Unknown { cause: format!("carrier {name} is not set up") }),
    }
}

/// An order in delivery with its carrier.
struct Case {
    order: OrderRecord,
    carrier: std::sync::Arc<dyn Carrier>,
    delivery: Delivery,
    deliver_by: Timestamp,
}

impl Case {
    /// `None` if the carrier is not set up (any more): then we wait, for it may have delivered.
    fn of(desk: &Desk, order: OrderRecord) -> Result<Option<Self>, Problem> {
        let missing = || Problem::internal(format!("order {} is in delivery without a pool", order.id));
        let pool = order.pool.ok_or_else(missing)?;
        let deliver_by = order.deliver_by.ok_or_else(missing)?;
        let Some(carrier) = order.carrier.as_deref().and_then(|name| desk.carriers.get(name)) else {
            return Ok(None);
        };
        let delivery = delivery(&order, pool);
        Ok(Some(Self { order, carrier, delivery, deliver_by }))
    }

    async fn deliver(self, desk: &Desk, fresh: bool) -> Result<Next, Problem> {
        if !fresh {
            // An earlier run may have asked and not heard the answer.
            match self.carrier.look_up(&self.delivery).await {
                Fate::Delivered(delivered) => return self.activate(desk, delivered).await,
                Fate::Voided => return self.refund(desk).await,
                Fate::Unknown { cause } => return Ok(self.again(desk, &cause)),
                Fate::NotDelivered => {}
            }
        }
        match self.carrier.deliver(&self.delivery).await {
            Outcome::Delivered(delivered) => self.activate(desk, delivered).await,
            Outcome::Refused { reason: cause } | Outcome::Unknown { cause } => {
                if fresh {
                    self.note(desk, Happening::Delayed).await?;
                }
                Ok(self.again(desk, &cause))
            }
        }
    }

    async fn give_up(self, desk: &Desk) -> Result<Next, Problem> {
        let gave_up_at = self.decide_to_give_up(desk).await?;
        match self.carrier.void(&self.delivery).await {
            Voiding::Voided => self.refund(desk).await,
            Voiding::Delivered(delivered) => self.activate(desk, delivered).await,
            Voiding::Impossible => self.review_unless_delivered(desk, ReviewReason::CannotVoid).await,
            Voiding::Unknown { cause } => {
                let patience_over = gave_up_at.plus_ms(desk.settings.review_after_ms);
                if desk.env.now() < patience_over {
                    return Ok(self.again(desk, &cause));
                }
                self.review_unless_delivered(desk, ReviewReason::OutcomeUnknown).await
            }
        }
    }

    /// Stands before the void is asked for, so that no later run delivers after it.
    async fn decide_to_give_up(&self, desk: &Desk) -> Result<Timestamp, Problem> {
        if let Some(at) = self.order.gave_up_at {
            return Ok(at);
        }
        let (now, id) = (desk.env.now(), self.order.id);
        in_tx!(desk.db, |tx| {
            if let Some(seq) = rows::set_gave_up(tx, id, now).await? {
                timeline::write(tx, id, seq, now, &Happening::GaveUp).await?;
            }
            Ok(())
        })?;
        desk.tell(&self.order, self.order.state);
        Ok(now)
    }

    async fn review_unless_delivered(self, desk: &Desk, reason: ReviewReason) -> Result<Next, Problem> {
        match self.carrier.look_up(&self.delivery).await {
            Fate::Delivered(delivered) => self.activate(desk, delivered).await,
            Fate::Voided => self.refund(desk).await,
            Fate::NotDelivered | Fate::Unknown { .. } => {
                let moved = in_tx!(desk.db, |tx| {
                    reviewing::begin(tx, &desk.env, &self.order, OrderState::Delivering, reason).await
                })?;
                if moved {
                    desk.tell(&self.order, OrderState::Review);
                }
                Ok(Next::Done)
            }
        }
    }

    async fn activate(self, desk: &Desk, delivered: Delivered) -> Result<Next, Problem> {
        activate(desk, &self.order, self.delivery.pool, delivered).await.map(|()| Next::Done)
    }

    /// Only after a confirmed void.
    async fn refund(self, desk: &Desk) -> Result<Next, Problem> {
        let state = in_tx!(desk.db, |tx| {
            // Read again: a dispute may have changed what is left of its money.
            let order = rows::find(tx, self.order.id).await?.ok_or_else(Problem::not_found)?;
            let contested = order.contested.is_positive();
            let reason = if contested { RefundReason::Contested } else { RefundReason::NotDelivered };
            let state = refunding::begin_whole(tx, desk, &order, reason).await?;
            // What moved on meanwhile is told by somebody else, and what is contested goes another way.
            if state != order.state && !contested {
                telling::undelivered(tx, desk, &order).await?;
            }
            Ok(state)
        })?;
        desk.tell(&self.order, state);
        Ok(Next::Done)
    }

    async fn note(&self, desk: &Desk, happening: Happening) -> Result<(), Problem> {
        let (now, id) = (desk.env.now(), self.order.id);
        in_tx!(desk.db, |tx| {
            if let Some(seq) = rows::note(tx, id, OrderState::Delivering).await? {
                timeline::write(tx, id, seq, now, &happening).await?;
            }
            Ok(())
        })?;
        desk.tell(&self.order, OrderState::Delivering);
        Ok(())
    }

    fn again(&self, desk: &Desk, cause: &str) -> Next {
        tracing::warn!(order = %self.order.id, cause, "not delivered yet");
        let now = desk.env.now();
        let since = self.order.gave_up_at.or(self.order.paid_at).unwrap_or(now);
        Next::At(retry_at(since, now, self.deliver_by))
    }
}

fn wait(desk: &Desk, order: Id<Order>) -> Next {
    tracing::error!(%order, "the carrier of this order is not set up");
    Next::At(desk.env.now().plus_ms(30 * basis::SECOND_MS))
}

/// `delivering -> active`: the carrier has said that it delivered. Revenue is recognised.
pub(crate) async fn activate(
    desk: &Desk,
    order: &OrderRecord,
    pool: Id<basis::Pool>,
    delivered: Delivered,
) -> Result<(), Problem> {
    let delivered = with_dates(desk, order.id, pool, delivered).await;
    let moved = in_tx!(desk.db, |tx| { activate_in(tx, desk, order, delivered).await })?;
    if moved {
        measure(desk, order);
        desk.tell(order, OrderState::Active);
    }
    Ok(())
}

fn measure(desk: &Desk, order: &OrderRecord) {
    let now = desk.env.now();
    let ms = u64::try_from(now.since(order.paid_at.unwrap_or(now))).unwrap_or(0);
    metrics::histogram!("paid_to_active_seconds").record(Duration::from_millis(ms));
}

async fn activate_in(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    delivered: Delivered,
) -> Result<bool, Problem> {
    let (now, Delivered { starts_at, ends_at }) = (desk.env.now(), delivered);
    let Some(seq) = rows::set_active(tx, order.id, now, starts_at, ends_at).await? else { return Ok(false) };
    // Read again: a dispute may have changed what is left of its money while the carrier was asked.
    let order = &rows::find(tx, order.id).await?.ok_or_else(Problem::not_found)?;
    timeline::write(tx, order.id, seq, now, &Happening::Active { starts_at, ends_at }).await?;
    let earned = order.net_earned()?;
    if earned.is_positive() {
        let reference = format!("order:{}:earned", order.id);
        let earned = NewTransfer::new(reference, Kind::Earned, Book::Deferred, Book::Revenue, earned);
        ledger::post(tx, &desk.env, earned.order(order.id)).await?;
    }
    if order.contested.is_positive() {
        queue::contest_lost(tx, &desk.env, order.id).await?;
    }
    if !order.replaces.is_empty() {
        queue::close(tx, &desk.env, order.id).await?;
    }
    telling::active(tx, desk, order).await?;
    Ok(true)
}

/// A repeat does not say when the bundle began and ends; the engine's memory does.
async fn with_dates(desk: &Desk, order: Id<Order>, pool: Id<basis::Pool>, delivered: Delivered) -> Delivered {
    if delivered != Delivered::default() {
        return delivered;
    }
    crate::standing::dates(desk.charging.view(pool).await.as_ref(), order)
}

//! What an operator decides about an order.

use basis::{Id, Money, Order, Problem};
use carriers::Fate;
use ledger::Book;
use serde::{Deserialize, Serialize};
use store::audit::{self, Entry};
use store::jobs::Next;
use store::{Conn, in_tx};

use crate::fulfilling::fate;
use crate::refunding::{self, Returning};
use crate::timeline::{self, Happening, RefundReason};
use crate::{Desk, OrderRecord, OrderState, RefundJob, queue, rows, strays};

/// How a refund that an operator asked for goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundBegun {
    /// The money is on its way.
    Returning,
    /// The carrier is asked to void first; the money goes back when it has confirmed, and not at all if it turns
    /// out to have delivered.
    VoidingFirst,
}

/// Sends money back because an operator says so. What no carrier was asked for goes back at once; what may have
/// been delivered is voided first; what was delivered is closed in the log first, so that nobody keeps both.
///
/// `amount` is for delivered orders only (default: all that is left of the price); others go back whole.
///
/// # Errors
/// Not found; conflict `order-nothing-to-refund`; invalid `order-refund-too-much`.
pub async fn refund(
    desk: &Desk,
    actor: &str,
    id: Id<Order>,
    amount: Option<Money>,
    note: &str,
) -> Result<RefundBegun, Problem> {
    let order = rows::find(&mut desk.db.read().await?, id).await?.ok_or_else(Problem::not_found)?;
    let nothing = || Err(Problem::conflict("order-nothing-to-refund"));
    match order.state {
        OrderState::Paid => refund_paid(desk, actor, order, note).await,
        OrderState::Delivering | OrderState::Review if order.pool.is_some() => {
            void_first(desk, actor, order, note).await
        }
        OrderState::Active => refund_active(desk, actor, order, amount, note).await,
        _ => nothing(),
    }
}

async fn refund_paid(
    desk: &Desk,
    actor: &str,
    order: OrderRecord,
    note: &str,
) -> Result<RefundBegun, Problem> {
    let state = in_tx!(desk.db, |tx| {
        let state = refunding::begin_whole(tx, desk, &order, RefundReason::Operator).await?;
        if state == order.state {
            return Err(moved_on(&order));
        }
        trace(tx, desk, actor, "order.refund", &order, note).await?;
        Ok(state)
    })?;
    desk.tell(&order, state);
    Ok(RefundBegun::Returning)
}

/// No more delivery from here on; the job voids, then refunds.
async fn void_first(
    desk: &Desk,
    actor: &str,
    order: OrderRecord,
    note: &str,
) -> Result<RefundBegun, Problem> {
    let now = desk.env.now();
    in_tx!(desk.db, |tx| {
        if let Some(seq) = rows::set_gave_up(tx, order.id, now).await? {
            timeline::write(tx, order.id, seq, now, &Happening::GaveUp).await?;
        }
        if order.state == OrderState::Review {
            resume(tx, desk, &order).await?;
        }
        queue::fulfil(tx, &desk.env, order.id).await?;
        trace(tx, desk, actor, "order.void", &order, note).await
    })?;
    desk.tell(&order, OrderState::Delivering);
    Ok(RefundBegun::VoidingFirst)
}

/// `review -> delivering`.
async fn resume(tx: &mut Conn, desk: &Desk, order: &OrderRecord) -> Result<(), Problem> {
    let moved = rows::move_state(tx, order.id, OrderState::Review, OrderState::Delivering).await?;
    let seq = moved.ok_or_else(|| moved_on(order))?;
    timeline::write(tx, order.id, seq, desk.env.now(), &Happening::Resolved).await
}

async fn refund_active(
    desk: &Desk,
    actor: &str,
    order: OrderRecord,
    amount: Option<Money>,
    note: &str,
) -> Result<RefundBegun, Problem> {
    let left = order.net_paid()?;
    let amount = amount.unwrap_or(left);
    if !amount.is_positive() || amount.least(left)? != amount {
        return Err(Problem::invalid("order-refund-too-much").at("amount"));
    }
    let job = RefundJob { order: order.id, amount };
    in_tx!(desk.db, |tx| {
        if !queue::refund(tx, &desk.env, &job).await? {
            return Err(moved_on(&order));
        }
        trace(tx, desk, actor, "order.refund", &order, note).await
    })?;
    if let Err(problem) = refund_delivered(desk, job).await {
        tracing::warn!(order = %order.id, %problem, "the refund goes on by its job");
    }
    Ok(RefundBegun::Returning)
}

/// The job `order.refund`: the bundle of a delivered order ends, in the log first, and then its money goes back. If a
/// change of plan has credited part of it meanwhile, only the rest does.
pub async fn refund_delivered(desk: &Desk, job: RefundJob) -> Result<Next, Problem> {
    let Some(order) = rows::find(&mut desk.db.read().await?, job.order).await? else { return Ok(Next::Done) };
    let amount = job.amount.least(order.net_paid()?)?;
    if order.state != OrderState::Active || !amount.is_positive() {
        return Ok(Next::Done);
    }
    end_bundle(desk, &order).await?;
    let returning = Returning::part_of(&order, amount, Book::Revenue, RefundReason::Operator)?;
    let state = in_tx!(desk.db, |tx| {
        close_without_credit(tx, desk, &order).await?;
        let state = refunding::begin(tx, desk, &order, &returning).await?;
        if state == order.state { Err(moved_on(&order)) } else { Ok(state) }
    })?;
    desk.tell(&order, state);
    Ok(Next::Done)
}

pub(crate) async fn end_bundle(desk: &Desk, order: &OrderRecord) -> Result<(), Problem> {
    let (Some(pool), None) = (order.pool, order.closed_at) else { return Ok(()) };
    match desk.charging.close(pool, order.id).await {
        // It ended long ago by itself.
        Err(problem) if problem.kind == basis::Kind::NotFound => Ok(()),
        closed => closed.map(drop),
    }
}

pub(crate) async fn close_without_credit(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
) -> Result<(), Problem> {
    let credit = Money::zero(order.price.currency);
    if order.closed_at.is_some() {
        return Ok(());
    }
    let seq = rows::set_closed(tx, order.id, desk.env.now(), credit).await?;
    let seq = seq.ok_or_else(|| moved_on(order))?;
    timeline::write(tx, order.id, seq, desk.env.now(), &Happening::Closed { by: None, credit }).await
}

/// What an operator says about an order that waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Try again: ask the carrier what became of it, and go on from there.
    Deliver,
    /// Ask the carrier to void again; refund when it confirms.
    Void,
    /// The carrier has confirmed outside of this system that it never delivers: refund.
    RefundConfirmed,
    /// The carrier has confirmed outside of this system that it delivered.
    DeliveredConfirmed,
    /// A wrong amount goes back to its source, all of it.
    ReturnWrongAmount,
    /// The provider is asked again for a refund that it refused.
    RetryRefund,
}

/// Lets an order go on that waits for a person.
///
/// # Errors
/// Not found; conflict `order-decision-unfit` if the order is not in a state that the decision is about, or
/// `order-carrier-disagrees`.
pub async fn decide(
    desk: &Desk,
    actor: &str,
    id: Id<Order>,
    decision: Decision,
    note: &str,
) -> Result<(), Problem> {
    let order = rows::find(&mut desk.db.read().await?, id).await?.ok_or_else(Problem::not_found)?;
    match (decision, order.state, order.pool) {
        (Decision::Deliver, OrderState::Review, Some(_)) => deliver_again(desk, actor, order, note).await,
        (Decision::Void, OrderState::Review, Some(_)) => void_first(desk, actor, order, note).await.map(drop),
        (Decision::RefundConfirmed, OrderState::Review, Some(_)) => {
            check_carrier(desk, &order, |fate| matches!(fate, Fate::Delivered(_))).await?;
            refund_paid(desk, actor, order, note).await.map(drop)
        }
        (Decision::DeliveredConfirmed, OrderState::Review, Some(pool)) => {
            check_carrier(desk, &order, |fate| *fate == Fate::Voided).await?;
            in_tx!(desk.db, |tx| { trace(tx, desk, actor, "order.confirm", &order, note).await })?;
            crate::fulfilling::activate(desk, &order, pool, carriers::Delivered::default()).await
        }
        (Decision::ReturnWrongAmount, OrderState::Review, None) => {
            strays::return_of_review(desk, actor, order, note).await
        }
        (Decision::ReturnWrongAmount | Decision::RetryRefund, _, _) => {
            let payments = payments::of_order(&mut desk.db.read().await?, id).await?;
            strays::decide(desk, actor, &payments, decision, note).await
        }
        _ => Err(Problem::conflict("order-decision-unfit")),
    }
}

/// A person's word counts where the carrier says nothing; against what the carrier says it does not.
async fn check_carrier(
    desk: &Desk,
    order: &OrderRecord,
    contradicts: impl Fn(&Fate) -> bool,
) -> Result<(), Problem> {
    match fate(&desk.carriers, order).await {
        Some(fate) if contradicts(&fate) => {
            Err(Problem::conflict("order-carrier-disagrees").because(format!("{fate:?}")))
        }
        _ => Ok(()),
    }
}

async fn deliver_again(desk: &Desk, actor: &str, order: OrderRecord, note: &str) -> Result<(), Problem> {
    let deliver_by = desk.env.now().plus_ms(desk.settings.deliver_within_ms);
    in_tx!(desk.db, |tx| {
        resume(tx, desk, &order).await?;
        rows::extend_deadline(tx, order.id, deliver_by).await?;
        queue::fulfil(tx, &desk.env, order.id).await?;
        trace(tx, desk, actor, "order.deliver", &order, note).await
    })?;
    desk.tell(&order, OrderState::Delivering);
    Ok(())
}

pub(crate) async fn trace(
    tx: &mut Conn,
    desk: &Desk,
    actor: &str,
    action: &'static str,
    order: &OrderRecord,
    note: &str,
) -> Result<(), Problem> {
    let subject = order.id.to_string();
    let detail = serde_json::json!({ "note": note, "from": order.state.word() });
    audit::record(tx, &desk.env, Entry { actor, action, subject: &subject, detail }).await
}

pub(crate) fn moved_on(order: &OrderRecord) -> Problem {
    Problem::conflict("order-moved-on").because(format!("{} moved on", order.id))
}

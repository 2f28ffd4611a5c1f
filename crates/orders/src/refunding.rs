//! Money on its way back: the wallet part first, then to the source, never more than came.

use basis::{Account, Env, Id, Money, Order, Problem};
use ledger::{Book, Kind, NewTransfer};
use payments::{NewRefund, Refund, RefundDone, RefundState};
use store::jobs::Next;
use store::{Conn, in_tx};

use crate::reviewing::{self, ReviewWanted};
use crate::rules::{Parts, split_refund};
use crate::timeline::{self, Happening, RefundReason, ReviewReason};
use crate::{Desk, OrderRecord, OrderState, paying, queue, rows, strays};

/// Sends back all that an undelivered order was paid with; answers the state that it is in now. An order that
/// moved on meanwhile stays as it is.
///
/// Only for an order that no carrier was asked for, or whose void is confirmed.
pub(crate) async fn begin_whole(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    reason: RefundReason,
) -> Result<OrderState, Problem> {
    let parts = order.uncontested()?.minus(order.refunded)?;
    begin(tx, desk, order, &Returning { parts, from: Book::Deferred, reason }).await
}

/// What goes back, out of which book, and why.
pub(crate) struct Returning {
    pub(crate) parts: Parts,
    pub(crate) from: Book,
    pub(crate) reason: RefundReason,
}

impl Returning {
    /// A part of what an order was paid with, the wallet's first.
    pub(crate) fn part_of(
        order: &OrderRecord,
        amount: Money,
        from: Book,
        reason: RefundReason,
    ) -> Result<Self, Problem> {
        Ok(Self { parts: split_refund(order.uncontested()?, order.refunded, amount)?, from, reason })
    }
}

/// Moves the order to `refunding` (and on to `refunded` if nothing has to go through a provider).
pub(crate) async fn begin(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    returning: &Returning,
) -> Result<OrderState, Problem> {
    let env = &desk.env;
    let Returning { parts, ref from, reason } = *returning;
    let Some(seq) = rows::move_state(tx, order.id, order.state, OrderState::Refunding).await? else {
        return Ok(order.state);
    };
    if !rows::add_refund(tx, order, parts).await? {
        // The state guard above makes this a contradiction; failing rolls everything back.
        return Err(Problem::internal(format!("order {} was refunded by two hands", order.id)));
    }
    if order.state != OrderState::Active {
        rows::release_replaced(tx, order).await?;
    }
    let Parts { wallet, source } = parts;
    timeline::write(tx, order.id, seq, env.now(), &Happening::Refunding { reason, wallet, source }).await?;
    paying::return_tax(tx, desk, order, from.clone(), parts.total()?).await?;
    if order.paid_at.is_some() {
        queue::receipt(tx, env, order.id).await?;
    }
    to_wallet(tx, env, order.id, order.account, from.clone(), wallet).await?;
    to_source(tx, env, order, from.clone(), source, reason).await?;
    if source.is_zero() { finish(tx, env, order.id, parts).await } else { Ok(OrderState::Refunding) }
}

async fn to_wallet(
    tx: &mut Conn,
    env: &Env,
    order: Id<Order>,
    account: Id<Account>,
    from: Book,
    amount: Money,
) -> Result<(), Problem> {
    if amount.is_zero() {
        return Ok(());
    }
    let reference = format!("order:{order}:refund:wallet");
    let transfer = NewTransfer::new(reference, Kind::WalletRefund, from, Book::Wallet(account), amount);
    ledger::post(tx, env, transfer.order(order)).await.map(drop)
}

async fn to_source(
    tx: &mut Conn,
    env: &Env,
    order: &OrderRecord,
    from: Book,
    amount: Money,
    reason: RefundReason,
) -> Result<(), Problem> {
    if amount.is_zero() {
        return Ok(());
    }
    let payment = order.payment.ok_or_else(|| Problem::internal(format!("{} has no payment", order.id)))?;
    let new = NewRefund {
        payment,
        capture_ref: None,
        amount,
        from,
        order: Some(order.id),
        reason: reason.word().to_owned(),
        request_key: format!("order:{}", order.id),
    };
    payments::start_refund(tx, env, new).await.map(drop)
}

/// `refunding -> refunded`: all of it is back.
async fn finish(tx: &mut Conn, env: &Env, order: Id<Order>, parts: Parts) -> Result<OrderState, Problem> {
    let moved = rows::move_state(tx, order, OrderState::Refunding, OrderState::Refunded).await?;
    if let Some(seq) = moved {
        let Parts { wallet, source } = parts;
        timeline::write(tx, order, seq, env.now(), &Happening::Refunded { wallet, source }).await?;
    }
    Ok(OrderState::Refunded)
}

/// The job `refund.done`: a refund has ended at its provider.
pub async fn refund_done(desk: &Desk, done: RefundDone) -> Result<Next, Problem> {
    let Some(order) = done.order else { return strays::refund_done(desk, done).await };
    let moved = in_tx!(desk.db, |tx| {
        let Some(order) = rows::find(tx, order).await? else { return Ok(None) };
        let refund = payments::find_refund(tx, done.refund).await?;
        if !payments::first_told(tx, &refund, done.succeeded).await? {
            return Ok(None);
        }
        let state = match (done.succeeded, is_second(&refund)) {
            (false, _) => return ask(tx, &desk.env, &order, &refund).await.map(|()| Some((order, None))),
            (true, true) => second_returned(tx, &desk.env, &order, &refund).await?,
            (true, false) => returned(tx, &desk.env, &order).await?,
        };
        Ok(Some((order, state)))
    })?;
    if let Some((order, state)) = moved {
        desk.tell(&order, state.unwrap_or(order.state));
    }
    Ok(Next::Done)
}

/// The word under which the payments send back a capture that nobody needed.
pub(crate) const SECOND: &str = "second capture";

pub(crate) fn is_second(refund: &Refund) -> bool {
    refund.reason == SECOND
}

async fn second_returned(
    tx: &mut Conn,
    env: &Env,
    order: &OrderRecord,
    refund: &Refund,
) -> Result<Option<OrderState>, Problem> {
    let happening = Happening::SecondPaymentReturned { payment: refund.payment, amount: refund.amount };
    if let Some(seq) = rows::note_any(tx, order.id).await? {
        timeline::write(tx, order.id, seq, env.now(), &happening).await?;
    }
    Ok(None)
}

/// All money is back once no refund of the order is still on its way.
async fn returned(tx: &mut Conn, env: &Env, order: &OrderRecord) -> Result<Option<OrderState>, Problem> {
    let refunds = payments::refunds_of_order(tx, order.id).await?;
    let own: Vec<&Refund> = refunds.iter().filter(|refund| !is_second(refund)).collect();
    if order.state != OrderState::Refunding || own.iter().any(|r| r.state != RefundState::Succeeded) {
        return Ok(None);
    }
    let zero = Money::zero(order.price.currency);
    let amounts = own.iter().map(|refund| refund.amount).filter(|amount| amount.currency == zero.currency);
    let source = amounts.into_iter().try_fold(zero, Money::plus)?;
    finish(tx, env, order.id, Parts { wallet: order.refunded.wallet, source }).await.map(Some)
}

async fn ask(tx: &mut Conn, env: &Env, order: &OrderRecord, refund: &Refund) -> Result<(), Problem> {
    let reason = ReviewReason::RefundFailed;
    if let Some(seq) = rows::note_any(tx, order.id).await? {
        timeline::write(tx, order.id, seq, env.now(), &Happening::Review { reason }).await?;
    }
    reviewing::ask(tx, env, &refund_failed(refund)).await
}

/// The case of a refund that its provider will not do.
pub(crate) fn refund_failed(refund: &Refund) -> ReviewWanted {
    ReviewWanted {
        cause: format!("{}/{}", refund.id, refund.changed_at.as_ms()),
        order: refund.order,
        payment: Some(refund.payment),
        reason: ReviewReason::RefundFailed,
        detail: refund.failure.clone().unwrap_or_default(),
    }
}

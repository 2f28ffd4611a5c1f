//! A payer contests what they paid for an order: decision 13 says what becomes of its money, its delivery and its bundle.

use basis::{Id, MINUTE_MS, Money, Order, Problem};
use carriers::Fate;
use ledger::{Book, Kind, NewTransfer};
use payments::{Dispute, DisputeState};
use store::jobs::Next;
use store::{Conn, in_tx};

use crate::fulfilling::{activate, fate};
use crate::operating::{close_without_credit, end_bundle};
use crate::reviewing::{self, ReviewWanted};
use crate::settling::{Moved, moved_on};
use crate::timeline::{self, Happening, RefundReason, ReviewReason};
use crate::{Desk, OrderRecord, OrderState, paying, queue, refunding, rows};

/// An order that is held up looks so often whether it goes on.
const LOOK_MS: i64 = 10 * MINUTE_MS;

/// The contested money leaves the order's books, its tax with it, and a person is told.
pub(crate) async fn opened(
    tx: &mut Conn,
    desk: &Desk,
    dispute: &Dispute,
    order: Option<OrderRecord>,
) -> Result<Option<Moved>, Problem> {
    ask(tx, desk, dispute, order.as_ref()).await?;
    let Some(order) = order else { return Ok(None) };
    let held = dispute.frozen.least(order.net_paid()?)?;
    let lost = dispute.frozen.minus(held)?;
    let tax = tax_of(&order, &order, held)?;
    let seq = rows::set_contested(tx, &order, order.contested.plus(held)?).await?;
    let seq = seq.ok_or_else(|| moved_on(&order))?;
    let happening = Happening::Contested { amount: dispute.amount };
    timeline::write(tx, order.id, seq, desk.env.now(), &happening).await?;
    let books = Books { desk, dispute, order: &order };
    books.shift(tx, "tax", Book::TaxPayable, home(&order), tax).await?;
    books.shift(tx, "held", home(&order), Book::Disputed, held).await?;
    books.shift(tx, "loss", Book::Losses, Book::Disputed, lost).await?;
    Ok(Some((order.clone(), order.state)))
}

/// The money goes back to where the order stands now, and the order goes on.
pub(crate) async fn won(
    tx: &mut Conn,
    desk: &Desk,
    dispute: &Dispute,
    order: Option<OrderRecord>,
) -> Result<Option<Moved>, Problem> {
    let Some(order) = order else { return Ok(None) };
    let now = desk.env.now();
    let held = booked(tx, dispute, "held", &order).await?;
    let lost = booked(tx, dispute, "loss", &order).await?;
    let after = OrderRecord { contested: order.contested.minus(held)?, ..order.clone() };
    let tax = tax_of(&order, &after, held)?;
    let seq = rows::set_contested(tx, &order, after.contested).await?.ok_or_else(|| moved_on(&order))?;
    let happening = Happening::ContestOver { amount: dispute.amount, won: true };
    timeline::write(tx, order.id, seq, now, &happening).await?;
    let books = Books { desk, dispute, order: &order };
    books.shift(tx, "held:won", Book::Disputed, home(&order), held).await?;
    books.shift(tx, "tax:won", home(&order), Book::TaxPayable, tax).await?;
    books.shift(tx, "loss:won", Book::Disputed, Book::Losses, lost).await?;
    rows::resume_clock(tx, order.id, now, now.plus_ms(desk.settings.deliver_within_ms)).await?;
    if matches!(order.state, OrderState::Paid | OrderState::Delivering) {
        queue::fulfil(tx, &desk.env, order.id).await?;
    }
    Ok(Some((order.clone(), order.state)))
}

/// The money is gone; what it was for ends by a job.
pub(crate) async fn lost(
    tx: &mut Conn,
    desk: &Desk,
    dispute: &Dispute,
    order: Option<OrderRecord>,
) -> Result<Option<Moved>, Problem> {
    let Some(order) = order else { return Ok(None) };
    let held = booked(tx, dispute, "held", &order).await?;
    let seq = rows::add_lost(tx, order.id, held).await?.ok_or_else(|| moved_on(&order))?;
    let happening = Happening::ContestOver { amount: dispute.amount, won: false };
    timeline::write(tx, order.id, seq, desk.env.now(), &happening).await?;
    queue::receipt(tx, &desk.env, order.id).await?;
    queue::contest_lost(tx, &desk.env, order.id).await?;
    Ok(Some((order.clone(), order.state)))
}

/// The job `order.contest_lost`: what is not delivered will not be, and what is delivered ends, in the log first, once
/// its payer has all back that the provider drew.
pub async fn contest_lost(desk: &Desk, order: Id<Order>) -> Result<Next, Problem> {
    let mut conn = desk.db.read().await?;
    let Some(order) = rows::find(&mut conn, order).await? else { return Ok(Next::Done) };
    if !is_lost(&mut conn, &order).await? {
        return Ok(Next::Done);
    }
    drop(conn);
    match order.state {
        OrderState::Paid => call_off(desk, &order).await?,
        OrderState::Delivering => void(desk, &order).await?,
        OrderState::Active if is_unpaid(&order)? => close(desk, &order).await?,
        _ => {}
    }
    Ok(Next::Done)
}

async fn is_lost(conn: &mut Conn, order: &OrderRecord) -> Result<bool, Problem> {
    let Some(payment) = order.payment else { return Ok(false) };
    let disputes = payments::disputes(conn, payment).await?;
    Ok(disputes.iter().any(|dispute| dispute.state == DisputeState::Lost))
}

fn is_unpaid(order: &OrderRecord) -> Result<bool, Problem> {
    let kept = order.source().minus(order.refunded.source)?.minus(order.contested)?;
    Ok(kept.is_zero() || order.net_paid()?.is_zero())
}

async fn call_off(desk: &Desk, order: &OrderRecord) -> Result<(), Problem> {
    let state = in_tx!(desk.db, |tx| {
        let order = rows::find(tx, order.id).await?.ok_or_else(Problem::not_found)?;
        refunding::begin_whole(tx, desk, &order, RefundReason::Contested).await
    })?;
    desk.tell(order, state);
    Ok(())
}

/// Its delivery may have been asked for: the carrier is asked to void, and what the wallet paid goes back after that.
async fn void(desk: &Desk, order: &OrderRecord) -> Result<(), Problem> {
    let now = desk.env.now();
    in_tx!(desk.db, |tx| {
        if let Some(seq) = rows::set_gave_up(tx, order.id, now).await? {
            timeline::write(tx, order.id, seq, now, &Happening::GaveUp).await?;
        }
        queue::fulfil(tx, &desk.env, order.id).await
    })?;
    desk.tell(order, order.state);
    Ok(())
}

async fn close(desk: &Desk, order: &OrderRecord) -> Result<(), Problem> {
    if order.closed_at.is_some() {
        return Ok(());
    }
    end_bundle(desk, order).await?;
    in_tx!(desk.db, |tx| { close_without_credit(tx, desk, order).await })?;
    desk.tell(order, order.state);
    Ok(())
}

/// Whether nothing is delivered, because the payment is contested and nobody has decided.
pub(crate) const fn is_held_up(order: &OrderRecord) -> bool {
    order.contested.is_positive() && order.gave_up_at.is_none()
}

/// Takes in what the carrier did before the dispute, asks it for nothing, and answers when to look again.
pub(crate) async fn hold_up(desk: &Desk, order: &OrderRecord) -> Result<Next, Problem> {
    if let (Some(pool), Some(Fate::Delivered(delivered))) = (order.pool, fate(&desk.carriers, order).await) {
        return activate(desk, order, pool, delivered).await.map(|()| Next::Done);
    }
    Ok(Next::At(desk.env.now().plus_ms(LOOK_MS)))
}

/// Where an order's money is when nobody contests it.
const fn home(order: &OrderRecord) -> Book {
    if order.active_at.is_some() { Book::Revenue } else { Book::Deferred }
}

/// The tax in `amount` of `order`, as its books stand `at` that moment.
fn tax_of(order: &OrderRecord, at: &OrderRecord, amount: Money) -> Result<Money, Problem> {
    let Some(tax) = &order.tax else { return Ok(Money::zero(order.price.currency)) };
    tax.returned(order.price, order.price.minus(at.net_paid()?)?, amount)
}

async fn booked(
    tx: &mut Conn,
    dispute: &Dispute,
    movement: &str,
    order: &OrderRecord,
) -> Result<Money, Problem> {
    let entry = ledger::find(tx, &dispute.transfer(movement)).await?;
    Ok(entry.map_or(Money::zero(order.price.currency), |entry| entry.transfer.amount))
}

/// The movements of one dispute about one order.
struct Books<'a> {
    desk: &'a Desk,
    dispute: &'a Dispute,
    order: &'a OrderRecord,
}

impl Books<'_> {
    async fn shift(
        &self,
        tx: &mut Conn,
        movement: &str,
        from: Book,
        to: Book,
        amount: Money,
    ) -> Result<(), Problem> {
        let reference = self.dispute.transfer(movement);
        let transfer = NewTransfer::new(reference, Kind::Dispute, from, to, amount);
        let transfer = transfer.payment(self.dispute.payment);
        paying::book(tx, self.desk, self.order, transfer).await
    }
}

async fn ask(
    tx: &mut Conn,
    desk: &Desk,
    dispute: &Dispute,
    order: Option<&OrderRecord>,
) -> Result<(), Problem> {
    let wanted = ReviewWanted {
        cause: format!("{}/{}/{}", dispute.payment, ReviewReason::Disputed.word(), dispute.reference),
        order: order.map(|order| order.id),
        payment: Some(dispute.payment),
        reason: ReviewReason::Disputed,
        detail: format!("{} contested at {}", dispute.amount.to_decimal(), dispute.provider),
    };
    reviewing::ask(tx, &desk.env, &wanted).await
}

//! What becomes of an automatic order: charged, looked up, repeated later, or handed to its person.

use basis::{Id, Kind, MINUTE_MS, Order, Problem, SECOND_MS};
use orders::{OrderRecord, OrderState, Quote};
use payments::{CheckJob, Decline, Facts, Payment, PaymentState, SavedMethod, Status};
use store::in_tx;
use store::jobs::Next;

use crate::looking::{close, in_ms};
use crate::rows::{self, Period};
use crate::rules::{self, PeriodState, Reason, Renewal};
use crate::{Desk, buying, letters, telling};

/// Follows the order of an end; `bought` if its person has paid for another one meanwhile.
pub(crate) async fn follow(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    order: Id<Order>,
    bought: bool,
) -> Result<Next, Problem> {
    let order = orders::find(&mut desk.orders.db.read().await?, order).await?;
    match order.state {
        OrderState::AwaitingPayment if bought => {
            call_off(desk, &order).await?;
            Ok(in_ms(desk, 0))
        }
        OrderState::AwaitingPayment => await_payment(desk, renewal, period, &order).await,
        OrderState::Paid | OrderState::Delivering => Ok(in_ms(desk, 5 * SECOND_MS)),
        OrderState::Review => Ok(in_ms(desk, 10 * MINUTE_MS)),
        OrderState::Active => renewed(desk, renewal, period, &order).await,
        OrderState::Refunding | OrderState::Refunded => {
            telling::needs_you(desk, renewal, Some(period), Reason::Undelivered).await
        }
        OrderState::Expired => unpaid(desk, renewal, period, &order, bought).await,
    }
}

async fn renewed(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    order: &OrderRecord,
) -> Result<Next, Problem> {
    in_tx!(desk.orders.db, |tx| {
        if rows::close_period(tx, period, PeriodState::Bought).await? {
            telling::renewed(tx, desk, renewal, order).await?;
        }
        Ok(())
    })?;
    Ok(in_ms(desk, 5 * SECOND_MS))
}

/// The payment that an automatic order was placed with.
async fn payment_of(desk: &Desk, order: Id<Order>) -> Result<Payment, Problem> {
    let payments = payments::of_order(&mut desk.orders.db.read().await?, order).await?;
    payments.into_iter().next().ok_or_else(|| Problem::internal("an automatic order has no payment"))
}

/// Where the payment stands at its provider; asked before anything is charged again.
async fn look_up(desk: &Desk, payment: &Payment) -> Result<Facts, Problem> {
    let job = CheckJob { payment: payment.id, polling: false };
    let facts = payments::fetch(&desk.orders.db, &desk.orders.providers, job).await?;
    Ok(facts.unwrap_or_else(|| Facts::absent(payment.id)))
}

/// An order that was placed before, by a run that may have died at any line: the provider is asked first.
async fn await_payment(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    order: &OrderRecord,
) -> Result<Next, Problem> {
    let payment = payment_of(desk, order.id).await?;
    if payment.state == PaymentState::Pending {
        // Its provider knows of it; the payment's own looks ask there.
        return wait(desk, renewal, period, order, payment.pay_at.is_some()).await;
    }
    let facts = look_up(desk, &payment).await?;
    if facts.status != Status::Absent {
        return take_in(desk, renewal, period, order, &facts).await;
    }
    match buying::saved(desk, renewal).await? {
        Some(saved) => charge(desk, renewal, period, order, &saved).await,
        None => hand_over(desk, renewal, Reason::MethodGone).await,
    }
}

/// Charges the rest of an order's price. The payment's id is the provider's idempotency key, so twice is once.
pub(crate) async fn charge(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    order: &OrderRecord,
    saved: &SavedMethod,
) -> Result<Next, Problem> {
    let Desk { orders: orders::Desk { db, env, providers, .. }, .. } = desk;
    if !in_tx!(db, |tx| { rows::hold_on(tx, renewal.id, env.now()).await })? {
        // Taken back a moment ago: the order is called off instead.
        return Ok(in_ms(desk, 0));
    }
    let payment = payment_of(desk, order.id).await?;
    match payments::charge(db, env, providers, payment.id, saved.id).await {
        Ok(facts) => take_in(desk, renewal, period, order, &facts).await,
        Err(problem) if problem.key == "payments-provider-refused" => {
            tracing::warn!(id = %renewal.id, %problem, "a kept method was refused");
            hand_over(desk, renewal, Reason::Declined).await
        }
        Err(problem) if problem.kind == Kind::NotFound => hand_over(desk, renewal, Reason::MethodGone).await,
        Err(problem) if problem.key == "payments-over" => Ok(in_ms(desk, SECOND_MS)),
        Err(problem) => Err(problem),
    }
}

/// What the provider says goes into books and order; if nothing is decided, its person may be wanted.
async fn take_in(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    order: &OrderRecord,
    facts: &Facts,
) -> Result<Next, Problem> {
    let payment = payment_of(desk, order.id).await?;
    orders::take_in(&desk.orders, payment.id, facts).await?;
    if facts.status == Status::Declined(Decline::Hard) {
        // Now, because not every provider keeps a charge that it refused: asked later, PayPal knows of none.
        return hand_over(desk, renewal, Reason::Declined).await;
    }
    let state = orders::find(&mut desk.orders.db.read().await?, order.id).await?.state;
    if state != order.state {
        return Ok(in_ms(desk, 0));
    }
    wait(desk, renewal, period, order, matches!(facts.status, Status::PayerMustAct(_))).await
}

/// Nothing is decided; a bank that wants its customer is told of once.
async fn wait(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    order: &OrderRecord,
    at_bank: bool,
) -> Result<Next, Problem> {
    in_tx!(desk.orders.db, |tx| {
        if at_bank && rows::tell_once(tx, period, "bank").await? {
            telling::bank_waits(tx, desk, renewal, order).await?;
        }
        Ok(())
    })?;
    Ok(in_ms(desk, 20 * SECOND_MS))
}

/// An order that expired or was declined. Only once its payment is over for certain may another try follow.
async fn unpaid(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    order: &OrderRecord,
    bought: bool,
) -> Result<Next, Problem> {
    let payment = payment_of(desk, order.id).await?;
    let mut facts = look_up(desk, &payment).await?;
    let mut payment = orders::take_in(&desk.orders, payment.id, &facts).await?;
    if payment.is_open() {
        // A bank that waits for its customer would wait on, long after the order.
        facts = payments::cancel(&desk.orders.db, &desk.orders.providers, payment.id).await?;
        payment = orders::take_in(&desk.orders, payment.id, &facts).await?;
    }
    if payment.is_open() || payment.captured.is_positive() {
        return Ok(in_ms(desk, 5 * MINUTE_MS));
    }
    if bought || order.called_off_at.is_some() {
        return give_way(desk, period, order).await;
    }
    // Its provider may have no trace of a refusal; the method has.
    let refused = buying::saved(desk, renewal).await?.is_some_and(|saved| saved.refused_at.is_some());
    match facts.status {
        _ if refused => hand_over(desk, renewal, Reason::Declined).await,
        Status::Declined(Decline::Hard) => hand_over(desk, renewal, Reason::Declined).await,
        Status::Declined(Decline::Soft) | Status::Absent => again(desk, renewal, period, order).await,
        _ => hand_over(desk, renewal, Reason::BankWaited).await,
    }
}

/// Its person bought something else.
async fn give_way(desk: &Desk, period: &Period, order: &OrderRecord) -> Result<Next, Problem> {
    let now = desk.orders.env.now();
    in_tx!(desk.orders.db, |tx| {
        rows::set_failed(tx, order.id, now).await?;
        orders::forsake(tx, order.id, now).await
    })?;
    close(desk, period, PeriodState::ByHand).await
}

/// A soft refusal: once more later, by the schedule, as long as it is of use.
async fn again(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    order: &OrderRecord,
) -> Result<Next, Problem> {
    let now = desk.orders.env.now();
    let next = rules::next_try(period.begun_at, period.tries, period.until, now);
    let Some(next) = next else { return hand_over(desk, renewal, Reason::Failed).await };
    in_tx!(desk.orders.db, |tx| {
        if rows::free(tx, period, next).await? {
            rows::set_failed(tx, order.id, now).await?;
            orders::forsake(tx, order.id, now).await?;
        }
        if rows::tell_once(tx, period, "refused").await? {
            telling::again(tx, desk, renewal, &letters::REFUSED, order.price, next).await?;
        }
        Ok(())
    })?;
    Ok(Next::At(next))
}

/// The wallet alone was to pay, and has too little: it is looked into again by the same schedule.
pub(crate) async fn too_little(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    quote: &Quote,
) -> Result<Next, Problem> {
    let (now, tries) = (desk.orders.env.now(), period.tries.saturating_add(1));
    let Some(next) = rules::next_try(period.begun_at, tries, period.until, now) else {
        return telling::needs_you(desk, renewal, Some(period), Reason::Failed).await;
    };
    in_tx!(desk.orders.db, |tx| {
        if rows::count_try(tx, period, None).await? {
            rows::put_off(tx, period, next).await?;
        }
        if rows::tell_once(tx, period, "wallet").await? {
            telling::again(tx, desk, renewal, &letters::WALLET_SHORT, quote.price, next).await?;
        }
        Ok(())
    })?;
    Ok(Next::At(next))
}

/// Nothing more is tried for this end, and its person is told why. Whoever dies after that finds it told, and winds it up.
async fn hand_over(desk: &Desk, renewal: &Renewal, reason: Reason) -> Result<Next, Problem> {
    telling::needs_you(desk, renewal, None, reason).await?;
    wind_up(desk, renewal).await?;
    Ok(Next::Done)
}

/// An order that waits is called off; one that is over, or paid, stays what it is.
async fn call_off(desk: &Desk, order: &OrderRecord) -> Result<(), Problem> {
    match orders::cancel(&desk.orders, order.account, order.id).await {
        Err(problem) if problem.key == "order-over" => Ok(()),
        done => done,
    }
}

/// What consents that are over left under way.
pub(crate) async fn wind_up_all(desk: &Desk, ended: &[Renewal]) -> Result<(), Problem> {
    for renewal in ended {
        wind_up(desk, renewal).await?;
    }
    Ok(())
}

/// What a consent that is over left under way: an unpaid order is called off, and money that comes for it goes back.
pub(crate) async fn wind_up(desk: &Desk, renewal: &Renewal) -> Result<(), Problem> {
    let conn = &mut desk.orders.db.read().await?;
    let Some(period) = rows::open_period(conn, renewal.id).await? else { return Ok(()) };
    let Some(order) = period.order else { return close(desk, &period, PeriodState::Over).await.map(drop) };
    call_off(desk, &orders::find(conn, order).await?).await?;
    let is_paid = !matches!(orders::find(conn, order).await?.state, OrderState::Expired);
    let state = if is_paid { PeriodState::Bought } else { PeriodState::Over };
    in_tx!(desk.orders.db, |tx| {
        if !is_paid {
            rows::set_failed(tx, order, desk.orders.env.now()).await?;
            orders::forsake(tx, order, desk.orders.env.now()).await?;
        }
        rows::close_period(tx, &period, state).await
    })
    .map(drop)
}

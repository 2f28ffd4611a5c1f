//! What a provider's answer does to an order.

use basis::{Id, Kind as ProblemKind, Money, Order, Payment as PaymentKind, Problem, Timestamp};
use ledger::{Book, HoldEnd, Kind, NewTransfer};
use payments::{CheckJob, Confirmed, Facts, Fate, NewRefund, News, Payment, Purpose};
use store::jobs::Next;
use store::{Conn, in_tx};

use crate::refunding::{self, Returning};
use crate::reviewing::{self, ReviewWanted};
use crate::rules::Parts;
use crate::timeline::{self, ExpiryReason, Happening, RefundReason, ReviewReason};
use crate::{Desk, OrderRecord, OrderState, contesting, paying, quoting, rows};

/// An order and the state that it has moved to.
pub type Moved = (OrderRecord, OrderState);

/// The job `payment.check`: asks the provider, then takes its answer into books and order in one transaction.
pub async fn check_payment(desk: &Desk, job: CheckJob) -> Result<Next, Problem> {
    let Some(facts) = payments::fetch(&desk.db, &desk.providers, job).await? else { return Ok(Next::Done) };
    let payment = take_in(desk, job.payment, &facts).await?;
    Ok(payments::after(job, &payment, desk.env.now()))
}

/// Takes a provider's answer into books and order in one transaction.
pub async fn take_in(desk: &Desk, payment: Id<PaymentKind>, facts: &Facts) -> Result<Payment, Problem> {
    let (payment, moved) = in_tx!(desk.db, |tx| {
        let confirmed = payments::confirm(tx, &desk.env, payment, facts).await?;
        let moved = settle(tx, desk, &confirmed).await?;
        Ok((confirmed.payment, moved))
    })?;
    for (order, state) in &moved {
        desk.tell(order, *state);
    }
    if payment.purpose == Purpose::Wallet {
        desk.tell_wallet(payment.account);
    }
    Ok(payment)
}

/// Does to the order what a payment's news asks for; answers the orders that moved. Wallet top-ups need
/// nothing more: their money is in the wallet.
pub async fn settle(tx: &mut Conn, desk: &Desk, confirmed: &Confirmed) -> Result<Vec<Moved>, Problem> {
    let mut moved = Vec::new();
    for news in &confirmed.news {
        moved.extend(settle_one(tx, desk, &confirmed.payment, news).await?);
    }
    Ok(moved)
}

async fn settle_one(
    tx: &mut Conn,
    desk: &Desk,
    payment: &Payment,
    news: &News,
) -> Result<Option<Moved>, Problem> {
    let order = match payment.purpose.order() {
        Some(id) => rows::find(tx, id).await?,
        None => None,
    };
    match (news, order) {
        (News::Captured { transfer }, Some(order)) => {
            ledger::post(tx, &desk.env, transfer.clone()).await?;
            captured(tx, desk, payment, order).await
        }
        (News::Captured { .. }, None) => Err(Problem::internal(format!("{} pays no order", payment.id))),
        (News::SecondCapture { amount, .. }, Some(order)) => {
            let happening = Happening::SecondPayment { payment: payment.id, amount: *amount };
            note(tx, desk, &order, &happening).await
        }
        (News::Mismatch { amount }, order) => wrong_amount(tx, desk, payment, *amount, order).await,
        (News::Failed(_), Some(order)) => give_back(tx, desk, order, ExpiryReason::Declined).await,
        (News::Cancelled, Some(order)) => give_back(tx, desk, order, ExpiryReason::Cancelled).await,
        (News::Contested { dispute, fate }, order) => {
            contesting::opened(tx, desk, dispute, order.filter(|_| *fate == Fate::Accepted)).await
        }
        (News::ContestWon { dispute, fate }, order) => {
            contesting::won(tx, desk, dispute, order.filter(|_| *fate == Fate::Accepted)).await
        }
        (News::ContestLost { dispute, fate }, order) => {
            contesting::lost(tx, desk, dispute, order.filter(|_| *fate == Fate::Accepted)).await
        }
        // A foreign answer is flagged by the payments; no order moves by what is not about it.
        (News::Foreign { .. } | News::ForeignRefund { .. } | News::ToppedUp | News::PayerMustAct, _)
        | (News::SecondCapture { .. } | News::Failed(_) | News::Cancelled, None) => Ok(None),
    }
}

/// The rest of the price is here. A payment funds one order once, so whatever else the order has become
/// meanwhile, this money is its own.
async fn captured(
    tx: &mut Conn,
    desk: &Desk,
    payment: &Payment,
    order: OrderRecord,
) -> Result<Option<Moved>, Problem> {
    match order.state {
        OrderState::AwaitingPayment => pay(tx, desk, order, payment, false).await,
        OrderState::Expired if order.called_off_at.is_some() => {
            return_late(tx, desk, order, payment, RefundReason::CalledOff).await
        }
        OrderState::Expired if still_sold(tx, &order).await? => pay(tx, desk, order, payment, true).await,
        OrderState::Expired => return_late(tx, desk, order, payment, RefundReason::PaidTooLate).await,
        // A person is looking at another payment of it (a wrong amount).
        _ => return_unneeded(tx, desk, payment, &order).await,
    }
}

async fn return_unneeded(
    tx: &mut Conn,
    desk: &Desk,
    payment: &Payment,
    order: &OrderRecord,
) -> Result<Option<Moved>, Problem> {
    let new = NewRefund {
        payment: payment.id,
        capture_ref: None,
        amount: payment.amount,
        from: Book::Deferred,
        order: Some(order.id),
        reason: refunding::SECOND.to_owned(),
        request_key: format!("unneeded:{}", payment.id),
    };
    payments::start_refund(tx, &desk.env, new).await?;
    let happening = Happening::SecondPayment { payment: payment.id, amount: payment.amount };
    note(tx, desk, order, &happening).await
}

/// `awaiting_payment | expired -> paid`, if the wallet part is there, too.
async fn pay(
    tx: &mut Conn,
    desk: &Desk,
    order: OrderRecord,
    payment: &Payment,
    late: bool,
) -> Result<Option<Moved>, Problem> {
    if !take_wallet_part(tx, desk, &order).await? {
        // A hold is only ever released together with the order's expiry.
        if !late {
            return Err(moved_on(&order));
        }
        return return_late(tx, desk, order, payment, RefundReason::PaidTooLate).await;
    }
    if !paying::pay(tx, desk, &order, Some(payment.id), late).await? {
        return Err(moved_on(&order));
    }
    Ok(Some((order, OrderState::Paid)))
}

/// The wallet part: from its hold, or, if that was released, anew. False if the wallet has too little now.
async fn take_wallet_part(tx: &mut Conn, desk: &Desk, order: &OrderRecord) -> Result<bool, Problem> {
    if order.wallet.is_zero() {
        return Ok(true);
    }
    match ledger::post_hold(tx, &desk.env, &hold_reference(order.id)).await? {
        HoldEnd::Posted { .. } => Ok(true),
        HoldEnd::Voided { .. } => {
            let reference = format!("order:{}:wallet:late", order.id);
            match ledger::post(tx, &desk.env, wallet_part(order, reference)).await {
                Ok(_) => Ok(true),
                Err(problem) if problem.key == ledger::TOO_LITTLE => Ok(false),
                Err(problem) => Err(problem),
            }
        }
    }
}

/// The wallet's share of an order.
pub(crate) fn wallet_part(order: &OrderRecord, reference: String) -> NewTransfer {
    let wallet = Book::Wallet(order.account);
    NewTransfer::new(reference, Kind::WalletSpend, wallet, Book::Deferred, order.wallet).order(order.id)
}

/// The ledger's reference for the wallet part.
pub(crate) fn hold_reference(order: Id<Order>) -> String {
    format!("order:{order}:wallet")
}

/// Whether an expired order may be taken up again: the line is still the buyer's, and the plan still sold at
/// that price.
async fn still_sold(tx: &mut Conn, order: &OrderRecord) -> Result<bool, Problem> {
    match cards::line(tx, order.account, order.line).await {
        Err(problem) if problem.kind == ProblemKind::NotFound => return Ok(false),
        line => drop(line?),
    }
    match catalog::plan(tx, &order.plan).await {
        Err(problem) if problem.kind == ProblemKind::NotFound => Ok(false),
        plan => Ok(quoting::sold_price(&plan?, order.price.currency).is_ok_and(|price| price == order.price)),
    }
}

/// Paid after its end: what the provider took goes back to its source.
async fn return_late(
    tx: &mut Conn,
    desk: &Desk,
    order: OrderRecord,
    payment: &Payment,
    reason: RefundReason,
) -> Result<Option<Moved>, Problem> {
    let parts = Parts { wallet: Money::zero(order.price.currency), source: order.source() };
    let order = OrderRecord { payment: Some(payment.id), ..order };
    let returning = Returning { parts, from: Book::Deferred, reason };
    let state = refunding::begin(tx, desk, &order, &returning).await?;
    Ok(Some((order, state)))
}

async fn wrong_amount(
    tx: &mut Conn,
    desk: &Desk,
    payment: &Payment,
    received: Money,
    order: Option<OrderRecord>,
) -> Result<Option<Moved>, Problem> {
    let detail = format!("asked for {:?}, received {received:?}", payment.amount);
    let Some(order) = order else {
        return ask(tx, desk, payment, ReviewReason::WrongAmount, detail).await;
    };
    let happening = Happening::WrongAmount { expected: payment.amount, received };
    note(tx, desk, &order, &happening).await?;
    if !matches!(order.state, OrderState::AwaitingPayment | OrderState::Expired) {
        return ask(tx, desk, payment, ReviewReason::WrongAmount, detail).await;
    }
    if !reviewing::begin(tx, &desk.env, &order, order.state, ReviewReason::WrongAmount).await? {
        return Err(moved_on(&order));
    }
    void_hold(tx, desk, &order).await?;
    Ok(Some((order, OrderState::Review)))
}

/// A payment is over without money. Its order is too, unless another payment of it is still open.
async fn give_back(
    tx: &mut Conn,
    desk: &Desk,
    order: OrderRecord,
    reason: ExpiryReason,
) -> Result<Option<Moved>, Problem> {
    if payments::of_order(tx, order.id).await?.iter().any(Payment::is_open) {
        return Ok(None);
    }
    expire_in(tx, desk, order, reason, Timestamp(i64::MAX)).await
}

/// `awaiting_payment -> expired` if its price holds until `until` at most; the wallet part is released.
pub(crate) async fn expire_in(
    tx: &mut Conn,
    desk: &Desk,
    order: OrderRecord,
    reason: ExpiryReason,
    until: Timestamp,
) -> Result<Option<Moved>, Problem> {
    let Some(seq) = rows::set_expired(tx, order.id, until).await? else { return Ok(None) };
    timeline::write(tx, order.id, seq, desk.env.now(), &Happening::Expired { reason }).await?;
    void_hold(tx, desk, &order).await?;
    Ok(Some((order, OrderState::Expired)))
}

async fn void_hold(tx: &mut Conn, desk: &Desk, order: &OrderRecord) -> Result<(), Problem> {
    if order.wallet.is_zero() {
        return Ok(());
    }
    ledger::void_hold(tx, &desk.env, &hold_reference(order.id)).await.map(drop)
}

async fn note(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    happening: &Happening,
) -> Result<Option<Moved>, Problem> {
    if let Some(seq) = rows::note_any(tx, order.id).await? {
        timeline::write(tx, order.id, seq, desk.env.now(), happening).await?;
    }
    Ok(Some((order.clone(), order.state)))
}

async fn ask(
    tx: &mut Conn,
    desk: &Desk,
    payment: &Payment,
    reason: ReviewReason,
    detail: String,
) -> Result<Option<Moved>, Problem> {
    let wanted = ReviewWanted {
        cause: format!("{}/{}", payment.id, reason.word()),
        order: payment.purpose.order(),
        payment: Some(payment.id),
        reason,
        detail,
    };
    reviewing::ask(tx, &desk.env, &wanted).await?;
    Ok(None)
}

/// The order changed between reading and writing it: the whole transaction is tried again.
pub(crate) fn moved_on(order: &OrderRecord) -> Problem {
    Problem::new(ProblemKind::Unavailable, store::RETRY_KEY).because(format!("{} moved on", order.id))
}

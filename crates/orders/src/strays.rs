//! Money that no order needs: a wrong amount, or a refund that its provider would not do. People decide about it.

use basis::{Id, Money, Payment as PaymentKind, Problem};
use ledger::Book;
use payments::{Fate, NewRefund, Payment, RefundDone, RefundState};
use store::audit::{self, Entry};
use store::jobs::Next;
use store::{Conn, in_tx};

use crate::operating::{moved_on, trace};
use crate::timeline::{self, Happening, RefundReason};
use crate::{Decision, Desk, OrderRecord, OrderState, refunding, reviewing, rows};

/// Decides about a payment: one that fills a wallet by itself, one for an order through the order.
///
/// # Errors
/// Not found; conflict `order-decision-unfit`; those of [`crate::decide`].
pub async fn decide_payment(
    desk: &Desk,
    actor: &str,
    id: Id<PaymentKind>,
    decision: Decision,
    note: &str,
) -> Result<(), Problem> {
    let payment = payments::find(&mut desk.db.read().await?, id).await?;
    match payment.purpose.order() {
        Some(order) => crate::decide(desk, actor, order, decision, note).await,
        None => self::decide(desk, actor, &[payment], decision, note).await,
    }
}

/// Sends wrong amounts back, or refunds that failed once more; no order moves by it.
pub(crate) async fn decide(
    desk: &Desk,
    actor: &str,
    of: &[Payment],
    decision: Decision,
    note: &str,
) -> Result<(), Problem> {
    in_tx!(desk.db, |tx| {
        let mut done = 0;
        for payment in of {
            done += match decision {
                Decision::ReturnWrongAmount => {
                    return_wrong(tx, desk, payment, refunding::SECOND).await?.len()
                }
                Decision::RetryRefund => retry_refunds(tx, desk, payment).await?,
                _ => 0,
            };
        }
        match of.first().filter(|_| done > 0) {
            Some(payment) => note_decision(tx, desk, actor, payment, decision, note).await,
            None => Err(Problem::conflict("order-decision-unfit")),
        }
    })
}

/// Answers how many are sent again.
async fn retry_refunds(tx: &mut Conn, desk: &Desk, payment: &Payment) -> Result<usize, Problem> {
    let refunds = payments::refunds_of_payment(tx, payment.id).await?;
    let failed: Vec<_> = refunds.iter().filter(|refund| refund.state == RefundState::Failed).collect();
    for refund in &failed {
        payments::retry_refund(tx, &desk.env, refund.id).await?;
    }
    Ok(failed.len())
}

/// Sends what came in a wrong amount back, and has not gone back yet; answers the amounts.
async fn return_wrong(
    tx: &mut Conn,
    desk: &Desk,
    payment: &Payment,
    reason: &str,
) -> Result<Vec<Money>, Problem> {
    let captures = payments::captures(tx, payment.id).await?;
    let wrong = captures.into_iter().filter(|c| c.fate == Fate::Mismatch && c.returned.is_zero());
    let mut amounts = Vec::new();
    for capture in wrong {
        let request_key = format!("mismatch:{}:{}", payment.provider, capture.capture_ref);
        let new = NewRefund {
            payment: payment.id,
            capture_ref: Some(capture.capture_ref),
            amount: capture.amount,
            from: Book::Suspense,
            order: payment.purpose.order(),
            reason: reason.to_owned(),
            request_key,
        };
        payments::start_refund(tx, &desk.env, new).await?;
        amounts.push(capture.amount);
    }
    Ok(amounts)
}

/// An order that waits for a person because of a wrong amount: that goes back, and the order is over.
pub(crate) async fn return_of_review(
    desk: &Desk,
    actor: &str,
    order: OrderRecord,
    note: &str,
) -> Result<(), Problem> {
    let (reason, zero) = (RefundReason::WrongAmount, Money::zero(order.price.currency));
    in_tx!(desk.db, |tx| {
        let moved = rows::move_state(tx, order.id, OrderState::Review, OrderState::Refunding).await?;
        let seq = moved.ok_or_else(|| moved_on(&order))?;
        let mut source = zero;
        for payment in payments::of_order(tx, order.id).await? {
            let amounts = return_wrong(tx, desk, &payment, reason.word()).await?;
            let ours = amounts.into_iter().filter(|amount| amount.currency == zero.currency);
            source = ours.into_iter().try_fold(source, Money::plus)?;
        }
        let happening = Happening::Refunding { reason, wallet: zero, source };
        timeline::write(tx, order.id, seq, desk.env.now(), &happening).await?;
        trace(tx, desk, actor, "order.return", &order, note).await
    })?;
    desk.tell(&order, OrderState::Refunding);
    Ok(())
}

/// The end of a refund that belongs to no order: a failed one is a case.
pub(crate) async fn refund_done(desk: &Desk, done: RefundDone) -> Result<Next, Problem> {
    if !done.succeeded {
        in_tx!(desk.db, |tx| {
            let refund = payments::find_refund(tx, done.refund).await?;
            reviewing::ask(tx, &desk.env, &refunding::refund_failed(&refund)).await
        })?;
    }
    Ok(Next::Done)
}

async fn note_decision(
    tx: &mut Conn,
    desk: &Desk,
    actor: &str,
    payment: &Payment,
    decision: Decision,
    note: &str,
) -> Result<(), Problem> {
    let order = payment.purpose.order();
    let subject = order.map_or_else(|| payment.id.to_string(), |order| order.to_string());
    let detail = serde_json::json!({ "note": note, "decision": decision });
    audit::record(tx, &desk.env, Entry { actor, action: "payment.decide", subject: &subject, detail }).await
}

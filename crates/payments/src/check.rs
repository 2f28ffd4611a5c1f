//! Looking at a payment: ask its provider, then take what it says into the books.

use basis::{Env, Id, Payment as PaymentKind, Problem, Refund as RefundKind, Timestamp};
use ledger::{Book, Kind, NewTransfer};
use serde::{Deserialize, Serialize};
use store::jobs::Next;
use store::{Conn, Db};

use crate::disputes::{self, Dispute};
use crate::facts::{CaptureFact, Decline, Facts, RefundFact, RefundStatus, Status};
use crate::flags::{self, Flag};
use crate::provider::{ProviderError, Providers};
use crate::refunds::{self, NewRefund};
use crate::requests::{PayAt, PaymentRef};
use crate::rows::{self, Capture};
use crate::rules::{self, Fate, Payment, PaymentState, Purpose};
use crate::saved;

/// The job that looks at a payment. Its handler calls [`fetch`], then [`confirm`] and what follows from the
/// news in one transaction, and ends with [`after`].
pub const CHECK: &str = "payment.check";

/// What the job [`CHECK`] carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckJob {
    /// Which payment.
    pub payment: Id<PaymentKind>,
    /// True for the regular look, false for one that a message asked for.
    pub polling: bool,
}

/// One thing that [`confirm`] found out. Each is told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The money for an order came, all of it. The caller posts this transfer: from the provider's clearing book
    /// to [`Book::Deferred`].
    Captured {
        /// To be posted in the same transaction.
        transfer: NewTransfer,
    },
    /// The money for a wallet came and is in the wallet.
    ToppedUp,
    /// Money came that its order or wallet did not need any more; it is on its way back.
    SecondCapture {
        /// How much.
        amount: basis::Money,
        /// The refund.
        refund: Id<RefundKind>,
    },
    /// Another amount or currency came; it is kept in suspense until a person decides.
    Mismatch {
        /// How much came.
        amount: basis::Money,
    },
    /// The provider's answer is not about this payment or not about our money; nothing was booked.
    Foreign {
        /// What differs: `merchant`, `reference` or `provider-reference`.
        what: &'static str,
    },
    /// A refund that we did not ask for; nothing was booked.
    ForeignRefund {
        /// How much.
        amount: basis::Money,
    },
    /// The payer's bank or wallet refused.
    Failed(Decline),
    /// A charge without the payer waits for them, at [`Payment::pay_at`].
    PayerMustAct,
    /// Cancelled or run out.
    Cancelled,
    /// The payer contests it; its saved method is not charged any more. What paid for an order is the caller's to
    /// freeze in the ledger: `dispute.frozen`, to [`Book::Disputed`]. Everything else is frozen already.
    Contested {
        /// The dispute.
        dispute: Dispute,
        /// What became of the capture that it is about.
        fate: Fate,
    },
    /// We won: what the caller froze goes back to where it was.
    ContestWon {
        /// The dispute.
        dispute: Dispute,
        /// What became of the capture that it is about.
        fate: Fate,
    },
    /// We lost: the money is gone out of [`Book::Disputed`].
    ContestLost {
        /// The dispute.
        dispute: Dispute,
        /// What became of the capture that it is about.
        fate: Fate,
    },
}

/// What [`confirm`] found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// The payment as it stands now.
    pub payment: Payment,
    /// What is new; empty for a repeat.
    pub news: Vec<News>,
}

/// Asks the provider where the payment stands. `None`: a regular look at a payment that needs none.
///
/// # Errors
/// Unavailable `payments-provider-silent` if there is no usable answer.
pub async fn fetch(db: &Db, providers: &Providers, job: CheckJob) -> Result<Option<Facts>, Problem> {
    let payment = crate::open::find(&mut db.read().await?, job.payment).await?;
    let settled = !payment.is_open() && payment.captured.is_positive();
    if job.polling && settled {
        return Ok(None);
    }
    let named = PaymentRef { payment: payment.id, provider_ref: payment.provider_ref };
    match providers.of_payment(&payment.provider)?.query(&named).await {
        Err(ProviderError::NotFound) => Ok(Some(Facts::absent(payment.id))),
        answer => Ok(Some(answer?)),
    }
}

/// How the job [`CHECK`] ends: regular looks go on until the payment is paid, or over and long expired.
pub fn after(job: CheckJob, payment: &Payment, now: Timestamp) -> Next {
    let paid = payment.captured.is_positive();
    if !job.polling || paid {
        return Next::Done;
    }
    let pending = || payment.is_open().then(|| rules::next_look_at_pending(payment.expires_at, now));
    rules::next_poll(payment.created_at, payment.expires_at, now)
        .or_else(pending)
        .map_or(Next::Done, Next::At)
}

/// Takes a provider's answer into the books: captures once each, refunds, the state only forward.
///
/// Money for an order is left to the caller to post ([`News::Captured`]); everything else is posted here.
///
/// # Errors
/// Not found if there is no such payment.
pub async fn confirm(
    conn: &mut Conn,
    env: &Env,
    id: Id<PaymentKind>,
    facts: &Facts,
) -> Result<Confirmed, Problem> {
    let now = env.now();
    let mut payment = rows::lock(conn, id, now).await?.ok_or_else(Problem::not_found)?;
    if let Some(what) = rules::foreign(&payment, facts) {
        let fresh = flag(conn, &payment, what, format!("{id}:{what}"), format!("{facts:?}"), now).await?;
        let news = fresh.then_some(News::Foreign { what }).into_iter().collect();
        return Ok(Confirmed { payment, news });
    }
    let mut news = Vec::new();
    take_captures(conn, env, &mut payment, facts, &mut news).await?;
    take_refunds(conn, env, &mut payment, facts, &mut news).await?;
    let contested = disputes::take(conn, env, &mut payment, facts, &mut news).await?;
    if let Some(fact) = &facts.saved {
        saved::keep(conn, env, &payment, fact).await?;
    }
    let before = payment.clone();
    move_on(&mut payment, facts, contested, now);
    rows::set_state(conn, &payment).await?;
    let failed = payment.state == PaymentState::Failed && before.state != PaymentState::Failed;
    if failed && facts.status == Status::Declined(Decline::Hard) {
        saved::refuse(conn, &payment, now).await?;
    }
    news.extend(news_of_state(&before, &payment, &facts.status));
    Ok(Confirmed { payment, news })
}

fn move_on(payment: &mut Payment, facts: &Facts, contested: bool, now: Timestamp) {
    let next = rules::next_state(payment, facts, contested, now);
    if next != payment.state {
        payment.state = next;
        payment.changed_at = now;
    }
    payment.provider_ref = payment.provider_ref.take().or_else(|| facts.provider_ref.clone());
    payment.failure = facts.failure.clone().or_else(|| payment.failure.take());
    if let Status::PayerMustAct(url) = &facts.status {
        payment.pay_at = Some(PayAt::Page(url.clone()));
    }
}

fn news_of_state(before: &Payment, now: &Payment, told: &Status) -> Option<News> {
    match now.state {
        _ if matches!(told, Status::PayerMustAct(_)) && now.is_open() => {
            (before.pay_at != now.pay_at).then_some(News::PayerMustAct)
        }
        state if state == before.state => None,
        PaymentState::Failed => match told {
            Status::Declined(decline) => Some(News::Failed(*decline)),
            _ => Some(News::Failed(Decline::Hard)),
        },
        PaymentState::Cancelled => Some(News::Cancelled),
        _ => None,
    }
}

async fn take_captures(
    conn: &mut Conn,
    env: &Env,
    payment: &mut Payment,
    facts: &Facts,
    news: &mut Vec<News>,
) -> Result<(), Problem> {
    if facts.captures.is_empty() {
        return Ok(());
    }
    let mut known = rows::captures(conn, payment.id).await?;
    for capture in &facts.captures {
        if known.iter().any(|k| k.capture_ref == capture.capture_ref) {
            continue;
        }
        let fate = fate_of(conn, payment, &known, capture).await?;
        if !rows::insert_capture(conn, payment, capture, fate, env.now()).await? {
            return Err(Problem::internal(format!(
                "capture {} belongs to another payment",
                capture.capture_ref
            )));
        }
        if fate != Fate::Extra && capture.amount.currency == payment.amount.currency {
            payment.captured = payment.captured.plus(capture.amount)?;
        }
        news.push(book_capture(conn, env, payment, capture, fate).await?);
        known.push(seen(capture, fate, env.now()));
    }
    Ok(())
}

fn seen(capture: &CaptureFact, fate: Fate, seen_at: Timestamp) -> Capture {
    let returned = basis::Money::zero(capture.amount.currency);
    Capture { capture_ref: capture.capture_ref.clone(), amount: capture.amount, returned, fate, seen_at }
}

async fn fate_of(
    conn: &mut Conn,
    payment: &Payment,
    known: &[Capture],
    capture: &CaptureFact,
) -> Result<Fate, Problem> {
    if !known.is_empty() {
        return Ok(Fate::Extra);
    }
    if capture.amount != payment.amount {
        return Ok(Fate::Mismatch);
    }
    let Purpose::Order(order) = payment.purpose else { return Ok(Fate::Accepted) };
    let funds = rows::claim_funding(conn, order, payment.id).await? == payment.id;
    Ok(if funds { Fate::Accepted } else { Fate::SecondPayment })
}

async fn book_capture(
    conn: &mut Conn,
    env: &Env,
    payment: &Payment,
    capture: &CaptureFact,
    fate: Fate,
) -> Result<News, Problem> {
    match (fate, payment.purpose) {
        (Fate::Accepted, Purpose::Order(_)) => {
            Ok(News::Captured { transfer: transfer_of(payment, capture, Kind::Capture, Book::Deferred) })
        }
        (Fate::Accepted, Purpose::Wallet) => {
            let wallet = Book::Wallet(payment.account);
            ledger::post(conn, env, transfer_of(payment, capture, Kind::TopUp, wallet)).await?;
            Ok(News::ToppedUp)
        }
        (Fate::SecondPayment | Fate::Extra, _) => {
            ledger::post(conn, env, transfer_of(payment, capture, Kind::Unmatched, Book::Suspense)).await?;
            let refund = send_back(conn, env, payment, capture).await?;
            Ok(News::SecondCapture { amount: capture.amount, refund })
        }
        (Fate::Mismatch, _) => {
            ledger::post(conn, env, transfer_of(payment, capture, Kind::Unmatched, Book::Suspense)).await?;
            let detail = format!("asked {:?}, captured {:?}", payment.amount, capture.amount);
            let key = format!("{}:capture:{}", payment.id, capture.capture_ref);
            flag(conn, payment, "mismatch", key, detail, env.now()).await?;
            Ok(News::Mismatch { amount: capture.amount })
        }
    }
}

pub(crate) fn capture_reference(provider: &str, capture_ref: &str) -> String {
    format!("capture:{provider}:{capture_ref}")
}

/// The movement of a capture. Its reference names the capture, so it is booked once whoever books it.
fn transfer_of(payment: &Payment, capture: &CaptureFact, kind: Kind, to: Book) -> NewTransfer {
    let from = Book::Clearing(payment.provider.clone());
    let reference = capture_reference(&payment.provider, &capture.capture_ref);
    let transfer = NewTransfer::new(reference, kind, from, to, capture.amount).payment(payment.id);
    NewTransfer { order: payment.purpose.order(), ..transfer }
}

async fn send_back(
    conn: &mut Conn,
    env: &Env,
    payment: &Payment,
    capture: &CaptureFact,
) -> Result<Id<RefundKind>, Problem> {
    let new = NewRefund {
        payment: payment.id,
        capture_ref: Some(capture.capture_ref.clone()),
        amount: capture.amount,
        from: Book::Suspense,
        order: payment.purpose.order(),
        reason: "second capture".to_owned(),
        request_key: format!("second:{}:{}", payment.provider, capture.capture_ref),
    };
    refunds::start_refund(conn, env, new).await.map(|refund| refund.id)
}

async fn take_refunds(
    conn: &mut Conn,
    env: &Env,
    payment: &mut Payment,
    facts: &Facts,
    news: &mut Vec<News>,
) -> Result<(), Problem> {
    for fact in &facts.refunds {
        let ours = match rules::refund_of_reference(&fact.reference) {
            Some(id) => refunds::find_of(conn, payment.id, id).await?,
            None => None,
        };
        match ours.filter(|refund| refund.reference() == fact.reference) {
            Some(refund) => refunds::apply(conn, env, payment, &refund, fact).await?,
            // An attempt that failed and was followed by another is over.
            None if fact.status == RefundStatus::Failed => {}
            None => news.extend(foreign_refund(conn, env, payment, fact).await?),
        }
    }
    Ok(())
}

async fn foreign_refund(
    conn: &mut Conn,
    env: &Env,
    payment: &Payment,
    fact: &RefundFact,
) -> Result<Option<News>, Problem> {
    let key = format!("{}:refund:{}", payment.id, fact.provider_ref);
    let fresh = flag(conn, payment, "foreign-refund", key, format!("{fact:?}"), env.now()).await?;
    Ok(fresh.then_some(News::ForeignRefund { amount: fact.amount }))
}

pub(crate) async fn flag(
    conn: &mut Conn,
    payment: &Payment,
    reason: &str,
    key: String,
    detail: String,
    now: Timestamp,
) -> Result<bool, Problem> {
    let flag = Flag {
        key,
        reason: reason.to_owned(),
        payment: Some(payment.id),
        message: None,
        detail,
        raised_at: now,
        resolved_at: None,
    };
    flags::raise(conn, &flag).await
}

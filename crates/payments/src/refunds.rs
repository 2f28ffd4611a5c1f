//! Money on its way back to its source: reserved and queued in the caller's transaction, sent by a job.

mod table;

use basis::{
    Env, Id, MINUTE_MS, Money, Order, Payment as PaymentKind, Problem, Refund as RefundKind, Timestamp,
};
use ledger::{Book, Kind, NewTransfer};
use serde::{Deserialize, Serialize};
use store::jobs::{self, JobRun, NewJob, Next};
use store::{Conn, Db, in_tx};

use crate::disputes;
use crate::facts::{RefundFact, RefundStatus};
use crate::flags::{self, Flag};
use crate::provider::{ProviderError, Providers};
use crate::requests::RefundRequest;
use crate::rows;
use crate::rules::{self, Fate, Payment, Refund, RefundState};

pub(crate) use table::{find_by_ref, find_of, find_of_provider, refunds_after};
pub use table::{find_refund, first_told, refunds_of_order, refunds_of_payment, refunds_under_way};

/// The job that sends a refund and looks after it; its handler is [`send_refund`].
pub const SEND_REFUND: &str = "refund.send";

/// The job that tells the rest of the shop that a refund ended; its handler is theirs.
pub const REFUND_DONE: &str = "refund.done";

/// A refund of a contested payment waits; so often it looks whether the dispute is over.
const CONTESTED_LOOK_MS: i64 = 10 * MINUTE_MS;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct SendJob {
    refund: Id<RefundKind>,
}

/// What the job [`REFUND_DONE`] carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundDone {
    /// Which refund.
    pub refund: Id<RefundKind>,
    /// Of which payment.
    pub payment: Id<PaymentKind>,
    /// For which order.
    pub order: Option<Id<Order>>,
    /// False if the provider will not do it and a person must.
    pub succeeded: bool,
}

/// A refund to be made.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// Of which payment.
    pub payment: Id<PaymentKind>,
    /// Of which capture; `None`: the one that paid for what it was asked for.
    pub capture_ref: Option<String>,
    /// How much.
    pub amount: Money,
    /// Which book the money is in now; it moves to [`Book::RefundsPayable`] in the same transaction.
    pub from: Book,
    /// For which order.
    pub order: Option<Id<Order>>,
    /// Why, for the timeline.
    pub reason: String,
    /// The same key answers the same refund.
    pub request_key: String,
}

/// Reserves the amount of the capture, moves the money to [`Book::RefundsPayable`] and queues the sending.
///
/// # Errors
/// Conflict `payments-refund-too-much` if the capture has not so much left; internal if the request key
/// stands for something else or there is no such capture.
pub async fn start_refund(conn: &mut Conn, env: &Env, new: NewRefund) -> Result<Refund, Problem> {
    let payment = rows::lock(conn, new.payment, env.now()).await?.ok_or_else(Problem::not_found)?;
    if let Some(earlier) = table::by_request_key(conn, &new.request_key).await? {
        return same_wish(earlier, &new);
    }
    let capture_ref = match &new.capture_ref {
        Some(capture_ref) => capture_ref.clone(),
        None => accepted_capture(conn, &payment).await?,
    };
    if !new.amount.is_positive() {
        return Err(Problem::internal("a refund of nothing"));
    }
    let refund = fresh(env, &payment, capture_ref, &new);
    if !rows::reserve_return(conn, &refund.provider, &refund.capture_ref, refund.amount).await? {
        return Err(Problem::conflict("payments-refund-too-much"));
    }
    if !table::insert(conn, &refund, &new.request_key).await? {
        // Requests for one payment take turns by its row, so the key is another payment's.
        return Err(Problem::internal(format!("refund key {} used for something else", new.request_key)));
    }
    ledger::post(conn, env, due_transfer(&refund, new.from)).await?;
    queue_sending(conn, env, refund.id, refund.reference()).await?;
    Ok(refund)
}

async fn accepted_capture(conn: &mut Conn, payment: &Payment) -> Result<String, Problem> {
    let captures = rows::captures(conn, payment.id).await?;
    let accepted = captures.into_iter().find(|capture| capture.fate == Fate::Accepted);
    accepted
        .map(|capture| capture.capture_ref)
        .ok_or_else(|| Problem::internal(format!("{} has no accepted capture", payment.id)))
}

fn same_wish(earlier: Refund, new: &NewRefund) -> Result<Refund, Problem> {
    if (earlier.payment, earlier.amount, earlier.order) == (new.payment, new.amount, new.order) {
        return Ok(earlier);
    }
    Err(Problem::internal(format!("refund key {} used for something else", new.request_key)))
}

fn fresh(env: &Env, payment: &Payment, capture_ref: String, new: &NewRefund) -> Refund {
    let now = env.now();
    Refund {
        id: env.new_id(),
        payment: payment.id,
        order: new.order,
        provider: payment.provider.clone(),
        capture_ref,
        amount: new.amount,
        state: RefundState::Queued,
        attempt: 1,
        provider_ref: None,
        failure: None,
        reason: new.reason.clone(),
        created_at: now,
        changed_at: now,
    }
}

pub(crate) fn due_reference(refund: &Refund) -> String {
    format!("refund:{}:due", refund.id)
}

pub(crate) fn sent_reference(refund: &Refund) -> String {
    format!("refund:{}:sent", refund.id)
}

fn due_transfer(refund: &Refund, from: Book) -> NewTransfer {
    let reference = due_reference(refund);
    let transfer = NewTransfer::new(reference, Kind::RefundDue, from, Book::RefundsPayable, refund.amount);
    NewTransfer { order: refund.order, payment: Some(refund.payment), ..transfer }
}

fn sent_transfer(refund: &Refund) -> NewTransfer {
    let reference = sent_reference(refund);
    let to = Book::Clearing(refund.provider.clone());
    let transfer = NewTransfer::new(reference, Kind::RefundSent, Book::RefundsPayable, to, refund.amount);
    NewTransfer { order: refund.order, payment: Some(refund.payment), ..transfer }
}

async fn queue_sending(
    conn: &mut Conn,
    env: &Env,
    refund: Id<RefundKind>,
    key: String,
) -> Result<(), Problem> {
    let job = NewJob { kind: SEND_REFUND, key, payload: &SendJob { refund }, run_at: env.now() };
    jobs::enqueue(conn, env, job).await.map(drop)
}

/// Lets a refund that failed be sent again under a new reference, as an operator decided; a refund that did not
/// fail is left alone.
pub async fn retry_refund(conn: &mut Conn, env: &Env, id: Id<RefundKind>) -> Result<Refund, Problem> {
    let freed = table::set_queued_again(conn, id, env.now()).await?;
    let refund = find_refund(conn, id).await?;
    if freed == 1 {
        queue_sending(conn, env, id, refund.reference()).await?;
    }
    Ok(refund)
}

/// The handler of [`SEND_REFUND`]: sends once, asks when in doubt, and looks again while the provider works on it.
pub async fn send_refund(db: &Db, env: &Env, providers: &Providers, run: JobRun) -> Result<Next, Problem> {
    let job: SendJob = run.read()?;
    let (refund, payment, taken) = load(db, job.refund).await?;
    if refund.state.is_final() {
        return Ok(Next::Done);
    }
    let gap_ms = providers.of_payment(&refund.provider)?.capabilities().refund_gap_ms;
    if let Some(free_at) = in_tx!(db, |tx| { take_turn(tx, &refund, gap_ms, env.now()).await })? {
        return Ok(Next::At(free_at));
    }
    // From here on the provider may have heard of it; a later run asks before it sends again.
    let contested = disputes::is_contested(&mut db.read().await?, payment.id).await?;
    let Some(fact) = ask(providers, &refund, &payment, taken, contested).await? else {
        return Ok(Next::At(env.now().plus_ms(CONTESTED_LOOK_MS)));
    };
    let state = in_tx!(db, |tx| { record(tx, env, refund.id, &fact).await })?;
    if state.is_final() {
        return Ok(Next::Done);
    }
    Ok(Next::At(rules::next_refund_look(refund.created_at, env.now()).max(env.now().plus_ms(gap_ms))))
}

/// Marks a refund as sent. Answers when to look again if it may not go yet: its payment is contested, or another refund of
/// it went out less than so long ago. Disputes are taken in under the same lock, so none comes in between.
async fn take_turn(
    conn: &mut Conn,
    refund: &Refund,
    gap_ms: i64,
    now: Timestamp,
) -> Result<Option<Timestamp>, Problem> {
    if refund.state != RefundState::Queued {
        return Ok(None);
    }
    rows::lock(conn, refund.payment, now).await?;
    if disputes::is_contested(conn, refund.payment).await? {
        return Ok(Some(now.plus_ms(CONTESTED_LOOK_MS)));
    }
    let last = table::last_sent(conn, refund).await?;
    if let Some(free_at) = last.map(|last| last.plus_ms(gap_ms)).filter(|free_at| *free_at > now) {
        return Ok(Some(free_at));
    }
    table::set_sending(conn, refund.id, now).await?;
    Ok(None)
}

/// A refund, its payment, and what that took in the capture that goes back.
async fn load(db: &Db, id: Id<RefundKind>) -> Result<(Refund, Payment, Money), Problem> {
    let mut conn = db.read().await?;
    let refund = find_refund(&mut conn, id).await?;
    let payment = crate::open::find(&mut conn, refund.payment).await?;
    let captures = rows::captures(&mut conn, payment.id).await?;
    let taken = captures.into_iter().find(|capture| capture.capture_ref == refund.capture_ref);
    let taken = taken.map_or(payment.amount, |capture| capture.amount);
    Ok((refund, payment, taken))
}

/// `None`: it never arrived, and is not sent again while the payer contests the payment.
async fn ask(
    providers: &Providers,
    refund: &Refund,
    payment: &Payment,
    taken: Money,
    contested: bool,
) -> Result<Option<RefundFact>, ProviderError> {
    let provider =
        providers.of_payment(&refund.provider).map_err(|p| ProviderError::Unknown(p.to_string()))?;
    let request = RefundRequest {
        reference: refund.reference(),
        payment: payment.id,
        payment_ref: payment.provider_ref.clone().unwrap_or_default(),
        capture_ref: refund.capture_ref.clone(),
        amount: refund.amount,
        of: taken,
        notify_url: providers.notify_url(&refund.provider),
    };
    if refund.state != RefundState::Queued {
        match provider.query_refund(&request).await {
            // It never arrived. Sending it again with the same key sends it once even if that is wrong.
            Err(ProviderError::NotFound) if contested => return Ok(None),
            Err(ProviderError::NotFound) => {}
            // Also a refusal to answer: it says nothing about the refund.
            answer => return answer.map(Some),
        }
    }
    match provider.refund(&request).await {
        Err(ProviderError::Refused { code, .. }) => Ok(Some(refused(refund, &code))),
        answer => answer.map(Some),
    }
}

fn refused(refund: &Refund, code: &str) -> RefundFact {
    RefundFact {
        provider_ref: refund.provider_ref.clone().unwrap_or_default(),
        reference: refund.reference(),
        amount: refund.amount,
        status: RefundStatus::Failed,
        failure: Some(code.to_owned()),
    }
}

async fn record(
    conn: &mut Conn,
    env: &Env,
    id: Id<RefundKind>,
    fact: &RefundFact,
) -> Result<RefundState, Problem> {
    let refund = find_refund(conn, id).await?;
    let payment = rows::lock(conn, refund.payment, env.now()).await?;
    let mut payment = payment.ok_or_else(|| Problem::internal("a refund without its payment"))?;
    apply(conn, env, &mut payment, &refund, fact).await?;
    rows::set_state(conn, &payment).await?;
    Ok(find_refund(conn, id).await?.state)
}

/// Takes a provider's word about a refund into the books, once. The caller holds the payment's row and stores it.
pub(crate) async fn apply(
    conn: &mut Conn,
    env: &Env,
    payment: &mut Payment,
    refund: &Refund,
    fact: &RefundFact,
) -> Result<(), Problem> {
    if fact.amount != refund.amount {
        return flag_other_amount(conn, refund, fact, env.now()).await;
    }
    let state = match fact.status {
        RefundStatus::Pending => RefundState::Pending,
        RefundStatus::Succeeded => RefundState::Succeeded,
        RefundStatus::Failed => RefundState::Failed,
    };
    if !table::set_refund_state(conn, refund.id, state, fact, env.now()).await? {
        return Ok(());
    }
    if state == RefundState::Succeeded {
        ledger::post(conn, env, sent_transfer(refund)).await?;
        count_refund(conn, payment, refund, env.now()).await?;
    }
    if state.is_final() { tell(conn, env, refund, state).await } else { Ok(()) }
}

async fn count_refund(
    conn: &mut Conn,
    payment: &mut Payment,
    refund: &Refund,
    now: Timestamp,
) -> Result<(), Problem> {
    let captures = rows::captures(conn, payment.id).await?;
    let counted = captures.iter().any(|capture| {
        capture.capture_ref == refund.capture_ref
            && capture.fate != Fate::Extra
            && capture.amount.currency == payment.amount.currency
    });
    if counted {
        payment.refunded = payment.refunded.plus(refund.amount)?;
        payment.state = rules::state_after_refund(payment);
        payment.changed_at = now;
    }
    Ok(())
}

async fn tell(conn: &mut Conn, env: &Env, refund: &Refund, state: RefundState) -> Result<(), Problem> {
    let succeeded = state == RefundState::Succeeded;
    let payload = RefundDone { refund: refund.id, payment: refund.payment, order: refund.order, succeeded };
    let job =
        NewJob { kind: REFUND_DONE, key: done_key(refund, state), payload: &payload, run_at: env.now() };
    jobs::enqueue(conn, env, job).await.map(drop)
}

fn done_key(refund: &Refund, state: RefundState) -> String {
    format!("{}:{}", refund.reference(), state.word())
}

/// Whether a job stands that sends a refund, looks after it, or tells its end.
pub async fn refund_goes_on(conn: &mut Conn, refund: &Refund) -> Result<bool, Problem> {
    Ok(jobs::stands(conn, SEND_REFUND, &refund.reference()).await?
        || jobs::stands(conn, REFUND_DONE, &done_key(refund, refund.state)).await?)
}

/// The payer took a contested payment back: refunds of it that never reached the provider have reached their source that
/// way, as far as `taken` goes; answers what is left of that.
pub(crate) async fn fulfil_by_dispute(
    conn: &mut Conn,
    env: &Env,
    payment: &mut Payment,
    dispute_ref: &str,
    mut taken: Money,
) -> Result<Money, Problem> {
    for refund in refunds_of_payment(conn, payment.id).await? {
        let waits = matches!(refund.state, RefundState::Queued | RefundState::Failed);
        if !waits || refund.amount.currency != taken.currency || refund.amount.minor > taken.minor {
            continue;
        }
        let fact = RefundFact {
            provider_ref: dispute_ref.to_owned(),
            reference: refund.reference(),
            amount: refund.amount,
            status: RefundStatus::Succeeded,
            failure: None,
        };
        apply(conn, env, payment, &refund, &fact).await?;
        taken = taken.minus(refund.amount)?;
    }
    Ok(taken)
}

async fn flag_other_amount(
    conn: &mut Conn,
    refund: &Refund,
    fact: &RefundFact,
    now: Timestamp,
) -> Result<(), Problem> {
    let flag = Flag {
        key: format!("{}:amount", refund.id),
        reason: "foreign-refund".to_owned(),
        payment: Some(refund.payment),
        message: None,
        detail: format!("asked {:?}, provider says {fact:?}", refund.amount),
        raised_at: now,
        resolved_at: None,
    };
    flags::raise(conn, &flag).await.map(drop)
}

//! Money on its way back to its source: reserved and queued in the caller's transaction, sent by a job.

use basis::{
    Account, Env, Id, Money, Order, Payment as PaymentKind, Problem, Refund as RefundKind, Timestamp,
};
use ledger::{Book, Kind, NewTransfer};
use serde::{Deserialize, Serialize};
use store::jobs::{self, JobRun, NewJob, Next};
use store::{Conn, Db, Row, in_tx, sql};

use crate::flags::{self, Flag};
use crate::provider::{ProviderError, Providers, RefundFact, RefundRequest, RefundStatus};
use crate::rows::{self, money, word};
use crate::rules::{self, Fate, Payment, Refund, RefundState};

/// The job that sends a refund and looks after it; its handler is [`send_refund`].
pub const SEND_REFUND: &str = "refund.send";

/// The job that tells the rest of the shop that a refund ended; its handler is theirs.
pub const REFUND_DONE: &str = "refund.done";

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
    if let Some(earlier) = by_request_key(conn, &new.request_key).await? {
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
    if !insert(conn, &refund, &new.request_key).await? {
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

fn due_transfer(refund: &Refund, from: Book) -> NewTransfer {
    let reference = format!("refund:{}:due", refund.id);
    let transfer = NewTransfer::new(reference, Kind::RefundDue, from, Book::RefundsPayable, refund.amount);
    NewTransfer { order: refund.order, payment: Some(refund.payment), ..transfer }
}

fn sent_transfer(refund: &Refund) -> NewTransfer {
    let reference = format!("refund:{}:sent", refund.id);
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
    let now = env.now();
    let freed = sql!(
        "UPDATE payment_refund SET state = 'queued', attempt = attempt + 1, failure = NULL, changed_at = $2
         WHERE id = $1 AND state = 'failed'"
    )
    .bind(id)
    .bind(now)
    .run(conn)
    .await?;
    if freed == 1 {
        let refund = find_refund(conn, id).await?;
        queue_sending(conn, env, id, refund.reference()).await?;
    }
    find_refund(conn, id).await
}

/// The handler of [`SEND_REFUND`]: sends once, asks when in doubt, and looks again while the provider works on it.
pub async fn send_refund(db: &Db, env: &Env, providers: &Providers, run: JobRun) -> Result<Next, Problem> {
    let job: SendJob = run.read()?;
    let (refund, payment) = load(db, job.refund).await?;
    if refund.state.is_final() {
        return Ok(Next::Done);
    }
    // From here on the provider may have heard of it; a later run asks before it sends again.
    in_tx!(db, |tx| { set_sending(tx, refund.id, env.now()).await })?;
    let fact = match ask(providers, &refund, &payment).await {
        Err(ProviderError::Refused { code, .. }) => refused(&refund, &code),
        answer => answer?,
    };
    let state = in_tx!(db, |tx| { record(tx, env, refund.id, &fact).await })?;
    if state.is_final() {
        return Ok(Next::Done);
    }
    Ok(Next::At(rules::next_refund_look(refund.created_at, env.now())))
}

async fn load(db: &Db, id: Id<RefundKind>) -> Result<(Refund, Payment), Problem> {
    let mut conn = db.read().await?;
    let refund = find_refund(&mut conn, id).await?;
    let payment = crate::open::find(&mut conn, refund.payment).await?;
    Ok((refund, payment))
}

async fn ask(providers: &Providers, refund: &Refund, payment: &Payment) -> Result<RefundFact, ProviderError> {
    let provider =
        providers.of_payment(&refund.provider).map_err(|p| ProviderError::Unknown(p.to_string()))?;
    let request = RefundRequest {
        reference: refund.reference(),
        payment_ref: payment.provider_ref.clone().unwrap_or_default(),
        capture_ref: refund.capture_ref.clone(),
        amount: refund.amount,
    };
    if refund.state == RefundState::Queued {
        return provider.refund(&request).await;
    }
    match provider.query_refund(&request).await {
        // It never arrived. Sending it again with the same key sends it once even if that is wrong.
        Err(ProviderError::NotFound) => provider.refund(&request).await,
        answer => answer,
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
    if !set_refund_state(conn, refund.id, state, fact, env.now()).await? {
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
    let key = format!("{}:{}", refund.reference(), state.word());
    let job = NewJob { kind: REFUND_DONE, key, payload: &payload, run_at: env.now() };
    jobs::enqueue(conn, env, job).await.map(drop)
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

fn refund(row: &Row) -> Result<Refund, Problem> {
    Ok(Refund {
        id: row.get("id")?,
        payment: row.get("payment_id")?,
        order: row.get("order_id")?,
        provider: row.get("provider")?,
        capture_ref: row.get("capture_ref")?,
        amount: money(row, "amount_minor")?,
        state: word(row, "state")?,
        attempt: row.get("attempt")?,
        provider_ref: row.get("provider_ref")?,
        failure: row.get("failure")?,
        reason: row.get("reason")?,
        created_at: row.get("created_at")?,
        changed_at: row.get("changed_at")?,
    })
}

async fn insert(conn: &mut Conn, new: &Refund, request_key: &str) -> Result<bool, Problem> {
    let rows = sql!(
        "INSERT INTO payment_refund
           (id, payment_id, order_id, provider, capture_ref, currency, amount_minor, state, attempt, reason, request_key,
            created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) ON CONFLICT (request_key) DO NOTHING"
    )
    .bind(new.id)
    .bind(new.payment)
    .bind(new.order)
    .bind(new.provider.as_str())
    .bind(new.capture_ref.as_str())
    .bind(new.amount.currency)
    .bind(new.amount.minor)
    .bind(new.state.word())
    .bind(new.attempt)
    .bind(new.reason.as_str())
    .bind(request_key)
    .bind(new.created_at)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

async fn set_sending(conn: &mut Conn, id: Id<RefundKind>, now: Timestamp) -> Result<u64, Problem> {
    sql!("UPDATE payment_refund SET state = 'sending', changed_at = $2 WHERE id = $1 AND state = 'queued'")
        .bind(id)
        .bind(now)
        .run(conn)
        .await
}

/// Moves a refund forward; false if it stood there or further. Only a success follows a failure.
async fn set_refund_state(
    conn: &mut Conn,
    id: Id<RefundKind>,
    state: RefundState,
    fact: &RefundFact,
    now: Timestamp,
) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE payment_refund SET state = $2, provider_ref = $3, failure = $4, changed_at = $5
         WHERE id = $1 AND (state IN ('queued', 'sending')
           OR (state = 'pending' AND $2 <> 'pending') OR (state = 'failed' AND $2 = 'succeeded'))"
    )
    .bind(id)
    .bind(state.word())
    .bind(fact.provider_ref.as_str())
    .bind(fact.failure.as_deref())
    .bind(now)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

async fn by_request_key(conn: &mut Conn, key: &str) -> Result<Option<Refund>, Problem> {
    let row = sql!("SELECT * FROM payment_refund WHERE request_key = $1").bind(key).optional(conn).await?;
    row.as_ref().map(refund).transpose()
}

/// The refund of this id.
pub async fn find_refund(conn: &mut Conn, id: Id<RefundKind>) -> Result<Refund, Problem> {
    let row = sql!("SELECT * FROM payment_refund WHERE id = $1").bind(id).optional(conn).await?;
    row.as_ref().map(refund).transpose()?.ok_or_else(Problem::not_found)
}

/// The refund of this id if it is of this payment.
pub(crate) async fn find_of(
    conn: &mut Conn,
    payment: Id<PaymentKind>,
    id: Id<RefundKind>,
) -> Result<Option<Refund>, Problem> {
    let row = sql!("SELECT * FROM payment_refund WHERE id = $1 AND payment_id = $2")
        .bind(id)
        .bind(payment)
        .optional(conn)
        .await?;
    row.as_ref().map(refund).transpose()
}

/// The refunds for an order, oldest first.
pub async fn refunds_of_order(conn: &mut Conn, order: Id<Order>) -> Result<Vec<Refund>, Problem> {
    let rows = sql!("SELECT * FROM payment_refund WHERE order_id = $1 ORDER BY created_at, id LIMIT 200")
        .bind(order)
        .all(conn)
        .await?;
    rows.iter().map(refund).collect()
}

/// The refunds of a payment, oldest first.
pub async fn refunds_of_payment(conn: &mut Conn, payment: Id<PaymentKind>) -> Result<Vec<Refund>, Problem> {
    let rows = sql!("SELECT * FROM payment_refund WHERE payment_id = $1 ORDER BY created_at, id LIMIT 200")
        .bind(payment)
        .all(conn)
        .await?;
    rows.iter().map(refund).collect()
}

/// An account's money that is still on its way back to a source, newest first, with the payment that it came by.
pub async fn refunds_under_way(
    conn: &mut Conn,
    account: Id<Account>,
) -> Result<Vec<(Refund, Payment)>, Problem> {
    let rows = sql!(
        "SELECT payment_refund.* FROM payment_refund
         JOIN payment ON payment.id = payment_refund.payment_id
         WHERE payment.account_id = $1 AND payment_refund.state <> 'succeeded'
         ORDER BY payment_refund.created_at DESC LIMIT 20"
    )
    .bind(account)
    .all(conn)
    .await?;
    let mut found = Vec::new();
    for row in &rows {
        let refund = refund(row)?;
        let payment = crate::open::find(conn, refund.payment).await?;
        found.push((refund, payment));
    }
    Ok(found)
}

//! Opening a payment: its row, then its page at the provider.

use basis::{
    Account, Env, Id, Language, Money, Order, Payment as PaymentKind, Problem, SECOND_MS, Timestamp,
};
use store::jobs::{self, NewJob};
use store::{Conn, Db, in_tx};

use crate::check::{CHECK, CheckJob};
use crate::provider::{BeginRequest, Facts, PaymentRef, ProviderError, Providers};
use crate::rows;
use crate::rules::{Method, Payment, PaymentState, Purpose};

/// A payment to be made.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// What for.
    pub purpose: Purpose,
    /// Who pays.
    pub account: Id<Account>,
    /// How much; more than nothing.
    pub amount: Money,
    /// At whom.
    pub provider: String,
    /// Which way.
    pub method: Method,
    /// When it can no longer be paid.
    pub expires_at: Timestamp,
    /// What the payer reads at the provider.
    pub description: String,
    /// In which language.
    pub language: Language,
    /// Where the payer's browser goes afterwards: an absolute address of ours. `{payment}` in it becomes the
    /// payment's id.
    pub return_url: String,
    /// The asker's idempotency key: the same key of the same account answers the same payment.
    pub request_key: Option<String>,
}

/// Creates a payment in the caller's transaction, and queues the looks at it.
///
/// # Errors
/// Invalid `payments-method-unavailable`; conflict `payments-key-reused` if the request key stands for
/// something else.
pub async fn create(
    conn: &mut Conn,
    env: &Env,
    providers: &Providers,
    new: NewPayment,
) -> Result<Payment, Problem> {
    check_offered(providers, &new)?;
    let now = env.now();
    let request_key = new.request_key.as_ref().map(|key| format!("{}:{key}", new.account));
    let payment = fresh(env, new);
    if rows::insert(conn, &payment, request_key.as_deref()).await? {
        queue_polling(conn, env, payment.id, now.plus_ms(5 * SECOND_MS)).await?;
        return Ok(payment);
    }
    let earlier = match request_key {
        Some(key) => rows::by_request_key(conn, &key).await?,
        None => None,
    };
    let earlier = earlier.ok_or_else(|| Problem::internal("a payment's id was used before"))?;
    same_wish(&earlier, &payment).then_some(earlier).ok_or_else(|| Problem::conflict("payments-key-reused"))
}

fn check_offered(providers: &Providers, new: &NewPayment) -> Result<(), Problem> {
    let offered = providers
        .get(&new.provider)
        .is_some_and(|provider| provider.capabilities().offers(new.method, new.amount.currency));
    if !offered {
        return Err(Problem::invalid("payments-method-unavailable").at("method"));
    }
    if !new.amount.is_positive() {
        return Err(Problem::internal("a payment of nothing"));
    }
    Ok(())
}

fn fresh(env: &Env, new: NewPayment) -> Payment {
    let now = env.now();
    let zero = Money::zero(new.amount.currency);
    let id: Id<PaymentKind> = env.new_id();
    Payment {
        id,
        account: new.account,
        purpose: new.purpose,
        provider: new.provider,
        method: new.method,
        amount: new.amount,
        state: PaymentState::Created,
        provider_ref: None,
        redirect_url: None,
        captured: zero,
        refunded: zero,
        failure: None,
        description: new.description,
        language: new.language,
        return_url: new.return_url.replace("{payment}", &id.to_string()),
        created_at: now,
        expires_at: new.expires_at,
        changed_at: now,
    }
}

fn same_wish(earlier: &Payment, new: &Payment) -> bool {
    let wish = |p: &Payment| (p.account, p.purpose, p.provider.clone(), p.method, p.amount);
    wish(earlier) == wish(new)
}

async fn queue_polling(
    conn: &mut Conn,
    env: &Env,
    payment: Id<PaymentKind>,
    run_at: Timestamp,
) -> Result<(), Problem> {
    let payload = CheckJob { payment, polling: true };
    let job = NewJob { kind: CHECK, key: format!("poll:{payment}"), payload: &payload, run_at };
    jobs::enqueue(conn, env, job).await.map(drop)
}

/// Opens the payment at its provider and answers the address where the payer goes. A repeat answers the same.
///
/// # Errors
/// Conflict `payments-over` if it can no longer be paid, `payments-provider-refused`; unavailable
/// `payments-provider-silent`: then it may be tried again.
pub async fn begin(
    db: &Db,
    env: &Env,
    providers: &Providers,
    id: Id<PaymentKind>,
) -> Result<String, Problem> {
    let payment = find(&mut db.read().await?, id).await?;
    if !payment.is_open() || payment.expires_at <= env.now() {
        return Err(Problem::conflict("payments-over"));
    }
    if let Some(url) = payment.redirect_url {
        return Ok(url);
    }
    let answer = providers.of_payment(&payment.provider)?.begin(&begin_request(payment)).await;
    match answer {
        Ok(begun) => {
            let now = env.now();
            in_tx!(db, |tx| { rows::set_begun(tx, id, &begun, now).await })?;
            Ok(begun.redirect_url)
        }
        Err(error) => {
            if let ProviderError::Refused { code, .. } = &error {
                in_tx!(db, |tx| { rows::set_refused(tx, id, code, env.now()).await })?;
            }
            Err(error.into())
        }
    }
}

fn begin_request(payment: Payment) -> BeginRequest {
    BeginRequest {
        payment: payment.id,
        amount: payment.amount,
        method: payment.method,
        description: payment.description,
        language: payment.language,
        return_url: payment.return_url,
        expires_at: payment.expires_at,
    }
}

/// Asks the provider that nobody may pay this payment any more. Answers where it stands there, to be confirmed:
/// it may turn out captured.
pub async fn cancel(db: &Db, providers: &Providers, id: Id<PaymentKind>) -> Result<Facts, Problem> {
    let payment = find(&mut db.read().await?, id).await?;
    let named = PaymentRef { payment: id, provider_ref: payment.provider_ref };
    match providers.of_payment(&payment.provider)?.cancel(&named).await {
        Err(ProviderError::NotFound) => Ok(Facts::absent(id)),
        answer => Ok(answer?),
    }
}

/// The payment of this id.
pub async fn find(conn: &mut Conn, id: Id<PaymentKind>) -> Result<Payment, Problem> {
    rows::find(conn, id).await?.ok_or_else(Problem::not_found)
}

/// The payment of this id if it is this account's.
pub async fn of_payer(
    conn: &mut Conn,
    account: Id<Account>,
    id: Id<PaymentKind>,
) -> Result<Payment, Problem> {
    rows::find(conn, id).await?.filter(|payment| payment.account == account).ok_or_else(Problem::not_found)
}

/// The payments of an order, oldest first.
pub async fn of_order(conn: &mut Conn, order: Id<Order>) -> Result<Vec<Payment>, Problem> {
    rows::of_order(conn, order).await
}

/// An account's payments, newest first.
pub async fn of_account(conn: &mut Conn, account: Id<Account>, limit: u32) -> Result<Vec<Payment>, Problem> {
    rows::of_account(conn, account, limit).await
}

//! Opening a payment: its row, then its page at the provider.

use basis::{
    Account, Env, Id, Language, Money, Order, Payment as PaymentKind, Problem, SECOND_MS, Timestamp,
};
use store::jobs::{self, NewJob};
use store::{Conn, Db, in_tx};

use crate::check::{CHECK, CheckJob};
use crate::facts::Facts;
use crate::provider::{ProviderError, Providers};
use crate::requests::{BeginRequest, PayAt, Payer, PaymentRef};
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
    /// The payer lets us keep the method that they pay with.
    pub save_method: bool,
    /// The asker's idempotency key: the same key of the same account answers the same payment.
    pub request_key: Option<String>,
}

/// Creates a payment in the caller's transaction, and queues the looks at it.
///
/// # Errors
/// Invalid `payments-method-unavailable`, also if the method cannot be kept as wished, `payments-method-limits`; conflict `payments-key-reused` if the request key stands for
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
    let unavailable = || Problem::invalid("payments-method-unavailable").at("method");
    let offered = providers.get(&new.provider).ok_or_else(unavailable)?.capabilities();
    let keeps = !new.save_method || offered.recurring.contains(&new.method);
    if !offered.offers(new.method, new.amount.currency) || !keeps {
        return Err(unavailable());
    }
    if !offered.within_limits(new.amount) {
        return Err(Problem::invalid("payments-method-limits").at("method"));
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
        pay_at: None,
        save_method: new.save_method,
        saved: None,
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

/// Opens the payment at its provider and answers where the payer goes. A repeat answers the same.
///
/// # Errors
/// Conflict `payments-over` if it can no longer be paid, `payments-provider-refused`; unavailable
/// `payments-provider-silent`: then it may be tried again.
pub async fn begin(
    db: &Db,
    env: &Env,
    providers: &Providers,
    id: Id<PaymentKind>,
    payer: Payer,
) -> Result<PayAt, Problem> {
    let payment = find(&mut db.read().await?, id).await?;
    if !payment.is_open() || payment.expires_at <= env.now() {
        return Err(Problem::conflict("payments-over"));
    }
    if let Some(pay_at) = payment.pay_at {
        return Ok(pay_at);
    }
    let provider = providers.of_payment(&payment.provider)?;
    let request = begin_request(payment, payer, providers.notify_url(provider.name()));
    match provider.begin(&request).await {
        Ok(begun) => {
            let now = env.now();
            in_tx!(db, |tx| { rows::set_begun(tx, id, &begun, now).await })?;
            Ok(begun.pay_at)
        }
        Err(error) => {
            if let ProviderError::Refused { code, .. } = &error {
                in_tx!(db, |tx| { rows::set_refused(tx, id, code, env.now()).await })?;
            }
            Err(error.into())
        }
    }
}

fn begin_request(payment: Payment, payer: Payer, notify_url: String) -> BeginRequest {
    BeginRequest {
        payment: payment.id,
        payer: payment.account,
        amount: payment.amount,
        method: payment.method,
        description: payment.description,
        language: payment.language,
        return_url: payment.return_url,
        notify_url,
        device: payer.device,
        payer_ip: payer.ip,
        save_method: payment.save_method,
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

/// Those of these payments that there are, in no order. Each id once.
pub async fn of_ids(conn: &mut Conn, ids: &[Id<PaymentKind>]) -> Result<Vec<Payment>, Problem> {
    rows::of_ids(conn, ids).await
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

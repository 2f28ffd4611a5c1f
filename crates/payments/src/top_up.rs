//! Filling a wallet.

use basis::{Account, Env, Id, Language, MINUTE_MS, Money, Problem};
use store::jobs::{self, NewJob};
use store::{Conn, Db, in_tx};

use crate::check::{CHECK, CheckJob};
use crate::open::{NewPayment, begin, create};
use crate::provider::Providers;
use crate::requests::{PayAt, Payer};
use crate::rules::{Method, Payment, Purpose};

/// The least that a wallet is filled with, in minor units.
pub const TOP_UP_MINOR_MIN: i64 = 100;
/// The most at once, in minor units.
pub const TOP_UP_MINOR_MAX: i64 = 1_000_000;
/// How long the payer has.
const PAY_WITHIN_MS: i64 = 30 * MINUTE_MS;

/// A wallet to be filled. The caller has made sure that the account's address is proved.
#[derive(Debug, Clone)]
pub struct TopUp {
    /// Whose.
    pub account: Id<Account>,
    /// How much.
    pub amount: Money,
    /// Which way to pay.
    pub method: Method,
    /// What the payer reads at the provider.
    pub description: String,
    /// In which language.
    pub language: Language,
    /// Where the payer's browser goes afterwards; `{payment}` in it becomes the payment's id.
    pub return_url: String,
    /// What the payer sits at, and where.
    pub payer: Payer,
    /// The asker's idempotency key.
    pub request_key: String,
}

/// Opens a payment that fills a wallet, and answers it with where the payer goes.
///
/// # Errors
/// Invalid `payments-top-up-range` or `payments-method-unavailable`; those of [`create`] and [`begin`].
pub async fn top_up(
    db: &Db,
    env: &Env,
    providers: &Providers,
    wish: TopUp,
) -> Result<(Payment, PayAt), Problem> {
    let currency = wish.amount.currency;
    if !(TOP_UP_MINOR_MIN..=TOP_UP_MINOR_MAX).contains(&wish.amount.minor) {
        let decimal = |minor| format!("{} {}", Money::new(minor, currency).to_decimal(), currency);
        return Err(Problem::invalid("payments-top-up-range")
            .at("amount")
            .with("from", decimal(TOP_UP_MINOR_MIN))
            .with("to", decimal(TOP_UP_MINOR_MAX)));
    }
    let payer = wish.payer;
    let new = new_payment(env, providers, wish)?;
    let payment = in_tx!(db, |tx| { create(tx, env, providers, new.clone()).await })?;
    let pay_at = begin(db, env, providers, payment.id, payer).await?;
    Ok((payment, pay_at))
}

fn new_payment(env: &Env, providers: &Providers, wish: TopUp) -> Result<NewPayment, Problem> {
    let ways = providers.ways(wish.amount.currency);
    let provider = ways.into_iter().find(|(method, _)| *method == wish.method).map(|(_, provider)| provider);
    let provider = provider.ok_or_else(|| Problem::invalid("payments-method-unavailable").at("method"))?;
    Ok(NewPayment {
        purpose: Purpose::Wallet,
        account: wish.account,
        amount: wish.amount,
        provider: provider.to_owned(),
        method: wish.method,
        expires_at: env.now().plus_ms(PAY_WITHIN_MS),
        description: wish.description,
        language: wish.language,
        return_url: wish.return_url,
        save_method: false,
        request_key: Some(wish.request_key),
    })
}

/// Queues a look at an open payment now, because its payer came back; what their address line says is not read.
pub async fn look_soon(conn: &mut Conn, env: &Env, payment: &Payment) -> Result<(), Problem> {
    if !payment.is_open() {
        return Ok(());
    }
    let payload = CheckJob { payment: payment.id, polling: false };
    let job =
        NewJob { kind: CHECK, key: format!("return:{}", payment.id), payload: &payload, run_at: env.now() };
    jobs::enqueue(conn, env, job).await.map(drop)
}

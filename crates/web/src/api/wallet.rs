//! `/api/v1`: the wallet, what moved in it, filling it, and how a payment stands.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use basis::{Currency, Id, Money, Problem, Timestamp, Transfer};
use payments::{Method, Payment, TopUp};
use serde::{Deserialize, Serialize};
use texts::Texts;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ApiCaller, ApiProblem, ApiResult, IdempotencyKey, amount::MoneyOut, catalog::Asked};
use crate::pages::payments::pay_url;
use crate::{App, Payer};

/// Moves on one page.
const MOVES: u32 = 50;

/// The wallet's endpoints.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(wallet))
        .routes(routes!(moves))
        .routes(routes!(methods))
        .routes(routes!(top_up))
        .routes(routes!(payment))
}

/// A wallet in one currency.
#[derive(Serialize, ToSchema)]
struct WalletOut {
    /// What can be spent.
    available: MoneyOut,
    /// What is set aside for orders that are being paid.
    held: MoneyOut,
}

/// The wallets of the account, the fullest first; one that was never used is not there.
#[utoipa::path(
    get,
    path = "/wallet",
    tag = "wallet",
    responses((status = 200, body = Vec<WalletOut>), (status = "4XX", body = super::problem::ProblemBody))
)]
async fn wallet(State(app): State<App>, caller: ApiCaller, Asked(texts): Asked) -> ApiResult<Vec<WalletOut>> {
    let wallets = ledger::wallets(&mut app.db.read().await?, caller.account).await?;
    let out = wallets.iter().map(|wallet| WalletOut {
        available: MoneyOut::of(wallet.available(), texts),
        held: MoneyOut::of(wallet.held, texts),
    });
    Ok(Json(out.collect()))
}

/// Where the page before ended.
#[derive(Deserialize, IntoParams)]
struct After {
    /// Its last move's `at_ms`.
    at_ms: Option<i64>,
    /// Its last move's `id`.
    id: Option<String>,
}

/// Something that changed a wallet's balance.
#[derive(Serialize, ToSchema)]
struct MoveOut {
    /// Its id.
    id: String,
    /// When, in milliseconds since 1970.
    at_ms: i64,
    /// `top_up`, `wallet_spend`, `wallet_refund`, `plan_change`, `goodwill`, `refund_due`, `correction`.
    kind: String,
    /// What it did to the balance; negative is money out.
    amount: MoneyOut,
    /// For which order.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    /// By which payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<String>,
}

/// What moved in the wallets, newest first, 50 at a time.
#[utoipa::path(
    get,
    path = "/wallet/moves",
    tag = "wallet",
    params(After),
    responses((status = 200, body = Vec<MoveOut>), (status = "4XX", body = super::problem::ProblemBody))
)]
async fn moves(
    State(app): State<App>,
    caller: ApiCaller,
    Asked(texts): Asked,
    Query(after): Query<After>,
) -> ApiResult<Vec<MoveOut>> {
    let id = after.id.as_deref().map(str::parse::<Id<Transfer>>).transpose();
    let id = id.map_err(|_| Problem::invalid("request-unreadable").at("id"))?;
    let after = after.at_ms.map(Timestamp).zip(id);
    let moves = ledger::wallet_history(&mut app.db.read().await?, caller.account, after, MOVES).await?;
    let out = moves.iter().map(|one| MoveOut {
        id: one.id.to_string(),
        at_ms: one.at.as_ms(),
        kind: one.kind.word().to_owned(),
        amount: MoneyOut::of(one.amount, texts),
        order: one.order.map(|id| id.to_string()),
        payment: one.payment.map(|id| id.to_string()),
    });
    Ok(Json(out.collect()))
}

/// In which currency.
#[derive(Deserialize, IntoParams)]
struct InCurrency {
    /// ISO 4217.
    #[param(example = "CNY")]
    currency: String,
}

/// The ways to pay in a currency: `card`, `paypal`, `alipay`, `wechat_pay`.
#[utoipa::path(
    get,
    path = "/payment-methods",
    tag = "wallet",
    params(InCurrency),
    responses((status = 200, body = Vec<String>), (status = "4XX", body = super::problem::ProblemBody))
)]
async fn methods(
    State(app): State<App>,
    _caller: ApiCaller,
    Query(query): Query<InCurrency>,
) -> ApiResult<Vec<String>> {
    let currency: Currency = query.currency.parse().map_err(|p: Problem| p.at("currency"))?;
    let ways = app.desk.providers.ways(currency);
    Ok(Json(ways.into_iter().map(|(method, _)| method.word().to_owned()).collect()))
}

/// A wallet to be filled.
#[derive(Deserialize, ToSchema)]
struct TopUpIn {
    /// In minor units: 10000 is ¥100.00 in CNY, ¥10000 in JPY.
    #[schema(example = 10_000)]
    amount_minor: i64,
    /// ISO 4217.
    #[schema(example = "CNY")]
    currency: String,
    /// `card`, `paypal`, `alipay` or `wechat_pay`.
    #[schema(example = "alipay")]
    method: String,
}

/// An opened payment.
#[derive(Serialize, ToSchema)]
struct OpenedOut {
    /// How it stands.
    payment: PaymentOut,
    /// Where the payer goes: the provider's page, or ours that shows a code to scan.
    redirect_url: String,
}

/// How a payment stands.
#[derive(Serialize, ToSchema)]
struct PaymentOut {
    /// Its id.
    id: String,
    /// `created`, `pending`, `captured`, `partly_refunded`, `refunded`, `failed`, `cancelled` or `disputed`.
    state: String,
    /// How much was asked for.
    amount: MoneyOut,
    /// What of it went back.
    refunded: MoneyOut,
    /// The way.
    method: String,
    /// The order that it pays; without one it fills the wallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    /// When it can no longer be paid, in milliseconds since 1970.
    expires_at_ms: i64,
}

impl PaymentOut {
    fn of(payment: &Payment, texts: Texts) -> Self {
        Self {
            id: payment.id.to_string(),
            state: payment.state.word().to_owned(),
            amount: MoneyOut::of(payment.amount, texts),
            refunded: MoneyOut::of(payment.refunded, texts),
            method: payment.method.word().to_owned(),
            order: payment.purpose.order().map(|id| id.to_string()),
            expires_at_ms: payment.expires_at.as_ms(),
        }
    }
}

/// Opens a payment that fills the wallet. The same `Idempotency-Key` answers the same payment. The address of the
/// account must have been proved.
#[utoipa::path(
    post,
    path = "/wallet/top-ups",
    tag = "wallet",
    params(("Idempotency-Key" = String, Header, description = "Makes a repeated call harmless")),
    request_body = TopUpIn,
    responses((status = 200, body = OpenedOut), (status = "4XX", body = super::problem::ProblemBody))
)]
async fn top_up(
    State(app): State<App>,
    caller: ApiCaller,
    Asked(texts): Asked,
    IdempotencyKey(key): IdempotencyKey,
    Payer(payer): Payer,
    Json(wish): Json<TopUpIn>,
) -> ApiResult<OpenedOut> {
    caller.who.account.require_verified()?;
    let currency: Currency = wish.currency.parse().map_err(|p: Problem| p.at("currency"))?;
    let method = Method::asked(&wish.method)?;
    let wish = TopUp {
        account: caller.account,
        amount: Money::new(wish.amount_minor, currency),
        method,
        description: texts.tf("wallet-at-provider", [("brand", &app.config.brand)]),
        language: texts.language(),
        return_url: app.config.absolute("/wallet/top-ups/{payment}"),
        payer,
        request_key: format!("api:{key}"),
    };
    let (opened, pay_at) = payments::top_up(&app.db, &app.env, &app.desk.providers, wish).await?;
    let now = payments::find(&mut app.db.read().await?, opened.id).await?;
    let redirect_url = pay_url(&app, opened.id, pay_at);
    Ok(Json(OpenedOut { payment: PaymentOut::of(&now, texts), redirect_url }))
}

/// How a payment of the account stands.
#[utoipa::path(
    get,
    path = "/payments/{payment}",
    tag = "wallet",
    params(("payment" = String, Path, description = "The payment's id")),
    responses((status = 200, body = PaymentOut), (status = "4XX", body = super::problem::ProblemBody))
)]
async fn payment(
    State(app): State<App>,
    caller: ApiCaller,
    Asked(texts): Asked,
    Path(id): Path<String>,
) -> Result<Json<PaymentOut>, ApiProblem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let payment = payments::of_payer(&mut app.db.read().await?, caller.account, id).await?;
    Ok(Json(PaymentOut::of(&payment, texts)))
}

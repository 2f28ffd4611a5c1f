//! What no real provider has: paying without a page, faults, the clock, and the books as the oracle of a test.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use basis::Currency;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answers::settled;
use crate::books::Books;
use crate::faults::FaultPlan;
use crate::keys::{PLATFORM, PLATFORM_NEXT};
use crate::service::Service;
use crate::wire::{ApiError, Outcome, Payment, Payout, RefundStatus};

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/sim/payments/{id}/pay", post(pay))
        .route("/sim/payments/{id}/dispute", post(dispute))
        .route("/sim/payments/{id}/faults", put(set_faults))
        .route("/sim/faults", put(set_default_faults))
        .route("/sim/payments/{id}/dispute/end", post(end_dispute))
        .route("/sim/payout", post(pay_out))
        .route("/sim/webhook", put(set_webhook))
        .route("/sim/secrets", put(set_secrets))
        .route("/sim/keys", put(set_keys))
        .route("/sim/rotate", post(rotate))
        .route("/sim/clock", post(advance))
        .route("/sim/books", get(books))
}

#[derive(Deserialize)]
struct Pay {
    outcome: Outcome,
}

async fn pay(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Json(pay): Json<Pay>,
) -> Result<Json<Payment>, ApiError> {
    settled(service.change(|books, env| books.pay(env, &id, pay.outcome)).await).map(Json)
}

async fn dispute(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Json<Payment>, ApiError> {
    settled(service.change(|books, env| books.dispute(env, &id)).await).map(Json)
}

async fn set_faults(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Json(plan): Json<FaultPlan>,
) -> Result<Json<Value>, ApiError> {
    settled(service.change(|books, _| books.set_plan(&id, plan)).await)?;
    Ok(Json(json!({})))
}

async fn set_default_faults(State(service): State<Arc<Service>>, Json(plan): Json<FaultPlan>) -> Json<Value> {
    service.change(|books, _| books.set_default_plan(plan)).await;
    Json(json!({}))
}

/// The face that is meant when none is named.
fn sandbox() -> String {
    "sandbox".to_owned()
}

#[derive(Deserialize)]
struct EndDispute {
    won: bool,
}

async fn end_dispute(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Json(end): Json<EndDispute>,
) -> Result<Json<Payment>, ApiError> {
    settled(service.change(|books, env| books.end_dispute(env, &id, end.won)).await).map(Json)
}

#[derive(Deserialize)]
struct PayOut {
    #[serde(default = "sandbox")]
    face: String,
}

async fn pay_out(State(service): State<Arc<Service>>, Json(wish): Json<PayOut>) -> Json<Vec<Payout>> {
    Json(service.change(|books, env| books.pay_out(env, &wish.face)).await.1)
}

#[derive(Deserialize)]
struct Webhook {
    #[serde(default = "sandbox")]
    face: String,
    url: Option<String>,
}

async fn set_webhook(State(service): State<Arc<Service>>, Json(webhook): Json<Webhook>) -> Json<Value> {
    service.set_webhook_url(&webhook.face, webhook.url);
    Json(json!({}))
}

#[derive(Deserialize)]
struct Secrets {
    #[serde(default = "sandbox")]
    face: String,
    secrets: Vec<String>,
}

async fn set_secrets(State(service): State<Arc<Service>>, Json(body): Json<Secrets>) -> Json<Value> {
    service.change_keys(&body.face, |keys| keys.secrets = body.secrets);
    Json(json!({}))
}

#[derive(Deserialize)]
struct Credentials {
    face: String,
    merchant: String,
    client: String,
    api_key: String,
}

/// Who the merchant is at this face, and what it shows there.
async fn set_keys(State(service): State<Arc<Service>>, Json(body): Json<Credentials>) -> Json<Value> {
    service.change_keys(&body.face, |keys| {
        (keys.merchant, keys.client, keys.api_key) = (body.merchant, body.client, body.api_key);
    });
    Json(json!({}))
}

#[derive(Deserialize)]
struct Rotate {
    face: String,
}

/// A face that signs by RSA takes another key; the one before stays shown.
async fn rotate(State(service): State<Arc<Service>>, Json(body): Json<Rotate>) -> Json<Value> {
    service.change_keys(&body.face, |keys| {
        let next = if keys.signer() == PLATFORM { PLATFORM_NEXT } else { PLATFORM };
        keys.signers = vec![next, keys.signer()];
    });
    Json(json!({}))
}

#[derive(Deserialize)]
struct Advance {
    advance_ms: i64,
}

async fn advance(
    State(service): State<Arc<Service>>,
    Json(body): Json<Advance>,
) -> Result<Json<Value>, ApiError> {
    let clock = service.virtual_clock();
    let clock = clock.ok_or_else(|| ApiError::invalid("clock", "the clock of this sandbox is real"))?;
    clock.advance_ms(body.advance_ms.max(0));
    service.wake();
    Ok(Json(json!({ "now": service.env().now() })))
}

/// One payment in the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookLine {
    /// The sandbox's name for it.
    pub id: String,
    /// In which protocol it was opened.
    pub face: String,
    /// The merchant's name for it.
    pub reference: String,
    /// In which currency.
    pub currency: Currency,
    /// What was asked for, in minor units.
    pub asked_minor: i64,
    /// What was taken.
    pub captured_minor: i64,
    /// How often something was taken.
    pub captures: usize,
    /// What reached its source again, by refunds and by disputes that its payer won.
    pub refunded_minor: i64,
    /// What is on its way back.
    pub refunding_minor: i64,
}

/// All that the sandbox took and gave back: the oracle of a test.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BookTotals {
    /// Taken, by currency, in minor units.
    pub captured_minor: BTreeMap<String, i64>,
    /// Given back, by currency.
    pub refunded_minor: BTreeMap<String, i64>,
    /// Messages not yet taken by the merchant.
    pub messages_waiting: usize,
    /// Every payment.
    pub payments: Vec<BookLine>,
}

/// Sums up the books.
pub(crate) fn totals(books: &Books) -> BookTotals {
    let payments: Vec<BookLine> = books.all().map(line).collect();
    let mut totals = BookTotals { messages_waiting: books.deliveries(), ..BookTotals::default() };
    for line in &payments {
        let currency = line.currency.code().to_owned();
        *totals.captured_minor.entry(currency.clone()).or_default() += line.captured_minor;
        *totals.refunded_minor.entry(currency).or_default() += line.refunded_minor;
    }
    BookTotals { payments, ..totals }
}

fn line(payment: &Payment) -> BookLine {
    let refunds = |status| {
        let of_status = payment.refunds.iter().filter(move |refund| refund.status == status);
        of_status.map(|refund| refund.amount.minor).sum::<i64>()
    };
    let lost = payment.dispute.as_ref().filter(|dispute| dispute.won == Some(false));
    let lost = lost.map_or(0, |dispute| dispute.amount.minor);
    BookLine {
        id: payment.id.clone(),
        face: payment.face.clone(),
        reference: payment.reference.clone(),
        currency: payment.captures.first().map_or(payment.amount.currency, |capture| capture.amount.currency),
        asked_minor: payment.amount.minor,
        captured_minor: payment.captures.iter().map(|capture| capture.amount.minor).sum(),
        captures: payment.captures.len(),
        refunded_minor: refunds(RefundStatus::Succeeded) + lost,
        refunding_minor: refunds(RefundStatus::Pending),
    }
}

async fn books(State(service): State<Arc<Service>>) -> Json<BookTotals> {
    Json(service.look(|books, _| totals(books)).await.1)
}

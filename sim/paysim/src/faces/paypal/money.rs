//! Captures and refunds.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use basis::{DAY_MS, Env, Money};
use serde::Deserialize;
use serde_json::Value;

use super::{Asked, Known, Shown, unprocessable, wire};
use crate::answers::settled;
use crate::books::Books;
use crate::service::Service;
use crate::wire::{ApiError, Capture, CreateRefund, Payment};

/// For how long a PayPal-Request-Id of a refund is kept.
const KEPT_MS: i64 = 45 * DAY_MS;
/// For how long after it a capture can be refunded.
const REFUNDABLE_MS: i64 = 180 * DAY_MS;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/v2/payments/captures/{id}", get(find_capture))
        .route("/v2/payments/captures/{id}/refund", post(refund))
        .route("/v2/payments/refunds/{id}", get(find_refund))
}

async fn find_capture(State(service): State<Arc<Service>>, _: Known, Path(id): Path<String>) -> Shown {
    find_part(&service, &id, |payment| wire::find_capture(payment, &id)).await
}

async fn find_refund(State(service): State<Arc<Service>>, _: Known, Path(id): Path<String>) -> Shown {
    let find = |payment: &Payment| {
        let refund = payment.refunds.iter().find(|refund| refund.id == id)?;
        Some(wire::refund(payment, refund))
    };
    find_part(&service, &id, find).await
}

/// Something of a payment, found by its own name.
async fn find_part(service: &Service, id: &str, find: impl FnOnce(&Payment) -> Option<Value>) -> Shown {
    let payment = settled(service.look(|books, now| books.owner(now, id)).await)?;
    Ok(Json(find(&payment).ok_or_else(ApiError::not_found)?))
}

#[derive(Deserialize)]
struct Wish {
    amount: Option<Value>,
    #[serde(default)]
    custom_id: String,
    #[serde(default)]
    invoice_id: String,
}

async fn refund(State(service): State<Arc<Service>>, Path(id): Path<String>, asked: Asked) -> Response {
    let owner = settled(service.look(|books, now| books.owner(now, &id)).await);
    let target = owner.map_or_else(|_| String::new(), |payment| payment.id);
    let change = |books: &mut Books, env: &Env| send_back(books, env, &id, asked.json()?);
    asked.change(&service, &target, KEPT_MS, change).await
}

fn send_back(books: &mut Books, env: &Env, capture: &str, wish: Wish) -> Result<(u16, Value), ApiError> {
    let payment = books.owner(env.now(), capture)?;
    let done = payment.captures.iter().find(|done| done.id == capture);
    let done = done.ok_or_else(|| unprocessable("PENDING_CAPTURE", "nothing was captured yet"))?;
    let amount = refundable(env, &payment, done, wish.amount.as_ref())?;
    let new = CreateRefund {
        reference: wish.custom_id,
        capture: Some(capture.to_owned()),
        amount,
        extra: wish.invoice_id.into(),
    };
    let sent = books.refund(env, &payment.id, new)?;
    let payment = books.get(env.now(), &payment.id)?;
    Ok((201, wire::refund(&payment, &sent)))
}

/// What is to go back: what is asked for, else all that is left.
fn refundable(
    env: &Env,
    payment: &Payment,
    done: &Capture,
    asked: Option<&Value>,
) -> Result<Money, ApiError> {
    if env.now().since(done.at) > REFUNDABLE_MS {
        return Err(unprocessable("REFUND_TIME_LIMIT_EXCEEDED", "180 days are over"));
    }
    let left = done.amount.minor - wire::refunded(payment, &done.id);
    if left == 0 {
        return Err(unprocessable("CAPTURE_FULLY_REFUNDED", "all of it went back"));
    }
    match asked {
        Some(amount) => wire::read_amount(amount),
        None => Ok(Money::new(left, done.amount.currency)),
    }
}

//! Vault tokens: methods that a payer let the merchant keep.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use basis::Env;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Known, NAME, Refused, Shown, wire};
use crate::answers::{self, Call, settled};
use crate::books::Books;
use crate::service::Service;
use crate::wire::{ApiError, Payment};

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/v3/vault/payment-tokens", get(list))
        .route("/v3/vault/payment-tokens/{id}", get(find).delete(remove))
}

fn token(payment: &Payment) -> Option<Value> {
    let saved = payment.saved.as_ref().filter(|saved| !saved.forgotten)?;
    let own = format!("{}/v3/vault/payment-tokens/{}", wire::base(payment), saved.id);
    Some(json!({
        "id": saved.id,
        "customer": { "id": "customer_1" },
        "payment_source": { "paypal": { "email_address": "buyer@example.com", "account_id": "QYR5Z8XDVJNXQ" } },
        "links": [wire::link(&own, "self", "GET"), wire::link(&own, "delete", "DELETE")],
    }))
}

#[derive(Deserialize)]
struct Whose {
    customer_id: String,
}

async fn list(State(service): State<Arc<Service>>, _: Known, Query(whose): Query<Whose>) -> Shown {
    let kept = |books: &Books, _| {
        let ours = books.all().filter(|payment| payment.face == NAME);
        Ok(ours.filter_map(token).collect::<Vec<Value>>())
    };
    let tokens = settled(service.look(kept).await)?;
    Ok(Json(json!({ "customer": { "id": whose.customer_id }, "payment_tokens": tokens })))
}

async fn find(State(service): State<Arc<Service>>, _: Known, Path(id): Path<String>) -> Shown {
    let kept = |books: &Books, _| books.kept_by(&id).and_then(token).ok_or_else(ApiError::not_found);
    Ok(Json(settled(service.look(kept).await)?))
}

/// 204, or 404 for one that is gone.
async fn remove(State(service): State<Arc<Service>>, _: Known, Path(id): Path<String>) -> Response {
    let call = Call { key: None, fingerprint: String::new(), kept_ms: 0 };
    let forget = |books: &mut Books, env: &Env| books.forget_saved(env, &id).map(|()| (204, Value::Null));
    match answers::run(&service, call, &id, forget).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(failure) => failure.respond(|error| Refused(error).into_response()),
    }
}

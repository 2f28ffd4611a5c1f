//! The merchant's API: payments, refunds, idempotency keys.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header, request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use basis::{Env, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::books::{Books, KeptAnswer};
use crate::service::Service;
use crate::wire::{AnswerPlan, ApiError};

/// How many objects a list answers at once.
const PAGE: usize = 100;

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body())).into_response()
    }
}

/// An answer that is only given once it is on the disk.
pub(crate) fn settled<T>((durable, answer): (bool, Result<T, ApiError>)) -> Result<T, ApiError> {
    if durable { answer } else { Err(ApiError::broken(500)) }
}

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/v1/payments", post(create).get(list))
        .route("/v1/payments/{id}", get(show))
        .route("/v1/payments/{id}/cancel", post(cancel))
        .route("/v1/payments/{id}/refunds", post(refund))
        .route("/v1/refunds", get(refunds))
}

fn authorize(service: &Service, headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given.and_then(|text| text.strip_prefix("Bearer ")) == Some(service.api_key()) {
        return Ok(());
    }
    let message = "a bearer token of this merchant is needed".to_owned();
    Err(ApiError { status: 401, kind: "authentication_error", code: "api_key", message })
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, ApiError> {
    serde_json::from_str(body).map_err(|e| ApiError::invalid("unreadable", e.to_string()))
}

/// Whoever asks has shown the merchant's token.
struct Merchant;

impl FromRequestParts<Arc<Service>> for Merchant {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut request::Parts,
        service: &Arc<Service>,
    ) -> Result<Self, ApiError> {
        authorize(service, &parts.headers).map(|()| Self)
    }
}

/// One request of the merchant's that changes something.
struct Call {
    key: Option<String>,
    fingerprint: String,
    body: String,
}

impl FromRequest<Arc<Service>> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, service: &Arc<Service>) -> Result<Self, Response> {
        authorize(service, request.headers()).map_err(IntoResponse::into_response)?;
        let key = key_of(request.headers()).map_err(IntoResponse::into_response)?;
        let asked = format!("{} {}", request.method(), request.uri().path());
        let body = String::from_request(request, service).await.map_err(IntoResponse::into_response)?;
        Ok(Self { key, fingerprint: format!("{asked} {body}"), body })
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    if key.is_some_and(|key| key.is_empty() || key.len() > 255) {
        return Err(ApiError::invalid("idempotency_key", "a key of 1 to 255 bytes is needed"));
    }
    Ok(key.map(str::to_owned))
}

/// Runs a change under its idempotency key: the answer is kept and repeated.
async fn once(
    service: &Service,
    call: Call,
    status: u16,
    target: &str,
    change: impl FnOnce(&mut Books, &Env, &str) -> Result<Value, ApiError>,
) -> Response {
    let done = service.change(|books, env| run_once(books, env, call, status, target, change)).await;
    match settled(done) {
        Ok((status, body, repeated)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
            if repeated {
                response
                    .headers_mut()
                    .insert("idempotent-replayed", header::HeaderValue::from_static("true"));
            }
            response
        }
        Err(error) => error.into_response(),
    }
}

fn run_once(
    books: &mut Books,
    env: &Env,
    call: Call,
    status: u16,
    target: &str,
    change: impl FnOnce(&mut Books, &Env, &str) -> Result<Value, ApiError>,
) -> Result<(u16, String, bool), ApiError> {
    if let Some(key) = &call.key
        && let Some(kept) = books.kept(env.now(), key, &call.fingerprint)?
    {
        return Ok((kept.status, kept.body, true));
    }
    if books.plan(target).answer == AnswerPlan::FailBefore {
        books.spend_answer_fault(target);
        return Err(ApiError::broken(503));
    }
    // What is refused leaves nothing behind, so its key stays free.
    let body = change(books, env, &call.body)?.to_string();
    if let Some(key) = call.key {
        let fingerprint = call.fingerprint;
        books.keep(KeptAnswer { key, fingerprint, status, body: body.clone(), at: env.now() });
    }
    if books.plan(target).answer == AnswerPlan::LoseAnswer {
        books.spend_answer_fault(target);
        return Err(ApiError::broken(502));
    }
    Ok((status, body, false))
}

fn json_of(value: impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(|_| ApiError::broken(500))
}

async fn create(State(service): State<Arc<Service>>, call: Call) -> Response {
    once(&service, call, 201, "", |books, env, body| json_of(books.create(env, read(body)?)?)).await
}

async fn show(
    _: Merchant,
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let payment = settled(service.look(|books, now| books.get(now, &id)).await)?;
    Ok(Json(json_of(payment)?))
}

#[derive(Deserialize)]
struct ListQuery {
    reference: Option<String>,
    from: Option<i64>,
    until: Option<i64>,
    #[serde(default)]
    after: String,
}

async fn list(
    _: Merchant,
    State(service): State<Arc<Service>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Value>, ApiError> {
    let look = |books: &Books, now| {
        Ok(match &query.reference {
            Some(reference) => books.by_reference(now, reference),
            None => {
                let from = Timestamp(query.from.unwrap_or(i64::MIN));
                let until = Timestamp(query.until.unwrap_or(i64::MAX));
                books.list(now, from, until, &query.after, PAGE)
            }
        })
    };
    let data = settled(service.look(look).await)?;
    let next = data.last().filter(|_| data.len() >= PAGE).map(|last| last.id.clone());
    Ok(Json(json!({ "object": "list", "data": data, "next": next })))
}

async fn cancel(State(service): State<Arc<Service>>, Path(id): Path<String>, call: Call) -> Response {
    once(&service, call, 200, &id, |books, env, _| json_of(books.cancel(env, &id)?)).await
}

async fn refund(State(service): State<Arc<Service>>, Path(id): Path<String>, call: Call) -> Response {
    let change = |books: &mut Books, env: &Env, body: &str| json_of(books.refund(env, &id, read(body)?)?);
    once(&service, call, 201, &id, change).await
}

#[derive(Deserialize)]
struct RefundQuery {
    reference: String,
}

async fn refunds(
    _: Merchant,
    State(service): State<Arc<Service>>,
    Query(query): Query<RefundQuery>,
) -> Result<Json<Value>, ApiError> {
    let data = settled(service.look(|books, _| Ok(books.refunds(&query.reference))).await)?;
    Ok(Json(json!({ "object": "list", "data": data, "next": null })))
}

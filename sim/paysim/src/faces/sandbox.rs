//! The sandbox's own small protocol: payments, charges, refunds and bills, with idempotency keys.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::http::{HeaderMap, header, request::Parts};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use basis::{DAY_MS, Env, Money, SECOND_MS, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Face, Message};
use crate::answers::{self, Answer, Call, Failure, settled};
use crate::books::{Books, NewPayment};
use crate::keys::{Keys, hmac_hex};
use crate::retries;
use crate::service::Service;
use crate::wire::{ApiError, Event, Method, Payment};

const NAME: &str = "sandbox";

/// The sandbox's own face.
pub(crate) struct Sandbox;

impl Face for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn routes(&self) -> Router<Arc<Service>> {
        routes()
    }

    fn message(&self, keys: &Keys, event: &Event, now: Timestamp) -> Option<Message> {
        let body = json!({
            "id": event.id,
            "object": "event",
            "type": event.happening,
            "created_at": event.at,
            "data": event.payment,
        });
        let body = body.to_string();
        let signature = sign(&keys.secrets, now.as_ms() / SECOND_MS, &body);
        let headers = vec![("content-type", "application/json".to_owned()), ("paysim-signature", signature)];
        Some(Message { headers, body })
    }

    /// As the provider would that the method belongs to.
    fn retries_ms(&self, payment: &Payment) -> &'static [i64] {
        match payment.method {
            Method::Card => retries::STRIPE,
            Method::PayPal => retries::PAYPAL,
            Method::Alipay => retries::ALIPAY,
            Method::WeChatPay => retries::WECHAT_PAY,
        }
    }
}

/// `t=<unix seconds>,v1=<hex>` with one `v1` for every secret, as while they are rolled.
pub fn sign(secrets: &[String], seconds: i64, body: &str) -> String {
    let mut header = format!("t={seconds}");
    for secret in secrets {
        header.push_str(",v1=");
        header.push_str(&hmac_hex(secret.as_bytes(), format!("{seconds}.{body}").as_bytes()));
    }
    header
}

/// How many objects a list answers at once.
const PAGE: usize = 100;

fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/sandbox/v1/payments", post(create).get(list))
        .route("/sandbox/v1/payments/{id}", get(show))
        .route("/sandbox/v1/payments/{id}/cancel", post(cancel))
        .route("/sandbox/v1/payments/{id}/refunds", post(refund))
        .route("/sandbox/v1/refunds", get(refunds))
        .route("/sandbox/v1/charges", post(charge))
        .route("/sandbox/v1/saved/{id}/forget", post(forget))
        .route("/sandbox/v1/bill", get(bill))
}

fn authorize(service: &Service, headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given.and_then(|text| text.strip_prefix("Bearer ")) == Some(service.keys(NAME).api_key.as_str()) {
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

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, ApiError> {
        authorize(service, &parts.headers).map(|()| Self)
    }
}

/// One request of the merchant's that changes something.
struct Wish {
    call: Call,
    body: String,
}

impl FromRequest<Arc<Service>> for Wish {
    type Rejection = Response;

    async fn from_request(request: Request, service: &Arc<Service>) -> Result<Self, Response> {
        authorize(service, request.headers()).map_err(IntoResponse::into_response)?;
        let key = key_of(request.headers()).map_err(IntoResponse::into_response)?;
        let asked = format!("{} {}", request.method(), request.uri().path());
        let body = String::from_request(request, service).await.map_err(IntoResponse::into_response)?;
        let call = Call { key, fingerprint: format!("{asked} {body}"), kept_ms: DAY_MS };
        Ok(Self { call, body })
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    if key.is_some_and(|key| key.is_empty() || key.len() > 255) {
        return Err(ApiError::invalid("idempotency_key", "a key of 1 to 255 bytes is needed"));
    }
    Ok(key.map(|key| format!("{NAME}:{key}")))
}

/// What became of a change.
fn respond(ran: Result<Answer, Failure>) -> Response {
    ran.map_or_else(|failure| failure.respond(IntoResponse::into_response), IntoResponse::into_response)
}

fn list_of(data: impl serde::Serialize, next: Option<&str>) -> Json<Value> {
    Json(json!({ "object": "list", "data": data, "next": next }))
}

fn json_of(value: impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(|_| ApiError::broken(500))
}

/// `POST /sandbox/v1/payments`
#[derive(Deserialize)]
struct Create {
    /// The merchant's own name for it, at most 100 bytes.
    reference: String,
    amount: Money,
    method: Method,
    #[serde(default)]
    description: String,
    #[serde(default)]
    locale: String,
    return_url: String,
    expires_at: Timestamp,
    #[serde(default)]
    save: bool,
}

fn new_payment(merchant: String, wish: Create) -> NewPayment {
    NewPayment {
        face: NAME,
        id: String::new(),
        merchant,
        reference: wish.reference,
        amount: wish.amount,
        method: wish.method,
        description: wish.description,
        locale: wish.locale,
        return_url: wish.return_url,
        notify_url: None,
        expires_at: wish.expires_at,
        captured_by_merchant: false,
        save: wish.save,
        extra: Value::Null,
    }
}

fn check_new(now: Timestamp, new: &NewPayment) -> Result<(), ApiError> {
    if new.reference.is_empty() || new.reference.len() > 100 {
        return Err(ApiError::invalid("reference", "a reference of 1 to 100 bytes is needed"));
    }
    if !new.amount.is_positive() {
        return Err(ApiError::invalid("amount", "an amount of more than nothing is needed"));
    }
    if !new.return_url.starts_with("http://") && !new.return_url.starts_with("https://") {
        return Err(ApiError::invalid("return_url", "an absolute http address is needed"));
    }
    let open_ms = new.expires_at.since(now);
    if open_ms <= 0 || open_ms > DAY_MS {
        return Err(ApiError::invalid("expires_at", "it must lie within the next 24 hours"));
    }
    Ok(())
}

async fn create(
    State(service): State<Arc<Service>>,
    Wish { call, body }: Wish,
) -> Result<Response, ApiError> {
    let merchant = service.keys(NAME).merchant;
    let change = |books: &mut Books, env: &Env| {
        let new = new_payment(merchant, read(&body)?);
        check_new(env.now(), &new)?;
        Ok((201, json_of(books.create(env, new))?))
    };
    Ok(respond(answers::run(&service, call, "", change).await))
}

/// `POST /sandbox/v1/charges`
#[derive(Deserialize)]
struct Charge {
    reference: String,
    amount: Money,
    saved: String,
    #[serde(default)]
    description: String,
    /// Where its payer goes if their bank wants to see them.
    return_url: String,
}

async fn charge(
    State(service): State<Arc<Service>>,
    Wish { call, body }: Wish,
) -> Result<Response, ApiError> {
    let wish: Charge = read(&body)?;
    let merchant = service.keys(NAME).merchant;
    let saved = wish.saved.clone();
    let change = |books: &mut Books, env: &Env| {
        let Charge { reference, amount, description, return_url, .. } = wish;
        let wish = Create {
            reference,
            amount,
            // The kept method's own takes its place.
            method: Method::Card,
            description,
            locale: String::new(),
            return_url,
            expires_at: env.now().plus_ms(DAY_MS),
            save: false,
        };
        let new = new_payment(merchant, wish);
        check_new(env.now(), &new)?;
        Ok((201, json_of(books.charge(env, new, &saved)?)?))
    };
    Ok(respond(answers::run(&service, call, &saved, change).await))
}

async fn forget(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Wish { call, .. }: Wish,
) -> Result<Response, ApiError> {
    let change = |books: &mut Books, env: &Env| {
        books.forget_saved(env, &id)?;
        Ok((200, json!({ "id": id, "object": "saved", "forgotten": true })))
    };
    Ok(respond(answers::run(&service, call, &id, change).await))
}

async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    _: Merchant,
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
    State(service): State<Arc<Service>>,
    Query(query): Query<ListQuery>,
    _: Merchant,
) -> Result<Json<Value>, ApiError> {
    let look = |books: &Books, now| {
        Ok(match &query.reference {
            Some(reference) => books.by_reference(now, reference),
            None => {
                let from = Timestamp(query.from.unwrap_or(i64::MIN));
                let until = Timestamp(query.until.unwrap_or(i64::MAX));
                books.list(now, NAME, from, until, &query.after, PAGE)
            }
        })
    };
    let data = settled(service.look(look).await)?;
    let next = data.last().filter(|_| data.len() >= PAGE).map(|last| last.id.clone());
    Ok(list_of(data, next.as_deref()))
}

async fn cancel(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Wish { call, .. }: Wish,
) -> Result<Response, ApiError> {
    let change = |books: &mut Books, env: &Env| Ok((200, json_of(books.cancel(env, &id)?)?));
    Ok(respond(answers::run(&service, call, &id, change).await))
}

async fn refund(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Wish { call, body }: Wish,
) -> Result<Response, ApiError> {
    let change = |books: &mut Books, env: &Env| Ok((201, json_of(books.refund(env, &id, read(&body)?)?)?));
    Ok(respond(answers::run(&service, call, &id, change).await))
}

#[derive(Deserialize)]
struct RefundQuery {
    reference: String,
}

async fn refunds(
    State(service): State<Arc<Service>>,
    Query(query): Query<RefundQuery>,
    _: Merchant,
) -> Result<Json<Value>, ApiError> {
    let data = settled(service.look(|books, _| Ok(books.refunds(&query.reference))).await)?;
    Ok(list_of(data, None))
}

#[derive(Deserialize)]
struct BillQuery {
    /// `2026-11-23`, by UTC.
    day: String,
}

async fn bill(
    State(service): State<Arc<Service>>,
    Query(query): Query<BillQuery>,
    _: Merchant,
) -> Result<Json<Value>, ApiError> {
    let midnight: jiff::Timestamp = format!("{}T00:00:00Z", query.day)
        .parse()
        .map_err(|_| ApiError::invalid("day", "a day such as 2026-11-23 is needed"))?;
    let from = Timestamp(midnight.as_millisecond());
    let data = settled(service.look(|books, _| Ok(books.bill(NAME, from, from.plus_ms(DAY_MS)))).await)?;
    Ok(list_of(data, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_signs_while_they_are_rolled() {
        let header = sign(&["a".to_owned(), "b".to_owned()], 5, "{}");
        assert_eq!(header.matches(",v1=").count(), 2);
        assert!(header.starts_with("t=5,v1="));
    }
}

//! PayPal: Orders v2, Payments v2, vault tokens, transaction search, disputes, webhooks.
//!
//! developer.paypal.com/docs/api and the docstrings of PyPI's paypal-server-sdk 2.4.0.

mod access;
mod messages;
mod money;
mod orders;
mod reports;
mod vault;
mod wire;

pub use messages::CERTIFICATE_AUTHORITY;

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use basis::{Env, Timestamp};
use serde_json::{Value, json};

use super::{Face, Message, PageRules};
use crate::answers::{self, Answer, Call};
use crate::books::Books;
use crate::keys::Keys;
use crate::retries;
use crate::service::Service;
use crate::wire::{ApiError, Event, Payment};

const NAME: &str = "paypal";

/// PayPal's face.
pub(crate) struct PayPal;

impl Face for PayPal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn routes(&self) -> Router<Arc<Service>> {
        Router::new()
            .merge(access::routes())
            .merge(orders::routes())
            .merge(money::routes())
            .merge(vault::routes())
            .merge(reports::routes())
            .merge(messages::routes())
    }

    fn message(&self, keys: &Keys, event: &Event, now: Timestamp) -> Option<Message> {
        messages::message(keys, event, now)
    }

    /// An order is paid once, and a payer who went back or was refused comes again.
    fn page(&self) -> PageRules {
        PageRules { late: false, twice: false, tries_again: true }
    }

    /// 25 tries over three days.
    fn retries_ms(&self, _payment: &Payment) -> &'static [i64] {
        retries::PAYPAL
    }
}

/// 422: understood, and not done; `issue` is PayPal's word for why.
fn unprocessable(issue: &'static str, message: &str) -> ApiError {
    ApiError { status: 422, kind: "UNPROCESSABLE_ENTITY", code: issue, message: message.to_owned() }
}

/// 400: not understood.
fn malformed(issue: &'static str, message: &str) -> ApiError {
    ApiError { status: 400, kind: "INVALID_REQUEST", code: issue, message: message.to_owned() }
}

/// The body of an error, with links to where its payer can mend it.
fn error_body(name: &str, issue: &str, description: &str, links: &[Value]) -> Value {
    json!({
        "name": name,
        "message": "The request was not carried out.",
        "debug_id": "f00df00df00df",
        "details": [{ "issue": issue, "description": description }],
        "links": links,
    })
}

/// An answer in PayPal's words that is no success.
struct Refused(ApiError);

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    /// The books' own words are PayPal's issues in capitals.
    fn into_response(self) -> Response {
        let error = self.0;
        let (status, name, issue) = match (error.status, error.kind, error.code) {
            (404, ..) => (404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"),
            (_, "idempotency_error", _) => (422, "UNPROCESSABLE_ENTITY", "DUPLICATE_REQUEST_ID"),
            (.., "not_approved") => (422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED"),
            (.., "amount_too_large") => (422, "UNPROCESSABLE_ENTITY", "REFUND_AMOUNT_EXCEEDED"),
            (.., "refund_refused") => (422, "UNPROCESSABLE_ENTITY", "TRANSACTION_REFUSED"),
            (status, name, issue) => (status, name, issue),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(error_body(name, issue, &error.message, &[]))).into_response()
    }
}

/// 200 with what was asked for.
type Shown = Result<Json<Value>, Refused>;

/// A request that only reads, by a merchant who is known.
struct Known;

impl FromRequestParts<Arc<Service>> for Known {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Refused> {
        access::authorize(service, &parts.headers)?;
        Ok(Self)
    }
}

/// A request that changes something, by a merchant who is known: read whole, its content JSON.
struct Asked {
    path: String,
    headers: HeaderMap,
    body: String,
}

impl FromRequest<Arc<Service>> for Asked {
    type Rejection = Refused;

    async fn from_request(request: Request, service: &Arc<Service>) -> Result<Self, Refused> {
        access::authorize(service, request.headers())?;
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
            let message = "the content is not application/json".to_owned();
            let (kind, code) = ("UNSUPPORTED_MEDIA_TYPE", "MEDIA_TYPE");
            return Err(ApiError { status: 415, kind, code, message }.into());
        }
        let unreadable = |_| malformed("MALFORMED_REQUEST_JSON", "the content cannot be read");
        let body = axum::body::to_bytes(body, crate::BODY_BYTES_MAX).await.map_err(unreadable)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Self { path: parts.uri.path().to_owned(), headers: parts.headers, body })
    }
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The content; an empty one is an empty object.
    fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, ApiError> {
        let text = if self.body.trim().is_empty() { "{}" } else { &self.body };
        serde_json::from_str(text).map_err(|e| malformed("MALFORMED_REQUEST_JSON", &e.to_string()))
    }

    /// Changes what the fault plan knows as `target`. Its PayPal-Request-Id stands for this path and content for so long.
    async fn change(
        &self,
        service: &Service,
        target: &str,
        kept_ms: i64,
        change: impl FnOnce(&mut Books, &Env) -> Result<(u16, Value), ApiError>,
    ) -> Response {
        let key = self.header("paypal-request-id").map(|id| format!("{NAME}:{}:{id}", self.path));
        let call = Call { key, fingerprint: format!("{} {}", self.path, self.body), kept_ms };
        match answers::run(service, call, target, change).await {
            // PayPal does not mark what it repeats.
            Ok(answer) => Answer { repeated: false, ..answer }.into_response(),
            Err(failure) => failure.respond(|error| Refused(error).into_response()),
        }
    }
}

//! A request as Stripe takes it: its key, its form, its idempotency.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use basis::{DAY_MS, Env};
use serde_json::{Value, json};

use super::lists::Scene;
use super::objects::View;
use super::params::Params;
use super::{NAME, VERSION};
use crate::answers::{self, Call, settled};
use crate::books::Books;
use crate::service::Service;
use crate::wire::ApiError;

/// What this face knows beside the books, as long as it runs.
#[derive(Default)]
pub(super) struct Desk {
    under_way: Mutex<BTreeSet<String>>,
    shelf: Mutex<BTreeMap<String, Value>>,
}

fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// Things that are no payments: customers, products, prices, payment methods, setup intents.
    pub(super) fn shelf(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        open(&self.shelf)
    }
}

/// One request of the merchant.
pub(super) struct Ask {
    pub(super) params: Params,
    pub(super) desk: Arc<Desk>,
    key: Option<String>,
    fingerprint: String,
}

/// An answer in Stripe's words that is no success.
pub(super) struct Refused(ApiError);

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        stamped(self.0.into_response())
    }
}

fn stamped(mut response: Response) -> Response {
    response.headers_mut().insert("stripe-version", HeaderValue::from_static(VERSION));
    response.headers_mut().insert("request-id", HeaderValue::from_static("req_paysim"));
    response
}

/// 200 with this object.
pub(super) fn found(object: Value) -> Response {
    stamped(Json(object).into_response())
}

impl FromRequest<Arc<Service>> for Ask {
    type Rejection = Refused;

    async fn from_request(request: Request, service: &Arc<Service>) -> Result<Self, Refused> {
        authorize(service, request.headers())?;
        let key = idempotency_key(request.headers())?;
        let desk = request.extensions().get::<Arc<Desk>>().cloned().unwrap_or_default();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = Bytes::from_request(request, service).await;
        let body = body.map_err(|_| ApiError::invalid("body", "the body cannot be read"))?;
        let body = String::from_utf8(body.to_vec()).unwrap_or_default();
        let encoded = if method == Method::GET { query } else { body };
        let (params, fingerprint) = (Params::read(&encoded), format!("{method} {path} {encoded}"));
        Ok(Self { params, desk, key, fingerprint })
    }
}

/// `Bearer sk_…`, or Basic with the key as the name.
fn authorize(service: &Service, headers: &HeaderMap) -> Result<(), ApiError> {
    let key = service.keys(NAME).api_key;
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let bearer = given.strip_prefix("Bearer ") == Some(key.as_str());
    if bearer || given.strip_prefix("Basic ").is_some_and(|text| decoded(text) == format!("{key}:")) {
        return Ok(());
    }
    let message = format!("Invalid API Key provided: {}***", given.chars().take(15).collect::<String>());
    Err(ApiError { status: 401, kind: "invalid_request_error", code: "api_key_invalid", message })
}

fn decoded(text: &str) -> String {
    BASE64.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(key) = headers.get("idempotency-key").and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    if key.is_empty() || key.len() > 255 {
        return Err(ApiError::invalid("idempotency_key", "a key of 1 to 255 characters is needed"));
    }
    Ok(Some(format!("{NAME}:{key}")))
}

/// A key whose request is under way; free again when dropped.
struct UnderWay(Arc<Desk>, Option<String>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(key) = &self.1 {
            open(&self.0.under_way).remove(key);
        }
    }
}

impl Ask {
    fn set_out(&self) -> Result<UnderWay, ApiError> {
        if let Some(key) = &self.key
            && !open(&self.desk.under_way).insert(key.clone())
        {
            let message =
                "There is currently another in-progress request using this Idempotent Key.".to_owned();
            let (kind, code) = ("idempotency_error", "idempotency_key_in_use");
            return Err(ApiError { status: 409, kind, code, message });
        }
        Ok(UnderWay(self.desk.clone(), self.key.clone()))
    }

    /// Changes what the fault plan knows as `target`, once for its key.
    pub(super) async fn change(
        &self,
        service: &Service,
        target: &str,
        change: impl FnOnce(&mut Books, &Env) -> Result<(u16, Value), ApiError>,
    ) -> Response {
        let _under_way = match self.set_out() {
            Ok(under_way) => under_way,
            Err(error) => return Refused(error).into_response(),
        };
        let call = Call { key: self.key.clone(), fingerprint: self.fingerprint.clone(), kept_ms: DAY_MS };
        stamped(match answers::run(service, call, target, change).await {
            Ok(answer) => answer.into_response(),
            Err(failure) => return failure.respond(|error| Refused(error).into_response()),
        })
    }

    /// Shows what is in the books, with whole objects where the request wants them.
    pub(super) async fn look(
        &self,
        service: &Service,
        look: impl FnOnce(&Scene<'_>) -> Result<Value, ApiError>,
    ) -> Result<Response, Refused> {
        let view = View::of(&service.keys(NAME));
        let look = |books: &Books, now| {
            let scene = Scene { books, now, view, desk: &self.desk };
            Ok(scene.expand(look(&scene)?, &self.params))
        };
        Ok(found(settled(service.look(look).await)?))
    }

    /// The page of a list.
    pub(super) async fn page(&self, service: &Service, path: &'static str) -> Result<Response, Refused> {
        self.look(service, |scene| scene.page(path, &self.params)).await
    }
}

/// No such object, in Stripe's words.
pub(super) fn missing(kind: &str, id: &str) -> ApiError {
    let message = format!("No such {kind}: '{id}'");
    ApiError { status: 404, kind: "invalid_request_error", code: "resource_missing", message }
}

/// A declined card: 402 with the payment as it stands. It is an answer like any other, kept for its key.
pub(super) fn declined(intent: Value) -> (u16, Value) {
    let mut error = intent.get("last_payment_error").cloned().unwrap_or_else(|| json!({}));
    if let Some(fields) = error.as_object_mut() {
        fields.insert("payment_intent".to_owned(), intent);
    }
    (402, json!({ "error": error }))
}

//! Who asks: the token endpoint, and the tokens that it gives.

use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use basis::SECOND_MS;
use serde::Deserialize;
use serde_json::json;

use super::NAME;
use crate::keys::{Keys, hmac_hex};
use crate::service::Service;
use crate::wire::ApiError;

/// For how long a token is good.
const GOOD_FOR_S: i64 = 32_400;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new().route("/v1/oauth2/token", post(token))
}

#[derive(Deserialize)]
struct Wish {
    grant_type: String,
}

async fn token(State(service): State<Arc<Service>>, headers: HeaderMap, Form(wish): Form<Wish>) -> Response {
    let keys = service.keys(NAME);
    let known = BASE64.encode(format!("{}:{}", keys.client, keys.api_key));
    if bearer(&headers, "Basic ") != Some(known.as_str()) {
        let body = json!({ "error": "invalid_client", "error_description": "Client Authentication failed" });
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    if wish.grant_type != "client_credentials" {
        let body = json!({ "error": "unsupported_grant_type", "error_description": "Grant Type is NULL" });
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    }
    let until = service.env().now().as_ms() / SECOND_MS + GOOD_FOR_S;
    let body = json!({
        "scope": "https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/reporting/search/read",
        "access_token": made(&keys, until),
        "token_type": "Bearer",
        "app_id": "APP-80W284485P519543T",
        "expires_in": GOOD_FOR_S,
        "nonce": "2026-11-23T00:00:00Z",
    });
    Json(body).into_response()
}

/// A token that says until when it is good, and proves it; another secret ends it.
fn made(keys: &Keys, until: i64) -> String {
    format!("A21AA{until}.{}", hmac_hex(keys.api_key.as_bytes(), until.to_string().as_bytes()))
}

fn bearer<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}

/// Whether a request carries a token that is good now.
pub(super) fn authorize(service: &Service, headers: &HeaderMap) -> Result<(), ApiError> {
    let given = bearer(headers, "Bearer ").unwrap_or_default();
    let until = given.strip_prefix("A21AA").and_then(|rest| rest.split_once('.')).map(|(until, _)| until);
    let until: i64 = until.and_then(|text| text.parse().ok()).unwrap_or(0);
    if given == made(&service.keys(NAME), until) && until * SECOND_MS > service.env().now().as_ms() {
        return Ok(());
    }
    let message = "Authentication failed due to invalid authentication credentials.".to_owned();
    Err(ApiError { status: 401, kind: "AUTHENTICATION_FAILURE", code: "INVALID_TOKEN", message })
}
